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
from shared.bus.codec import Entry, Gap, Tick
from shared.domain.errors import UnavailableError
from shared.domain.timeframe import DAY_MS, MINUTE_MS
from shared.store import bars
from shared.store.market import Instrument

TICK_S = 0.5
CHECK_S = 5.0  # an idle stream is looked at so often: it may have been flushed
WAIT_S = 0.5  # for a record that has no minute yet, or a hole
RETRY_S = (0.1, 0.2, 0.5, 1.0, 2.0)
CATCH_UP_MS = 2 * DAY_MS  # a record that ends longer ago is not continued: a new stretch begins, and a new stream
CHUNK = 100
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
            _stop_if_cancelled()
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
            _stop_if_cancelled()
            self._news.clear()
            try:
                if self._last_ms is not None:
                    self._last_ms = await self._publish(self._last_ms)
                if self._last_ms is None:
                    self._last_ms = await self._restore()
                failures = 0
            except UnavailableError as error:
                if failures == 0:
                    self._log.warning("bus_failed", reason=str(error))
                self._last_ms = None
                await asyncio.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])
                failures += 1
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_S if self._last_ms is not None else WAIT_S):
                    await self._news.wait()

    async def _publish(self, last_ms: int) -> int | None:
        """Tell what waits, if it joins the stream's end. The new end; None when the stream is not as we left it."""
        entries = [entry for entry in self._waiting if entry.open_ms > last_ms]
        self._waiting.clear()
        if entries and first_ms_of(entries[0]) > last_ms + MINUTE_MS:
            return None
        verdicts = await stream.publish_async(self._redis, self._instrument.name, entries, self._minutes)
        # looked at after, not before: a flush just before our entries would leave them alone in the stream
        if "regression" in verdicts or not await self._holds(last_ms):
            return None
        return entries[-1].open_ms if entries else last_ms

    async def _holds(self, open_ms: int) -> bool:
        found = await stream.read_async(self._redis, {self._instrument.name: open_ms - 1}, count=1)
        entries = found.get(self._instrument.name, [])
        return bool(entries) and entries[0].open_ms == open_ms

    async def _restore(self) -> int | None:
        """Make the stream hold the newest minutes of the record, up to its length. Its end; None: not yet.

        The stream is looked at before the record, which is ahead of it: were it the other way round, what another
        process tells between the looks would seem to be no part of the record. Raises FencedError when the epoch is
        over: whoever has it now tells the stream, and a process that slept must not begin it anew.
        """
        name = self._instrument.name
        told = await self._told()
        self._waiting.clear()  # all of it is in the record by now
        wanted = await self._recorder.run(_newest_entries, self._instrument.id, self._minutes)
        if not wanted:
            return None  # nothing is decided yet
        last_ms = told[-1].open_ms if told else None
        if last_ms is not None:
            hole_ms = first_ms_of(wanted[0]) - last_ms - MINUTE_MS
            if 0 < hole_ms <= CATCH_UP_MS:
                return None  # nothing is told past a hole that is being filled
            if hole_ms > 0 or not _is_part(told, wanted):
                # it lacks something, tells it otherwise, or ends elsewhere: ids only rise, so begin anew
                with unavailable():
                    await self._redis.delete(keys.bars(name))
                last_ms = None
        missing = [entry for entry in wanted if last_ms is None or entry.open_ms > last_ms]
        for at in range(0, len(missing), CHUNK):  # a pipeline of thousands of commands would cost megabytes
            await stream.publish_async(self._redis, name, missing[at : at + CHUNK], self._minutes)
        if missing:
            self._log.info("stream_restored", entries=len(missing), last_ms=wanted[-1].open_ms)
        return wanted[-1].open_ms

    async def _told(self) -> list[Entry]:
        """All that is in the stream."""
        told: list[Entry] = []
        name, at = self._instrument.name, stream.BEGINNING
        while entries := (await stream.read_async(self._redis, {name: at}, count=CHUNK)).get(name):
            told += entries
            at = told[-1].open_ms
        return told


def _stop_if_cancelled() -> None:
    """The Redis client waits with asyncio.wait_for, which in Python 3.11 can lose a cancellation."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def first_ms_of(entry: Entry) -> int:
    """The first minute that an entry tells of."""
    return entry.from_ms if isinstance(entry, Gap) else entry.open_ms


def _is_part(told: Sequence[Entry], wanted: Sequence[Entry]) -> bool:
    """Is the stream, from the first wanted minute on, what the record says up to its end, and does it end there?

    By value: after a restore the record may have been continued with what the exchange says by now.
    """
    have = [entry for entry in told if entry.open_ms >= wanted[0].open_ms]
    return have == [entry for entry in wanted if entry.open_ms <= told[-1].open_ms]


def _newest_entries(conn: Connection, instrument_id: int, minutes: int) -> list[Entry]:
    """The newest decided minutes without a break, at most `minutes` of them."""
    ranges = bars.coverage_of(conn, instrument_id)
    if not ranges:
        return []
    start, end = ranges[-1]
    start = max(start, end - minutes * MINUTE_MS)
    rows = bars.read_bars(conn, instrument_id, start, end, limit=minutes)
    return list(entries_of(rows, (start, end)))
