"""From a claimed row to a run in memory: where its fold starts, recovery, and the check that it stands where it did."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import Connection

from services.runner.held import Held
from shared import replay
from shared.domain.errors import DivergenceError
from shared.domain.run import RunHealth, RunStatus
from shared.domain.timeframe import MINUTE_MS
from shared.engine.version import ENGINE_VERSION
from shared.store import bars, commands, ownership, snapshots
from shared.store.ownership import Progress
from shared.store.runs import Run
from shared.strategy.plan import Plan

CHILD_FROM_BARS = 50_000  # a longer fold is a compiled child's work


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that is ours and cannot fold yet: its history is not there."""

    run: Run
    plan: Plan


def waiting_step(run: Run, status: RunStatus) -> Progress:
    """What is committed of a run that has folded nothing."""
    health: RunHealth = "waiting_for_history" if status == "warming" else "ok"
    return Progress(run.id, run.epoch, None, None, None, None, 0, status, health=health, equity=run.cash)


def open_run(conn: Connection, runner_id: UUID, run: Run) -> tuple[Run, Plan, bool]:
    """The run with its fold's start fixed as soon as the record allows; False while it does not."""
    plan = replay.plan_of(conn, run)
    if run.warmup_from_ms is not None:
        return run, plan, True
    start = replay.warmup_of(conn, run, plan)
    if start is None or not ownership.fix_warmup(conn, runner_id, run.id, run.epoch, start):
        return run, plan, False
    return replace(run, warmup_from_ms=start), plan, True


def bars_to_fold(conn: Connection, run: Run, plan: Plan) -> int:
    """About how many bars lie between what a recovery starts from and the end of the record."""
    if run.warmup_from_ms is None:
        return 0
    first_ms = run.warmup_from_ms
    if run.position_ms is not None:
        program = replay.fold_of(plan, run, first_ms).program
        kept = snapshots.latest(conn, run.id, ENGINE_VERSION, program, run.position_ms)
        first_ms = first_ms if kept is None else kept.position_ms
    return (bars.covered_until(conn, run.instrument_id, first_ms) - first_ms) // MINUTE_MS


def recover(conn: Connection, run: Run, plan: Plan) -> Held:
    """The run as its last commit left it. Raises DivergenceError when the record no longer gives what it gave.

    A snapshot that leads elsewhere is dropped and everything folded again before that is said.
    """
    fold = replay.recover(conn, run, plan)
    if run.digest is not None and fold.digest != run.digest:
        snapshots.drop(conn, run.id)
        fold = replay.recover(conn, run, plan, use_snapshots=False)
    if run.digest is not None and (fold.digest, fold.position_ms) != (run.digest, run.position_ms):
        raise DivergenceError(
            f"run {run.id}: recorded up to {run.position_ms} digest {run.digest.hex()[:16]}, "
            f"folded again up to {fold.position_ms} digest {fold.digest.hex()[:16]}"
        )
    return Held.of(run, fold, commands.assigned(conn, run.id))
