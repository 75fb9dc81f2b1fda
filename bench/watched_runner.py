"""`python -m bench.watched_runner`: the runner as it is, and a line for each commit that says when it got there.

A line: last bar that every run in memory has committed; when bars were read, the commit begun, and ended, by the clock
that all processes share; and how many runs it moved.
"""

import os
import sys
import time
from collections.abc import Sequence
from typing import Any

from services.runner import __main__, app, source

read_ns = 0
commits: list[tuple[int, int, int]] = []  # begun, ended, runs
_out = os.open(os.environ["BENCH_COMMITS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
_commit, _commit_these, _read = app.commit, app.Runner._commit_these, source.Source.read  # type: ignore[attr-defined]


def commit(engine: Any, runner_id: Any, runs: Sequence[object], *more: Any) -> Any:
    begun = time.monotonic_ns()
    done = _commit(engine, runner_id, runs, *more)
    commits.append((begun, time.monotonic_ns(), len(runs)))
    return done


def commit_these(self: app.Runner, *given: Any) -> None:
    held = list(self.holdings.held.values())
    _commit_these(self, *given)
    last = min((one.position_ms or 0 for one in held), default=0)
    for begun, ended, runs in commits:
        os.write(_out, f"{last} {read_ns} {begun} {ended} {runs}\n".encode())
    commits.clear()


def read(self: source.Source, block_ms: int) -> object:
    global read_ns
    found = _read(self, block_ms)
    read_ns = time.monotonic_ns()
    return found


app.commit = commit  # type: ignore[attr-defined]
app.Runner._commit_these = commit_these  # type: ignore[method-assign]
source.Source.read = read  # type: ignore[assignment,method-assign]

if __name__ == "__main__":
    sys.exit(__main__.main())
