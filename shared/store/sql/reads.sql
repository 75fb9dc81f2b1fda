-- name: feeds
select
    i.id as instrument_id, i.name as instrument, i.status,
    c.first_ms as covered_from_ms, c.until_ms as covered_until_ms,
    b.open_ms as last_open_ms, b.close as last_price, b.received_ms
from instruments i
left join lateral (
    select min(from_ms) as first_ms, max(to_ms) as until_ms from coverage where instrument_id = i.id
) c on true
left join lateral (
    select open_ms, close, received_ms from bars where instrument_id = i.id order by open_ms desc limit 1
) b on true
order by i.name;
