-- name: runs
select mode, status, count(*)::int as runs from runs group by mode, status;

-- name: live
-- Live runs that have not ended, by how well they are served, as v_runs says it; and how far the slowest of those that
-- somebody folds is behind what is recorded.
with record as (select instrument_id, max(to_ms) as until_ms from coverage group by instrument_id)
select
    case when w.lease_until > clock_timestamp() then r.health else 'waiting_for_runner' end as health,
    count(*)::int as runs,
    max(record.until_ms - 60000 - r.position_ms)
        filter (where r.status in ('running', 'paused', 'stopping') and w.lease_until > clock_timestamp()) as behind_ms
from runs r
left join runners w on w.id = r.runner_id
left join record on record.instrument_id = r.instrument_id
where r.mode = 'paper' and r.ended_at is null
group by 1;

-- name: size
select pg_database_size(current_database());
