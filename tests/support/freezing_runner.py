"""A runner that stops at one point of one commit: `python -m tests.support.freezing_runner`.

FREEZE_AT: a point of freezes.IN_CLIENT, where it stops itself (SIGSTOP) in the first commit after the file FREEZE_WHEN
exists; or one of freezes.IN_SERVER, where its session waits while the gate is closed.
"""

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import Engine

from services.runner.__main__ import main
from tests.support.freezes import POINT, STATEMENTS

AT = os.environ["FREEZE_AT"]
ARMED = Path(os.environ["FREEZE_WHEN"])


class Freezer:
    """Follows the transaction that commits."""

    def __init__(self) -> None:
        self.commits = False  # does the transaction that is under way commit folds?
        self.done = False

    def connect(self, connection, record) -> None:  # type: ignore[no-untyped-def]
        with connection.cursor() as cursor:
            cursor.execute("select set_config(%s, %s, false)", (POINT, AT))
        connection.commit()

    def statement(self, conn, cursor, statement, parameters, context, executemany) -> None:  # type: ignore[no-untyped-def]
        self.commits = self.commits or STATEMENTS["call"] in statement
        if STATEMENTS.get(AT, statement + " is none") in statement:
            self.freeze()

    def commit(self, conn) -> None:  # type: ignore[no-untyped-def]
        if AT == "commit":
            self.freeze()

    def begin(self, conn) -> None:  # type: ignore[no-untyped-def]
        if AT == "after":
            self.freeze()
        self.commits = False

    def freeze(self) -> None:
        if self.commits and not self.done and ARMED.exists():
            self.done = True
            os.kill(os.getpid(), signal.SIGSTOP)


if __name__ == "__main__":
    freezer = Freezer()
    event.listen(Engine, "connect", freezer.connect)
    event.listen(Engine, "before_cursor_execute", freezer.statement)
    event.listen(Engine, "commit", freezer.commit)
    event.listen(Engine, "begin", freezer.begin)
    sys.exit(main())
