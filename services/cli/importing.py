"""Bar files into the record, under its rule (decision 0001): what is decided stays, what differs becomes a revision.

Rule: every file is read, checked and compared with the record before the first row is written. Then minutes are written
in small transactions, so that the feed waits for none of them; an import that was cut off is simply given again.
"""

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from sqlalchemy import Connection, Engine

from services.cli.times import when
from shared.domain import coverage
from shared.domain.bar import Bar, Bars, decimal_text
from shared.domain.coverage import Range
from shared.domain.errors import InputError
from shared.domain.instrument import parse_instrument
from shared.domain.timeframe import MINUTE_MS
from shared.store import bars as record
from shared.store import database, market
from shared.store.bar_files import BarColumns, instrument_of, read_bars

CHUNK = 10_000  # bars of one transaction
MOST_PIECES = 500  # of one transaction
SLICE = 100_000  # bars compared with the record at a time
SHOWN = 3
JUDGED = 60  # known minutes from which on a file that mostly differs is taken for another instrument's


@dataclass(frozen=True, slots=True)
class File:
    """A bar file, read and found good."""

    path: Path
    columns: BarColumns

    @property
    def times(self) -> Sequence[int]:
        return self.columns.bars.open_ms

    def bars(self, first: int, last: int) -> list[Bar]:
        """Its rows first .. last - 1."""
        c = self.columns
        extras = (c.quote_volume, c.trades, c.taker_buy_base, c.taker_buy_quote)
        parts = [[None] * (last - first) if extra is None else list(extra[first:last]) for extra in extras]
        rows = zip(*(column[first:last] for column in c.bars), *parts, strict=True)
        return [Bar(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A minute of a file of which the record says something else; it becomes a revision."""

    open_ms: int
    recorded: tuple[float, ...] | None  # None: decided to be absent
    found: tuple[float, ...]

    def __str__(self) -> str:
        said = "is absent" if self.recorded is None else f"has {_prices(self.recorded)}"
        return f"{when(self.open_ms)}: the record {said}, the file {_prices(self.found)}"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    instrument: str
    minutes: int  # in the files
    new: int
    conflicting: int
    conflicts: tuple[Conflict, ...]  # the first of them
    decided: tuple[Range, ...]  # by it, whether or not they were before
    holes: tuple[Range, ...]  # what is still undecided between the files' first and last minute

    @property
    def same(self) -> int:
        return self.minutes - self.new - self.conflicting


def read_files(paths: Sequence[Path]) -> list[File]:
    """All files, oldest first. Raises InputError for one that is bad, or when they overlap."""
    files = sorted((File(path, read_bars(path)) for path in paths), key=lambda file: file.times[0])
    for before, after in pairwise(files):
        if after.times[0] <= before.times[-1]:
            rule = f"files that do not overlap; {before.path} ends with {when(before.times[-1])}"
            raise InputError(str(after.path), rule, when(after.times[0]))
    return files


def instrument_told(paths: Sequence[Path]) -> str:
    """The instrument that the files' names tell. Raises InputError when they do not."""
    told = {instrument_of(path) for path in paths}
    name = told.pop()
    if told or name is None:
        raise InputError("--instrument", "needed: the files' names do not tell one instrument")
    return name


def import_files(
    engine: Engine, instrument: str, files: Sequence[File], gaps_are_absent: bool, on_written: Callable[[int], None]
) -> Imported:
    """Compare everything with the record, then write. Raises InputError before the first row is written."""
    name, first_ms, last_ms = parse_instrument(instrument), files[0].times[0], files[-1].times[-1]
    with database.begin(engine) as conn:
        _refuse_future(conn, last_ms)
    known, count, conflicts = _compared(engine, name, files)
    if known >= JUDGED and count > known // 2:
        raise InputError(name, f"a file of this instrument: {count:,} of {known:,} known minutes differ", conflicts[0])
    pieces = [piece for file in files for piece in _pieces(file, gaps_are_absent)]
    new = 0
    for batch in _batches(pieces):
        with database.begin(engine) as conn:
            found = market.find_instrument(conn, name)
            instrument_id = market.put_instrument(conn, name, name.replace("/", "")) if found is None else found.id
            for piece in batch:
                bars = piece.file.bars(piece.first, piece.last)
                now_ms = time.time_ns() // 1_000_000
                new += len(record.record(conn, instrument_id, bars, piece.decided, "import", now_ms).new)
        on_written(sum(piece.last - piece.first for piece in batch))
    minutes = sum(len(file.times) for file in files)
    with database.begin(engine) as conn:
        holes = record.missing(conn, instrument_id, (first_ms, last_ms + MINUTE_MS))
    decided = coverage.merge(piece.decided for piece in pieces)
    return Imported(name, minutes, new, count, tuple(conflicts), tuple(decided), tuple(holes))


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows first .. last - 1 of a file, and the minutes that they decide."""

    file: File
    first: int
    last: int
    decided: Range


def _pieces(file: File, gaps_are_absent: bool) -> Iterator[Piece]:
    """A missing minute parts two pieces, unless the person says that it is absent for good."""
    times, count = file.times, len(file.times)
    gaps = [] if gaps_are_absent else [i for i in range(1, count) if times[i] != times[i - 1] + MINUTE_MS]
    for start, end in pairwise([0, *gaps, count]):
        for at in range(start, end, CHUNK):
            until = min(end, at + CHUNK)
            end_ms = times[until] if until < end else times[end - 1] + MINUTE_MS
            yield Piece(file, at, until, (times[at], end_ms))


def _batches(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Pieces of one transaction: about CHUNK bars, and not too many."""
    batch: list[Piece] = []
    rows = 0
    for piece in pieces:
        if batch and (rows + piece.last - piece.first > CHUNK or len(batch) == MOST_PIECES):
            yield batch
            batch, rows = [], 0
        batch.append(piece)
        rows += piece.last - piece.first
    yield batch


def _refuse_future(conn: Connection, last_ms: int) -> None:
    """A minute that has not closed by the exchange's clock is no history."""
    if market.clock(conn) is not None and last_ms + MINUTE_MS > (now_ms := market.exchange_now(conn)):
        raise InputError(
            "import", f"minutes that have closed; the exchange's clock shows {when(now_ms)}", when(last_ms)
        )


def _compared(engine: Engine, name: str, files: Sequence[File]) -> tuple[int, int, list[Conflict]]:
    """How many minutes the record knows, how many of them otherwise, and the first of those."""
    known, count, first = 0, 0, list[Conflict]()
    with database.begin(engine) as conn:
        instrument = market.find_instrument(conn, name)
        ranges = [] if instrument is None else record.coverage_of(conn, instrument.id)
    if instrument is None or not ranges:
        return 0, 0, first
    for file in files:
        for at in range(0, len(file.times), SLICE):
            bars = Bars._make(column[at : at + SLICE] for column in file.columns.bars)
            with database.begin(engine) as conn:
                kept = record.read_columns(conn, instrument.id, bars.open_ms[0], bars.open_ms[-1] + MINUTE_MS)
            known += len(kept.open_ms)
            for conflict in _conflicts(bars, kept, ranges):
                count += 1
                first += [conflict] if len(first) < SHOWN else []
    return known, count, first


def _conflicts(bars: Bars, kept: Bars, ranges: Sequence[Range]) -> Iterator[Conflict]:
    recorded = {row[0]: row[1:] for row in zip(*kept, strict=True)}
    starts = [start for start, _ in ranges]
    for open_ms, *prices in zip(*bars, strict=True):
        found = tuple(prices)
        if open_ms in recorded:
            if recorded[open_ms] != found:
                yield Conflict(open_ms, recorded[open_ms], found)
        elif (at := bisect_right(starts, open_ms)) and open_ms < ranges[at - 1][1]:
            yield Conflict(open_ms, None, found)


def _prices(values: tuple[float, ...]) -> str:
    return " ".join(f"{name} {decimal_text(value)}" for name, value in zip("ohlcv", values, strict=True))
