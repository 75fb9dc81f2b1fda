"""One instrument, live: frames and REST answers go into its finality, decided minutes come out into the record.

Two loops beside the stream's frames: one asks REST what finality wants to know, one writes what is decided.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from services.ingest.clock import LiveClock
from services.ingest.metrics import Meters
from services.ingest.publisher import Publisher
from services.ingest.record import Recorder, record_outcomes
from shared import log
from shared.bus.codec import Tick
from shared.domain.errors import InputError, UnavailableError
from shared.domain.timeframe import MINUTE_MS
from shared.exchange.finality import WALL_FLOOR_MS, Absent, Answer, Final, Finality, Outcome, Revision
from shared.exchange.normalise import PartialBar
from shared.exchange.rest import PAGE, RestClient
from shared.store.market import Instrument

BATCH = 1_000  # outcomes of one transaction
WAITING = 3_000  # outcomes that may wait for the database before REST is asked for more
LONGEST_WAIT_S = 1.0  # the clock may be measured anew meanwhile
SILENT_MINUTES = 3  # traded minutes without a frame, while connected: the stream hides them
SLOW_RATE = 100.0  # above, a minute is too short to tell a late frame from a hidden one
STALE_MS = 10_000  # after its close a minute should be final; quiet ones are after 3 to 5 s
STALE_WALL_MS = 1_000  # and where exchange time runs fast, a round trip is not yet staleness
LOST_PAUSE_S = 30.0  # an instrument that the exchange no longer knows is asked about now and then


class Feed:
    """Keeps one instrument's record up to the exchange's present."""

    def __init__(
        self,
        instrument: Instrument,
        finality: Finality,
        rest: RestClient,
        clock: LiveClock,
        recorder: Recorder,
        publisher: Publisher,
        meters: Meters,
        suspect: Callable[[str], None],
    ) -> None:
        self.instrument = instrument
        self.start_ms = finality.next_ms  # everything from here on is this feed's to decide
        self._finality = finality
        self._rest, self._clock, self._recorder = rest, clock, recorder
        self._publisher, self._meters, self._suspect = publisher, meters, suspect
        self._outcomes: deque[Outcome] = deque()
        self._has_outcomes = asyncio.Event()
        self._connected_ms: int | None = None  # exchange time since which frames come without a break
        self._silent = 0
        self._was_stale = False
        self._log = log.get("feed").bind(instrument=instrument.name)
        self._recorded_ms = self.start_ms  # end of what is committed
        meters.watch(instrument.name, lambda: self._recorded_ms, lambda: self.late_ms, lambda: self.is_stale)

    @property
    def next_ms(self) -> int:
        """The oldest minute that is not decided."""
        return self._finality.next_ms

    @property
    def late_ms(self) -> int:
        """Exchange time, as well as it is known, since the end of the oldest minute not recorded; 0 before it."""
        return max(0, self._clock.now_ms() - self._recorded_ms - MINUTE_MS)

    @property
    def is_stale(self) -> bool:
        """Is that minute not final, or not recorded, in time?"""
        return self.late_ms > STALE_MS + STALE_WALL_MS * self._clock.rate

    def on_connected(self) -> None:
        self._connected_ms = self._clock.now_ms()
        self._silent = 0

    def on_disconnected(self) -> None:
        self._connected_ms = None

    def on_frame(self, frame: PartialBar) -> None:
        """Take a frame of the stream."""
        self._clock.note_event(frame.event_ms)
        if frame.bar.open_ms >= self._finality.next_ms and not frame.is_closed:
            bar = frame.bar
            prices = (bar.open, bar.high, bar.low, bar.close, bar.volume)
            self._publisher.show(Tick(self.instrument.name, bar.open_ms, *prices, frame.event_ms))
        self._take(self._finality.on_frame(frame))

    async def ask(self) -> None:
        """Ask REST whatever finality wants to know, when it is due; for ever."""
        while True:
            await self._clock.trusted()
            try:
                ask, now = self._finality.ask(), self._clock.moment()
            except UnavailableError:
                continue
            self._say_stale()
            if not ask.is_due(now) or len(self._outcomes) > WAITING:
                wait_s = max(self._clock.wall_s_until(ask.due_ms), (ask.due_wall_ms - now.wall_ms) / 1000)
                await asyncio.sleep(min(LONGEST_WAIT_S, max(wait_s, WALL_FLOOR_MS / 1000)))
                continue
            behind = (now.exchange_ms - ask.from_ms) // MINUTE_MS
            try:
                answer = await self._rest.klines(self.instrument.name, ask.from_ms, min(PAGE, behind + 10))
            except UnavailableError as error:
                self._meters.rest_failures.inc()
                self._log.warning("rest_failed", reason=str(error))
                self._finality.on_failure(now)
                self._clock.doubt()  # an exchange that was away may have stood still meanwhile
            except InputError as error:
                self._log.error("instrument_lost", reason=str(error))
                await asyncio.sleep(LOST_PAUSE_S)
            else:
                self._note(answer)
                self._take(self._finality.on_answer(answer))

    async def write(self) -> None:
        """Write what is decided, in order, and hand it to the stream; for ever. Raises errors of the record."""
        while True:
            await self._has_outcomes.wait()
            batch = [self._outcomes.popleft() for _ in range(min(BATCH, len(self._outcomes)))]
            if not self._outcomes:
                self._has_outcomes.clear()
            entries, revisions = await self._recorder.run(record_outcomes, self.instrument.id, batch)
            self._recorded_ms = max(self._recorded_ms, *(end_of(outcome) for outcome in batch))
            self._publisher.offer(self.instrument, entries)
            self._meters.committed(self.instrument.name, batch, revisions, self._clock.now_ms())

    def _take(self, outcomes: list[Outcome]) -> None:
        if not outcomes:
            return
        self._outcomes.extend(outcomes)
        self._has_outcomes.set()
        for outcome in outcomes:
            if isinstance(outcome, Final):
                self._listen(outcome)

    def _listen(self, final: Final) -> None:
        """Trades of which the stream said nothing, minute after minute, prove it dead, whatever its pings say.

        One such minute proves nothing: a trade of its last two seconds comes with the next minute's first frame.
        """
        if self._connected_ms is None or final.bar.open_ms < self._connected_ms or final.by == "frame":
            self._silent = 0
            return
        if final.was_seen or not final.bar.trades:
            self._silent = 0 if final.was_seen else self._silent
            return
        self._silent += 1
        if self._silent >= SILENT_MINUTES and self._clock.rate <= SLOW_RATE:
            self._silent = 0
            self._suspect(f"{self.instrument.name} trades, and the stream does not say so")

    def _say_stale(self) -> None:
        """Once when the feed gets stale, and once when it is well again."""
        is_stale = self.is_stale
        if is_stale != self._was_stale:
            self._was_stale = is_stale
            self._log.warning("feed_stale" if is_stale else "feed_well", next_ms=self.next_ms)

    def _note(self, answer: Answer) -> None:
        for problem in answer.problems:
            self._meters.refused.inc()
            self._log.error("row_refused", reason=str(problem))


def end_of(outcome: Outcome) -> int:
    """End of what an outcome decides; of a revision, which decides nothing, 0."""
    match outcome:
        case Final(bar):
            return bar.open_ms + MINUTE_MS
        case Absent(_, to_ms):
            return to_ms
        case Revision():
            return 0
