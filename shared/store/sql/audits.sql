-- name: due
-- The live run of a runner that was folded again from its first bar longest ago, or never, if that is too long ago.
select r.id
from runs r
cross join lateral (
    select coalesce(max(l.at), r.created_at) as at
    from run_log l
    where l.run_id = r.id and l.event in ('audited', 'audit_failed')
) as last
where r.runner_id = :runner_id
    and r.mode = 'paper'
    and r.ended_at is null
    and r.position_ms is not null
    and r.engine_version = :engine_version
    and last.at < clock_timestamp() - make_interval(secs => :every_s)
order by last.at, r.id
limit 1;
