"""The truth, generated and recorded: ids join, rows keep their rules, any range is there, the same every time."""

from array import array
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.exchange_sim.app import first_start_ms, open_market
from services.exchange_sim.generated import DAY_MINUTES, LISTED_MS, Generated
from services.exchange_sim.market import Row, pages, row_at, traded_before, units
from services.exchange_sim.recorded import Recorded
from shared.domain.errors import InputError
from shared.domain.timeframe import DAY_MS, MINUTE_MS
from shared.settings import Sim

DAY = 1_704_412_800_000  # 2024-01-05


def keeps_its_rules(row: Row) -> bool:
    prices = 0 < row.low <= min(row.open, row.close) <= max(row.open, row.close) <= row.high
    sums = row.low * row.volume // 10**8 <= row.quote_volume <= row.high * row.volume // 10**8
    taker = 0 <= row.taker_base <= row.volume and 0 <= row.taker_quote <= row.quote_volume
    empty = (row.trades == 0) == (row.volume == 0)
    single = row.trades != 1 or row.high == row.low
    return prices and sums and taker and empty and single


@pytest.mark.parametrize("instrument", ["BTC/USDT", "ETH/USDT", "SOL/USDT", "OTHER/USDC", "SHIB/USDT"])
def test_generated_rows_keep_their_rules(instrument):
    series = Generated(instrument, 7)
    rows = list(pages(series, DAY, DAY + 3 * DAY_MS))
    assert [row.open_ms for row in rows] == list(range(DAY, DAY + 3 * DAY_MS, MINUTE_MS))
    assert all(keeps_its_rules(row) for row in rows)
    tick, step = units(float(series.listing.tick)), units(float(series.listing.step))
    assert all(price % tick == 0 for row in rows for price in row[1:5])
    assert all(row.volume % step == 0 and row.volume >= row.trades * step for row in rows)
    assert any(row.trades == 0 for row in rows)
    for last, row in pairwise(rows):
        assert row.first_id == last.first_id + last.trades
        if row.trades == 0:
            assert row[1:10] == (last.close,) * 4 + (0,) * 5


def test_a_generated_minute_depends_on_seed_instrument_and_day_only():
    there = row_at(Generated("BTC/USDT", 1), DAY + 77 * MINUTE_MS)
    late = Generated("BTC/USDT", 1)
    list(pages(late, DAY - 30 * DAY_MS, DAY - 20 * DAY_MS))
    assert row_at(late, DAY + 77 * MINUTE_MS) == there
    assert row_at(Generated("BTC/USDT", 2), DAY + 77 * MINUTE_MS) != there
    assert row_at(Generated("ETH/USDT", 1), DAY + 77 * MINUTE_MS) != there


def test_generated_days_meet():
    series = Generated("ETH/USDT", 3)
    for day in range(40):
        edge = DAY + day * DAY_MS
        last, first = series.oldest(edge - MINUTE_MS, edge + MINUTE_MS, 2)
        assert first.first_id == last.last_id + 1
        assert abs(first.open - last.close) < last.close / 100


def test_generated_prices_move_as_prices_do():
    closes = [series_close(Generated("BTC/USDT", 1), DAY + day * DAY_MS) for day in range(-1500, 500, 5)]
    assert 4_000 < min(closes) / 1e8 < max(closes) / 1e8 < 1_000_000
    moves = [abs(b / a - 1) for a, b in pairwise(closes)]
    assert 0.005 < sum(moves) / len(moves) < 0.15


def series_close(series: Generated, open_ms: int) -> int:
    row = row_at(series, open_ms)
    assert row is not None
    return row.close


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "first", "count"),
    [
        pytest.param(DAY - 90_000, DAY + 1, DAY - MINUTE_MS, 2, id="over a day's edge"),
        pytest.param(DAY + 1, DAY + MINUTE_MS, None, 0, id="between two opens"),
        pytest.param(DAY, DAY, None, 0, id="empty"),
        pytest.param(DAY + 9 * MINUTE_MS, DAY, None, 0, id="backwards"),
        pytest.param(0, LISTED_MS + 3 * MINUTE_MS, LISTED_MS, 3, id="from before the listing"),
    ],
)  # fmt: skip
def test_generated_ranges(from_ms, to_ms, first, count):
    series = Generated("BTC/USDT", 1)
    rows = series.oldest(from_ms, to_ms, 1000)
    assert [row.open_ms for row in rows] == [first + at * MINUTE_MS for at in range(count)]
    assert list(series.newest(from_ms, to_ms, 1000)) == list(rows)
    assert [r.open_ms for r in series.newest(from_ms, to_ms, 1)] == [r.open_ms for r in rows[-1:]]


def test_only_a_few_generated_days_stay_in_memory():
    series = Generated("BTC/USDT", 1)
    assert sum(1 for _ in pages(series, DAY, DAY + 9 * DAY_MS)) == 9 * DAY_MINUTES
    assert len(series._days) == 6


# --- recorded ----------------------------------------------------------------------------------------------------

COLUMNS = {
    "open_time": [DAY + at * MINUTE_MS for at in (0, 1, 2, 5, 6)],
    "open": [100.0, 101.0, 101.5, 101.5, 102.0],
    "high": [101.5, 101.0, 102.0, 101.5, 102.0],
    "low": [99.5, 101.0, 100.0, 101.5, 102.0],
    "close": [101.0, 101.0, 101.5, 101.5, 102.0],
    "volume": [2.0, 0.0, 0.5, 0.0, 0.00001],
}
RECORDED = {
    "trades": [5, 0, 2, 0, 1],
    "quote_volume": [200.12345678, 0.0, 50.0, 0.0, 0.00102],
    "taker_buy_base": [1.0, 0.0, 0.5, 0.0, 0.0],
    "taker_buy_quote": [100.0, 0.0, 50.0, 0.0, 0.0],
}


def write(path, columns):
    pq.write_table(pa.table(columns), path)
    return path


def test_recorded_rows_are_the_files(tmp_path):
    series = Recorded("BTC/USDT", [write(tmp_path / "a.parquet", COLUMNS | RECORDED)])
    rows = list(pages(series, 0, DAY + DAY_MS))
    assert [row.open_ms for row in rows] == COLUMNS["open_time"]
    assert rows[0] == Row(
        DAY, 100_0000_0000, 101_5000_0000, 99_5000_0000, 101_0000_0000, 2_0000_0000, 200_12345678, 5, 1_0000_0000,
        100_0000_0000, 1,
    )  # fmt: skip
    assert [row.trades for row in rows] == RECORDED["trades"]
    assert [row.first_id for row in rows] == [1, 6, 6, 8, 8]
    assert (series.first_ms, series.last_ms) == (DAY, DAY + 6 * MINUTE_MS)
    assert row_at(series, DAY + 3 * MINUTE_MS) is None  # an outage
    assert traded_before(series, DAY + 5 * MINUTE_MS) == rows[2]
    assert traded_before(series, DAY) is None


def test_what_a_file_does_not_say_is_derived_and_keeps_the_rules(tmp_path):
    path = write(tmp_path / "a.parquet", COLUMNS)
    rows = list(pages(Recorded("BTC/USDT", [path]), 0, DAY + DAY_MS))
    assert rows == list(pages(Recorded("BTC/USDT", [path]), 0, DAY + DAY_MS))
    assert all(keeps_its_rules(row) for row in rows)
    assert [row.trades > 0 for row in rows] == [True, False, True, False, True]
    for last, row in pairwise(rows):
        assert row.first_id == last.first_id + last.trades


def test_files_of_one_instrument_follow_one_another(tmp_path):
    later = COLUMNS | {"open_time": [t + DAY_MS for t in COLUMNS["open_time"]]}
    a, b = write(tmp_path / "a.parquet", COLUMNS), write(tmp_path / "b.parquet", later)
    series = Recorded("BTC/USDT", [a, b])
    rows = list(pages(series, 0, DAY + 2 * DAY_MS, limit=3))
    assert [row.open_ms for row in rows] == COLUMNS["open_time"] + later["open_time"]
    assert all(row.first_id == last.first_id + last.trades for last, row in pairwise(rows))
    with pytest.raises(InputError, match="files of BTC/USDT follow one another"):
        Recorded("BTC/USDT", [b, a])


def test_the_market_is_named_by_its_bars(tmp_path):
    a = write(tmp_path / "BTCUSDT.parquet", COLUMNS)
    b = write(tmp_path / "ETHUSDT.parquet", COLUMNS)
    (tmp_path / "copy").mkdir()
    copy = write(tmp_path / "copy" / "BTCUSDT_again.parquet", COLUMNS)
    other = write(tmp_path / "BTCUSDT_other.parquet", COLUMNS | {"volume": [2.5, 0.0, 0.5, 0.0, 0.00001]})
    names = [open_market(Sim(bars=bars)).name for bars in ([a], [copy], [a, b], [b, a], [other])]
    assert names[0] == names[1] != names[2] == names[3] != names[4]
    assert len({names[0], names[2], names[4]}) == 3
    assert open_market(Sim(seed=5)).name == open_market(Sim(seed=5, instruments=["BTC/USDT"])).name
    assert open_market(Sim(seed=5)).name != open_market(Sim(seed=6)).name


@pytest.mark.parametrize(
    ("name", "instruments", "symbols"),
    [
        ("BTCUSDT-1m.parquet", [], ["BTCUSDT"]),
        ("bars.parquet", ["eth-usdc"], ["ETHUSDC"]),
    ],
)
def test_files_get_their_instruments(tmp_path, name, instruments, symbols):
    market = open_market(Sim(bars=[write(tmp_path / name, COLUMNS)], instruments=instruments))
    assert list(market.series) == symbols


def test_a_file_without_a_name_is_refused(tmp_path):
    path = write(tmp_path / "bars.parquet", COLUMNS)
    with pytest.raises(InputError, match=r"a file name that tells its instrument, or sim.instruments"):
        open_market(Sim(bars=[path]))
    with pytest.raises(InputError, match="one name per bar file, or none, was 2 names for 1 files"):
        open_market(Sim(bars=[path], instruments=["BTC/USDT", "ETH/USDT"]))


def test_too_fine_prices_are_refused(tmp_path):
    fine = COLUMNS | {"low": [99.5, 101.0, 100.0, 101.5, 0.0000000012]}
    with pytest.raises(InputError, match="at most 8 decimals"):
        Recorded("BTC/USDT", [write(tmp_path / "a.parquet", fine)])


def minutes(count):
    return {
        "open_time": [DAY + at * MINUTE_MS for at in range(count)],
        **{name: [100.0] * count for name in ("open", "high", "low", "close", "volume")},
    }


@pytest.mark.parametrize(
    ("count", "start", "expected"),
    [
        pytest.param(9 * 1440, None, DAY + 2 * DAY_MS, id="the day of the first third"),
        pytest.param(300, None, DAY + 99 * MINUTE_MS, id="no whole day: the minute"),
        pytest.param(1440, "2024-01-05T06:00", DAY + 6 * 3_600_000, id="as asked for, UTC"),
        pytest.param(1440, "2024-01-05T06:00+02:00", DAY + 4 * 3_600_000, id="as asked for, with a zone"),
    ],
)
def test_a_file_starts_where_history_is_left(tmp_path, count, start, expected):
    settings = Sim(bars=[write(tmp_path / "BTCUSDT.parquet", minutes(count))], start=start)
    assert first_start_ms(settings, open_market(settings), 1) == expected


@pytest.mark.parametrize("start", ["2024-01-07", "2023-12-31", "tomorrow"])
def test_a_start_outside_the_bars_is_refused(tmp_path, start):
    settings = Sim(bars=[write(tmp_path / "BTCUSDT.parquet", minutes(1440))], start=start)
    with pytest.raises(InputError, match=r"sim\.start"):
        first_start_ms(settings, open_market(settings), 1)


def test_generated_bars_start_now():
    assert first_start_ms(Sim(), open_market(Sim()), DAY) == DAY


def test_units_are_exact():
    assert units(0.1) == 10_000_000
    assert units(61234567.12345678 - 0.0) == 6_123_456_712_345_678
    assert units(1234567890.12345) == 123_456_789_012_345_000
    assert [units(value) for value in array("d", [20179.77, 0.00001, 0.0])] == [2_017_977_000_000, 1_000, 0]
