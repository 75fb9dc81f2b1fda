-- name: commit
select run_id, command_id, kind, effective_ms, close_position
from commit_folds(:runner_id, :steps, :orders, :fills, :trades, :equity, :run_notes);
