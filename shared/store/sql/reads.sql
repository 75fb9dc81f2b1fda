-- name: feeds
select
    i.id as instrument_id, i.name as instrument, i.status,
    c.until_ms as covered_until_ms, b.open_ms as last_open_ms, b.received_ms
from instruments i
left join lateral (
    select max(to_ms) as until_ms from coverage where instrument_id = i.id
) c on true
left join lateral (
    select open_ms, received_ms from bars where instrument_id = i.id order by open_ms desc limit 1
) b on true
order by i.name;
