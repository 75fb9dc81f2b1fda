"""How well a run is served: what a runner knows about time, for people only. Never an input of a fold."""

import time
from collections.abc import Iterable

from sqlalchemy import Connection

from services.runner.held import Held
from shared import metrics
from shared.domain.errors import UnavailableError
from shared.domain.run import RunHealth
from shared.domain.timeframe import MINUTE_MS
from shared.store import market
from shared.store.ownership import Progress

LATE_MS = 63_000  # exchange time after a minute's close at which its absence is worth saying
LATE_WALL_S = 5.0  # and wall time: a simulated clock may pass a minute in 10 ms

LATE_SECONDS = metrics.histogram(
    "paperfold_close_to_commit_seconds",
    "Exchange time from a minute's end to the commit of its decisions",
    metrics.LATE_S,
)


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

    def late_ms(self, open_ms: int) -> float | None:
        """Exchange time since a minute's end, 0 before it; None when there is no exchange time."""
        if self._exchange_ms is None:
            return None
        now_ms = self._exchange_ms + self._rate * 1000.0 * (time.monotonic() - self._measured)
        return max(0.0, now_ms - (open_ms + MINUTE_MS))

    def is_late(self, decided_ms: int) -> bool:
        """Should the minute after `decided_ms` have been decided by now?"""
        late_ms = self.late_ms(decided_ms + MINUTE_MS)
        return late_ms is not None and late_ms > LATE_MS and late_ms > LATE_WALL_S * 1000.0 * self._rate

    def note_lateness(self, told: Iterable[Progress]) -> None:
        """Measure a commit, once a minute: of runs that stood at the minute before. Who catches up is late by what he
        has missed, which is no news.
        """
        minutes = {p.new_position_ms for p in told if p.old_position_ms is not None
                   and p.new_position_ms == p.old_position_ms + MINUTE_MS}  # fmt: skip
        for open_ms in minutes:
            if open_ms is not None and (late_ms := self.late_ms(open_ms)) is not None:
                LATE_SECONDS.observe(late_ms / 1000)


def health_of(held: Held, clock: Clock) -> RunHealth:
    """ok, or what the run waits for."""
    if held.run.mode == "backtest" or not clock.is_late(held.cursor_ms):
        return "ok"
    return "waiting_for_history" if held.status == "warming" else "stale"
