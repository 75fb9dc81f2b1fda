"""A long run added up: a child that tells its parent the sums, as a pickle, which only its parent reads."""

import pickle
import sys

from sqlalchemy import Connection

from services.api import child
from services.api.totals import added_at_once
from shared.store.runs import Run


def tell(conn: Connection, run: Run) -> None:
    """The sums of a run's decisions until its last commit, and that commit's seq."""
    pickle.dump((added_at_once(conn, run), run.seq), sys.stdout.buffer, protocol=pickle.HIGHEST_PROTOCOL)


if __name__ == "__main__":
    sys.exit(child.work("api-adding", tell))
