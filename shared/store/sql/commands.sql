-- name: add
-- Recorded with the exchange's time, unless the run has ended. The same key again adds nothing.
insert into run_commands (run_id, kind, close_position, requested_by, idempotency_key, accepted_ms)
select r.id, :kind, :close_position, :requested_by, :idempotency_key, :accepted_ms
from runs r
where r.id = :run_id and r.ended_at is null
on conflict (run_id, idempotency_key) do nothing
returning id;
