-- name: frames
-- recorded bars of [from_ms, to_ms) gathered into frames of a width, aligned to the epoch, oldest first
with part as (
    select
        open_ms - open_ms % :width_ms as frame_ms,
        min(open_ms) as first_ms,
        max(open_ms) as last_ms,
        max(high) as high,
        min(low) as low,
        sum(volume) as volume
    from bars
    where instrument_id = :instrument_id and open_ms >= :from_ms and open_ms < :to_ms
    group by 1
    order by 1
    limit :limit
)
select
    p.frame_ms,
    cast(o.open as double precision) as open,
    cast(p.high as double precision) as high,
    cast(p.low as double precision) as low,
    cast(c.close as double precision) as close,
    cast(p.volume as double precision) as volume
from part p
join bars o on o.instrument_id = :instrument_id and o.open_ms = p.first_ms
join bars c on c.instrument_id = :instrument_id and c.open_ms = p.last_ms
order by p.frame_ms;
