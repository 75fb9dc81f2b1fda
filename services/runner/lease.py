"""A runner's word that it is alive, given in the database's clock. It vouches for all its runs at once."""

import socket
import time
from uuid import UUID

from sqlalchemy import Connection, Engine

from shared.engine.version import ENGINE_VERSION
from shared.settings import Runner as RunnerSettings
from shared.store import database, ownership


class Lease:
    """The lease of one runner."""

    def __init__(self, settings: RunnerSettings, engine: Engine, runner_id: UUID) -> None:
        self._settings = settings
        self._engine = engine
        self._runner_id = runner_id
        self._is_registered = False
        self._renewed = 0.0  # when it was renewed last

    def keep(self, conn: Connection) -> None:
        """Renew it; register first, or anew where the database has forgotten this runner."""
        runner_id, settings = self._runner_id, self._settings
        if not self._is_registered or not ownership.renew(conn, runner_id, settings.lease_s):
            host = socket.gethostname()
            ownership.register(conn, runner_id, ENGINE_VERSION, settings.capacity, host, settings.lease_s)
            self._is_registered = True
        self._renewed = time.monotonic()

    def keep_up(self) -> None:
        """A round that has folded for long vouches for this runner again before it commits."""
        if time.monotonic() - self._renewed > self._settings.lease_s / 5:
            with database.begin(self._engine, waits_for_disk=False) as conn:
                ownership.renew(conn, self._runner_id, self._settings.lease_s)
            self._renewed = time.monotonic()
