"""Bar files: every layout gives the same bars, and a wrong file is refused with the rule, the rows and their number."""

import os
import subprocess
import sys
import zipfile
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shared.domain.bar import Bars
from shared.domain.errors import InputError
from shared.domain.timeframe import MINUTE_MS
from shared.store.bar_files import instrument_of, price_decimals, read_bars, stream_bars

HEAD = "open_time,open,high,low,close,volume\n"
START = 1_677_628_800_000  # 2023-03-01
COLUMNS = {
    "open_time": [START, START + 60_000, START + 180_000],
    "open": [100.5, 101.0, 99.25],
    "high": [101.0, 101.0, 99.75],
    "low": [100.0, 99.5, 99.0],
    "close": [101.0, 99.5, 99.5],
    "volume": [1.5, 0.0, 0.00001],
}
EXTRAS = {
    "quote_volume": [151.12345678, 0.0, 0.00099],
    "trades": [7, 0, 1],
    "taker_buy_base": [0.5, 0.0, 0.00001],
    "taker_buy_quote": [50.25, 0.0, 0.00099],
}
BARS = Bars(*COLUMNS.values())


def parquet(path: Path, columns: dict[str, list[object]]) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def csv(path: Path, columns: dict[str, list[object]]) -> Path:
    rows = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(rows) + "\n")
    return path


def public_zip(path: Path, unit: int) -> Path:
    rows = [
        f"{t * unit},{o:.8f},{h:.8f},{lo:.8f},{c:.8f},{v:.8f},{(t + 60_000) * unit - 1},{q:.8f},{n},{tb:.8f},{tq:.8f},0"
        for t, o, h, lo, c, v, q, n, tb, tq in zip(*COLUMNS.values(), *EXTRAS.values(), strict=True)
    ]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(path.stem + ".csv", "\n".join(rows) + "\n")
    return path


def as_lists(bars: Bars) -> Bars:
    return Bars(*(list(column) for column in bars))


@pytest.mark.parametrize(
    "times",
    [
        pytest.param(COLUMNS["open_time"], id="milliseconds"),
        pytest.param([t * 1000 for t in COLUMNS["open_time"]], id="microseconds"),
        pytest.param(["2023-03-01T00:00:00Z", "2023-03-01T00:01:00Z", "2023-03-01T00:03:00Z"], id="ISO, UTC"),
        pytest.param(
            ["2023-03-01T01:00:00+01:00", "2023-03-01T01:01:00+01:00", "2023-03-01T01:03:00+01:00"], id="ISO, zone"
        ),
        pytest.param(["2023-03-01 00:00:00", "2023-03-01 00:01:00", "2023-03-01 00:03:00"], id="ISO, no zone is UTC"),
    ],
)
@pytest.mark.parametrize("write", [parquet, csv])
@pytest.mark.parametrize("name", ["open_time", "time"])
def test_it_reads_times_as_people_write_them(tmp_path, write, times, name):
    path = write(
        tmp_path / f"bars.{write.__name__}", {name: times, **{k: v for k, v in COLUMNS.items() if k != "open_time"}}
    )
    columns = read_bars(path)
    assert as_lists(columns.bars) == BARS
    assert columns[1:] == (None, None, None, None)


def test_it_reads_timestamps_of_parquet(tmp_path):
    times = pa.array(COLUMNS["open_time"], pa.timestamp("ms", "UTC")).cast(pa.timestamp("ns", "UTC"))
    assert as_lists(read_bars(parquet(tmp_path / "a.parquet", COLUMNS | {"open_time": times})).bars) == BARS


@pytest.mark.parametrize("write", [parquet, csv])
def test_it_reads_the_extra_columns_exactly(tmp_path, write):
    columns = read_bars(write(tmp_path / f"bars.{write.__name__}", COLUMNS | EXTRAS))
    assert list(columns.quote_volume) == [Decimal("151.12345678"), Decimal("0.0"), Decimal("0.00099")]
    assert columns.quote_volume[0] == Decimal("151.12345678")
    assert list(columns.trades) == [7, 0, 1]
    assert list(columns.taker_buy_quote[1:]) == [Decimal(0), Decimal("0.00099")]


@pytest.mark.parametrize(
    ("unit"), [pytest.param(1, id="milliseconds"), pytest.param(1000, id="microseconds, since 2025")]
)
def test_it_reads_the_public_zip(tmp_path, unit):
    columns = read_bars(public_zip(tmp_path / "BTCUSDT-1m-2023-03.zip", unit))
    assert as_lists(columns.bars) == BARS
    assert list(columns.trades) == EXTRAS["trades"]
    assert list(columns.taker_buy_base) == [Decimal("0.5"), 0, Decimal("0.00001")]


def long(rows: int) -> dict[str, list[object]]:
    price = [100 + at % 10 for at in range(rows)]
    return {
        "open_time": [START + 60_000 * at for at in range(rows)],
        "open": price, "high": [p + 1 for p in price], "low": [p - 1 for p in price], "close": price,
        "volume": [at % 3 for at in range(rows)],
    }  # fmt: skip


@pytest.mark.parametrize("write", [parquet, csv])
def test_it_streams_batches_that_join_to_the_whole(tmp_path, write):
    path = write(tmp_path / f"bars.{write.__name__}", long(10_000))
    parts = list(stream_bars(path, 1000))
    assert len(parts) > 1
    joined = Bars(*([value for part in parts for value in part.bars[at]] for at in range(6)))
    assert joined == as_lists(read_bars(path).bars) == Bars(*long(10_000).values())


def changed(name: str, at: int, value: object) -> dict[str, list[object]]:
    columns = {key: list(values) for key, values in COLUMNS.items()}
    columns[name][at] = value
    return columns


@pytest.mark.parametrize("write", [parquet, csv])
@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        pytest.param(changed("open_time", 1, START + 60_001), "open_time is a whole minute", id="off the minute grid"),
        pytest.param(changed("open_time", 2, START), "open_time rises", id="unsorted"),
        pytest.param(changed("open_time", 1, START), "open_time appears once", id="duplicate"),
        pytest.param(changed("high", 1, 100.75), "low <= open, close <= high", id="open above high"),
        pytest.param(changed("low", 1, 99.75), "low <= open, close <= high", id="close below low"),
        pytest.param(changed("low", 1, 0.0), "0 < price < 1e10", id="price zero"),
        pytest.param(changed("volume", 1, -1.0), "0 <= volume < 1e12", id="volume below zero"),
        pytest.param(changed("close", 1, float("nan")), "every value is there and finite", id="not a number"),
        pytest.param(changed("volume", 1, float("inf")), "every value is there and finite", id="infinite"),
        pytest.param(changed("close", 1, 99.612345678901234), "at most 15 significant digits", id="16 digits"),
        pytest.param(COLUMNS | {"trades": [1, -1, 1]}, "trades >= 0", id="trades below zero"),
        pytest.param(COLUMNS | {"quote_volume": [1.5, -1.5, 1.0]}, "quote_volume >= 0", id="quote volume below zero"),
    ],
)  # fmt: skip
def test_it_refuses_a_file_that_breaks_a_rule(tmp_path, write, columns, rule):
    path = write(tmp_path / f"bars.{write.__name__}", columns)
    with pytest.raises(InputError) as refusal:
        read_bars(path)
    text = str(refusal.value)
    assert text.startswith(f"{path}: {rule}, was 1 row: row "), text
    assert "row 3 2023-03-01T00:00:00" in text if rule == "open_time rises" else "row 2 " in text


def test_it_counts_bad_rows_to_the_end_of_the_file(tmp_path):
    columns = long(5000)
    columns["open_time"] = [t + (7 if at >= 2000 else 0) for at, t in enumerate(columns["open_time"])]
    with pytest.raises(InputError, match=r"was 3000 rows: row 2001 .*; row 2002 .*; row 2003 .*; and 2997 more$"):
        list(stream_bars(parquet(tmp_path / "a.parquet", columns), 500))


@pytest.mark.parametrize("step", [pytest.param(0, id="duplicate"), pytest.param(-1, id="unsorted")])
def test_rules_hold_from_one_batch_to_the_next(tmp_path, step):
    columns = long(1000)
    columns["open_time"] = [t + MINUTE_MS * (step - 1) * (at >= 500) for at, t in enumerate(columns["open_time"])]
    with pytest.raises(InputError, match=r"open_time (appears once|rises), was 1 row: row 501 "):
        list(stream_bars(parquet(tmp_path / "a.parquet", columns), 500))


def test_it_names_every_broken_rule(tmp_path):
    columns = changed("open_time", 1, START + 5)
    columns["volume"][2] = -1.0
    with pytest.raises(InputError, match=r"whole minute.*also broken: 0 <= volume"):
        read_bars(csv(tmp_path / "a.csv", columns))


def test_digits_of_a_text_count_as_written(tmp_path):
    columns = changed("open", 0, "100.50000000000000001")  # as a double this is 100.5
    with pytest.raises(InputError, match=r"significant digits.*open 100.50000000000000001"):
        read_bars(csv(tmp_path / "a.csv", columns))
    padded = changed("open", 0, "000100.500000000000000000000")
    assert as_lists(read_bars(csv(tmp_path / "b.csv", padded)).bars) == BARS


def test_large_and_small_numbers_of_15_digits_pass(tmp_path):
    columns = changed("volume", 0, 123_456_789_012.345) | {
        name: [value * 1.0 for value in (0.000012345678912, 0.000012345678912, 1234567890.12345)]
        for name in ("open", "high", "low", "close")
    }
    assert list(read_bars(parquet(tmp_path / "a.parquet", columns)).bars.volume) == columns["volume"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        pytest.param("a.csv", "open_time,open,high,low,close\n0,1,1,1,1\n", "no volume in", id="a column is missing"),
        pytest.param("a.csv", "o,h\n1,2\n", "columns open_time open high low close volume", id="no time"),
        pytest.param("a.csv", HEAD + "0,1,1,x,1,1\n", "low is a number, was row 1 'x'", id="text"),
        pytest.param("a.csv", HEAD + "noon,1,1,1,1,1\n", "open_time is a time, was row 1 'noon'", id="time"),
        pytest.param("a.csv", HEAD + "0,1,1,1,1\n", "a readable bar file", id="a short line"),
        pytest.param("a.csv", HEAD + "0,1,1,,1,1\n", "every value is there", id="an empty field"),
        pytest.param("a.csv", HEAD, "at least one bar", id="no rows"),
        pytest.param("a.csv", "", "columns", id="an empty file"),
        pytest.param("a.parquet", "nonsense", "a readable bar file", id="not parquet"),
        pytest.param("a.zip", "nonsense", "a readable bar file", id="not a zip"),
        pytest.param("a.txt", "nonsense", "name ends with", id="unknown kind"),
    ],
)  # fmt: skip
def test_it_refuses_what_it_cannot_read(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as refusal:
        read_bars(tmp_path / name)
    assert message in str(refusal.value)
    assert str(tmp_path / name) in str(refusal.value)


def test_it_refuses_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="a readable bar file"):
        read_bars(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("name", "instrument"),
    [
        ("BTCUSDT-1m-2024-01.zip", "BTC/USDT"),
        ("binanceus_ETHUSDT_1m_90d_20240615.parquet", "ETH/USDT"),
        ("BTC-USDT.csv", "BTC/USDT"),
        ("sol_usdc.csv", "SOL/USDC"),
        ("btcusd.csv", "BTC/USD"),
        ("bars.csv", None),
    ],
)
def test_a_file_name_tells_its_instrument(name, instrument):
    assert instrument_of(Path(name)) == instrument


def test_the_finest_price_tells_the_decimals():
    assert price_decimals(BARS) == 2
    assert price_decimals(BARS._replace(low=[99.5, 0.000017, 1.0])) == 6
    assert price_decimals(Bars([0], [1.0], [2.0], [1.0], [2.0], [0.5])) == 0


def test_importing_it_loads_no_arrow():
    code = "import sys, shared.store.bar_files; print([m for m in sys.modules if m.startswith(('pyarrow', 'numpy'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.strip() == "[]"


def test_reading_a_file_loads_no_pandas_which_stays_importable(tmp_path):
    file = parquet(tmp_path / "bars.parquet", COLUMNS)
    code = (
        "import sys; from pathlib import Path; from shared.store.bar_files import read_bars; "
        f"read_bars(Path({str(file)!r})); print('pandas' in sys.modules); "
        "import pandas, pyarrow; print(len(pyarrow.table({'a': [1]}).to_pandas()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.split() == ["False", "1"]


@pytest.mark.real_data
def test_real_files_read_and_the_misaligned_one_is_refused(real_data):
    for path in sorted(real_data.glob("*.parquet")):
        if "misaligned" in path.name:
            with pytest.raises(
                InputError, match=r"open_time is a whole minute, was 6122 rows: row 1 2017-12-15T00:00:20.799Z"
            ):
                read_bars(path)
        else:
            columns = read_bars(path)
            assert len(columns.bars.open_ms) == pq.ParquetFile(path).metadata.num_rows
            assert price_decimals(columns.bars) == 2
