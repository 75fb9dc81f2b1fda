-- name: register
-- A runner says that it exists. The lease runs in the database's clock: nobody else's counts.
insert into runners as w (id, epoch, lease_until, version, capacity, host)
values (:runner_id, 1, clock_timestamp() + make_interval(secs => :lease_s), :version, :capacity, :host)
on conflict (id) do update
set epoch = w.epoch + 1, lease_until = excluded.lease_until, version = excluded.version, capacity = excluded.capacity,
    host = excluded.host, started_at = clock_timestamp();

-- name: forget_runners
-- Runners that are long gone; what they served has been taken over, or waits for anybody.
delete from runners where lease_until < clock_timestamp() - interval '1 day';

-- name: renew
update runners set lease_until = clock_timestamp() + make_interval(secs => :lease_s) where id = :runner_id;

-- name: give_up
-- Whoever looks next finds the lease over.
update runners set lease_until = '-infinity' where id = :runner_id;

-- name: exhausted
-- Runs that were claimed three times without a bar getting through: they would take down the next runner as well.
update runs r
set status = 'failed', health = 'ok', runner_id = null, ended_at = clock_timestamp(),
    failure = format('claimed %s times without folding a bar', r.attempts)
where r.id in (
    select r.id
    from runs r
    where r.status not in ('stopped', 'finished', 'superseded', 'failed', 'diverged')
        and r.attempts >= :most
        and not exists (select from runners w where w.id = r.runner_id and w.lease_until > clock_timestamp())
    for no key update skip locked
)
returning r.id, r.failure as detail;

-- name: candidates
-- Runs that nobody serves, oldest first, locked. Two runners that look at once lock different ones.
-- A row that changed while we waited for nothing (skip locked) is judged by its old owner's row here; `claim` judges again.
select r.id
from runs r
where r.status not in ('stopped', 'finished', 'superseded', 'failed', 'diverged')
    and r.mode = :mode
    and r.engine_version = any (cast(:versions as text[]))
    and not exists (select from runners w where w.id = r.runner_id and w.lease_until > clock_timestamp())
order by r.id
limit :slots
for no key update of r skip locked;

-- name: other_versions
-- Engine versions of unfinished runs that are older than mine: shorter, or as long and smaller.
select distinct engine_version
from runs
where status not in ('stopped', 'finished', 'superseded', 'failed', 'diverged')
    and (length(engine_version), engine_version) < (length(:version), :version);

-- name: claim
-- The rows are locked and this statement sees them as they are now: what is still nobody's becomes mine, under a new
-- epoch. From here on every commit of the owner before is refused.
with before as (
    select r.id, r.runner_id
    from runs r
    where r.id = any (cast(:ids as bigint[]))
        and r.ended_at is null
        and not exists (select from runners w where w.id = r.runner_id and w.lease_until > clock_timestamp())
)
update runs r
set runner_id = :runner_id, epoch = r.epoch + 1, attempts = r.attempts + 1,
    health = case r.health when 'waiting_for_runner' then 'ok' else r.health end
from before
where r.id = before.id
returning
    r.id,
    case when before.runner_id is null then 'claimed' else 'taken_over' end as event,
    'from ' || before.runner_id as detail;

-- name: fix_warmup
update runs set warmup_from_ms = :warmup_from_ms
where id = :run_id and runner_id = :runner_id and epoch = :epoch and position_ms is null and warmup_from_ms is null;

-- name: move_version
update runs set engine_version = :version
where id = :run_id and runner_id = :runner_id and epoch = :epoch and ended_at is null;

-- name: fail
update runs
set status = :status, health = 'ok', failure = :failure, runner_id = null, ended_at = clock_timestamp()
where id = :run_id and runner_id = :runner_id and epoch = :epoch and ended_at is null;

-- name: vouch
update runs set attempts = 0
where runner_id = :runner_id and ended_at is null and attempts > 0 and id = any (cast(:ids as bigint[]));

-- name: release
-- Given back on purpose: that was no failed attempt.
update runs
set runner_id = null, health = 'waiting_for_runner', attempts = greatest(attempts - 1, 0)
where runner_id = :runner_id and ended_at is null
    and (cast(:ids as bigint[]) is null or id = any (cast(:ids as bigint[])))
returning id, 'released' as event, null as detail;

-- name: hand_back
update runs set runner_id = null, health = 'waiting_for_runner'
where id = :run_id and runner_id = :runner_id and epoch = :epoch and ended_at is null;

-- name: owned
select id, epoch from runs where runner_id = :runner_id and ended_at is null order by id;

-- name: log
insert into run_log (run_id, event, who, detail)
select run_id, event, :who, detail
from unnest(cast(:run_id as bigint[]), cast(:event as text[]), cast(:detail as text[])) as g (run_id, event, detail);

-- name: runners
-- Runners that live, and how much they hold.
select
    w.id, w.host, w.version, w.capacity,
    extract(epoch from w.lease_until - clock_timestamp())::float8 as lease_left_s,
    count(r.id) filter (where r.mode = 'paper') as runs,
    count(r.id) filter (where r.mode = 'backtest') as backtests,
    (extract(epoch from w.started_at) * 1000)::bigint as started_ms
from runners w
left join runs r on r.runner_id = w.id and r.ended_at is null
where w.lease_until > clock_timestamp()
group by w.id
order by w.started_at, w.id;
