"""One run folded compiled, slice by slice, each slice committed: `python -m services.runner.child RUN RUNNER EPOCH`.

Ends with 0 when the run has ended or is level with the record, or belongs to someone else by now. Rule, as in app.py:
after any error of the database everything in memory is forgotten and read again.
"""

import os
import sys
import time
from collections.abc import Callable
from uuid import UUID

from sqlalchemy import Engine

from shared import compiled, log, settings
from shared.domain.errors import DivergenceError, PaperfoldError, UnavailableError
from shared.engine.version import ENGINE_VERSION
from shared.store import database, ownership, runs
from shared.store.runs import Run

SLICE_MINUTES = 10_000  # folded between two commits


def main(run_id: int, runner_id: UUID, epoch: int) -> int:
    """Fold until there is nothing left to fold, or the runner is gone."""
    config = settings.load()
    log.configure("runner-child", config.log.level, config.log.json_lines)
    logger = log.get("runner-child").bind(run=run_id)
    parent = int(os.environ.get("PAPERFOLD_PARENT", os.getppid()))
    compiled.switch_on(config.runner.cache_dir)
    engine = database.connect(config.database.url.get_secret_value(), "paperfold-runner-child", pool_size=1)

    def is_wanted() -> bool:
        return os.getppid() == parent

    while is_wanted():
        try:
            try:
                fold(engine, run_id, runner_id, epoch, is_wanted)
            except UnavailableError:
                raise
            except Exception as error:
                if not isinstance(error, PaperfoldError):
                    logger.exception("fold_raised")
                status: ownership.Failure = "diverged" if isinstance(error, DivergenceError) else "failed"
                with database.begin(engine) as conn:
                    ownership.mark_failed(conn, runner_id, run_id, epoch, str(error) or type(error).__name__, status)
            return 0
        except UnavailableError as error:
            logger.warning("unavailable", error=str(error))
            time.sleep(0.5)
    return 0


def fold(engine: Engine, run_id: int, runner_id: UUID, epoch: int, is_wanted: Callable[[], bool]) -> None:
    """Recover the run, and fold it to its end or the record's."""
    # the engine, in its compiled form
    from services.runner.commit import commit
    from services.runner.recovery import recover
    from services.runner.source import Slices
    from shared import replay

    with database.begin(engine) as conn:
        run = runs.get(conn, run_id)
        plan = replay.plan_of(conn, run)
    if (run.runner_id, run.epoch) != (runner_id, epoch):
        return
    if run.engine_version != ENGINE_VERSION:
        judge(engine, run, runner_id)
        return
    if run.warmup_from_ms is None:
        return
    replay.fold_of(plan, run, run.warmup_from_ms)  # compiles, which may take long: no transaction waits for it
    with database.begin(engine) as conn:
        begun = replay.begun(conn, run, plan)
    held = recover(engine, run, plan, begun)
    while is_wanted():
        held.stop_if_asked()
        new = None if held.has_ended else Slices(engine, SLICE_MINUTES).after(held)
        if new is not None:
            held.take(*new[:2])
        if commit(engine, runner_id, [(held, "ok")], 0, [held]).lost:
            return
        if held.status in ("stopped", "finished") or new is None:
            return


def judge(engine: Engine, run: Run, runner_id: UUID) -> None:
    """A run of an older engine: does this one give the same rows? Then it goes on under this one, else it ends here."""
    from shared import replay

    verdict = replay.check_apart(engine, run)
    with database.begin(engine) as conn:
        if verdict.equal:
            ownership.move_version(conn, runner_id, run.id, run.epoch, ENGINE_VERSION)
        else:
            reason = f"engine {ENGINE_VERSION} folds it otherwise than {run.engine_version}: {verdict.difference}"
            ownership.mark_failed(conn, runner_id, run.id, run.epoch, reason, "superseded")


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), UUID(sys.argv[2]), int(sys.argv[3])))
