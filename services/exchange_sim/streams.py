"""Stream connections: handshake, requests, pings, limits, the 24 h cut, and the loop that sends what feeds give."""

import asyncio
import contextlib
import itertools
import time
from collections import deque

from aiohttp import WSCloseCode, WSMsgType, web

from services.exchange_sim import faults
from services.exchange_sim.clock import Clock
from services.exchange_sim.feed import Feed, Update
from services.exchange_sim.market import Market
from services.exchange_sim.requests import MOST_STREAMS, Subscription, respond
from services.exchange_sim.wire import combined
from shared import log
from shared.domain.timeframe import DAY_MS, MINUTE_MS
from shared.settings import Sim

MESSAGES_PER_S = 5
WALL_FLOOR_S = 0.02
QUEUE = 20_000  # frames; a client this far behind is cut off


class Connection:
    """One client: what it wants, and what still has to be sent to it."""

    def __init__(self, number: int, socket: web.WebSocketResponse, subscription: Subscription, opened_ms: int) -> None:
        self.number = number
        self.socket = socket
        self.subscription = subscription
        self.opened_ms = opened_ms
        self.outgoing: asyncio.Queue[tuple[int, str, str]] = asyncio.Queue(QUEUE)  # exchange time, stream, text
        self.unanswered: dict[bytes, float] = {}  # payload of a ping -> when it was sent, wall
        self._arrivals: deque[float] = deque()

    def is_too_busy(self) -> bool:
        """Count an arriving message; more than MESSAGES_PER_S within a second are too many."""
        now = time.monotonic()
        self._arrivals.append(now)
        while self._arrivals[0] <= now - 1.0:
            self._arrivals.popleft()
        return len(self._arrivals) > MESSAGES_PER_S

    def answered(self, payload: bytes) -> None:
        """A pong counts when it carries a ping's payload; it answers the pings before, too."""
        if payload in self.unanswered:
            sent = self.unanswered[payload]
            self.unanswered = {p: at for p, at in self.unanswered.items() if at > sent}

    async def close(self, code: int, reason: str) -> None:
        with contextlib.suppress(ConnectionError):
            await self.socket.close(code=code, message=reason.encode())


class Streams:
    """All connections of the exchange."""

    def __init__(self, settings: Sim, market: Market, clock: Clock, rules: tuple[faults.Rule, ...] = ()) -> None:
        self._settings = settings
        self._clock = clock
        self._rules = rules
        feeds = [Feed(market, name, settings.no_trade_policy) for name in market.series]
        self._feeds = {feed.stream: feed for feed in feeds}
        self._connections: dict[int, Connection] = {}
        self._numbers = itertools.count(1)
        self._closing: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._log = log.get("streams")

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """A connection's whole life."""
        refused = faults.refusal(self._rules, self._clock.now_ms(), request.path)
        if refused is not None:
            return web.Response(status=refused.status, text=refused.body, content_type=refused.content_type)
        names, is_combined = _asked(request)
        socket = web.WebSocketResponse(autoping=False, compress=False, max_msg_size=1 << 16)
        await socket.prepare(request)
        wants = Subscription(dict.fromkeys(names), is_combined)
        connection = Connection(next(self._numbers), socket, wants, self._clock.now_ms())
        if len(names) > MOST_STREAMS:
            await connection.close(WSCloseCode.POLICY_VIOLATION, "Too many subscriptions")
            return socket
        self._connections[connection.number] = connection
        self._wake.set()
        tasks = [asyncio.create_task(self._send(connection)), asyncio.create_task(self._ping(connection))]
        try:
            await self._receive(connection)
        finally:
            del self._connections[connection.number]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return socket

    async def publish(self) -> None:
        """Send every update of every subscribed stream, in order, as exchange time passes. Runs until cancelled."""
        after_ms = self._clock.now_ms()
        while True:
            until_ms = self._clock.now_ms()
            if until_ms > after_ms:
                feeds = self._subscribed()
                for update in sorted(u for feed in feeds for u in feed.updates(after_ms, until_ms)):
                    self._hand_out(update)
                self._cut_old(until_ms)
                after_ms = until_ms
            await self._pause(until_ms)

    async def close(self) -> None:
        """End all connections: the exchange goes away."""
        open_now = list(self._connections.values())
        await asyncio.gather(*(one.close(WSCloseCode.GOING_AWAY, "Server is going away") for one in open_now))

    def _subscribed(self) -> list[Feed]:
        names = {name for connection in self._connections.values() for name in connection.subscription.streams}
        return [feed for name, feed in self._feeds.items() if name in names]

    async def _pause(self, now_ms: int) -> None:
        feeds = self._subscribed()
        due_ms = min((feed.next_ms(now_ms) for feed in feeds), default=now_ms + MINUTE_MS)
        self._wake.clear()
        wait_s = max(WALL_FLOOR_S, min(1.0, self._clock.wall_s(due_ms - now_ms)))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._wake.wait()

    def _hand_out(self, update: Update) -> None:
        stream = update.stream
        raw = update.frame()
        wrapped = combined(stream, raw)
        for connection in self._connections.values():
            if stream in connection.subscription.streams:
                self._queue(connection, update.at_ms, stream, wrapped if connection.subscription.combined else raw)

    def _queue(self, connection: Connection, at_ms: int, stream: str, text: str) -> None:
        try:
            connection.outgoing.put_nowait((at_ms, stream, text))
        except asyncio.QueueFull:
            self._end(connection, WSCloseCode.POLICY_VIOLATION, "Too slow")

    def _cut_old(self, now_ms: int) -> None:
        for connection in self._connections.values():
            if now_ms - connection.opened_ms >= DAY_MS:
                self._end(connection, WSCloseCode.GOING_AWAY, "24 hours are over")

    def _end(self, connection: Connection, code: int, reason: str) -> None:
        if connection.socket.closed:
            return
        task = asyncio.create_task(connection.close(code, reason))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _receive(self, connection: Connection) -> None:
        socket = connection.socket
        async for message in socket:
            if connection.is_too_busy():
                await connection.close(WSCloseCode.POLICY_VIOLATION, "Too many requests")
                return
            if message.type is WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                connection.answered(bytes(message.data))
            elif message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                is_text = message.type is WSMsgType.TEXT
                text = message.data if is_text else bytes(message.data).decode("utf-8", "replace")
                reply = respond(text, connection.subscription, self._settings.ws_errors == "flat")
                self._queue(connection, self._clock.now_ms(), "", reply)
                self._wake.set()

    async def _send(self, connection: Connection) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                at_ms, stream, text = await connection.outgoing.get()
                for frame in faults.frames(self._rules, faults.Frame(at_ms, connection.number, stream, text)):
                    await connection.socket.send_str(frame.text)

    async def _ping(self, connection: Connection) -> None:
        """Ping every `ping_s`; one that stays unanswered for `pong_timeout_s` ends the connection. Wall time."""
        due = time.monotonic() + self._settings.ping_s
        with contextlib.suppress(ConnectionError):
            while True:
                late = min(connection.unanswered.values(), default=float("inf")) + self._settings.pong_timeout_s
                await asyncio.sleep(max(0.0, min(due, late) - time.monotonic()))
                now = time.monotonic()
                if min(connection.unanswered.values(), default=now) + self._settings.pong_timeout_s <= now:
                    self._log.info("pong_timeout", connection=connection.number)
                    self._end(connection, WSCloseCode.POLICY_VIOLATION, "Pong timeout")
                    return
                if now >= due:
                    payload = str(self._clock.now_ms()).encode()
                    connection.unanswered[payload] = now
                    await connection.socket.ping(payload)
                    due = now + self._settings.ping_s


def _asked(request: web.Request) -> tuple[list[str], bool]:
    """Streams that the URL names, and whether frames are wrapped."""
    if request.path.startswith("/stream"):
        text = request.query.get("streams", "")
        return [name for name in text.split("/") if name], True
    return [name for name in request.path.removeprefix("/ws").split("/") if name], False
