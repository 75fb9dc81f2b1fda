"""Bars for screens and documents: frames of any timeframe, holes, last prices. Folds build their frames themselves."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection

from shared.domain import coverage
from shared.domain.timeframe import ceil_ms, floor_ms
from shared.store import bars, statements
from shared.store.arrays import array

_SQL = statements.load("frames")
MOST_MINUTES = 1_500_000  # that one question may read

Frame = tuple[int, float, float, float, float, float]  # open_ms, open, high, low, close, volume


class Frames(NamedTuple):
    """Closed frames, oldest first, and the one that has begun, as far as its minutes are recorded."""

    closed: list[Frame]
    begun: Frame | None
    decided_until_ms: int  # end of the coverage


def read_frames(
    conn: Connection, instrument_id: int, width_ms: int, from_ms: int | None, to_ms: int | None, limit: int
) -> Frames:
    """At most `limit` frames that start in [from_ms, to_ms); without `from_ms` the newest. A frame is closed when all
    its minutes are decided."""
    minutes = width_ms // 60_000
    limit = min(limit, MOST_MINUTES // minutes)
    ranges = bars.coverage_of(conn, instrument_id)
    if not ranges:
        return Frames([], None, 0)
    decided = ranges[-1][1]
    now_frame = floor_ms(decided, width_ms)  # the first that is not closed
    until = now_frame if to_ms is None else min(now_frame, ceil_ms(to_ms, width_ms))
    since = until - limit * width_ms if from_ms is None else ceil_ms(from_ms, width_ms)
    until = until if from_ms is None else min(until, since + MOST_MINUTES * 60_000)
    rows = _frames(conn, instrument_id, width_ms, since, until, limit)
    whole = coverage.merge(ranges)
    closed = [row for row in rows if _within(whole, row[0], row[0] + width_ms)]
    begun = _frames(conn, instrument_id, width_ms, now_frame, decided, 1) if to_ms is None or to_ms > now_frame else []
    return Frames(closed, begun[0] if begun else None, decided)


def first_open_ms(conn: Connection, instrument_id: int, from_ms: int) -> int | None:
    """The first recorded minute at or after `from_ms`."""
    first: int | None = conn.scalar(_SQL["first_open_ms"], {"instrument_id": instrument_id, "from_ms": from_ms})
    return first


def count_and_gaps(conn: Connection, instrument_id: int, within: coverage.Range) -> tuple[int, list[coverage.Range]]:
    """Recorded minutes of [from, to), and the holes between them."""
    bounds = {"instrument_id": instrument_id, "from_ms": within[0], "to_ms": within[1]}
    gaps = [(row.from_ms, row.to_ms) for row in conn.execute(_SQL["gaps"], bounds)]
    return int(conn.scalar(_SQL["count"], bounds) or 0), gaps


def closes(conn: Connection, minutes: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Decimal]:
    """Last prices of (instrument_id, open_ms)."""
    wanted = list(minutes)
    given = {"instrument_ids": array(i for i, _ in wanted), "open_ms": array(ms for _, ms in wanted)}
    return {(row.instrument_id, row.open_ms): row.close for row in conn.execute(_SQL["closes"], given)}


def open_price(conn: Connection, instrument_id: int, open_ms: int) -> float:
    """The first price of a recorded minute."""
    return float(conn.scalar(_SQL["open"], {"instrument_id": instrument_id, "open_ms": open_ms}))


def day_closes(conn: Connection, instrument_id: int, within: coverage.Range) -> list[tuple[int, float]]:
    """(open_ms, close) of the last recorded minute of each UTC day of [from, to), oldest first."""
    bounds = {"instrument_id": instrument_id, "from_ms": within[0], "to_ms": within[1]}
    return [(row.open_ms, row.close) for row in conn.execute(_SQL["day_closes"], bounds)]


def _frames(conn: Connection, instrument_id: int, width_ms: int, from_ms: int, to_ms: int, limit: int) -> list[Frame]:
    if from_ms >= to_ms:
        return []
    bounds = {
        "instrument_id": instrument_id, "width_ms": width_ms, "from_ms": from_ms, "to_ms": to_ms, "limit": limit,
    }  # fmt: skip
    return [tuple(row) for row in conn.execute(_SQL["frames"], bounds)]


def _within(ranges: list[coverage.Range], from_ms: int, to_ms: int) -> bool:
    return any(start <= from_ms and to_ms <= end for start, end in ranges)
