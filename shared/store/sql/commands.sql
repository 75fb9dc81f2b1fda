-- name: add
-- Recorded with the exchange's time, unless the run has ended. The same key again adds nothing.
insert into run_commands (run_id, kind, close_position, requested_by, idempotency_key, accepted_ms)
select r.id, :kind, :close_position, :requested_by, :idempotency_key, :accepted_ms
from runs r
where r.id = :run_id and r.ended_at is null
on conflict (run_id, idempotency_key) do nothing
returning id;

-- name: waiting
select distinct run_id from run_commands where effective_ms is null and run_id = any (cast(:run_ids as bigint[]));
