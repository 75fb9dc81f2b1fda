"""Equity curves, thinned for screens: first, last, and low and high of each part."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection

from shared.store import statements
from shared.store.arrays import array

LEVEL_MS = 3_600_000
FEWEST = 4  # points that a thinned curve can be made of: first, last, one low, one high

_SQL = statements.load("curves")
_ALWAYS = 1 << 62


@dataclass(frozen=True, slots=True)
class Curve:
    """Points in order; `total` is how many rows there are in the range."""

    points: list[tuple[int, Decimal]]  # (ts_ms, equity)
    total: int

    @property
    def is_thinned(self) -> bool:
        return len(self.points) < self.total


def equity_curve(conn: Connection, run_id: int, points: int = 2000, from_ms: int = 0, to_ms: int = _ALWAYS) -> Curve:
    """At most `points` (at least FEWEST) of the run's equity rows in [from_ms, to_ms).

    Levels serve a part that is longer than an hour; at the edges of a range they may miss the extreme of a cut hour.
    """
    bounds = {"run_id": run_id, "from_ms": from_ms, "to_ms": to_ms}
    span = conn.execute(_SQL["span"], bounds).one()
    if span.total <= points:
        rows = conn.execute(_SQL["whole"], bounds)
    else:
        parts = (max(points, FEWEST) - 2) // 2
        use_levels = (span.last_ms - span.first_ms) // parts >= LEVEL_MS
        given = {"first_ms": span.first_ms, "last_ms": span.last_ms, "parts": parts, "use_levels": use_levels}
        rows = conn.execute(_SQL["thinned"], bounds | given)
    return Curve([(row.ts_ms, row.equity) for row in rows], span.total)


def extend_levels(conn: Connection, run_ids: Sequence[int]) -> None:
    """Bring the hours of these runs up to date: with each snapshot, and at the end of a run."""
    conn.execute(_SQL["extend"], {"run_ids": array(run_ids)})
