"""One WebSocket connection to Binance US, from its first byte to its last.

Rule: what is decided here is whether a connection is alive (pings), really subscribed (LIST_SUBSCRIPTIONS, for the
exchange acknowledges streams that do not exist) and young enough (24 h is the limit); never whether data is missing.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode
from websockets.protocol import Event as WireEvent

from shared.domain.errors import InputError, UnavailableError
from shared.exchange.normalise import PartialBar, partial_bar
from shared.exchange.wire import (
    LOCAL,
    Kline,
    Refusal,
    Reply,
    Shutdown,
    encode_request,
    read_message,
    stream_name,
    to_symbol,
)


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """Deadlines. Sockets live in wall time; only a connection's life is counted in the exchange's time."""

    open_s: float = 10.0
    reply_s: float = 5.0  # of a request, then it is sent again
    silence_s: float = 200.0  # no ping and no frame: dead. Tightened once pings have shown their interval
    least_silence_s: float = 60.0
    first_frame_s: float = 90.0  # then subscriptions are looked at once more
    life_ms: int = 23 * 3_600_000  # exchange time; the exchange cuts at 24 h
    messages_per_s: int = 4  # the exchange closes at more than 5, our pongs included
    backoff_s: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
    healthy_s: float = 10.0  # a connection that lived so long starts the backoff anew


@dataclass(frozen=True, slots=True)
class Connected:
    """Frames of these instruments come from now on; what was said before is lost."""

    instruments: frozenset[str]


@dataclass(frozen=True, slots=True)
class Disconnected:
    reason: str


@dataclass(frozen=True, slots=True)
class FrameCame:
    instrument: str
    frame: PartialBar


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that could not be used; nothing else is lost."""

    problem: str


StreamEvent = Connected | Disconnected | FrameCame | Refused


class Clock(Protocol):
    def now_ms(self) -> int: ...


class _Connection(ClientConnection):
    """The library answers pings by itself; this keeps when the last one came."""

    pinged_at = 0.0
    ping_every_s: float | None = None

    def process_event(self, event: WireEvent) -> None:
        if isinstance(event, WireFrame) and event.opcode is Opcode.PING:
            now = time.monotonic()
            if self.pinged_at > 0:
                self.ping_every_s = now - self.pinged_at
            self.pinged_at = now
        super().process_event(event)


class Session:
    """One connection from its first byte to its last."""

    def __init__(
        self,
        url: str,
        wanted: frozenset[str],
        clock: Clock,
        on_event: Callable[[StreamEvent], None],
        limits: StreamLimits,
    ) -> None:
        self.reason = ""
        self.instruments = wanted
        self.is_ready = False
        self._url, self._clock, self._on_event, self._limits = url, clock, on_event, limits
        self._born_ms = clock.now_ms()
        self._socket: ClientConnection | None = None
        self._names = {to_symbol(name): name for name in wanted}
        self._replies: dict[int, asyncio.Future[Reply]] = {}
        self._next_id = 1
        self._sent: deque[float] = deque(maxlen=limits.messages_per_s)
        self._heard_at = time.monotonic()
        self._has_frames = False
        self._done = asyncio.Event()
        self._is_retired = False
        self._tasks: list[asyncio.Task[None]] = []
        self._wants_changed = asyncio.Event()

    @property
    def pinged_at(self) -> float:
        return self._socket.pinged_at if isinstance(self._socket, _Connection) else 0.0

    @property
    def is_alive(self) -> bool:
        return bool(self._tasks) and not self._tasks[0].done()

    async def open(self) -> None:
        """Connect and see that the exchange lists what we subscribed. Raises UnavailableError."""
        streams = "/".join(sorted(map(stream_name, self.instruments)))
        is_local = urlsplit(self._url).hostname in LOCAL
        try:
            self._socket = await connect(
                f"{self._url}/stream?streams={streams}",
                create_connection=_Connection,
                open_timeout=self._limits.open_s,
                close_timeout=1.0,
                ping_interval=None,  # the exchange pings; its silence is what counts
                compression=None,
                proxy=None if is_local else True,
            )
        except (OSError, WebSocketException, TimeoutError) as error:
            raise UnavailableError(f"exchange: no stream: {type(error).__name__} {error}".rstrip()) from error
        self._heard_at = time.monotonic()
        self._tasks = [asyncio.create_task(self._read(self._socket)), asyncio.create_task(self._mind())]
        self._tasks[1].add_done_callback(lambda _: self._done.set())
        await self._verify()
        self.is_ready = True

    async def until_done(self) -> bool:
        """Wait for the end. True: it still streams and asks for a successor; False: it is dead."""
        await self._done.wait()
        return self.is_alive

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._socket is not None:
            with suppress(OSError, WebSocketException, TimeoutError):
                await self._socket.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def want(self, wanted: frozenset[str]) -> None:
        if wanted != self.instruments:
            self.instruments = wanted
            self._names |= {to_symbol(name): name for name in wanted}  # frames may come after an UNSUBSCRIBE
            self._wants_changed.set()

    def retire(self, reason: str) -> None:
        """Go on streaming until a successor does."""
        if not self._is_retired:
            self._is_retired, self.reason = True, reason
            self._done.set()

    # --- what comes in ----------------------------------------------------------------------------------------------

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for raw in socket:
                self._heard_at = time.monotonic()
                try:
                    self._take(raw)
                except InputError as error:
                    self._on_event(Refused(str(error)))
            self.reason = f"closed by the exchange ({socket.close_code})"
        except (OSError, WebSocketException) as error:
            self.reason = f"{type(error).__name__} {error}".rstrip()
        finally:
            for waiting in self._replies.values():
                if not waiting.done():
                    waiting.set_exception(ConnectionError("closed"))
            self._done.set()

    def _take(self, raw: str | bytes) -> None:
        message = read_message(raw)
        match message:
            case Kline(symbol):
                name = self._names.get(symbol)
                if name is None:
                    raise InputError("stream", "a subscribed symbol", symbol)
                self._has_frames = True
                if name in self.instruments:
                    self._on_event(FrameCame(name, partial_bar(message)))
            case Reply(number):
                if (waiting := self._replies.pop(number, None)) and not waiting.done():
                    waiting.set_result(message)
            case Refusal(_, code, text):
                self._on_event(Refused(f"stream: {code} {text}"))
            case Shutdown():
                self.retire("the exchange will shut this connection down")

    # --- what goes out ----------------------------------------------------------------------------------------------

    async def _ask(self, method: str, params: list[str] | None = None) -> Reply:
        """Send a request and wait for its reply. Raises UnavailableError."""
        number, self._next_id = self._next_id, self._next_id + 1
        waiting: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._replies[number] = waiting
        try:
            if len(self._sent) == self._sent.maxlen:  # a strict rolling second
                await asyncio.sleep(max(0.0, self._sent[0] + 1.05 - time.monotonic()))
            self._sent.append(time.monotonic())
            assert self._socket is not None  # noqa: S101
            await self._socket.send(encode_request(method, params, number))
            async with asyncio.timeout(self._limits.reply_s):
                return await waiting
        except (TimeoutError, OSError, WebSocketException) as error:
            raise UnavailableError(f"exchange: stream: no reply to {method}") from error
        finally:
            self._replies.pop(number, None)

    async def _verify(self) -> None:
        """Make the exchange's list of our subscriptions ours. Raises UnavailableError when it never answers."""
        problem = ""
        has_answered = False
        for _ in range(3):
            self._wants_changed.clear()
            wanted = {stream_name(name) for name in self.instruments}
            try:
                listed = set((await self._ask("LIST_SUBSCRIPTIONS")).result or ())
                has_answered = True
                if listed == wanted:
                    return
                problem = f"exchange: stream: {', '.join(sorted(listed ^ wanted))} not as asked"
                if wanted - listed:
                    await self._ask("SUBSCRIBE", sorted(wanted - listed))
                if listed - wanted:
                    await self._ask("UNSUBSCRIBE", sorted(listed - wanted))
            except UnavailableError as error:
                problem = str(error)
        if not has_answered and not self._has_frames:
            raise UnavailableError(problem)
        self._on_event(Refused(problem))  # the others stream, and REST sees to all

    async def _mind(self) -> None:
        """Look at the deadlines every half second."""
        looked_again = False
        opened = time.monotonic()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await self._wants_changed.wait()
            if not self.is_ready:
                await asyncio.sleep(0.1)
                continue
            now = time.monotonic()
            silent_s = now - max(self._heard_at, self.pinged_at)
            is_late = not self._has_frames and not looked_again and now - opened >= self._limits.first_frame_s
            if silent_s > self._silence_s():
                self.reason = f"neither ping nor frame for {silent_s:.0f} s"
                self._tasks[0].cancel()
                return
            if self._clock.now_ms() - self._born_ms >= self._limits.life_ms:
                self.retire("old: the exchange cuts connections at 24 h")
            if is_late or self._wants_changed.is_set():
                looked_again = looked_again or is_late
                try:
                    await self._verify()
                except UnavailableError as error:
                    self.retire(str(error))

    def _silence_s(self) -> float:
        every_s = self._socket.ping_every_s if isinstance(self._socket, _Connection) else None
        if every_s is None:
            return self._limits.silence_s
        return min(self._limits.silence_s, max(self._limits.least_silence_s, 4 * every_s))
