"""Tables of bar files: how each kind of file becomes typed record batches, and the rules that each batch must keep.

Needs pyarrow; bar_files.py is the door that imports this when a file is read.
"""

import re
import sys
import zipfile
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from shared.domain.bar import MAX_DIGITS
from shared.domain.errors import InputError
from shared.domain.timeframe import MINUTE_MS

ZIP_COLUMNS = (  # of the exchange's public zips, which have no head
    "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "trades", "taker_buy_base",
    "taker_buy_quote", "ignore",
)  # fmt: skip
TIME_NAMES = ("open_time", "open_ms", "time", "timestamp", "datetime", "date")
OHLCV = ("open", "high", "low", "close", "volume")
EXTRAS = ("quote_volume", "trades", "taker_buy_base", "taker_buy_quote")

BATCH_ROWS = 131_072
SHOWN = 3  # rows that a refusal shows
MICROSECONDS_FROM = 10**14  # as milliseconds this is the year 5138


class _NoPandas(MetaPathFinder):
    """Arrow looks for pandas with its first scalar: where it is installed, 0.2 s and 35 MB that nobody here uses."""

    def find_spec(self, fullname: str, *_: Any) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)


sys.meta_path.insert(0, _NoPandas())
pa.scalar(0)
del sys.meta_path[0]


# --- the rules ---------------------------------------------------------------------------------------------------


def _rules(table: Any, previous_ms: int | None) -> Iterator[tuple[str, Any]]:
    """Each rule with a mask of the rows that break it. `previous_ms`: open time of the row before this table."""
    o, h, lo, c, v = (table[name] for name in OHLCV)
    ms = table["open_time"]
    numbers = [name for name in ("open_time", *OHLCV, *EXTRAS) if name in table.schema.names]
    yield "every value is there and finite", _any(_unfinite(table[name]) for name in numbers)
    yield "open_time is a whole minute", pc.not_equal(pc.multiply(pc.divide(ms, MINUTE_MS), MINUTE_MS), ms)
    if "open_us" in table.schema.names:
        us = table["open_us"]
        yield "open_time is a whole millisecond", pc.not_equal(pc.multiply(pc.divide(us, 1000), 1000), us)
    before = pa.concat_arrays([pa.array([previous_ms], pa.int64()), ms[:-1]])
    yield "open_time appears once", pc.equal(ms, before)
    yield "open_time rises", pc.less(ms, before)
    yield "low <= open, close <= high", _any((pc.less(o, lo), pc.less(c, lo), pc.greater(o, h), pc.greater(c, h)))
    yield "0 < price < 1e10", _any((pc.less_equal(lo, 0.0), pc.greater_equal(h, 1e10)))
    yield "0 <= volume < 1e12", _any((pc.less(v, 0.0), pc.greater_equal(v, 1e12)))
    yield f"at most {MAX_DIGITS} significant digits", _any(_too_long(table, name) for name in OHLCV)
    for name in EXTRAS:
        if name in table.schema.names:
            column = table[name]
            yield f"{name} >= 0", pc.less(column if name == "trades" else column.cast(pa.float64()), 0)


def _any(masks: Any) -> Any:
    first, *rest = masks
    for mask in rest:
        first = pc.or_kleene(first, mask)
    return first


def _unfinite(column: Any) -> Any:
    if pa.types.is_integer(column.type):
        return column.is_null()
    if pa.types.is_string(column.type):
        column = column.cast(pa.float64())
    return pc.invert(pc.fill_null(pc.is_finite(column), False))


def _too_long(table: Any, name: str) -> Any:
    """Mask of the values that need more than MAX_DIGITS digits: a cheap test clears most, the text of others judges."""
    if f"{name}_text" in table.schema.names:
        texts = table[f"{name}_text"]
        if (pc.max(pc.binary_length(texts)).as_py() or 0) <= MAX_DIGITS:
            return pa.repeat(False, len(texts))
        doubtful = pc.greater(pc.binary_length(pc.ascii_trim(texts, characters="0")), MAX_DIGITS)
        return _judged(doubtful, texts)
    column = table[name]
    clear = None
    for scale in (1e8, 1e3):
        whole = pc.round(pc.multiply(column, scale))
        exact = pc.and_(pc.less(pc.abs(whole), 1e15), pc.equal(pc.divide(whole, scale), column))
        clear = exact if clear is None else pc.or_(clear, exact)
        if pc.all(clear).as_py():
            return pc.invert(clear)
    return _judged(pc.invert(clear), column)


def _judged(doubtful: Any, column: Any) -> Any:
    bad = bytearray(len(column))
    places = pc.indices_nonzero(pc.fill_null(doubtful, False))
    for at, value in zip(places.to_pylist(), column.take(places).to_pylist(), strict=True):
        number = Decimal(str(value))
        bad[at] = number.is_finite() and len(number.normalize().as_tuple().digits) > MAX_DIGITS
    return pa.array(bad, pa.uint8()).cast(pa.bool_())


class _Broken:
    """A rule that some rows break: how many, and the first of them."""

    def __init__(self) -> None:
        self.count = 0
        self.rows: list[str] = []

    def add(self, table: Any, mask: Any, first_row: int) -> None:
        places = pc.indices_nonzero(pc.fill_null(mask, False))
        self.count += len(places)
        for at in places[: SHOWN - len(self.rows)].to_pylist():
            row = {name: table[name][at].as_py() for name in table.schema.names if not name.startswith("open_us")}
            values = " ".join(f"{name} {row.get(f'{name}_text', row[name])}" for name in OHLCV)
            extras = "".join(f" {name} {row[name]}" for name in EXTRAS if name in row)
            self.rows.append(f"row {first_row + at} {_iso(row['open_time'])} {values}{extras}")

    def text(self) -> str:
        more = f"; and {self.count - len(self.rows)} more" if self.count > len(self.rows) else ""
        return f"{self.count} row{'s' if self.count > 1 else ''}: {'; '.join(self.rows)}{more}"


def _iso(ms: int | None) -> str:
    if ms is None or not 0 <= ms < 253402300800000:
        return f"open_time {ms}"
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def checked(path: Path, tables: Iterator[Any]) -> Iterator[Any]:
    """The same tables while they are good; at a bad one the rest is read for the count, then the file is refused."""
    broken: dict[str, _Broken] = {}
    row, previous_ms = 1, None
    for table in tables:
        if len(table) == 0:
            continue
        for rule, mask in _rules(table, previous_ms):
            if pc.any(mask).as_py():
                broken.setdefault(rule, _Broken()).add(table, mask, row)
        if not broken:
            yield table
        row += len(table)
        previous_ms = pc.max(table["open_time"]).as_py() if broken else table["open_time"][-1].as_py()
    if broken:
        (rule, first), *others = broken.items()
        also = "".join(f"; also broken: {name}: {b.text()}" for name, b in others)
        raise InputError(str(path), rule, first.text() + also)
    if row == 1:
        raise InputError(str(path), "a bar file holds at least one bar", 0)


# --- reading -----------------------------------------------------------------------------------------------------


def tables(path: Path, batch_rows: int) -> Iterator[Any]:
    """Batches with open_time int64 [ms], OHLCV float64 and, of texts, `<name>_text`; extras as the file has them."""
    readers: dict[str, Callable[[Path, int], Iterator[Any]]] = {
        ".parquet": _parquet, ".pq": _parquet, ".csv": _csv, ".zip": _csv,
    }  # fmt: skip
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(str(path), f"a bar file's name ends with {' '.join(readers)}", path.suffix)
    row = 1
    try:
        for batch in reader(path, batch_rows):
            yield _typed(path, batch, row)
            row += len(batch)
    except (OSError, pa.ArrowInvalid, zipfile.BadZipFile) as error:
        raise InputError(str(path), "a readable bar file", str(error).splitlines()[0]) from error


def _parquet(path: Path, batch_rows: int) -> Iterator[Any]:
    with pq.ParquetFile(path) as file:
        columns = _columns(path, file.schema_arrow.names)
        yield from file.iter_batches(batch_size=batch_rows, columns=columns)


def _csv(path: Path, batch_rows: int) -> Iterator[Any]:
    with _opened(path) as file:
        head = file.readline().decode("utf-8-sig", "replace").strip()
    headerless = head[:1].isdigit() and head.count(",") == len(ZIP_COLUMNS) - 1
    names = list(ZIP_COLUMNS) if headerless else [name.strip().strip('"') for name in head.split(",")]
    columns = _columns(path, names)
    with _opened(path) as file:
        reader = csv.open_csv(
            file,
            csv.ReadOptions(
                column_names=names,
                skip_rows=0 if headerless else 1,
                block_size=max(1 << 16, batch_rows * 100),
            ),
            csv.ParseOptions(),
            # as text: a double would hide digits beyond its precision
            csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), include_columns=columns, strings_can_be_null=True
            ),
        )
        yield from reader


def _columns(path: Path, names: list[str]) -> list[str]:
    """Those of a file's columns that are read, its time first. Raises InputError when one is missing."""
    time = next((name for name in TIME_NAMES if name in names), None)
    absent = [name for name in OHLCV if name not in names] + ([] if time else ["open_time"])
    if time is None or absent:
        raise InputError(str(path), f"columns {' '.join(('open_time', *OHLCV))}", f"no {' '.join(absent)} in {names}")
    return [time, *OHLCV, *(name for name in EXTRAS if name in names)]


def _typed(path: Path, batch: Any, first_row: int) -> Any:
    stamps = _stamps(path, batch.column(0), first_row)
    columns: dict[str, Any] = {"open_time": stamps}
    if len(stamps) and (pc.max(stamps).as_py() or 0) >= MICROSECONDS_FROM:
        micro = pc.greater_equal(stamps, MICROSECONDS_FROM)
        columns = {
            "open_time": pc.if_else(micro, pc.divide(stamps, 1000), stamps),
            "open_us": pc.if_else(micro, stamps, 0),
        }
    for name in batch.schema.names[1:]:
        column = batch[name]
        if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
            column = column.cast(pa.string())
        if name == "trades":
            columns[name] = _cast(path, name, column, pa.int64(), first_row)
        elif name in EXTRAS:
            if pa.types.is_string(column.type):
                _cast(path, name, column, pa.float64(), first_row)
            columns[name] = column
        else:
            if pa.types.is_string(column.type):
                columns[f"{name}_text"] = column
            columns[name] = _cast(path, name, column, pa.float64(), first_row)
    return pa.RecordBatch.from_pydict(columns)


def _stamps(path: Path, column: Any, first_row: int) -> Any:
    """Open times as int64: milliseconds, or microseconds where they are that large."""
    if pa.types.is_string(column.type):
        sample = next((value for value in column.to_pylist() if value), "")
        if sample.isdigit():
            return _cast(path, "open_time", column, pa.int64(), first_row)
        zoned = re.search(r"(Z|[+-]\d\d:?\d\d)$", sample) is not None
        column = _cast(path, "open_time", column, pa.timestamp("us", "UTC" if zoned else None), first_row)
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("us"))
    if pa.types.is_timestamp(column.type):
        micro = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
        return pc.if_else(pc.less(pc.abs(micro), MICROSECONDS_FROM), pc.divide(micro, 1000), micro)
    return _cast(path, "open_time", column, pa.int64(), first_row)


def _cast(path: Path, name: str, column: Any, kind: Any, first_row: int) -> Any:
    """The column as `kind`; InputError with the first values that do not fit."""
    try:
        return column.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        bad = []
        for at in range(len(column)):
            try:
                column[at].cast(kind)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                bad.append(f"row {first_row + at} {column[at].as_py()!r}")
                if len(bad) == SHOWN:
                    break
        what = "a number" if kind != pa.int64() else "a whole number"
        rule = f"{name} is {'a time' if pa.types.is_timestamp(kind) else what}"
        raise InputError(str(path), rule, "; ".join(bad) or str(error)) from None


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    if path.suffix.lower() != ".zip":
        with path.open("rb") as file:
            yield file
        return
    with zipfile.ZipFile(path) as archive:
        members = [name for name in archive.namelist() if name.lower().endswith(".csv")]
        if len(members) != 1:
            raise InputError(str(path), "a zip holds one csv", members)
        with archive.open(members[0]) as file:
            yield file


def decimals(columns: Sequence[Sequence[float]]) -> int:
    """Decimals that the finest value of these columns needs; 9 stands for more than 8."""
    doubles = [_doubles(column) for column in columns]
    return next((d for d in range(9) if all(_fits(column, 10.0**d) for column in doubles)), 9)


def _fits(column: Any, scale: float) -> bool:
    whole = pc.round(pc.multiply(column, scale))
    return pc.all(pc.equal(pc.divide(whole, scale), column)).as_py() is not False


def _doubles(column: Sequence[float]) -> Any:
    if not isinstance(column, array):
        return pa.array(column, pa.float64())
    return pa.Array.from_buffers(pa.float64(), len(column), [None, pa.py_buffer(column)])
