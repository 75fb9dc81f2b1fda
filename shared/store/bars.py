"""The record: what the market did, minute by minute, decided once (decision 0001).

Rule: bars are only ever inserted, in the transaction that says which minutes are decided. Readers read covered minutes.
"""

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from itertools import pairwise
from operator import attrgetter
from typing import Any, Literal

from sqlalchemy import Connection, select

from shared.domain import coverage
from shared.domain.bar import Bar, Bars
from shared.domain.coverage import Range
from shared.domain.errors import InputError
from shared.domain.timeframe import MINUTE_MS
from shared.store import database, statements, tables
from shared.store.arrays import CHUNK, array

Source = Literal["ws", "rest", "import"]
ALL_TIME: Range = (0, 1 << 62)

_SQL = statements.load("bars")
_COLUMNS = tuple(field.name for field in fields(Bar))


@dataclass(frozen=True, slots=True)
class Revision:
    """What a source said about a minute that was decided already."""

    kind: Literal["corrected", "late"]
    bar: Bar


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one call added to the record: minutes it did not know, and what it was told anew about known ones."""

    new: tuple[Bar, ...]
    revisions: tuple[Revision, ...]


def record(
    conn: Connection, instrument_id: int, bars: Sequence[Bar], covered: Range, source: Source, received_ms: int
) -> Recorded:
    """Declare every minute of `covered` decided: present as given in `bars` (oldest first), else absent.

    Minutes that were decided before stay as they were. Waits for other writers of the instrument. An importer gives a
    long history in parts, each with its part of the coverage: 50,000 minutes take about half a second.
    """
    _check(bars, covered)
    conn.execute(_SQL["lock"], {"instrument_id": instrument_id})
    new: list[Bar] = []
    revisions: list[Revision] = []
    for start in range(0, len(bars), CHUNK):
        chunk = bars[start : start + CHUNK]
        given = {"instrument_id": instrument_id, "source": source, "received_ms": received_ms}
        bounds = {"first_ms": chunk[0].open_ms, "last_ms": chunk[-1].open_ms}
        by_open = {bar.open_ms: bar for bar in chunk}
        for open_ms, verdict in conn.execute(_SQL["record"], given | bounds | _columns(chunk)):
            if verdict == "new":
                new.append(by_open[open_ms])
            else:
                revisions.append(Revision(verdict, by_open[open_ms]))
    _cover(conn, instrument_id, covered)
    return Recorded(tuple(new), tuple(revisions))


def read_columns(conn: Connection, instrument_id: int, from_ms: int, to_ms: int) -> Bars:
    """Recorded bars of [from_ms, to_ms) as columns for a fold."""
    statement = _SQL["columns"].text.format(
        instrument_id=int(instrument_id), from_ms=int(from_ms), to_ms=int(to_ms)
    )  # COPY takes no parameters
    buffer = io.BytesIO()
    database.copy_out(conn, statement, buffer)
    return _unpack(buffer.getvalue())


def read_bars(
    conn: Connection, instrument_id: int, from_ms: int, to_ms: int, limit: int = 1000, newest: bool = False
) -> list[Bar]:
    """At most `limit` recorded bars of [from_ms, to_ms), oldest first; `newest` keeps the last ones, not the first."""
    t = tables.bars.c
    wanted = select(
        t.open_ms,
        t.open,
        t.high,
        t.low,
        t.close,
        t.volume,
        t.quote_volume,
        t.trades,
        t.taker_buy_base,
        t.taker_buy_quote,
    ).where(t.instrument_id == instrument_id, t.open_ms >= from_ms, t.open_ms < to_ms)
    rows = conn.execute(wanted.order_by(t.open_ms.desc() if newest else t.open_ms).limit(limit)).all()
    return [_bar(row) for row in (reversed(rows) if newest else rows)]


def read_revisions(conn: Connection, instrument_id: int, from_ms: int, to_ms: int, limit: int = 1000) -> list[Revision]:
    """At most `limit` revisions of minutes in [from_ms, to_ms), newest minute first."""
    bounds = {"instrument_id": instrument_id, "from_ms": from_ms, "to_ms": to_ms, "limit": limit}
    rows = conn.execute(_SQL["revisions"], bounds).all()
    return [Revision(row.kind, _bar((row.open_ms, *row[2:11]))) for row in rows]


def coverage_of(conn: Connection, instrument_id: int, within: Range = ALL_TIME) -> list[Range]:
    """Decided ranges that share a minute with `within`, sorted, whole."""
    bounds = {"instrument_id": instrument_id, "from_ms": within[0], "to_ms": within[1]}
    return [(row.from_ms, row.to_ms) for row in conn.execute(_SQL["coverage_of"], bounds)]


def missing(conn: Connection, instrument_id: int, wanted: Range) -> list[Range]:
    """Parts of `wanted` that are not decided yet, sorted."""
    return coverage.missing(coverage_of(conn, instrument_id, wanted), wanted)


def covered_until(conn: Connection, instrument_id: int, from_ms: int) -> int:
    """End of the unbroken coverage that holds `from_ms`; `from_ms` itself when it is not covered."""
    return coverage.covered_until(coverage_of(conn, instrument_id, (from_ms, from_ms + 1)), from_ms)


def _check(bars: Sequence[Bar], covered: Range) -> None:
    from_ms, to_ms = covered
    if from_ms >= to_ms or from_ms % MINUTE_MS or to_ms % MINUTE_MS:
        raise InputError("record", "covered is a range of whole minutes", covered)
    for before, bar in pairwise(bars):
        if bar.open_ms <= before.open_ms:
            raise InputError("record", "bars are strictly rising", f"{before.open_ms}, {bar.open_ms}")
    if bars and not from_ms <= bars[0].open_ms <= bars[-1].open_ms < to_ms:
        raise InputError("record", f"bars lie in [{from_ms}, {to_ms})", f"{bars[0].open_ms} .. {bars[-1].open_ms}")


def _cover(conn: Connection, instrument_id: int, covered: Range) -> None:
    bounds = {"instrument_id": instrument_id, "from_ms": covered[0], "to_ms": covered[1]}
    if conn.execute(_SQL["extend"], bounds).rowcount == 0 and not conn.scalar(_SQL["is_covered"], bounds):
        conn.execute(_SQL["cover"], bounds)


def _columns(bars: Sequence[Bar]) -> dict[str, str]:
    return {name: array(map(attrgetter(name), bars)) for name in _COLUMNS}


def _bar(row: Any) -> Bar:
    open_ms, open_, high, low, close, volume, quote_volume, trades, taker_base, taker_quote = row
    prices = (float(open_), float(high), float(low), float(close), float(volume))
    return Bar(open_ms, *prices, _decimal(quote_volume), trades, _decimal(taker_base), _decimal(taker_quote))


def _decimal(value: Decimal | None) -> Decimal | None:
    return None if value is None else Decimal(value)


# Binary COPY: a header of 19 bytes, rows, a trailer of 2. Our rows have one length: a count of fields (2 bytes), then
# for each of six fields its length (4) and its eight bytes, big-endian.
_HEADER, _TRAILER, _COUNT, _FIELD = 19, 2, 2, 12
_ROW = _COUNT + 6 * _FIELD


def _unpack(data: bytes) -> Bars:
    """Columns of a binary COPY. Copies byte k of every row at once: no Python object per row until the lists."""
    end = len(data) - _TRAILER
    count = (end - _HEADER) // _ROW
    columns: list[Any] = []
    for field in range(6):
        first = _HEADER + _COUNT + field * _FIELD + 4
        column = bytearray(8 * count)
        for k in range(8):
            column[(7 - k if sys.byteorder == "little" else k) :: 8] = data[first + k : end : _ROW]
        columns.append(memoryview(column).cast("q" if field == 0 else "d").tolist())
    return Bars(*columns)
