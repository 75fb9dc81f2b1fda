"""The simulated exchange as clients meet it: a process, real HTTP and WebSocket clients, and the truth beside them."""

import asyncio
import json
import time
from itertools import pairwise

import aiohttp
import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.support.sim import klines, listen, start_sim

DAY = 1_704_412_800_000  # 2024-01-05
MINUTE = 60_000
WEEK = "2024-01-05T00:00:00Z"
STREAMS = ["btcusdt@kline_1m", "solusdt@kline_1m"]


@pytest.fixture(scope="module")
def sim():
    with start_sim(rate=60, start=WEEK) as running:
        yield running


def ask(socket: ClientConnection, **request):
    socket.send(json.dumps(request))
    while True:
        message = json.loads(socket.recv(5))
        if "data" not in message and "e" not in message:
            return message


# --- REST --------------------------------------------------------------------------------------------------------


def test_pages_over_http_equal_the_truth(sim):
    start = DAY - 2_500 * MINUTE
    end = DAY - MINUTE
    rows = []
    while start <= end:
        page = klines(sim, startTime=start, endTime=end, limit=1000)
        rows += page
        start = page[-1][0] + MINUTE
    assert rows == [row[:12] for row in sim.truth("BTCUSDT", DAY - 2_500 * MINUTE, end)]
    assert len(rows) == 2_500


def test_the_newest_row_is_the_current_minute(sim):
    before = httpx.get(sim.rest_url + "/api/v3/time").json()["serverTime"]
    rows = klines(sim, limit=2)
    after = sim.clock()["exchange_ms"]
    assert before // MINUTE * MINUTE <= rows[-1][0] <= after
    assert rows[-1][0] == rows[0][0] + MINUTE


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v3/klines?interval=1m", 400, -1102),
        ("/api/v3/klines?symbol=NOPE&interval=1m", 400, -1121),
        ("/api/v3/klines?symbol=BTCUSDT&interval=7m", 400, -1120),
        ("/api/v3/klines?symbol=btcusdt&interval=1m", 400, -1100),
        ("/api/v3/exchangeInfo?symbol=NOPE", 400, -1121),
        ("/api/v3/ping?x=1", 400, -1101),
        ("/api/v3/depth?symbol=BTCUSDT", 404, None),
    ],
)
def test_bad_requests(sim, path, status, code):
    answer = httpx.get(sim.rest_url + path)
    assert answer.status_code == status
    assert code is None or answer.json()["code"] == code


def test_only_get_is_answered(sim):
    assert httpx.post(sim.rest_url + "/api/v3/order").status_code == 405


def test_a_long_interval_does_not_hold_up_the_streams(sim):
    with connect(sim.ws_url + "/ws/btcusdt@kline_1m") as socket:
        assert len(klines(sim, interval="1d", limit=100)) == 100
        assert listen(socket, 1.5)


def test_weight_shows_in_headers_then_429_then_418():
    with start_sim(start=WEEK) as sim, httpx.Client(base_url=sim.rest_url) as client:
        first = client.get("/api/v3/exchangeInfo")
        used = int(first.headers["x-mbx-used-weight-1m"])
        assert client.get("/api/v3/klines?symbol=BTCUSDT&interval=1m").headers["X-MBX-USED-WEIGHT"] == str(used + 2)
        codes = [client.get("/api/v3/exchangeInfo?symbol=BTCUSDT").status_code for _ in range(298)]
        assert set(codes) == {200}
        answer = client.get("/api/v3/exchangeInfo")
        assert (answer.status_code, answer.json()["code"]) == (429, -1003)
        assert 0 < int(answer.headers["retry-after"]) <= 60
        for _ in range(25):
            answer = client.get("/api/v3/ping")
        assert (answer.status_code, answer.headers["retry-after"]) == (418, "120")
        assert sim.clock()["exchange_ms"] > DAY  # the oracle has no weight


# --- streams -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "wall_s"), [pytest.param(600, 6, id="600x"), pytest.param(6000, 6, id="6000x")])
def test_closed_frames_are_complete_in_order_and_true(rate, wall_s):
    with start_sim(rate=rate, start=WEEK) as sim:
        with connect(sim.ws_url + f"/stream?streams={'/'.join(STREAMS)}") as socket:
            frames = listen(socket, wall_s)
        closed = {name: [f["data"] for f in frames if f["stream"] == name and f["data"]["k"]["x"]] for name in STREAMS}
        for name, found in closed.items():
            rows = [f["k"] for f in found]
            assert len(rows) > rate / 60 * wall_s * 0.5
            truth = sim.truth(name.split("@")[0].upper(), rows[0]["t"], rows[-1]["t"])
            assert [as_rest(k) for k in rows] == [row for row in truth if row[8]]
            assert all(a["L"] + 1 == b["f"] and b["n"] == b["L"] - b["f"] + 1 for a, b in pairwise(rows))
        assert any(row[8] == 0 for row in truth)  # SOL has minutes without a trade: no frame at all
        events = [f["data"]["E"] for f in frames]
        assert events == sorted(events)
        forming = [f["data"]["k"] for f in frames if not f["data"]["k"]["x"]]
        assert len(forming) > 50
        for name in STREAMS:
            minutes = [f["data"]["k"]["t"] for f in frames if f["stream"] == name]
            assert minutes == sorted(minutes)


def as_rest(k):
    """A kline frame's bar as the row of REST, with its ids."""
    names = ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B", "f", "L")
    return [k[name] for name in names]


def test_push_policy_sends_every_minute():
    with start_sim(rate=600, start=WEEK, no_trade_policy="push") as sim:
        with connect(sim.ws_url + "/ws/solusdt@kline_1m") as socket:
            closed = [f["k"] for f in listen(socket, 4) if f["k"]["x"]]
        truth = sim.truth("SOLUSDT", closed[0]["t"], closed[-1]["t"])
        assert [as_rest(k)[:12] for k in closed] == [row[:12] for row in truth]
        empty = [k for k in closed if k["n"] == 0]
        assert empty
        assert all(k["f"] == k["L"] == -1 for k in empty)


def test_forming_frames_grow_and_agree_with_rest(sim):
    with connect(sim.ws_url + "/ws/btcusdt@kline_1m") as socket:
        frames = listen(socket, 4)
    for a, b in pairwise(frames):
        if a["k"]["t"] == b["k"]["t"]:
            assert a["k"]["n"] <= b["k"]["n"]
            assert float(a["k"]["v"]) <= float(b["k"]["v"])
            assert a["k"]["f"] == b["k"]["f"]
    assert {f["k"]["x"] for f in frames} == {True, False}


def test_requests_and_their_answers(sim):
    with connect(sim.ws_url + "/ws") as socket:
        assert ask(socket, method="SUBSCRIBE", params=["btcusdt@kline_1m", "nope@kline_1m"], id=1) == {
            "result": None,
            "id": 1,
        }
        listed = ask(socket, method="LIST_SUBSCRIPTIONS", id=2)
        assert listed == {"result": ["btcusdt@kline_1m", "nope@kline_1m"], "id": 2}
        assert {f["s"] for f in listen(socket, 2)} == {"BTCUSDT"}  # raw frames; an unknown stream stays silent
        assert ask(socket, method="SET_PROPERTY", params=["combined", True], id=3) == {"result": None, "id": 3}
        assert {f["stream"] for f in listen(socket, 2)} == {"btcusdt@kline_1m"}
        assert ask(socket, method="UNSUBSCRIBE", params=["btcusdt@kline_1m"], id=4) == {"result": None, "id": 4}
        assert listen(socket, 1.5) == []
        assert ask(socket, method="FLY", id=5)["error"]["code"] == 2


@pytest.mark.parametrize(
    "path", ["/ws/btcusdt@kline_1m/solusdt@kline_1m", "/stream?streams=btcusdt@kline_1m/solusdt@kline_1m"]
)
def test_streams_named_in_the_url(sim, path):
    with connect(sim.ws_url + path) as socket:
        frames = listen(socket, 3)
    symbols = {(f["data"] if "stream" in path else f)["s"] for f in frames}
    assert symbols == {"BTCUSDT", "SOLUSDT"}


def test_upper_case_streams_stay_silent(sim):
    with connect(sim.ws_url + "/ws/BTCUSDT@kline_1m") as socket:
        assert listen(socket, 1.5) == []


def test_more_than_five_messages_a_second_close_with_1008(sim):
    with connect(sim.ws_url + "/ws") as socket:
        for number in range(5):
            assert ask(socket, method="LIST_SUBSCRIPTIONS", id=number) == {"result": [], "id": number}
        time.sleep(1.1)
        for number in range(5):
            ask(socket, method="LIST_SUBSCRIPTIONS", id=number)
        socket.ping()
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(5)
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "Too many requests")


def test_more_than_1024_streams_are_refused(sim):
    with connect(sim.ws_url + "/ws") as socket:
        names = [f"s{number}@kline_1m" for number in range(1025)]
        assert ask(socket, method="SUBSCRIBE", params=names, id=7) == {
            "error": {"code": 4, "msg": "Too many subscriptions"}, "id": 7,
        }  # fmt: skip
        assert ask(socket, method="SUBSCRIBE", params=names[:1024], id=8) == {"result": None, "id": 8}


def test_pings_carry_a_payload_and_silence_ends_the_connection():
    async def silent_and_polite(url: str) -> tuple[list[bytes], tuple[int, str], float, int]:
        async with aiohttp.ClientSession() as session:
            polite = await session.ws_connect(url + "/ws/btcusdt@kline_1m")
            silent = await session.ws_connect(url + "/ws", autoping=False)
            began, payloads = time.monotonic(), []
            answered = asyncio.create_task(count_until(polite, began + 2.5))
            while (message := await silent.receive(5)).type is aiohttp.WSMsgType.PING:
                payloads.append(bytes(message.data))
                await silent.pong(b"something else")
            took = time.monotonic() - began
            frames = await answered
            open_still = not polite.closed
            await polite.close()
            return payloads, (message.data, message.extra), took, frames if open_still else -1

    async def count_until(socket, deadline) -> int:
        frames = 0
        while (left := deadline - time.monotonic()) > 0:
            try:
                frames += (await socket.receive(left)).type is aiohttp.WSMsgType.TEXT
            except TimeoutError:
                break
        return frames

    # four pongs a second: five messages is all that a client may send, and a sixth may come early
    with start_sim(rate=600, start=WEEK, ping_s=0.25, pong_timeout_s=1.0) as sim:
        payloads, closed, took, frames = asyncio.run(silent_and_polite(sim.ws_url))
    assert len(set(payloads)) >= 3
    assert all(payload.isdigit() for payload in payloads)
    assert closed == (1008, "Pong timeout")
    assert 1.0 <= took < 2.4
    assert frames > 5


def test_connections_last_24_exchange_hours():
    with start_sim(rate=6000, start=WEEK) as sim, connect(sim.ws_url + "/ws") as socket:
        began = sim.clock()["exchange_ms"]
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(30)
        assert 23.5 < (sim.clock()["exchange_ms"] - began) / 3_600_000 < 27
    assert closed.value.rcvd.code == 1001


def test_a_stopping_exchange_goes_away():
    with start_sim(start=WEEK) as sim, connect(sim.ws_url + "/ws") as socket:
        assert sim.stop() == 0
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(5)
    assert closed.value.rcvd.code == 1001


# --- shapes of the venue -----------------------------------------------------------------------------------------


def shape(value):
    """Names and types, without the values."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return type(value).__name__


@pytest.mark.real_data
def test_exchange_info_has_the_recorded_shape(sim, real_data):
    recorded = json.loads((real_data / "fixtures" / "binanceus_exchangeInfo_BTCUSDT_20260927.json").read_text())
    served = httpx.get(sim.rest_url + "/api/v3/exchangeInfo?symbol=BTCUSDT").json()
    assert shape(served) == shape(recorded)
    assert json.dumps(shape(served)) == json.dumps(shape(recorded))  # in the same order, too
    assert served["rateLimits"] == recorded["rateLimits"]
    assert served["symbols"][0]["filters"][0] == recorded["symbols"][0]["filters"][0]


@pytest.mark.real_data
def test_kline_frames_have_the_recorded_shape(sim, real_data):
    recorded = json.loads((real_data / "fixtures" / "binanceus_ws_kline_frames_20211012.json").read_text())
    with connect(sim.ws_url + "/stream?streams=btcusdt@kline_1m") as socket:
        served = json.loads(socket.recv(5))
    assert json.dumps(shape(served)) == json.dumps(shape(recorded["frames"][0]["frame"]))


@pytest.mark.real_data
def test_recorded_bars_are_served_as_the_venue_served_them(real_data):
    files = [real_data / f"binanceus_{name}_1m_20230301_20230321.parquet" for name in ("BTCUSDT", "BTCUSDC")]
    with start_sim(bars=files, start="2023-03-20", rate=6000) as sim:
        for name, symbol in (("BTCUSDT_20230310", "BTCUSDT"), ("BTCUSDC_zero_volume_20230305", "BTCUSDC")):
            recorded = json.loads((real_data / "fixtures" / f"binanceus_rest_klines_{name}.json").read_text())["body"]
            served = klines(sim, symbol=symbol, startTime=recorded[0][0], limit=len(recorded))
            assert served == recorded
        with connect(sim.ws_url + "/stream?streams=btcusdt@kline_1m/btcusdc@kline_1m") as socket:
            frames = [f["data"] for f in listen(socket, 3)]
        for symbol in ("BTCUSDT", "BTCUSDC"):
            rows = [f["k"] for f in frames if f["s"] == symbol and f["k"]["x"]]
            truth = [row for row in sim.truth(symbol, rows[0]["t"], rows[-1]["t"]) if row[8]]
            assert [as_rest(k) for k in rows] == truth
            assert len(rows) > 50
