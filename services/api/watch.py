"""Watches the bus and PostgreSQL, and tells the clients of /events. One set of loops per process, whoever watches.

Redis says that something changed; what is shown of a run is read from PostgreSQL.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from redis.asyncio import Redis as AsyncRedis
from starlette.concurrency import run_in_threadpool

from services.api.events import Clients, Event, event
from services.api.metrics import Metrics
from shared import log
from shared.bus import keys, pubsub, stream
from shared.bus.codec import Tick
from shared.domain.bar import Bar
from shared.domain.errors import UnavailableError

GATHER_S = 0.2  # runs that change within this time are read together
SYSTEM_S = 5.0
AGAIN_S = 1.0
START_S = 0.05
BLOCK_MS = 1_000
NEWEST = 60  # bars told of one reading; a screen that missed more loads them

_log = log.get("watch")


class Watch:
    """`read_runs(ids)`, `read_system()` and `read_instruments()` ask PostgreSQL; they run in a thread, and not before
    `has_started()`."""

    def __init__(
        self,
        bus: AsyncRedis,
        metrics: Metrics,
        read_runs: Callable[[Iterable[int]], list[Event]],
        read_system: Callable[[], Event],
        read_instruments: Callable[[], list[str]],
        has_started: Callable[[], bool],
    ) -> None:
        self.clients = Clients()
        self.bus = bus
        self.metrics = metrics
        self.read_runs = read_runs
        self.read_system = read_system
        self.read_instruments = read_instruments
        self.has_started = has_started
        self.failure: str | None = None  # a loop that will not come back: the process should be replaced
        self._positions: dict[str, int] = {}  # minute last told, by instrument
        self._changed: set[int] = set()
        self._there_is = asyncio.Event()
        self.loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self.loop = asyncio.get_running_loop()
        loops = (self._messages, self._bars, self._runs, self._system)
        self._tasks = [asyncio.create_task(self._forever(one), name=one.__name__) for one in loops]
        for task in self._tasks:
            task.add_done_callback(self.ended)

    async def stop(self) -> None:
        self.clients.close()
        await cancelled(self._tasks)

    def close_clients(self) -> None:
        """End every open stream, so that the server can stop. From any thread."""
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self.clients.close)

    def touch(self, run_id: int) -> None:
        """A run has changed in PostgreSQL. From any thread."""
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self._touch, (run_id,))

    def ended(self, task: "asyncio.Task[None]") -> None:
        """A task of this process is over; one that has failed will not come back by itself."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failure = f"{task.get_name().strip('_')}: {error!r}"
            _log.error("watch_failed", reason=self.failure)

    def _touch(self, run_ids: Iterable[int]) -> None:
        self._changed.update(run_ids)
        self._there_is.set()

    def _send(self, events: Iterable[Event]) -> None:
        if not len(self.clients):
            return
        dropped = self.clients.send(events)
        if dropped:
            self.metrics.resets.inc(dropped)
        self.metrics.clients.set(len(self.clients))

    async def _forever(self, once: Callable[[], Awaitable[None]]) -> None:
        """A loop that a neighbour's failure interrupts, and that goes on when it is back."""
        failed = False
        while not self.has_started():
            await asyncio.sleep(START_S)
        while True:
            try:
                await once()
                failed = False
            except UnavailableError as error:
                if not failed:
                    _log.warning("watch_interrupted", reason=str(error))
                failed = True
                await asyncio.sleep(AGAIN_S)

    async def _messages(self) -> None:
        async for message in pubsub.listen(self.bus, keys.RUNS, keys.ticks("*")):
            if isinstance(message, Tick):
                self._send([tick_event(message)])
            elif isinstance(message, list):
                self._touch(change.run_id for change in message)

    async def _bars(self) -> None:
        loop = asyncio.get_running_loop()
        for instrument in await run_in_threadpool(self.read_instruments):
            if instrument not in self._positions:
                newest = await stream.last_open_ms_async(self.bus, instrument)
                self._positions[instrument] = stream.BEGINNING if newest is None else newest
        look_again = loop.time() + SYSTEM_S
        while loop.time() < look_again:
            if not self._positions:
                await asyncio.sleep(AGAIN_S)
                break
            entries = await stream.read_async(self.bus, self._positions, BLOCK_MS)
            for instrument, new in entries.items():
                self._positions[instrument] = new[-1].open_ms
                self._send(bar_event(instrument, bar) for bar in new[-NEWEST:] if isinstance(bar, Bar))

    async def _runs(self) -> None:
        await self._there_is.wait()
        await asyncio.sleep(GATHER_S)
        self._there_is.clear()
        changed, self._changed = self._changed, set()
        if len(self.clients):
            try:
                self._send(await run_in_threadpool(self.read_runs, changed))
            except UnavailableError:
                self._touch(changed)
                raise

    async def _system(self) -> None:
        if len(self.clients):
            self._send([await run_in_threadpool(self.read_system)])
        self.metrics.clients.set(len(self.clients))
        await asyncio.sleep(SYSTEM_S)


async def cancelled(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Wait until they have ended. A time-out of the Redis client may swallow a cancellation: it is said again."""
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=0.2)


def tick_event(tick: Tick) -> Event:
    bar = [tick.open_ms, tick.open, tick.high, tick.low, tick.close, tick.volume]
    data = {"instrument": tick.instrument, "bar": bar}
    return event("tick", f"tick {tick.instrument}", data, instrument=tick.instrument)


def bar_event(instrument: str, bar: Bar) -> Event:
    data = {"instrument": instrument, "bar": [bar.open_ms, bar.open, bar.high, bar.low, bar.close, bar.volume]}
    return event("bar", f"bar {instrument} {bar.open_ms}", data, instrument=instrument)
