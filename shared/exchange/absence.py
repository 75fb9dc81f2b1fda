"""When is a minute absent for good? Pure bookkeeping over REST answers; times come in as arguments.

Binance US sends a row for every minute, traded or not; rows are missing only in downtime. But a replica can lag, so one
answer without a row proves nothing: two good ones must agree, apart in exchange time (the replica had time to catch up)
and in wall time (two reads of one cached page are one read).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.domain.coverage import Range, merge, missing
from shared.domain.timeframe import MINUTE_MS

ABSENT_EXCHANGE_MS = 30_000
ABSENT_WALL_MS = 2_000


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment on both clocks. `exchange_ms` is never later than the exchange's true time then."""

    exchange_ms: int
    wall_ms: int  # monotonic

    def is_apart(self, later: "Moment", exchange_ms: int = ABSENT_EXCHANGE_MS, wall_ms: int = ABSENT_WALL_MS) -> bool:
        return later.exchange_ms - self.exchange_ms >= exchange_ms and later.wall_ms - self.wall_ms >= wall_ms


class Misses:
    """Minutes that good answers did not hold, each with the moment it was first missed."""

    def __init__(self) -> None:
        self._missed: list[tuple[Range, Moment]] = []

    def __bool__(self) -> bool:
        return bool(self._missed)

    def note(self, looked: Range, present: Iterable[int], at: Moment) -> list[Range]:
        """Take one answer: `present` are the minutes it holds in `looked`. Returns what is absent for good now, sorted.

        `looked` must end at a minute that the answer does hold: only a later row tells a hole from the edge.
        """
        holes = missing(((ms, ms + MINUTE_MS) for ms in present), looked)
        absent: list[Range] = []
        kept: list[tuple[Range, Moment]] = []
        for missed, since in self._missed:
            kept += [(part, since) for part in missing([looked], missed)]  # this answer did not look there
            parts = [part for hole in holes if (part := _common(missed, hole))]
            if since.is_apart(at):
                absent += parts
            else:
                kept += [(part, since) for part in parts]
        known = [missed for missed, _ in kept] + absent
        kept += [(part, at) for hole in holes for part in missing(known, hole)]
        self._missed = kept
        return merge(absent)

    def forget_before(self, ms: int) -> None:
        """Drop what is decided."""
        self._missed = [((max(start, ms), end), at) for (start, end), at in self._missed if end > ms]


def _common(a: Range, b: Range) -> Range | None:
    start, end = max(a[0], b[0]), min(a[1], b[1])
    return (start, end) if start < end else None
