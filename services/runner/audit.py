"""One live run folded again from its first bar, without snapshots: `python -m services.runner.audit RUN RUNNER`.

An audit is a `paperfold parity` that nobody had to ask for. A run that a second fold decides otherwise goes on no more:
it has diverged, and says in what first. Ends with 0 whatever it found, also when the run is someone else's by now.
"""

import os
import sys
from uuid import UUID

from sqlalchemy import Engine

from shared import compiled, log, settings
from shared.domain.errors import PaperfoldError
from shared.domain.run import ENDED
from shared.domain.timeframe import MINUTE_MS
from shared.store import audits, database, ownership, runs
from shared.store.runs import Run

BEHIND_THE_LIVE = 10  # niceness: bars of neighbours are folded first


def main(run_id: int, runner_id: UUID) -> int:
    """Fold and compare until the run's position, or until the runner is gone."""
    os.nice(BEHIND_THE_LIVE)
    config = settings.load()
    log.configure("runner-audit", config.log.level, config.log.json_lines)
    engine = database.connect(config.database.url.get_secret_value(), "paperfold-runner-audit", pool_size=1)
    try:
        run = mine(engine, run_id, runner_id)
        if run is not None and minutes_of(run) > compiled.COMPILE_FROM_BARS:
            compiled.switch_on(config.runner.cache_dir)  # before the engine is imported
        audit(engine, run_id, runner_id, int(os.environ.get("PAPERFOLD_PARENT", os.getppid())))
    except PaperfoldError as error:
        log.get("runner-audit").warning("not_audited", run=run_id, error=str(error))
        return 1
    finally:
        engine.dispose()
    return 0


def audit(engine: Engine, run_id: int, runner_id: UUID, parent: int) -> None:
    """Record what a second fold says of the run; a difference only when another look finds it as well."""
    from shared import replay

    def go_on(_position_ms: int) -> None:
        if os.getppid() != parent:
            raise SystemExit(0)

    for is_last in (False, True):
        run = mine(engine, run_id, runner_id)
        if run is None:
            return
        verdict = replay.check_apart(engine, run, go_on)
        if verdict.equal:
            said = f"equal: {verdict.decisions} decisions over {verdict.bars} bars, folded again from the first"
            with database.begin(engine) as conn:
                audits.note_equal(conn, run.id, runner_id, said)
            return
        if is_last:
            said = f"folded again from its first bar, it differs from the record: {verdict.difference}"
            with database.begin(engine) as conn:
                ownership.mark_failed(conn, runner_id, run.id, run.epoch, said, "diverged")


def mine(engine: Engine, run_id: int, runner_id: UUID) -> Run | None:
    """The run as it stands, while it is this runner's and goes on."""
    with database.begin(engine) as conn:
        run = runs.get(conn, run_id)
    return run if run.runner_id == runner_id and run.status not in ENDED else None


def minutes_of(run: Run) -> int:
    """How many there are to fold, at most."""
    if run.position_ms is None or run.warmup_from_ms is None:
        return 0
    return (run.position_ms - run.warmup_from_ms) // MINUTE_MS + 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), UUID(sys.argv[2])))
