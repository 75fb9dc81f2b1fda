"""Ends what a supervisor leaves behind when it dies without a word (kill -9): `python -m services.cli.up.watcher`.

Its stdin is a pipe whose other end only the supervisor holds. Each line is the whole list of children, in the order in
which they are to end: [[[pid, started, signal, grace_s], ...], ...]. When the pipe closes, those of the last line are
ended. One watcher serves all children, PostgreSQL and the Redis-compatible server included, on every system.
"""

import json
import signal
import sys
import time

from services.cli.up.processes import Identity, end, lives

Group = list[list[float]]  # [pid, started, signal, grace_s]


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    groups: list[Group] = []
    for line in sys.stdin:
        groups = json.loads(line)
    for group in groups:
        end_group(group)


def end_group(group: Group) -> None:
    """Ask all of a group to end, each in its way, wait as long as the most patient, then kill."""
    left = []
    patience_s = 0.0
    for pid, started, number, grace_s in group:
        process = Identity(int(pid), started).process()
        if process is not None:
            end([process], ((signal.Signals(int(number)), 0.0),))
            left.append(process)
            patience_s = max(patience_s, grace_s)
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline and any(map(lives, left)):
        time.sleep(0.05)
    end(list(filter(lives, left)), ((signal.SIGKILL, 5.0),))


if __name__ == "__main__":
    main()
