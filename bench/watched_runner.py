"""`python -m bench.watched_runner`: the runner as it is, and a line for each commit that says when it got there.

A line: last bar folded, then when bars were read, the commit begun, and ended; by the clock that all processes share.
"""

import os
import sys
import time

from services.runner import __main__, app, source
from services.runner.held import Held

read_ns = 0
_out = os.open(os.environ["BENCH_COMMITS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
_commit, _read = app.commit, source.Source.read


def commit(*given: object) -> object:
    begun = time.monotonic_ns()
    done = _commit(*given)  # type: ignore[arg-type]
    ended = time.monotonic_ns()
    held: list[Held] = [one for one, _ in given[2]]  # type: ignore[attr-defined]
    if held:
        os.write(_out, f"{held[0].fold.position_ms} {read_ns} {begun} {ended}\n".encode())
    return done


def read(self: source.Source, block_ms: int) -> object:
    global read_ns
    found = _read(self, block_ms)
    read_ns = time.monotonic_ns()
    return found


app.commit = commit  # type: ignore[assignment]
source.Source.read = read  # type: ignore[assignment,method-assign]

if __name__ == "__main__":
    sys.exit(__main__.main())
