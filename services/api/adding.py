"""A long run added up: a process that tells its parent the sums, `python -m services.api.adding`.

Its input is one line, `{"url": ..., "run": ...}`: an address holds a password, and is no argument. Its output is a
pickle, which only its parent reads.
"""

import json
import pickle
import sys

from services.api.totals import added_at_once
from shared.domain.errors import PaperfoldError
from shared.performance.statistics import Tally
from shared.store import database, runs

STATEMENT_S = 60.0


def main() -> int:
    asked = json.loads(sys.stdin.readline())
    try:
        found = added_up(asked["url"], asked["run"])
    except PaperfoldError as error:
        sys.stderr.write(f"{error}\n")  # the parent does it itself, and tells whoever asked what is wrong
        return 1
    pickle.dump(found, sys.stdout.buffer, protocol=pickle.HIGHEST_PROTOCOL)
    return 0


def added_up(url: str, run_id: int) -> tuple[Tally, int]:
    """The sums of a run's decisions until its last commit, and that commit's seq."""
    engine = database.connect(url, "api-adding", pool_size=1, statement_s=STATEMENT_S)
    try:
        with database.long_read(engine) as conn:
            run = runs.get(conn, run_id)
            return added_at_once(conn, run), run.seq
    finally:
        engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
