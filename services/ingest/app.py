"""Ingest: one exchange connection, one writer of the record.

An epoch is everything between taking the lease and losing it or the database. It starts by reading where the record
ends; whatever goes wrong ends it, and the next one starts the same way. There is no other recovery.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

from redis.asyncio import Redis

from services.ingest import sim
from services.ingest.audit import AFTER_MS, audit
from services.ingest.backfill import Backfill
from services.ingest.clock import LiveClock
from services.ingest.feed import Feed
from services.ingest.metrics import Meters
from services.ingest.publisher import CATCH_UP_MS, Publisher
from services.ingest.record import Recorder
from services.ingest.wants import StrategyNeeds, wanted
from shared import log
from shared.bus import client as bus
from shared.domain.errors import FencedError, UnavailableError
from shared.domain.timeframe import DAY_MS, MINUTE_MS, floor_ms
from shared.exchange.finality import SETTLE_MS, Finality
from shared.exchange.normalise import ExchangeInfo
from shared.exchange.rest import RestClient
from shared.exchange.stream import Connected, Disconnected, FrameCame, Refused, StreamClient, StreamEvent
from shared.exchange.wire import to_symbol
from shared.settings import Settings
from shared.store import bars, database, market
from shared.store.market import Instrument

WANTS_S = 1.0
INFO_S = 3_600.0
AGAIN_S = (0.1, 0.5, 1.0, 2.0, 5.0)


async def run(settings: Settings) -> None:
    """Record the market until cancelled. Raises InputError when the database belongs to another one."""
    logger = log.get("app")
    engine = database.connect(settings.database.url.get_secret_value(), "ingest", pool_size=2)
    redis = bus.connect_async(settings.redis.url.get_secret_value(), "ingest")
    clock = LiveClock(settings.exchange.clock_rate)
    rest = RestClient(settings.exchange.rest_url, clock)
    recorder = Recorder(engine)
    meters = Meters()
    meters.serve(settings.ingest.metrics_port, settings.ingest.metrics_host)
    failures = 0
    try:
        while True:
            epoch = Epoch(settings, clock, rest, recorder, redis, meters)
            try:
                await epoch.run()
            except* (UnavailableError, FencedError) as group:
                reasons = sorted({str(error) for error in leaves(group)})
                logger.warning("epoch_ended", reason="; ".join(reasons)[:300])
                meters.epochs_ended.inc()
            finally:
                meters.lease_held.set(0)
                with contextlib.suppress(UnavailableError):
                    await recorder.close()
            failures = 0 if epoch.has_recorded else failures + 1
            await asyncio.sleep(AGAIN_S[min(failures, len(AGAIN_S) - 1)])
    finally:
        await rest.close()
        await redis.aclose()
        recorder.shutdown()
        engine.dispose()


class Epoch:
    """From taking the lease until something ends it."""

    def __init__(
        self,
        settings: Settings,
        clock: LiveClock,
        rest: RestClient,
        recorder: Recorder,
        redis: Redis,
        meters: Meters,
    ) -> None:
        self.has_recorded = False
        self._settings, self._clock, self._rest, self._recorder = settings, clock, rest, recorder
        self._meters = meters
        self._publisher = Publisher(redis, recorder, settings.redis.stream_minutes)
        self._backfill = Backfill(rest, clock, recorder, meters)
        self._stream = StreamClient(settings.exchange.ws_url, clock, self._on_event)
        self._needs = StrategyNeeds()
        self._feeds: dict[str, Feed] = {}
        self._unlisted: set[str] = set()
        self._log = log.get("app")

    async def run(self) -> None:
        """Raises ExceptionGroup of UnavailableError or FencedError, at some time."""
        async with asyncio.TaskGroup() as tasks:
            fingerprint = await sim.fingerprint(self._settings.exchange)
            await self._recorder.read(market.claim_market, self._settings.exchange.market, fingerprint)
            await self._recorder.open()
            self._meters.lease_held.set(1)
            self._log.info("lease_taken")
            tasks.create_task(self._recorder.keep())
            tasks.create_task(self._clock.keep(self._rest, self._note_clock))
            await self._clock.trusted()
            await self._capture()
            tasks.create_task(self._capture_again())
            tasks.create_task(self._stream.run())
            tasks.create_task(self._backfill.run())
            tasks.create_task(self._publisher.run_ticks())
            while True:
                await self._follow(tasks)
                await asyncio.sleep(WANTS_S)

    async def _follow(self, tasks: asyncio.TaskGroup) -> None:
        """Start what is newly wanted."""
        wants, known = await self._recorder.read(
            wanted, self._settings.ingest, self._needs, floor_ms(self._clock.now_ms(), DAY_MS)
        )
        for name, want in wants.items():
            if name not in known:
                if name not in self._unlisted:
                    self._log.error("instrument_not_listed", instrument=name)
                self._unlisted.add(name)
                continue
            if name not in self._feeds:
                for work in await self._start(known[name]):
                    tasks.create_task(work)
            self._backfill.want(known[name], self._feeds[name].start_ms, want)

    async def _start(self, instrument: Instrument) -> list[Coroutine[Any, Any, None]]:
        """A new feed's loops. It begins after the record, or with the first minute that history cannot have yet."""
        ranges = await self._recorder.read(bars.coverage_of, instrument.id)
        await self._clock.trusted()
        now_ms = floor_ms(self._clock.moment().exchange_ms - SETTLE_MS, MINUTE_MS)
        end_ms = ranges[-1][1] if ranges else 0
        start_ms = end_ms if now_ms - CATCH_UP_MS <= end_ms else now_ms
        finality = Finality(start_ms, is_confirmed=self._settings.ingest.finality == "confirmed")
        feed = Feed(
            instrument, finality, self._rest, self._clock, self._recorder, self._publisher, self._meters,
            self._stream.suspect,
        )  # fmt: skip
        self._feeds[instrument.name] = feed
        self._stream.want(self._feeds)
        self.has_recorded = True
        self._log.info("feed_started", instrument=instrument.name, from_ms=start_ms, behind_ms=now_ms - start_ms)
        stream = self._publisher.add(instrument)
        audits = [audit(feed, ms, self._rest, self._clock, self._recorder, self._meters) for ms in AFTER_MS]
        return [stream.run(), feed.ask(), feed.write(), *audits]

    async def _capture(self) -> None:
        """Listings, rules and limits as the exchange states them now."""
        info = await self._rest.exchange_info()
        for problem in info.problems:
            self._log.warning("listing_refused", reason=str(problem))
        await self._recorder.run(_put_listings, info)

    async def _capture_again(self) -> None:
        while True:
            await asyncio.sleep(INFO_S)
            try:
                info = await self._rest.exchange_info()
            except UnavailableError as error:
                self._log.warning("listings_not_read", reason=str(error))
            else:
                await self._recorder.run(_put_listings, info)

    async def _note_clock(self, exchange_ms: int, age_ms: int) -> None:
        self._meters.clock_error_s.set(self._clock.error_ms / 1000)
        self._meters.weight.set(self._rest.budget.used(self._clock.now_ms()))
        await self._recorder.run(market.set_clock, exchange_ms, self._clock.rate, age_ms)

    def _on_event(self, event: StreamEvent) -> None:
        match event:
            case FrameCame(instrument, frame):
                if feed := self._feeds.get(instrument):
                    feed.on_frame(frame)
            case Connected(instruments):
                self._meters.connected.set(1)
                self._log.info("stream_connected", instruments=sorted(instruments))
                for feed in self._feeds.values():
                    feed.on_connected()
            case Disconnected(reason):
                self._meters.connected.set(0)
                self._meters.disconnects.inc()
                self._log.warning("stream_lost", reason=reason)
                self._clock.doubt()
                for feed in self._feeds.values():
                    feed.on_disconnected()
            case Refused(problem):
                self._meters.refused.inc()
                self._log.warning("stream_refused", reason=problem)


def _put_listings(conn: Any, info: ExchangeInfo) -> None:
    for name, listing in info.listings.items():
        instrument_id = market.put_instrument(conn, name, to_symbol(name), listing.status)
        market.put_rules(conn, instrument_id, listing.rules)


def leaves(group: BaseExceptionGroup[Any]) -> list[BaseException]:
    return [leaf for error in group.exceptions
            for leaf in (leaves(error) if isinstance(error, BaseExceptionGroup) else [error])]  # fmt: skip
