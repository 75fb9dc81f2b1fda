"""One run folded compiled, slice by slice, each slice committed: `python -m services.runner.child RUN RUNNER EPOCH`.

Ends with 0 when the run has ended or is level with the record, or belongs to someone else by now.
"""

import os
import sys
from uuid import UUID

from shared import compiled, log, settings


def main(run_id: int, runner_id: UUID, epoch: int) -> int:
    """Fold until there is nothing left to fold."""
    config = settings.load()
    log.configure("runner-child", config.log.level, config.log.json_lines)
    compiled.switch_on(config.runner.cache_dir)
    # the engine, from here on in its compiled form
    from services.runner import claims
    from services.runner.commit import commit
    from services.runner.source import Slices
    from shared import replay
    from shared.domain.errors import DivergenceError
    from shared.store import database, ownership, runs

    parent = int(os.environ.get("PAPERFOLD_PARENT", os.getppid()))
    engine = database.connect(config.database.url.get_secret_value(), "paperfold-runner-child", pool_size=1)
    try:
        with database.begin(engine) as conn:
            run = runs.get(conn, run_id)
            if (run.runner_id, run.epoch) != (runner_id, epoch):
                return 0
            held = claims.recover(conn, run, replay.plan_of(conn, run))
        while os.getppid() == parent:
            held.stop_if_asked()
            if not held.fold.has_ended and not held.stopped_before_start:
                with database.begin(engine) as conn:
                    new = Slices(conn).after(held)
                if new is not None:
                    held.take(*new)
                elif run.mode == "paper" or held.status == "finished":
                    break
            lost = commit(engine, runner_id, config.runner.lease_s, [(held, "ok")], 1, [held]).lost
            if lost or held.status in ("stopped", "finished"):
                return 0
        commit(engine, runner_id, config.runner.lease_s, [(held, "ok")], 0)
    except DivergenceError as error:
        with database.begin(engine) as conn:
            ownership.mark_failed(conn, runner_id, run_id, epoch, str(error), "diverged")
    except OverflowError as error:
        with database.begin(engine) as conn:
            ownership.mark_failed(conn, runner_id, run_id, epoch, str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), UUID(sys.argv[2]), int(sys.argv[3])))
