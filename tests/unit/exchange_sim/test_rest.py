"""REST answers: klines by the venue's parameter rules, exchangeInfo, and every refusal with its code."""

import json
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.exchange_sim.app import open_market
from services.exchange_sim.market import Market, pages, row_at, units
from services.exchange_sim.path import way
from services.exchange_sim.recorded import Recorded
from services.exchange_sim.rest import answer, weight_of
from services.exchange_sim.wire import rest_rows
from shared.domain.timeframe import MINUTE_MS, TIMEFRAMES, floor_ms
from shared.settings import Sim

DAY = 1_704_412_800_000
NOW = DAY + 12 * 3_600_000 + 30_500  # in the middle of a minute
MARKET = open_market(Sim())


def get(path, market=MARKET, now=NOW, **query):
    out = answer(path, [(name, str(value)) for name, value in query.items()], now, market)
    return out.status, json.loads(out.body)


def klines(now=NOW, market=MARKET, **query):
    status, body = get("/api/v3/klines", market, now, **{"symbol": "BTCUSDT", "interval": "1m"} | query)
    assert status == 200, body
    return body


def opens(rows):
    return [row[0] for row in rows]


def minutes(first, count):
    return [first + at * MINUTE_MS for at in range(count)]


CURRENT = floor_ms(NOW, MINUTE_MS)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param({}, minutes(CURRENT - 499 * MINUTE_MS, 500), id="newest 500 with the current minute"),
        pytest.param({"limit": 3}, minutes(CURRENT - 2 * MINUTE_MS, 3), id="newest 3"),
        pytest.param({"limit": 5000}, minutes(CURRENT - 999 * MINUTE_MS, 1000), id="limit is clipped"),
        pytest.param({"startTime": DAY, "limit": 3}, minutes(DAY, 3), id="a start: the oldest from it"),
        pytest.param({"startTime": DAY + 1, "limit": 2}, minutes(DAY + MINUTE_MS, 2), id="a start between two opens"),
        pytest.param({"endTime": DAY, "limit": 2}, minutes(DAY - MINUTE_MS, 2), id="an end, inclusive"),
        pytest.param(
            {"endTime": DAY - 1, "limit": 2}, minutes(DAY - 2 * MINUTE_MS, 2), id="an end just before an open"
        ),
        pytest.param({"startTime": DAY, "endTime": DAY}, [DAY], id="start = end is one row"),
        pytest.param({"startTime": DAY, "endTime": DAY + 2 * MINUTE_MS}, minutes(DAY, 3), id="both inclusive"),
        pytest.param({"startTime": DAY + 1, "endTime": DAY}, [], id="start after end"),
        pytest.param({"startTime": CURRENT}, [CURRENT], id="the current minute"),
        pytest.param({"startTime": CURRENT + 1}, [], id="the future"),
        pytest.param({"endTime": NOW + 10**9, "limit": 1}, [CURRENT], id="an end in the future"),
    ],
)
def test_klines_ranges(query, expected):
    assert opens(klines(**query)) == expected


def test_rows_are_the_truth():
    series = MARKET.series["BTCUSDT"]
    assert klines(startTime=DAY, limit=600) == json.loads(
        rest_rows(list(pages(series, DAY, DAY + 600 * MINUTE_MS)), MINUTE_MS)
    )


def test_pages_join_to_the_truth():
    series = MARKET.series["ETHUSDT"]
    found, start = [], DAY - 3_000 * MINUTE_MS
    while page := klines(symbol="ETHUSDT", startTime=start, limit=1000):
        found += page
        start = page[-1][0] + MINUTE_MS
    truth = list(pages(series, DAY - 3_000 * MINUTE_MS, CURRENT))
    assert found[:-1] == json.loads(rest_rows(truth, MINUTE_MS))
    assert found[-1][0] == CURRENT


def test_a_row_has_the_venues_shape():
    row = klines(startTime=DAY, limit=1)[0]
    assert [type(value) for value in row] == [int, str, str, str, str, str, int, str, int, str, str, str]
    assert row[6] == row[0] + 59_999
    assert row[11] == "0"
    assert all(len(text.split(".")[1]) == 8 for text in (*row[1:6], row[7], row[9], row[10]))


def test_the_current_minute_has_its_trades_so_far():
    series = MARKET.series["BTCUSDT"]
    row = row_at(series, DAY + 15 * MINUTE_MS)
    times, parts = way(row, "1:BTCUSDT", units(0.01))
    at = len(times) // 2
    body = klines(now=times[at], limit=1)
    assert body == json.loads(rest_rows([parts[at]], MINUTE_MS))
    before = klines(now=times[0] - 1, limit=2)  # no trade yet: flat at the last close, as an empty minute
    assert before[1][1:6] == [before[0][4]] * 4 + ["0.00000000"]
    assert before[1][7:] == ["0.00000000", 0, "0.00000000", "0.00000000", "0"]
    assert klines(now=row.open_ms + MINUTE_MS, startTime=row.open_ms, limit=1) == json.loads(
        rest_rows([row], MINUTE_MS)
    )


def test_minutes_without_trades_are_flat_rows():
    rows = klines(symbol="SOLUSDT", startTime=DAY, limit=1000)
    empty = [(last, row) for last, row in pairwise(rows) if row[8] == 0]
    assert empty
    for last, row in empty:
        assert row[1:6] == [last[4]] * 4 + ["0.00000000"]


@pytest.mark.parametrize("interval", [name for name in TIMEFRAMES if name != "1m"])
def test_longer_intervals_join_their_minutes(interval):
    step = TIMEFRAMES[interval]
    body = klines(interval=interval, limit=3)
    last = floor_ms(NOW, step)
    assert opens(body) == [last - 2 * step, last - step, last]
    assert [row[6] for row in body] == [row[0] + step - 1 for row in body]
    parts = list(pages(MARKET.series["BTCUSDT"], last - step, last))
    assert body[1][1] == f"{parts[0].open / 1e8:.8f}"
    assert body[1][4] == f"{parts[-1].close / 1e8:.8f}"
    assert units(float(body[1][2])) == max(row.high for row in parts)
    assert units(float(body[1][3])) == min(row.low for row in parts)
    assert body[1][8] == sum(row.trades for row in parts)
    now = klines(startTime=last, limit=1000)
    assert body[2][4] == now[-1][4]
    assert body[2][8] == sum(row[8] for row in now)
    from_start = klines(interval=interval, startTime=last - 2 * step + 1, limit=1)
    assert from_start == [body[1]]


def test_an_outage_has_no_rows(tmp_path):
    times = [DAY, DAY + MINUTE_MS, DAY + 10 * MINUTE_MS]
    columns = {"open_time": times, **{name: [100.0] * 3 for name in ("open", "high", "low", "close", "volume")}}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    market = Market("m", 1, {"BTCUSDT": Recorded("BTC/USDT", [tmp_path / "a.parquet"])})
    assert opens(klines(market=market)) == times
    assert opens(klines(market=market, now=DAY + 5 * MINUTE_MS)) == times[:2]
    assert opens(klines(market=market, limit=2)) == times[1:]
    assert opens(klines(market=market, startTime=DAY + 2 * MINUTE_MS)) == times[2:]
    assert opens(klines(market=market, interval="5m")) == [DAY, DAY + 10 * MINUTE_MS]


REFUSALS = [
    pytest.param({}, -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.", id="no symbol"),
    pytest.param({"symbol": ""}, -1102, "Mandatory parameter 'symbol'", id="an empty symbol"),
    pytest.param({"symbol": "BTCUSDT"}, -1102, "Mandatory parameter 'interval'", id="no interval"),
    pytest.param({"symbol": "NOPE", "interval": "1m"}, -1121, "Invalid symbol.", id="an unknown symbol"),
    pytest.param({"symbol": "btcusdt", "interval": "1m"}, -1100,
                 "Illegal characters found in parameter 'symbol'; legal range is '^[A-Z0-9-_.]{1,20}$'.", id="case"),
    pytest.param({"symbol": "BTC/USDT", "interval": "1m"}, -1100, "'symbol'", id="a slash"),
    pytest.param({"symbol": "BTCUSDT", "interval": "1s"}, -1120, "Invalid interval.", id="an interval that is gone"),
    pytest.param({"symbol": "BTCUSDT", "interval": "1M"}, -1120, "Invalid interval.", id="an interval not simulated"),
    pytest.param({"symbol": "BTCUSDT", "interval": "1m", "startTime": "now"}, -1100,
                 "Illegal characters found in parameter 'startTime'; legal range is '^[0-9]{1,20}$'.", id="a word"),
    pytest.param({"symbol": "BTCUSDT", "interval": "1m", "endTime": "-1"}, -1100, "'endTime'", id="a time below zero"),
    pytest.param({"symbol": "BTCUSDT", "interval": "1m", "limit": "ten"}, -1100, "'limit'", id="a word for a limit"),
    pytest.param({"symbol": "BTCUSDT", "interval": "1m", "limit": "0"}, -1130,
                 "Data sent for parameter 'limit' is not valid.", id="limit zero"),
    pytest.param({"symbol": "BTCUSDT", "interval": "1m", "startTime": ""}, -1105,
                 "Parameter 'startTime' was empty.", id="an empty time"),
    pytest.param({"symbol": "BTCUSDT", "interval": "1m", "timeZone": "0"}, -1104,
                 "Not all sent parameters were read; read '2' parameter(s) but was sent '3'.", id="timeZone"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "code", "message"), REFUSALS)
def test_bad_klines_requests(query, code, message):
    status, body = get("/api/v3/klines", **query)
    assert (status, body["code"]) == (400, code)
    assert message in body["msg"]
    assert list(body) == ["code", "msg"]


def test_a_parameter_given_twice():
    out = answer("/api/v3/klines", [("symbol", "BTCUSDT"), ("symbol", "ETHUSDT")], NOW, MARKET)
    assert (out.status, json.loads(out.body)["code"]) == (400, -1101)


def test_small_answers():
    assert get("/api/v3/ping") == (200, {})
    assert get("/api/v3/time") == (200, {"serverTime": NOW})
    assert get("/sapi/v1/system/status") == (200, {"status": 0, "msg": "normal"})
    assert get("/api/v3/ping", x=1) == (
        400,
        {"code": -1101, "msg": "Too many parameters; expected '0' and received '1'."},
    )
    assert answer("/api/v1/ping", [], NOW, MARKET).status == 404


def test_weights():
    assert [weight_of(f"/api/v3/{name}") for name in ("ping", "time", "klines", "exchangeInfo", "nope")] == [
        1,
        1,
        2,
        20,
        1,
    ]


def test_exchange_info_names_limits_and_filters():
    status, body = get("/api/v3/exchangeInfo")
    assert status == 200
    assert [one["symbol"] for one in body["symbols"]] == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    assert body["rateLimits"][0] == {
        "rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000,
    }  # fmt: skip
    filters = {one["filterType"]: one for one in body["symbols"][0]["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.01000000"
    assert (filters["LOT_SIZE"]["minQty"], filters["LOT_SIZE"]["stepSize"]) == ("0.00001000", "0.00001000")
    assert filters["MIN_NOTIONAL"]["minNotional"] == "1.00000000"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"symbol": "ETHUSDT"}, ["ETHUSDT"]),
        ({"symbols": '["BTCUSDT","SOLUSDT"]'}, ["BTCUSDT", "SOLUSDT"]),
        ({"symbolStatus": "TRADING"}, ["BTCUSDT", "ETHUSDT", "SOLUSDT"]),
        ({"symbolStatus": "BREAK"}, []),
        ({"permissions": "SPOT"}, ["BTCUSDT", "ETHUSDT", "SOLUSDT"]),
    ],
)
def test_exchange_info_of_some(query, names):
    assert [one["symbol"] for one in get("/api/v3/exchangeInfo", **query)[1]["symbols"]] == names


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"symbol": "NOPE"}, -1121),
        ({"symbols": '["BTCUSDT","NOPE"]'}, -1121),
        ({"symbols": "[]"}, -1121),
        ({"symbols": "BTCUSDT"}, -1100),
        ({"symbol": "btcusdt"}, -1100),
        ({"symbol": "BTCUSDT", "symbols": '["BTCUSDT"]'}, -1128),
    ],
)
def test_bad_exchange_info_requests(query, code):
    status, body = get("/api/v3/exchangeInfo", **query)
    assert (status, body["code"]) == (400, code)
