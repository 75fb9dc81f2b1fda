"""Every live run is folded again from its first bar once a day, by a child, and compared with what is recorded."""

import subprocess
import time
from uuid import UUID

from sqlalchemy import Engine

from services.runner.children import begun, ended
from shared import log
from shared.engine.version import ENGINE_VERSION
from shared.store import audits, database

A_DAY = 1_440  # audits that a day has room for: 1,000 runs begin at minutes of their own

_log = log.get("runner")


class Audits:
    """The audits of one runner's runs, one at a time. `every_s` 0: none."""

    def __init__(self, engine: Engine, runner_id: UUID, every_s: float) -> None:
        self._engine = engine
        self._runner_id = runner_id
        self._every_s = every_s
        self._child: tuple[int, subprocess.Popen[bytes]] | None = None
        self._next_look = 0.0

    def keep(self) -> int:
        """See to the child, or begin with the run that is due; how many have ended otherwise than well."""
        if self._child is not None:
            return self._seen_to(*self._child)
        if self._every_s and time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + self._every_s / A_DAY
            with database.begin(self._engine) as conn:
                run_id = audits.due(conn, self._runner_id, ENGINE_VERSION, self._every_s)
            if run_id is not None:
                self._child = run_id, begun("audit", run_id, self._runner_id)
        return 0

    def stop(self) -> None:
        """End the child. Its run is due again."""
        if self._child is not None:
            ended(self._child[1])
            self._child = None

    def _seen_to(self, run_id: int, process: subprocess.Popen[bytes]) -> int:
        code = process.poll()
        if code is None:
            return 0
        if code != 0:  # said, so that the run is not the first one due again
            _log.warning("audit_failed", run=run_id, code=code)
            with database.begin(self._engine) as conn:
                audits.note_failed(conn, run_id, self._runner_id, f"its process ended with {code}")
        self._child = None
        return int(code != 0)
