"""The second look: REST is asked again about minutes recorded a while ago. What differs is noted as a revision."""

import asyncio
import time
from collections.abc import Sequence

from sqlalchemy import Connection

from services.ingest.clock import LiveClock
from services.ingest.feed import Feed
from services.ingest.metrics import Meters
from services.ingest.record import Recorder
from shared import log
from shared.domain.bar import Bar
from shared.domain.coverage import Range
from shared.domain.errors import InputError, UnavailableError
from shared.domain.timeframe import DAY_MS, MINUTE_MS
from shared.exchange.rest import BACKFILL_SHARE, PAGE, RestClient
from shared.store import bars

# replicas have caught up after minutes; corrections are made within hours
AFTER_MS = (15 * MINUTE_MS, DAY_MS)
EVERY_MS = 15 * MINUTE_MS
EVERY_WALL_S = 1.0


async def audit(
    feed: Feed, after_ms: int, rest: RestClient, clock: LiveClock, recorder: Recorder, meters: Meters
) -> None:
    """Look at every minute of one instrument once more, `after_ms` later, for ever. Raises errors of the record."""
    logger = log.get("audit").bind(instrument=feed.instrument.name)
    at = feed.start_ms - after_ms  # an epoch that ended may have left these to us
    while True:
        await asyncio.sleep(max(EVERY_WALL_S, EVERY_MS / 1000 / clock.rate))
        end = min(feed.next_ms - after_ms, at + PAGE * MINUTE_MS)
        if end <= at:
            continue
        try:
            answer = await rest.klines(
                feed.instrument.name, at, (end - at) // MINUTE_MS, BACKFILL_SHARE, end - MINUTE_MS
            )
        except (UnavailableError, InputError) as error:
            logger.info("audit_waits", reason=str(error))
            continue
        rows = [bar for bar in answer.bars if bar.open_ms < end]
        if rows and (told := await recorder.run(_compare, feed.instrument.id, rows, (at, end))):
            meters.revisions.labels(feed.instrument.name).inc(told)
            logger.warning("minutes_revised", count=told, from_ms=at, to_ms=end)
        at = end


def _compare(conn: Connection, instrument_id: int, rows: Sequence[Bar], covered: Range) -> int:
    """Number of new revisions. Only what is decided is compared: this must never decide anything."""
    if bars.missing(conn, instrument_id, covered):
        return 0
    return len(bars.record(conn, instrument_id, rows, covered, "rest", int(time.time() * 1000)).revisions)
