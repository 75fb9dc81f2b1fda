"""Inside a minute: from open to close through high and low, adding up to the recorded row."""

from itertools import pairwise

import pytest

from services.exchange_sim.generated import Generated
from services.exchange_sim.market import Row
from services.exchange_sim.path import before, way

DAY = 1_704_412_800_000
TICK = 1_000_000
ROW = Row(
    DAY, 100 * 10**8, 103 * 10**8, 98 * 10**8, 101 * 10**8, 5 * 10**8, 502 * 10**8, 17, 2 * 10**8, 201 * 10**8, 900
)
ROWS = [row for row in Generated("BTC/USDT", 1).oldest(DAY, DAY + 60 * 60_000, 60) if row.trades]


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row.trades} trades") for row in [ROW, *ROWS]])
def test_a_minute_grows_into_its_row(row):
    times, rows = way(row, "1:BTCUSDT", TICK)
    assert rows[-1] == row
    assert rows[0].open == row.open
    assert list(times) == sorted(times)
    assert row.open_ms <= times[0] <= times[-1] < row.open_ms + 60_000
    for early, late in pairwise(rows):
        assert early.low >= late.low
        assert early.high <= late.high
        for name in ("volume", "quote_volume", "trades", "taker_base", "taker_quote"):
            assert getattr(early, name) <= getattr(late, name)
    for partial in rows:
        assert partial.low <= min(partial.open, partial.close) <= max(partial.open, partial.close) <= partial.high
        assert partial.taker_base <= partial.volume
        assert (partial.open_ms, partial.first_id) == (row.open_ms, row.first_id)
        assert partial.trades >= 1


def test_it_touches_high_and_low_before_the_end():
    _, rows = way(ROW, "1:BTCUSDT", TICK)
    assert (rows[-2].high, rows[-2].low) == (ROW.high, ROW.low)
    assert all(price % TICK == 0 for partial in rows for price in partial[1:5])


def test_the_same_minute_takes_the_same_way():
    first = way(ROW, "1:BTCUSDT", TICK)
    way.cache_clear()
    assert way(ROW, "1:BTCUSDT", TICK) == first
    assert way(ROW, "2:BTCUSDT", TICK) != first
    assert way(ROW, "1:ETHUSDT", TICK) != first


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"trades": 1}, id="one trade, though high and low differ"),
        pytest.param({"trades": 2}, id="two"),
        pytest.param({"trades": 3}, id="three"),
        pytest.param({"trades": 5000}, id="very many"),
        pytest.param({"volume": 1, "quote_volume": 0, "taker_base": 0, "taker_quote": 0}, id="hardly any volume"),
    ],
)
def test_odd_rows_end_as_they_are_too(change):
    row = ROW._replace(**change)
    times, rows = way(row, "1:BTCUSDT", TICK)
    assert rows[-1] == row
    assert len(times) == len(rows) == min(row.trades, 40)


def test_before_knows_the_trades_so_far():
    times, rows = way(ROW, "1:BTCUSDT", TICK)
    assert before(ROW, "1:BTCUSDT", TICK, times[0]) is None
    assert before(ROW, "1:BTCUSDT", TICK, times[0] + 1) == rows[0]
    assert before(ROW, "1:BTCUSDT", TICK, ROW.open_ms + 60_000) == ROW
    assert before(ROW._replace(trades=0), "1:BTCUSDT", TICK, ROW.open_ms + 60_000) is None
