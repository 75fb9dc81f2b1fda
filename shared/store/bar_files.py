"""Bar files: parquet, csv, or the exchange's public monthly zips, read into checked columns.

Columns: `open_time` (int ms UTC; ISO time, or `time`/`timestamp`/`date` holding one), `open high low close volume`, and
where the file has them `quote_volume trades taker_buy_base taker_buy_quote`. The public zips hold csv of 12 columns
without a head, stamped in milliseconds, since 2025 in microseconds; a stamp of 16 digits is taken as microseconds.

Rule: a file is right or refused. The refusal names the broken rules, how many rows break each, and the first of them;
rows are counted from 1, without a csv's header. pyarrow is imported when a file is read: importing this costs nothing.
"""

import itertools
import re
from array import array
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, overload

from shared.domain.bar import Bars
from shared.domain.errors import InputError
from shared.domain.instrument import QUOTES, parse_instrument

BATCH_ROWS = 131_072
TAKER = ("taker_buy_base", "taker_buy_quote")


class BarColumns(NamedTuple):
    """Bars and what else their file says about them; None where it says nothing. Equal lengths."""

    bars: Bars
    quote_volume: Sequence[Decimal] | None
    trades: Sequence[int] | None
    taker_buy_base: Sequence[Decimal] | None
    taker_buy_quote: Sequence[Decimal] | None


class Decimals(Sequence[Decimal]):
    """Exact decimals over a column of doubles or texts, each made when asked for; a double is its shortest text."""

    def __init__(self, column: Any) -> None:
        self._column = column

    def __len__(self) -> int:
        return len(self._column)

    @overload
    def __getitem__(self, at: int) -> Decimal: ...
    @overload
    def __getitem__(self, at: slice) -> "Decimals": ...
    def __getitem__(self, at: int | slice) -> "Decimal | Decimals":
        if isinstance(at, slice):
            return Decimals(self._column[at])
        return Decimal(str(self._column[at].as_py()))

    def __iter__(self) -> Iterator[Decimal]:
        return (Decimal(str(value)) for value in self._column.to_pylist())

    @staticmethod
    def joined(parts: "Sequence[Decimals]") -> "Decimals":
        """One after the other, without a copy."""
        import pyarrow as pa

        return Decimals(pa.chunked_array([part._column for part in parts]))


def read_bars(path: Path) -> BarColumns:
    """All bars of a file. Raises InputError."""
    import pyarrow as pa

    columns = _joined(list(stream_bars(path)))
    pa.default_memory_pool().release_unused()  # Arrow keeps what it read with for the next file
    return columns


def stream_bars(path: Path, batch_rows: int = BATCH_ROWS) -> Iterator[BarColumns]:
    """Bars of a file, about `batch_rows` at a time, in order. Raises InputError before it gives a batch that is bad."""
    from shared.store import bar_table

    for table in bar_table.checked(path, bar_table.tables(path, batch_rows)):
        yield _columns(table)


def instrument_of(path: Path) -> str | None:
    """Instrument that a file's name tells, as `binanceus_BTCUSDT_1m.parquet` or `BTC-USDT.csv` do; None if none."""
    words = re.split(r"[^A-Za-z0-9]+", path.name.split(".")[0])
    for base, quote in itertools.pairwise(words):
        if quote.upper() in QUOTES and base.upper() not in ("", *QUOTES[:6]):
            return parse_instrument(f"{base}/{quote}")
    for word in sorted(words, key=lambda w: not w.isupper()):
        try:
            return parse_instrument(word)
        except InputError:
            continue
    return None


def price_decimals(bars: Bars) -> int:
    """Decimals that the finest price of these columns needs; 9 stands for more than 8."""
    from shared.store import bar_table

    return bar_table.decimals(bars[1:5])


def _columns(table: Any) -> BarColumns:
    names = table.schema.names
    bars = Bars(_array("q", table["open_time"]), *(_array("d", table[name]) for name in Bars._fields[1:]))
    decimals = [Decimals(table[name]) if name in names else None for name in ("quote_volume", *TAKER)]
    return BarColumns(bars, decimals[0], _array("q", table["trades"]) if "trades" in names else None, *decimals[1:])


def _array(code: str, column: Any) -> "array[Any]":
    numbers = array(code)
    width = numbers.itemsize
    numbers.frombytes(memoryview(column.buffers()[1])[column.offset * width : (column.offset + len(column)) * width])
    return numbers


def _joined(parts: list[BarColumns]) -> BarColumns:
    if len(parts) == 1:
        return parts[0]
    bars = Bars(*(_glued([part.bars[at] for part in parts]) for at in range(len(Bars._fields))))
    return BarColumns(bars, *(_glued([part[at] for part in parts]) for at in range(1, len(BarColumns._fields))))


def _glued(pieces: Sequence[Any]) -> Any:
    """Columns of one kind, one after the other."""
    first = pieces[0]
    if first is None:
        return None
    if isinstance(first, Decimals):
        return Decimals.joined(pieces)
    whole = array(first.typecode)
    for piece in pieces:
        whole.extend(piece)
    return whole
