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

-- name: first_open_ms
-- the first recorded minute at or after one
select min(open_ms) from bars where instrument_id = :instrument_id and open_ms >= :from_ms;

-- name: count
-- how many minutes of [from_ms, to_ms) have a bar
select count(*) from bars where instrument_id = :instrument_id and open_ms >= :from_ms and open_ms < :to_ms;

-- name: gaps
-- holes between the recorded minutes of [from_ms, to_ms): first minute without a bar, and the next with one
select before_ms + 60000 as from_ms, open_ms as to_ms
from (
    select open_ms, lag(open_ms) over (order by open_ms) as before_ms
    from bars
    where instrument_id = :instrument_id and open_ms >= :from_ms and open_ms < :to_ms
) b
where open_ms <> before_ms + 60000
order by open_ms;

-- name: closes
-- last prices of some minutes
select b.instrument_id, b.open_ms, b.close
from unnest(cast(:instrument_ids as bigint[]), cast(:open_ms as bigint[])) as w (instrument_id, open_ms)
join bars b on b.instrument_id = w.instrument_id and b.open_ms = w.open_ms;

-- name: open
-- the first price of a minute
select cast(open as double precision) from bars where instrument_id = :instrument_id and open_ms = :open_ms;

-- name: day_closes
-- the last price of each UTC day of [from_ms, to_ms) that has a bar, oldest first; one look at the index for each day
select last.open_ms, cast(last.close as double precision) as close
from generate_series(cast(:from_ms as bigint) / 86400000, (cast(:to_ms as bigint) - 1) / 86400000) as d (day)
cross join lateral (
    select open_ms, close
    from bars
    where
        instrument_id = :instrument_id
        and open_ms >= greatest(d.day * 86400000, :from_ms)
        and open_ms < least((d.day + 1) * 86400000, :to_ms)
    order by open_ms desc
    limit 1
) last
order by last.open_ms;
