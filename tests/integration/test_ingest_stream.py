"""The stream client against a scripted exchange: what it asks, when it leaves, and what it tells."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from shared.exchange.stream import Connected, Disconnected, FrameCame, Refused, StreamClient, StreamLimits

T = 60_000 * 1_000
QUICK = StreamLimits(open_s=2, reply_s=0.5, backoff_s=(0.05,), healthy_s=0.2)


def kline(symbol="BTCUSDT", minute=0, **changes):
    """A raw kline event."""
    k = {"t": T + minute * 60_000, "T": T + minute * 60_000 + 59_999, "s": symbol, "i": "1m", "f": 1, "L": 2, "o": "1",
         "c": "1", "h": "1", "l": "1", "v": "2", "n": 2, "x": False}  # fmt: skip
    return {"e": "kline", "E": T, "s": symbol, "k": k | changes}


@dataclass
class Exchange:
    """Connections that subscribe as they are asked to, and whatever a test does with them."""

    connections: list[ServerConnection] = field(default_factory=list)
    open_now: int = 0
    most_open: int = 0
    subscribed: dict[ServerConnection, list[str]] = field(default_factory=dict)
    requests: list[tuple[float, dict[str, object]]] = field(default_factory=list)
    deaf: bool = False  # answers no request
    unknown: set[str] = field(default_factory=set)  # acknowledged and not subscribed
    lost: int = 0  # so many requests are not answered

    async def serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        names = socket.request.path.partition("streams=")[2].split("/")
        self.subscribed[socket] = [name for name in names if name not in self.unknown]
        self.connections.append(socket)
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            async for raw in socket:
                await self.answer(socket, json.loads(raw))
        except ConnectionClosed:
            pass
        finally:
            self.open_now -= 1

    async def answer(self, socket: ServerConnection, request: dict[str, object]) -> None:
        self.requests.append((time.monotonic(), request))
        if self.deaf or self.lost > 0:
            self.lost -= 1
            return
        mine = self.subscribed[socket]
        match request["method"]:
            case "SUBSCRIBE":
                mine += [name for name in request["params"] if name not in self.unknown]
            case "UNSUBSCRIBE":
                mine[:] = [name for name in mine if name not in request["params"]]
        result = list(mine) if request["method"] == "LIST_SUBSCRIPTIONS" else None
        await socket.send(json.dumps({"result": result, "id": request["id"]}))

    async def say(self, event: object, at: int = -1) -> None:
        await self.connections[at].send(event if isinstance(event, str | bytes) else json.dumps(event))

    def methods(self) -> list[object]:
        return [request["method"] for _, request in self.requests]


@dataclass
class Story:
    exchange: Exchange
    client: StreamClient
    events: list[object]
    clock_ms: list[int]

    async def until(self, what: Callable[[], object]) -> None:
        async with asyncio.timeout(8):
            while not what():
                await asyncio.sleep(0.01)

    async def until_event(self, kind: type, count: int = 1) -> None:
        await self.until(lambda: sum(isinstance(event, kind) for event in self.events) >= count)

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


def play(
    story: Callable[[Story], Awaitable[None]], limits: StreamLimits = QUICK, exchange: Exchange | None = None
) -> Story:
    """Run a story with one client that wants BTC/USDT."""

    async def run() -> Story:
        venue = exchange or Exchange()
        events: list[object] = []
        clock_ms = [T]

        class Clock:
            def now_ms(self) -> int:
                return clock_ms[0]

        async with serve(venue.serve, "127.0.0.1", 0, ping_interval=None) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            client = StreamClient(f"ws://127.0.0.1:{port}", Clock(), events.append, limits)
            told = Story(venue, client, events, clock_ms)
            client.want(["BTC/USDT"])
            task = asyncio.create_task(client.run())
            try:
                await story(told)
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            return told

    return asyncio.run(run())


def test_frames_come_after_the_subscription_is_verified():
    async def story(it):
        await it.until_event(Connected)
        assert it.client.is_connected
        await it.exchange.say(kline())
        await it.exchange.say({"stream": "btcusdt@kline_1m", "data": kline(minute=1)})
        await it.until_event(FrameCame, 2)

    it = play(story)
    assert it.kinds() == ["Connected", "FrameCame", "FrameCame"]
    assert it.events[0] == Connected(frozenset({"BTC/USDT"}))
    assert [event.frame.bar.open_ms - T for event in it.events[1:]] == [0, 60_000]
    assert it.exchange.methods() == ["LIST_SUBSCRIPTIONS"]
    assert it.exchange.connections[0].request.path == "/stream?streams=btcusdt@kline_1m"


@pytest.mark.parametrize(
    "nonsense",
    [
        pytest.param('{"e":"kline","E":1,', id="cut"),
        pytest.param(b"\xff\x00", id="binary"),
        pytest.param("", id="empty"),
        pytest.param(kline(symbol="ETHUSDT"), id="another symbol"),
        pytest.param(kline(i="5m"), id="another interval"),
        pytest.param(kline(h="0.5"), id="an impossible bar"),
        pytest.param({"error": {"code": 2, "msg": "Invalid request"}}, id="an error"),
    ],
)
def test_nonsense_loses_nothing_else(nonsense):
    async def story(it):
        await it.until_event(Connected)
        await it.exchange.say(nonsense)
        await it.exchange.say({"e": "somethingNew", "E": 1})
        await it.exchange.say(kline())
        await it.until_event(FrameCame)

    assert play(story).kinds() == ["Connected", "Refused", "FrameCame"]


def test_what_is_not_listed_is_subscribed_again():
    async def story(it):
        await it.until_event(Connected)
        it.exchange.subscribed[it.exchange.connections[0]].clear()
        it.client.want(["BTC/USDT", "ETH/USDT"])
        await it.until(lambda: len(it.exchange.subscribed[it.exchange.connections[0]]) == 2)
        await it.exchange.say(kline("ETHUSDT"))
        await it.until_event(FrameCame)
        it.client.want(["ETH/USDT"])
        await it.until(lambda: it.exchange.subscribed[it.exchange.connections[0]] == ["ethusdt@kline_1m"])
        await it.exchange.say(kline("BTCUSDT"))  # it was on its way
        await it.exchange.say(kline("ETHUSDT", minute=1))
        await it.until_event(FrameCame, 2)

    it = play(story)
    assert it.kinds() == ["Connected", "FrameCame", "FrameCame"]
    assert {event.instrument for event in it.events[1:]} == {"ETH/USDT"}


def test_a_stream_that_does_not_exist_does_not_silence_the_others():
    async def story(it):
        it.client.want(["BTC/USDT", "GON/USDT"])
        await it.until_event(Connected)
        await it.exchange.say(kline())
        await it.until_event(FrameCame)

    it = play(story, exchange=Exchange(unknown={"gonusdt@kline_1m"}))
    assert it.kinds() == ["Refused", "Connected", "FrameCame"]
    assert "gonusdt@kline_1m not as asked" in it.events[0].problem


def test_a_lost_reply_is_asked_for_again():
    async def story(it):
        await it.until_event(Connected)

    assert play(story, exchange=Exchange(lost=2)).exchange.methods() == ["LIST_SUBSCRIPTIONS"] * 3


def test_an_exchange_that_never_replies_is_left():
    async def story(it):
        await it.until_event(Refused)
        it.exchange.deaf = False
        await it.until_event(Connected)

    it = play(story, exchange=Exchange(deaf=True))
    assert it.kinds() == ["Refused", "Connected"]
    assert len(it.exchange.connections) == 2


def test_it_never_sends_more_than_five_messages_in_a_second():
    async def story(it):
        await it.until_event(Connected)
        for i in range(4):
            it.client.want([f"A{i}/USDT", "BTC/USDT"])
            await it.until(lambda i=i: f"a{i}usdt@kline_1m" in it.exchange.subscribed[it.exchange.connections[0]])
        await it.until(lambda: it.exchange.subscribed[it.exchange.connections[0]].count("a2usdt@kline_1m") == 0)

    times = [at for at, _ in play(story).exchange.requests]
    assert len(times) > 8
    assert all(later - earlier > 1.0 for earlier, later in zip(times, times[4:], strict=False))


def test_a_cut_connection_is_told_and_replaced():
    async def story(it):
        await it.until_event(Connected)
        it.exchange.connections[0].transport.abort()
        await it.until_event(Connected, 2)
        await it.exchange.connections[1].close(1008, "Too many requests")
        await it.until_event(Connected, 3)

    it = play(story)
    assert it.kinds() == ["Connected", "Disconnected", "Connected", "Disconnected", "Connected"]
    assert "1008" in it.events[3].reason


@pytest.mark.parametrize("why", ["shutdown", "old", "suspect"])
def test_a_connection_that_has_to_go_is_replaced_before_it_goes(why):
    async def story(it):
        await it.until_event(Connected)
        match why:
            case "shutdown":
                await it.exchange.say({"stream": "!serverShutdown", "data": {"e": "serverShutdown", "E": T}})
            case "old":
                it.clock_ms[0] += 23 * 3_600_000
            case "suspect":
                it.client.suspect("it hides frames")
        await it.until_event(Connected, 2)
        await it.until(lambda: it.exchange.open_now == 1)
        await it.exchange.say(kline())
        await it.until_event(FrameCame)

    it = play(story)
    assert it.kinds() == ["Connected", "Connected", "FrameCame"]
    assert it.exchange.most_open == 2


def test_a_connection_without_pings_and_frames_is_dead():
    limits = StreamLimits(reply_s=0.5, silence_s=0.8, least_silence_s=0.1, backoff_s=(0.05,))

    async def story(it):
        await it.until_event(Disconnected)

    it = play(story, limits)
    assert "neither ping nor frame" in it.events[1].reason


def test_pings_keep_a_quiet_connection_and_tighten_the_limit():
    limits = StreamLimits(reply_s=0.5, silence_s=60, least_silence_s=0.9, backoff_s=(0.05,))

    async def story(it):
        await it.until_event(Connected)
        for _ in range(8):
            await (await it.exchange.connections[0].ping(b"payload"))  # its pong carries the payload, or this hangs
            await asyncio.sleep(0.15)
        assert it.client.pinged_at > 0
        assert it.kinds() == ["Connected"]
        await it.until_event(Disconnected)

    assert "neither ping nor frame" in play(story, limits).events[1].reason


def test_nothing_wanted_nothing_connected():
    async def story(it):
        it.client.want([])
        await asyncio.sleep(0.2)
        assert it.exchange.connections == []
        it.client.want(["BTC/USDT"])
        await it.until_event(Connected)

    play(story)
