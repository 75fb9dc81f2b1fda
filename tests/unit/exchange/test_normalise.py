"""Rows and frames become bars exactly, or are refused one by one."""

from decimal import Decimal

import pytest

from shared.domain.bar import Bar
from shared.domain.errors import InputError
from shared.exchange.normalise import PartialBar, RateLimit, bar_of_row, partial_bar, read_exchange_info, read_rows
from shared.exchange.wire import Kline

T = 1_678_490_400_000
ROW = [T, "20179.77000000", "20196.55000000", "20169.96000000", "20169.96000000", "1.71625000", T + 59_999,
       "34641.02122700", 30, "0.48681000", "9828.79347910", "0"]  # fmt: skip
BAR = Bar(T, 20179.77, 20196.55, 20169.96, 20169.96, 1.71625, Decimal("34641.021227"), 30, Decimal("0.48681"),
          Decimal("9828.7934791"))  # fmt: skip
OTHERS = (1.71625, BAR.quote_volume, 30, BAR.taker_buy_base, BAR.taker_buy_quote)
K = {"t": T, "T": T + 59_999, "s": "BTCUSDT", "i": "1m", "f": 100, "L": 129, "o": "20179.77000000",
     "c": "20169.96000000", "h": "20196.55000000", "l": "20169.96000000", "v": "1.71625000", "n": 30, "x": True,
     "q": "34641.02122700", "V": "0.48681000", "Q": "9828.79347910", "B": "0"}  # fmt: skip


def row(**changes):
    """ROW with some cells replaced: c3="x"."""
    return [changes.get(f"c{i}", cell) for i, cell in enumerate(ROW)]


def frame(**changes):
    return Kline("BTCUSDT", {key: value for key, value in (K | changes).items() if value is not ...}, T + 61_755)


@pytest.mark.parametrize(
    ("cells", "bar"),
    [
        pytest.param(ROW, BAR, id="as the exchange writes it"),
        pytest.param(row(c0=T * 1000, c6=T * 1000 + 59_999_999), BAR, id="microseconds"),
        pytest.param(row(c0=str(T)), BAR, id="a time as text"),
        pytest.param(row(c8="30"), BAR, id="a count as text"),
        pytest.param(ROW[:6], Bar(*[T, 20179.77, 20196.55, 20169.96, 20169.96, 1.71625]), id="without optional cells"),
        pytest.param(row(c1=5, c2=7, c3=5, c4=6), Bar(T, 5.0, 7.0, 5.0, 6.0, *OTHERS), id="numbers instead of text"),
        pytest.param(
            row(c1="1", c2="1", c3="1", c4="1", c5="0.00000000", c7="0.00000000", c8=0, c9="0", c10="0"),
            Bar(T, 1.0, 1.0, 1.0, 1.0, 0.0, Decimal(0), 0, Decimal(0), Decimal(0)),
            id="a minute without trades",
        ),
        pytest.param(
            row(c3="8200.00000000"), Bar(T, 20179.77, 20196.55, 8200.0, 20169.96, *OTHERS), id="an absurd wick is kept"
        ),
    ],
)
def test_a_row_becomes_a_bar(cells, bar):
    assert bar_of_row(cells) == bar


BAD = [
    pytest.param({"c2": "20000.00000000"}, id="high below open"),
    pytest.param({"c3": "20190.00000000"}, id="low above close"),
    pytest.param({"c1": "0.00000000"}, id="a price of zero"),
    pytest.param({"c4": "-1"}, id="a negative price"),
    pytest.param({"c4": "NaN"}, id="no number"),
    pytest.param({"c4": "Infinity"}, id="infinite"),
    pytest.param({"c4": ""}, id="empty text"),
    pytest.param({"c4": None}, id="null"),
    pytest.param({"c5": "-0.1"}, id="a negative volume"),
    pytest.param({"c5": "1.234567890123456"}, id="16 digits of volume"),
    pytest.param({"c1": "20179.77000000000001"}, id="19 digits of price"),
    pytest.param({"c0": T + 20_799}, id="off the grid"),
    pytest.param({"c6": T + 60_000}, id="a close time of another length"),
    pytest.param({"c8": -1}, id="a negative count"),
    pytest.param({"c8": True}, id="a truth value as count"),
    pytest.param({"c7": "x"}, id="a turnover that is no number"),
]


@pytest.mark.parametrize("changes", BAD)
def test_an_impossible_row_is_refused_and_its_neighbours_are_kept(changes):
    bad = row(**changes)
    with pytest.raises(InputError):
        bar_of_row(bad)
    after = [T + 60_000, *ROW[1:6], T + 119_999, *ROW[7:]]
    rows = read_rows([bad, after])
    assert [bar.open_ms for bar in rows.bars] == [T + 60_000]
    assert len(rows.refused) == 1
    assert rows.refused_ms == (() if changes.get("c0") else (T,))


def test_rows_are_put_in_order_and_repeats_removed():
    later = [T + 60_000, *ROW[1:6], T + 119_999, *ROW[7:]]
    assert [bar.open_ms for bar in read_rows([later, ROW, later]).bars] == [T, T + 60_000]


def test_two_different_rows_for_a_minute_refuse_it():
    rows = read_rows([ROW, row(c4="20170.00000000")])
    assert rows.bars == ()
    assert rows.refused_ms == (T,)


@pytest.mark.parametrize("body", [None, {}, "x", 5])
def test_an_answer_that_is_no_list_is_refused(body):
    with pytest.raises(InputError):
        read_rows(body)


def test_a_closed_frame_is_whole():
    assert partial_bar(frame()) == PartialBar(BAR, True, T + 61_755, 100, 129)
    assert partial_bar(frame()).is_whole


@pytest.mark.parametrize(
    ("changes", "is_closed", "is_whole"),
    [
        pytest.param({"x": False}, False, True, id="forming"),
        pytest.param({"x": ...}, False, True, id="without x it is not closed"),
        pytest.param({"x": "true"}, False, True, id="only true is true"),
        pytest.param({"n": 29}, True, False, id="a trade is missing between the ids"),
        pytest.param({"f": ..., "L": ...}, True, False, id="without ids"),
        pytest.param({"n": ...}, True, False, id="without a count"),
        pytest.param({"n": 0, "f": -1, "L": -1}, True, False, id="a minute without trades proves nothing"),
        pytest.param({"q": ..., "V": ..., "Q": ..., "B": ..., "T": ...}, True, True, id="without optional keys"),
        pytest.param({"s": "BTCUSDT", "new": [1]}, True, True, id="with a new key"),
    ],
)
def test_a_frame_says_how_much_it_knows(changes, is_closed, is_whole):
    partial = partial_bar(frame(**changes))
    assert (partial.is_closed, partial.is_whole) == (is_closed, is_whole)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"i": "5m"}, id="another interval"),
        pytest.param({"i": ...}, id="no interval"),
        pytest.param({"c": ...}, id="no close"),
        pytest.param({"t": T + 1}, id="off the grid"),
        pytest.param({"T": T + 59_998}, id="another length"),
        pytest.param({"h": "1"}, id="high below low"),
        pytest.param({"v": "1.234567890123456"}, id="16 digits"),
    ],
)
def test_an_impossible_frame_is_refused(changes):
    with pytest.raises(InputError):
        partial_bar(frame(**changes))


INFO = {
    "serverTime": T,
    "rateLimits": [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
        {"rateLimitType": "NEW", "interval": "FORTNIGHT", "intervalNum": 1, "limit": 1},
    ],
    "symbols": [
        {
            "symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT",
            "filters": [
                {"filterType": "PRICE_FILTER", "tickSize": "0.01000000"},
                {"filterType": "LOT_SIZE", "minQty": "0.00001000", "stepSize": "0.00001000"},
                {"filterType": "MIN_NOTIONAL", "minNotional": "1.00000000"},
            ],
        },
        {
            "symbol": "ETHUSDT", "status": "BREAK", "baseAsset": "ETH", "quoteAsset": "USDT",
            "filters": [
                {"filterType": "PRICE_FILTER", "tickSize": "0.01"},
                {"filterType": "LOT_SIZE", "minQty": "0.001", "stepSize": "0.0001"},
                {"filterType": "NOTIONAL", "minNotional": "5"},
            ],
        },
        {"symbol": "HALF", "baseAsset": "HA", "quoteAsset": "LF", "filters": []},
        "nonsense",
    ],
}  # fmt: skip


def test_exchange_info_gives_rules_and_limits_of_what_can_be_read():
    info = read_exchange_info(INFO)
    assert info.limits == (RateLimit("REQUEST_WEIGHT", 60_000, 6000),)
    assert set(info.listings) == {"BTC/USDT", "ETH/USDT"}
    btc, eth = info.listings["BTC/USDT"], info.listings["ETH/USDT"]
    assert (btc.status, btc.rules.tick_size, btc.rules.lot_step) == ("TRADING", Decimal("0.01"), Decimal("0.00001"))
    assert (btc.rules.min_quantity, btc.rules.min_notional) == (Decimal("0.00001"), Decimal(1))
    assert (btc.rules.source, btc.rules.captured_ms) == ("exchange-info", T)
    assert (eth.status, eth.rules.min_notional) == ("BREAK", Decimal(5))
    assert len(info.problems) == 2
