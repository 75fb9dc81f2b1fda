"""A run as its last commit left it: from its snapshot and the record, and the check that it stands where it did."""

from sqlalchemy import Connection, Engine

from services.runner.held import Held
from shared import replay
from shared.domain.errors import DivergenceError
from shared.domain.timeframe import MINUTE_MS
from shared.engine.fold import Fold
from shared.store import bars, commands, database, snapshots
from shared.store.runs import Run
from shared.strategy.plan import Plan

CHILD_FROM_BARS = 50_000  # a longer fold is a compiled child's work


def bars_to_fold(conn: Connection, run: Run, fold: Fold) -> int:
    """About how many bars lie between a fold and the end of the record."""
    first_ms = fold.position_ms + MINUTE_MS
    return (bars.covered_until(conn, run.instrument_id, first_ms) - first_ms) // MINUTE_MS


def recover(engine: Engine, run: Run, plan: Plan, fold: Fold) -> Held:
    """The run as its last commit left it, from where `fold` stands.

    Raises DivergenceError when the record no longer gives what it gave. A snapshot that leads elsewhere is dropped and
    everything folded again before that is said.
    """
    replay.recover(engine, run, fold)
    if run.digest is not None and fold.digest != run.digest:
        with database.begin(engine) as conn:
            snapshots.drop(conn, run.id)
            fold = replay.begun(conn, run, plan, use_snapshots=False)
        replay.recover(engine, run, fold)
    if run.digest is not None and (fold.digest, fold.position_ms) != (run.digest, run.position_ms):
        raise DivergenceError(
            f"run {run.id}: recorded up to {run.position_ms} digest {run.digest.hex()[:16]}, "
            f"folded again up to {fold.position_ms} digest {fold.digest.hex()[:16]}"
        )
    with database.begin(engine) as conn:
        return Held.of(run, fold, commands.assigned(conn, run.id))
