"""History before the live edge: what someone wants and the record lacks, newest first, in slices, with half the weight.

A slice is one REST page. Its rows are final (read long after their close); its holes are asked again and are absent
when two answers agree (shared/exchange/absence.py). Where REST proves that an instrument's history begins is noted with
the instrument.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from services.ingest.clock import LiveClock
from services.ingest.metrics import Meters
from services.ingest.record import Recorder
from services.ingest.wants import Want
from shared import log
from shared.domain.bar import Bar
from shared.domain.coverage import Range, merge
from shared.domain.errors import InputError, UnavailableError
from shared.domain.timeframe import MINUTE_MS
from shared.exchange.absence import ABSENT_EXCHANGE_MS, ABSENT_WALL_MS, Misses, Moment
from shared.exchange.finality import REFUSED_MS, REFUSED_WALL_MS, SETTLE_MS, Answer
from shared.exchange.rest import BACKFILL_SHARE, PAGE, RestClient
from shared.store import bars, market
from shared.store.market import Instrument

SLICE_MINUTES = PAGE - 10  # a full page reaches beyond its slice: a row behind it tells a hole from the edge
IDLE_S = 0.5
FAILED_MS = 2_000


@dataclass(slots=True)
class History:
    """One instrument's history: [.., until_ms) is ours to fill; from there on its feed decides."""

    instrument: Instrument
    until_ms: int
    ranges: list[Range] = field(default_factory=list)  # wanted
    misses: Misses = field(default_factory=Misses)
    refused: dict[int, Moment] = field(default_factory=dict)  # impossible rows, since when
    starts_ms: int | None = None  # first minute that exists, as far as REST said
    said_at: Moment | None = None
    is_proved: bool = False
    again_wall_ms: float = 0.0

    def want(self, want: Want) -> None:
        """Take the present wish; days slide on, but what was once wanted stays wanted."""
        ranges = merge([*self.ranges, *((start, min(end, self.until_ms)) for start, end in want.ranges)])
        if ranges != self.ranges:
            self.ranges, self.again_wall_ms = ranges, 0.0


class Backfill:
    """Fills the histories of all instruments, one slice of each in turn."""

    def __init__(self, rest: RestClient, clock: LiveClock, recorder: Recorder, meters: Meters) -> None:
        self._rest, self._clock, self._recorder, self._meters = rest, clock, recorder, meters
        self._histories: dict[str, History] = {}
        self._log = log.get("backfill")

    def want(self, instrument: Instrument, until_ms: int, want: Want) -> None:
        """Fill what `want` names, up to where the instrument's feed began."""
        own = self._histories.get(instrument.name)
        if own is None:
            own = self._histories[instrument.name] = History(instrument, until_ms)
            if instrument.history_starts_ms is not None:
                own.starts_ms, own.is_proved = instrument.history_starts_ms, True
        own.want(want)

    async def run(self) -> None:
        """For ever. Raises UnavailableError of the database, FencedError."""
        while True:
            for history in list(self._histories.values()):
                await self._fill(history)
            await asyncio.sleep(IDLE_S)

    async def _fill(self, history: History) -> None:
        """One pass over what is missing. Holes that REST has to confirm are left for a later pass."""
        if self._clock.wall_ms() < history.again_wall_ms:
            return
        holes = await self._recorder.read(_holes, history.instrument.id, history.ranges)
        if not holes or not await self._find_start(history):
            return
        starts_ms = history.starts_ms or 0
        for part in slices([(max(start, starts_ms), end) for start, end in holes]):
            answer = await self._ask(history, part[0], PAGE)
            if answer is None:
                return
            decided = decide(history, part, answer)
            if decided:
                await self._recorder.run(_record, history.instrument.id, decided)
                minutes = sum((end - start) // MINUTE_MS for (start, end), _ in decided)
                self._meters.backfilled.labels(history.instrument.name).inc(minutes)
        # whatever is open now waits for its second answer
        pause_ms = max(ABSENT_WALL_MS, ABSENT_EXCHANGE_MS / self._clock.rate)
        history.again_wall_ms = self._clock.wall_ms() + pause_ms + 100

    async def _ask(self, history: History, from_ms: int, limit: int) -> Answer | None:
        """A page, or None when REST has none now."""
        name = history.instrument.name
        await self._clock.trusted()
        try:
            answer = await self._rest.klines(name, from_ms, limit, BACKFILL_SHARE)
        except (UnavailableError, InputError) as error:
            self._meters.rest_failures.inc()
            self._log.warning("backfill_waits", instrument=name, reason=str(error))
            history.again_wall_ms = self._clock.wall_ms() + FAILED_MS
            return None
        for problem in answer.problems:
            self._meters.refused.inc()
            self._log.error("row_refused", instrument=name, reason=str(problem))
        return answer

    async def _find_start(self, history: History) -> bool:
        """Where history begins: the oldest row of all; proved when said twice, as with any other absence."""
        if history.is_proved:
            return True
        answer = await self._ask(history, 0, 1)
        oldest = min([*(bar.open_ms for bar in answer.bars), *answer.refused_ms], default=None) if answer else None
        if answer is None or oldest is None:
            return False
        if history.said_at is None or oldest != history.starts_ms:
            history.starts_ms, history.said_at = oldest, answer.at
        elif history.said_at.is_apart(answer.at):
            await self._recorder.run(market.set_history_start, history.instrument.id, oldest)
            history.is_proved = True
            self._log.info("history_starts", instrument=history.instrument.name, first_ms=oldest)
        return True


def slices(holes: Sequence[Range]) -> list[Range]:
    """Pages over the holes, newest first."""
    length = SLICE_MINUTES * MINUTE_MS
    parts: list[Range] = []
    for start, end in reversed(merge(holes)):
        at = end
        while at > start:
            parts.append((max(start, at - length), at))
            at -= length
    return parts


def decide(history: History, part: Range, answer: Answer) -> list[tuple[Range, list[Bar]]]:
    """What one answer decides of a slice: ranges, each with its bars."""
    now = answer.at
    held = {bar.open_ms for bar in answer.bars} | set(answer.refused_ms)
    rows = [bar for bar in answer.bars if bar.open_ms < part[1] and bar.close_ms + SETTLE_MS <= now.exchange_ms]
    given_up = [ms for ms in answer.refused_ms if ms < part[1] and _is_hopeless(history, ms, now)]
    looked = (part[0], min(part[1], max(held, default=part[0])))
    absent = history.misses.note(looked, [ms for ms in held if ms < looked[1]], now) if looked[0] < looked[1] else []
    ranges = [(bar.open_ms, bar.open_ms + MINUTE_MS) for bar in rows]
    ranges += [(ms, ms + MINUTE_MS) for ms in given_up]
    return [
        ((start, end), [bar for bar in rows if start <= bar.open_ms < end]) for start, end in merge(ranges + absent)
    ]


def _is_hopeless(history: History, minute: int, now: Moment) -> bool:
    since = history.refused.setdefault(minute, now)
    return since.is_apart(now, REFUSED_MS, REFUSED_WALL_MS)


def _holes(conn: Connection, instrument_id: int, ranges: Sequence[Range]) -> list[Range]:
    return [hole for wanted in ranges if wanted[0] < wanted[1] for hole in bars.missing(conn, instrument_id, wanted)]


def _record(conn: Connection, instrument_id: int, decided: Sequence[tuple[Range, list[Bar]]]) -> None:
    received_ms = int(time.time() * 1000)
    for covered, rows in decided:
        bars.record(conn, instrument_id, rows, covered, "rest", received_ms)
