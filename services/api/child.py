"""A child of the server: a process that reads one long run and tells its parent, `python -m services.api.<work>`.

Its input is one line, `{"url": ..., "run": ...}`: an address holds a password, and is no argument. What it finds goes
to its output, which only its parent reads; what is wrong goes to its error output, a line, with an exit code.
"""

import gc
import json
import os
import sys
from collections.abc import Callable

from sqlalchemy import Connection

from shared.domain.errors import PaperfoldError, UnavailableError
from shared.store import database, runs
from shared.store.runs import Run

DONE, FAILED, TRY_AGAIN = 0, 1, 75  # exit codes; the last is sysexits' EX_TEMPFAIL
STATEMENT_S = 60.0
YIELDS = 5  # niceness: who asked waits for seconds anyhow, whoever else asks does not


def work(name: str, do: Callable[[Connection, Run], None]) -> int:
    """Do it with the run that was asked for; the exit code. All of it sees one moment of the database."""
    os.nice(YIELDS)
    gc.disable()  # what is made here has no cycles, and most of it is gone at once
    asked = json.loads(sys.stdin.readline())
    engine = database.connect(asked["url"], name, pool_size=1, statement_s=STATEMENT_S)
    try:
        with database.long_read(engine) as conn:
            conn.exec_driver_sql("set transaction isolation level repeatable read")
            do(conn, runs.get(conn, asked["run"]))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody listens any more: nothing to tell
        return FAILED
    except PaperfoldError as error:
        sys.stderr.write(f"{error}\n")
        return TRY_AGAIN if isinstance(error, UnavailableError) else FAILED
    finally:
        engine.dispose()
    return DONE
