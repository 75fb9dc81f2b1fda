"""A runner that stops itself (SIGSTOP) at one statement of one commit: `python -m tests.support.freezing_runner`.

FREEZE_AT: number of the statement, counted from the compare-and-set (0), before which it stops; `commit`: before
COMMIT; `after`: once the commit is done. FREEZE_WHEN: a file; it stops in the first commit after the file exists.
"""

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import Engine

from services.runner.__main__ import main

POINT = os.environ["FREEZE_AT"]
ARMED = Path(os.environ["FREEZE_WHEN"])
FENCE = "old_position_ms"


class Freezer:
    """Counts statements since the fence of the transaction that is under way."""

    def __init__(self) -> None:
        self.count = -1
        self.wrote = False
        self.done = False

    def statement(self, conn, cursor, statement, parameters, context, executemany) -> None:  # type: ignore[no-untyped-def]
        if FENCE in statement and not self.done and ARMED.exists():
            self.count = 0
        elif self.count >= 0:
            self.count += 1
        self.wrote = self.wrote or (self.count > 0 and "INSERT INTO" in statement)
        if self.count >= 0 and str(self.count) == POINT:
            self.freeze()

    def commit(self, conn) -> None:  # type: ignore[no-untyped-def]
        if self.count >= 0 and POINT == "commit":
            self.freeze()

    def begin(self, conn) -> None:  # type: ignore[no-untyped-def]
        if self.count >= 0 and POINT == "after":
            self.freeze()
        self.count = -1

    def freeze(self) -> None:
        if not self.done:
            self.done = True
            os.kill(os.getpid(), signal.SIGSTOP)


if __name__ == "__main__":
    freezer = Freezer()
    event.listen(Engine, "before_cursor_execute", freezer.statement)
    event.listen(Engine, "commit", freezer.commit)
    event.listen(Engine, "begin", freezer.begin)
    sys.exit(main())
