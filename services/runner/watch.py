"""How well a run is served: what a runner knows about time, for people only. Never an input of a fold."""

import time

from sqlalchemy import Connection

from services.runner.held import Held
from shared.domain.errors import UnavailableError
from shared.domain.run import RunHealth
from shared.domain.timeframe import MINUTE_MS
from shared.store import market

LATE_MS = 63_000  # exchange time after a minute's close at which its absence is worth saying
LATE_WALL_S = 5.0  # and wall time: a simulated clock may pass a minute in 10 ms


class Clock:
    """Exchange time between two looks at the database's clock."""

    def __init__(self) -> None:
        self._exchange_ms: float | None = None
        self._rate = 1.0
        self._measured = 0.0

    def measure(self, conn: Connection) -> None:
        """Look again. Without ingest there is no exchange time, and nothing is late."""
        clock = market.clock(conn)
        self._rate = 1.0 if clock is None else clock.rate
        try:
            self._exchange_ms = market.exchange_now(conn)
        except UnavailableError:
            self._exchange_ms = None
        self._measured = time.monotonic()

    def is_late(self, decided_ms: int) -> bool:
        """Should the minute after `decided_ms` have been decided by now?"""
        if self._exchange_ms is None:
            return False
        now_ms = self._exchange_ms + self._rate * 1000.0 * (time.monotonic() - self._measured)
        late_ms = now_ms - (decided_ms + 2 * MINUTE_MS)
        return late_ms > LATE_MS and late_ms > LATE_WALL_S * 1000.0 * self._rate


def health_of(held: Held, clock: Clock) -> RunHealth:
    """ok, or what the run waits for."""
    if held.run.mode == "backtest" or not clock.is_late(held.cursor_ms):
        return "ok"
    return "waiting_for_history" if held.status == "warming" else "stale"
