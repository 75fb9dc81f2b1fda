-- name: write
-- Totals of many runs at once; what stands there of the same rules gives way.
insert into run_counters (run_id, number, side, place, text, evaluated, held, not_ready, position_ms)
select *
from unnest(
    cast(:run_id as bigint[]), cast(:number as integer[]), cast(:side as text[]), cast(:place as text[]),
    cast(:text as text[]), cast(:evaluated as bigint[]), cast(:held as bigint[]), cast(:not_ready as bigint[]),
    cast(:position_ms as bigint[])
)
on conflict (run_id, number) do update
set side = excluded.side, place = excluded.place, text = excluded.text, evaluated = excluded.evaluated,
    held = excluded.held, not_ready = excluded.not_ready, position_ms = excluded.position_ms;

-- name: read
select number, evaluated, held, not_ready, position_ms from run_counters where run_id = :run_id order by number;
