-- name: extend
-- Hours of equity rows that no level has seen yet, merged into the hours that were begun.
with fresh as (
    select e.run_id, e.ts_ms - mod(e.ts_ms, 3600000) as hour_ms, e.seq, e.ts_ms, e.equity
    from unnest(cast(:run_ids as bigint[])) as r (id)
    cross join lateral (select coalesce(max(last_seq), 0) as seq from equity_levels where run_id = r.id) known
    join equity e on e.run_id = r.id and e.seq > known.seq
),
low as (select distinct on (run_id, hour_ms) * from fresh order by run_id, hour_ms, equity, seq),
high as (select distinct on (run_id, hour_ms) * from fresh order by run_id, hour_ms, equity desc, seq),
last as (select distinct on (run_id, hour_ms) * from fresh order by run_id, hour_ms, seq desc)
insert into equity_levels as l (
    run_id, hour_ms, low_seq, low_ms, low, high_seq, high_ms, high, last_seq, last_ms, last
)
select
    run_id, hour_ms, low.seq, low.ts_ms, low.equity, high.seq, high.ts_ms, high.equity, last.seq, last.ts_ms, last.equity
from low
join high using (run_id, hour_ms)
join last using (run_id, hour_ms)
on conflict (run_id, hour_ms) do update
set (low_seq, low_ms, low) = (
        select * from (values (l.low_seq, l.low_ms, l.low), (excluded.low_seq, excluded.low_ms, excluded.low)) as v (s, t, e)
        order by e, s limit 1
    ),
    (high_seq, high_ms, high) = (
        select * from (values (l.high_seq, l.high_ms, l.high), (excluded.high_seq, excluded.high_ms, excluded.high)) as v (s, t, e)
        order by e desc, s limit 1
    ),
    last_seq = excluded.last_seq, last_ms = excluded.last_ms, last = excluded.last;

-- name: span
select count(*) as total, min(ts_ms) as first_ms, max(ts_ms) as last_ms
from equity
where run_id = :run_id and ts_ms >= :from_ms and ts_ms < :to_ms;

-- name: whole
select ts_ms, equity
from equity
where run_id = :run_id and ts_ms >= :from_ms and ts_ms < :to_ms
order by seq;

-- name: thinned
-- First and last row, and the lowest and highest of each of `parts` equal spans. From levels as far as they reach when
-- `use_levels`, from rows behind them.
with points as (
    select p.*
    from equity_levels l
    cross join lateral (
        values (l.low_seq, l.low_ms, l.low), (l.high_seq, l.high_ms, l.high), (l.last_seq, l.last_ms, l.last)
    ) as p (seq, ts_ms, equity)
    where :use_levels and l.run_id = :run_id and p.ts_ms >= :from_ms and p.ts_ms < :to_ms
    union all
    select seq, ts_ms, equity
    from equity
    where run_id = :run_id and ts_ms >= :from_ms and ts_ms < :to_ms
        and seq > coalesce((select max(last_seq) from equity_levels where :use_levels and run_id = :run_id), 0)
),
parted as (
    select *, (ts_ms - :first_ms) * :parts / (:last_ms - :first_ms + 1) as part from points
),
kept as (
    (select distinct on (part) seq, ts_ms, equity from parted order by part, equity, seq)
    union
    (select distinct on (part) seq, ts_ms, equity from parted order by part, equity desc, seq)
    union
    (
        select seq, ts_ms, equity
        from equity
        where run_id = :run_id and ts_ms >= :from_ms and ts_ms < :to_ms
        order by seq
        limit 1
    )
    union
    (
        select seq, ts_ms, equity
        from equity
        where run_id = :run_id and ts_ms >= :from_ms and ts_ms < :to_ms
        order by seq desc
        limit 1
    )
)
select ts_ms, equity from kept order by seq;
