"""What Redis is told: decided minutes as recorded, in order; forming bars at most twice a second.

Rule: the stream is a cache of the record (decision 0002). It is told only what is committed, and whatever it lost (a
flush, a restart, a crash of ours between commit and publishing) is read from the record and told again.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence

from redis.asyncio import Redis
from sqlalchemy import Connection

from services.ingest.record import Recorder, entries_of
from shared import log
from shared.bus import keys, pubsub, stream
from shared.bus.client import unavailable
from shared.bus.codec import Entry, Tick
from shared.domain.errors import UnavailableError
from shared.domain.timeframe import MINUTE_MS
from shared.store import bars
from shared.store.market import Instrument

TICK_S = 0.5
CHECK_S = 5.0  # an idle stream is looked at so often: it may have been flushed
RETRY_S = (0.1, 0.2, 0.5, 1.0, 2.0)
WAITING = 5_000  # entries kept in memory; beyond that they are read from the record


class Publisher:
    """All streams of this process."""

    def __init__(self, redis: Redis, recorder: Recorder, stream_minutes: int) -> None:
        self._redis, self._recorder, self._minutes = redis, recorder, stream_minutes
        self._streams: dict[str, InstrumentStream] = {}
        self._ticks: dict[str, Tick] = {}

    def offer(self, instrument: Instrument, entries: Sequence[Entry]) -> None:
        """Entries that were just committed."""
        self._streams[instrument.name].offer(entries)

    def show(self, tick: Tick) -> None:
        """The forming bar; only the latest is told."""
        self._ticks[tick.instrument] = tick

    def add(self, instrument: Instrument) -> "InstrumentStream":
        """The stream of an instrument, to be run."""
        self._streams[instrument.name] = InstrumentStream(instrument, self._redis, self._recorder, self._minutes)
        return self._streams[instrument.name]

    async def run_ticks(self) -> None:
        """Tell forming bars, for ever. Losing one loses nothing."""
        while True:
            await asyncio.sleep(TICK_S)
            ticks, self._ticks = self._ticks, {}
            with contextlib.suppress(UnavailableError):
                for tick in ticks.values():
                    await pubsub.publish_tick_async(self._redis, tick)


class InstrumentStream:
    """Keeps one instrument's stream equal to the newest of its record."""

    def __init__(self, instrument: Instrument, redis: Redis, recorder: Recorder, minutes: int) -> None:
        self._instrument, self._redis, self._recorder, self._minutes = instrument, redis, recorder, minutes
        self._waiting: deque[Entry] = deque()
        self._news = asyncio.Event()
        self._last_ms: int | None = None  # newest minute in the stream; None: to be made equal to the record
        self._log = log.get("publisher").bind(instrument=instrument.name)

    def offer(self, entries: Sequence[Entry]) -> None:
        self._waiting.extend(entries)
        if len(self._waiting) > WAITING:
            self._waiting.clear()
            self._last_ms = None
        self._news.set()

    async def run(self) -> None:
        """For ever; while Redis is away, the record goes on without it."""
        failures = 0
        while True:
            try:
                if self._last_ms is None:
                    await self._restore()
                else:
                    await self._publish()
                failures = 0
            except UnavailableError as error:
                if failures == 0:
                    self._log.warning("bus_failed", reason=str(error))
                self._last_ms = None
                await asyncio.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])
                failures += 1
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), CHECK_S)

    async def _publish(self) -> None:
        """Tell what waits. Whatever does not join the stream's end means that the stream is not what we left."""
        self._news.clear()
        entries = list(self._waiting)
        self._waiting.clear()
        last_ms = self._last_ms
        assert last_ms is not None  # noqa: S101
        entries = [entry for entry in entries if entry.open_ms > last_ms]
        verdicts = await stream.publish_async(self._redis, self._instrument.name, entries, self._minutes)
        if entries and self._last_ms is not None:
            self._last_ms = entries[-1].open_ms
        # asked after, not before: a flush just before our entries would leave them alone in the stream
        if "regression" in verdicts or not await self._holds(last_ms):
            self._last_ms = None
            self._news.set()

    async def _holds(self, open_ms: int) -> bool:
        found = await stream.read_async(self._redis, {self._instrument.name: open_ms - 1}, count=1)
        entries = found.get(self._instrument.name, [])
        return bool(entries) and entries[0].open_ms == open_ms

    async def _restore(self) -> None:
        """Make the stream hold the newest minutes of the record, up to its length."""
        name = self._instrument.name
        self._news.clear()
        self._waiting.clear()
        wanted = await self._recorder.read(_newest_entries, self._instrument.id, self._minutes)
        if not wanted:
            return  # nothing is decided yet
        first = (await stream.read_async(self._redis, {name: stream.BEGINNING}, count=1)).get(name)
        last_ms = await stream.last_open_ms_async(self._redis, name)
        if first and last_ms is not None and (first[0].open_ms > wanted[0].open_ms or last_ms > wanted[-1].open_ms):
            with unavailable():  # its beginning is lost, or it is ahead of the record: ids only rise, so begin anew
                await self._redis.delete(keys.bars(name))
            last_ms = None
        missing = [entry for entry in wanted if last_ms is None or entry.open_ms > last_ms]
        await stream.publish_async(self._redis, name, missing, self._minutes)
        if missing:
            self._log.info("stream_restored", entries=len(missing), last_ms=wanted[-1].open_ms)
        self._last_ms = wanted[-1].open_ms
        self._news.set()  # what was offered meanwhile


def _newest_entries(conn: Connection, instrument_id: int, minutes: int) -> list[Entry]:
    """The newest decided minutes without a break, at most `minutes` of them."""
    ranges = bars.coverage_of(conn, instrument_id)
    if not ranges:
        return []
    start, end = ranges[-1]
    start = max(start, end - minutes * MINUTE_MS)
    rows = bars.read_bars(conn, instrument_id, start, end, limit=minutes)
    return list(entries_of(rows, (start, end)))
