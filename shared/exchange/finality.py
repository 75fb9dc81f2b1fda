"""When is a minute final? The state machine of one instrument: evidence in, decided minutes out, in order and once.

Rule: no I/O and no clock here. Frames and answers come in with the moment they belong to; what is decided comes out.

A minute's way (docs/decisions/0005):

    open --------- frames tell its values so far; nothing is decided by them
      |
      |-- a closed frame (x:true) whose trade ids join: first = last of the minute before + 1, count = last - first + 1.
      |   Then no trade before, in or between the two is unknown to us ---------------------------------------> FINAL
      |
      |-- boundary + 3 s (2 s when a closed frame is there that does not join; always 2 s when finality=confirmed):
      |   REST is asked, and again after 2, 5, 15, 30, 60 s while it leaves the minute open
      |       |-- a row, read >= 2 s after the close, that no frame contradicts -----------------------------> FINAL
      |       |-- a row that knows fewer trades than frames did is stale: asked again, believed after 5 min -> FINAL
      |       |-- a refused row (impossible values): asked for 10 minutes more, then as good as none --------> ABSENT
      |       |-- no row, and no later row: the edge, or downtime; nothing is known, the feed waits
      |       `-- no row but a later one, and again >= 30 s of exchange and >= 2 s of wall time later -------> ABSENT
      |
      `-- errors and timeouts decide nothing

Decided minutes leave strictly in order: a later minute's evidence waits here for the earlier one's. Whatever comes
about a decided minute afterwards (duplicates, replays, regressions) is dropped, unless it is whole and tells other
values: then it is a revision, for the record only.

The id before the first trade of a minute (`_last_id`) is known from the last joined frame. A minute decided by REST
moves it on by its count of trades, for the venue numbers a symbol's trades without holes; were that ever wrong, the
next closed frame would not join, REST would be asked, and the frame that equals REST's row sets the id right again.
"""

from dataclasses import dataclass, field
from typing import Literal

from shared.domain.bar import Bar
from shared.domain.errors import InputError
from shared.domain.timeframe import MINUTE_MS
from shared.exchange.absence import ABSENT_EXCHANGE_MS, Misses, Moment
from shared.exchange.normalise import PartialBar

GRACE_MS = 3_000  # after the boundary: a closed frame usually came by then (recorded: +1.755 s)
SETTLE_MS = 2_000  # a row read earlier may still lack the last trades
RETRY_MS = (2_000, 5_000, 15_000, 30_000, 60_000)  # of exchange time, after answers that left the minute open
WALL_FLOOR_MS = 20  # two questions are at least this far apart, however fast the exchange's clock runs
BACKOFF_MS = (100, 200, 500, 1_000, 2_000, 5_000)  # of wall time, after failures
PATIENCE_MS = 300_000  # frames told of trades that REST does not know: so long until REST is believed all the same
REFUSED_MS, REFUSED_WALL_MS = 600_000, 60_000  # a row that stays impossible: patience before the minute is given up
KEPT_MINUTES = 240  # decided minutes remembered for revisions
AHEAD_MINUTES = 3_000  # undecided minutes whose frames are kept; beyond that REST tells later


@dataclass(frozen=True, slots=True)
class Final:
    """A minute is decided: present."""

    bar: Bar
    by: Literal["frame", "rest"]
    was_seen: bool = True  # a frame of it had come; False tells of a stream that is silent while trades happen


@dataclass(frozen=True, slots=True)
class Absent:
    """Minutes [from_ms, to_ms) are decided: the exchange has no bar of them."""

    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class Revision:
    """Something else was said about a decided minute. Recorded beside it, never folded."""

    bar: Bar
    kind: Literal["corrected", "late"]


Outcome = Final | Absent | Revision


@dataclass(frozen=True, slots=True)
class Answer:
    """One good REST answer: the rows from `from_ms` on, up to one page, the newest perhaps unfinished."""

    from_ms: int
    bars: tuple[Bar, ...]  # oldest first
    at: Moment  # when the question left, not when the answer came
    refused_ms: tuple[int, ...] = ()
    problems: tuple[InputError, ...] = ()  # why; for the log


@dataclass(frozen=True, slots=True)
class Ask:
    """The next question to REST: klines from `from_ms` on, once both clocks have reached their time."""

    from_ms: int
    due_ms: int  # exchange time
    due_wall_ms: int

    def is_due(self, now: Moment) -> bool:
        return now.exchange_ms >= self.due_ms and now.wall_ms >= self.due_wall_ms


@dataclass(slots=True)
class _Seen:
    """What frames told of one undecided minute."""

    closed: PartialBar | None = None
    latest: PartialBar | None = None  # the one that knows the most trades
    trades: int = 0  # most trades that any one frame counted
    last_id: int = -1  # highest trade id

    def take(self, frame: PartialBar) -> None:
        count = frame.bar.trades or 0
        if frame.is_closed and (self.closed is None or count >= (self.closed.bar.trades or 0)):
            self.closed = frame
        if self.latest is None or count >= (self.latest.bar.trades or 0):
            self.latest = frame
        self.trades = max(self.trades, count)
        self.last_id = max(self.last_id, frame.last_id)


@dataclass(slots=True)
class Finality:
    """Decides the minutes of one instrument from `next_ms` on."""

    next_ms: int  # the oldest undecided minute
    is_confirmed: bool = False  # finality=confirmed: no frame decides, REST is asked for every minute
    _last_id: int | None = None  # id of the last trade before next_ms; None: not known
    _seen: dict[int, _Seen] = field(default_factory=dict)
    _rows: dict[int, Bar] = field(default_factory=dict)  # read >= SETTLE_MS after their close
    _misses: Misses = field(default_factory=Misses)
    _absent: set[int] = field(default_factory=set)
    _doubted: dict[tuple[str, int], Moment] = field(default_factory=dict)  # since when a minute waits for a better word
    _decided: dict[int, Bar | None] = field(default_factory=dict)  # the last KEPT_MINUTES; None: absent
    _revised: dict[int, Bar] = field(default_factory=dict)
    _answers: int = 0  # since next_ms last moved
    _failures: int = 0
    _again_ms: int = 0
    _again_wall_ms: int = 0

    # --- evidence ---------------------------------------------------------------------------------------------------

    def on_frame(self, frame: PartialBar) -> list[Outcome]:
        """Take one kline frame, in whatever order it comes."""
        minute = frame.bar.open_ms
        if minute < self.next_ms:
            return self._afterwards(frame)
        if minute not in self._seen and len(self._seen) >= AHEAD_MINUTES:
            return []
        self._seen.setdefault(minute, _Seen()).take(frame)
        return self._decide(None) if frame.is_closed else []

    def on_answer(self, answer: Answer) -> list[Outcome]:
        """Take one good REST answer."""
        held = sorted({bar.open_ms for bar in answer.bars} | set(answer.refused_ms))
        for bar in answer.bars:
            if bar.open_ms >= self.next_ms and answer.at.exchange_ms >= bar.close_ms + SETTLE_MS:
                self._rows[bar.open_ms] = bar
        for minute in answer.refused_ms:
            self._rows.pop(minute, None)
        if held and held[-1] > answer.from_ms:
            looked = (max(answer.from_ms, self.next_ms), held[-1])
            for start, end in self._misses.note(looked, held, answer.at) if looked[0] < looked[1] else []:
                self._absent.update(range(start, end, MINUTE_MS))
        self._give_up(answer)

        outcomes = self._decide(answer.at)
        self._failures = 0
        self._answers = 0 if outcomes else self._answers + 1
        wait = 0 if outcomes else RETRY_MS[min(self._answers, len(RETRY_MS)) - 1]
        self._again_ms = answer.at.exchange_ms + wait
        self._again_wall_ms = answer.at.wall_ms + WALL_FLOOR_MS
        return outcomes

    def on_failure(self, at: Moment) -> None:
        """REST did not answer: nothing is decided, and it is asked again later."""
        self._failures += 1
        self._again_wall_ms = at.wall_ms + BACKOFF_MS[min(self._failures, len(BACKOFF_MS)) - 1]

    def ask(self) -> Ask:
        """What to ask REST next, and when."""
        boundary = self.next_ms + MINUTE_MS
        seen = self._seen.get(self.next_ms)
        has_closed = seen is not None and seen.closed is not None
        first = boundary + (SETTLE_MS if self.is_confirmed or has_closed else GRACE_MS)
        return Ask(self.next_ms, max(first, self._again_ms), self._again_wall_ms)

    # --- decisions --------------------------------------------------------------------------------------------------

    def _decide(self, at: Moment | None) -> list[Outcome]:
        """Every minute that can be decided now, in order. `at` is the moment of an answer; None for a frame."""
        outcomes: list[Outcome] = []
        while (outcome := self._decision(at)) is not None:
            self._move_on(outcome)
            last = outcomes[-1] if outcomes else None
            if isinstance(outcome, Absent) and isinstance(last, Absent):
                outcomes[-1] = Absent(last.from_ms, outcome.to_ms)
            else:
                outcomes.append(outcome)
        return outcomes

    def _decision(self, at: Moment | None) -> Final | Absent | None:
        minute = self.next_ms
        seen = self._seen.get(minute)
        if seen is not None and seen.closed is not None and self._joins(seen.closed) and not self.is_confirmed:
            return Final(seen.closed.bar, "frame")
        row = self._rows.get(minute)
        if row is not None:
            if self._has_more_trades(seen, row) and not self._is_patience_over("count", minute, at, PATIENCE_MS):
                return None
            if self._has_later_ids(seen, row) and not self._is_patience_over("ids", minute, at, ABSENT_EXCHANGE_MS):
                return None
            return Final(row, "rest", seen is not None)
        if minute in self._absent:
            had_trades = seen is not None and seen.trades > 0
            if had_trades and not self._is_patience_over("unseen", minute, at, PATIENCE_MS):
                return None
            return Absent(minute, minute + MINUTE_MS)
        return None

    def _joins(self, closed: PartialBar) -> bool:
        return closed.is_whole and self._last_id is not None and closed.first_id == self._last_id + 1

    def _has_more_trades(self, seen: _Seen | None, row: Bar) -> bool:
        """A frame counted more trades than the row does: the row is stale."""
        return seen is not None and row.trades is not None and row.trades < seen.trades

    def _has_later_ids(self, seen: _Seen | None, row: Bar) -> bool:
        """By the ids there were more trades than the row counts. Weaker: the id we count from may be wrong."""
        if seen is None or row.trades is None or self._last_id is None or seen.last_id < 0:
            return False
        is_told_twice = seen.closed is not None and seen.closed.is_whole and is_same(seen.closed.bar, row)
        return not is_told_twice and row.trades < seen.last_id - self._last_id

    def _is_patience_over(self, why: str, minute: int, at: Moment | None, patience_ms: int) -> bool:
        if at is None:
            return False
        since = self._doubted.setdefault((why, minute), at)
        return since.is_apart(at, patience_ms)

    def _give_up(self, answer: Answer) -> None:
        """A row that stays impossible gives its minute up in the end: it must not stop an instrument for ever."""
        for minute in answer.refused_ms:
            if minute >= self.next_ms:
                since = self._doubted.setdefault(("refused", minute), answer.at)
                if since.is_apart(answer.at, REFUSED_MS, REFUSED_WALL_MS):
                    self._absent.add(minute)

    def _move_on(self, outcome: Final | Absent) -> None:
        minute = self.next_ms
        self._answers = self._again_ms = 0  # the next minute is a question of its own
        seen = self._seen.pop(minute, None)
        self._last_id = self._id_after(outcome, seen) if isinstance(outcome, Final) else None
        self._decided[minute] = outcome.bar if isinstance(outcome, Final) else None
        if len(self._decided) > KEPT_MINUTES:
            oldest = next(iter(self._decided))
            del self._decided[oldest]
            self._revised.pop(oldest, None)
        self._rows.pop(minute, None)
        self._absent.discard(minute)
        self.next_ms = minute + MINUTE_MS
        if self._doubted:
            self._doubted = {key: since for key, since in self._doubted.items() if key[1] > minute}
        if self._misses:
            self._misses.forget_before(self.next_ms)

    def _id_after(self, outcome: Final, seen: _Seen | None) -> int | None:
        """Id of the last trade up to the end of the minute just decided; None when it cannot be told."""
        bar = outcome.bar
        frame = seen.latest if seen is not None else None
        if frame is not None and frame.is_whole and is_same(frame.bar, bar):
            return frame.last_id
        if bar.trades is None or self._last_id is None:
            return None
        return self._last_id + bar.trades

    # --- afterwards -------------------------------------------------------------------------------------------------

    def _afterwards(self, frame: PartialBar) -> list[Outcome]:
        """A frame of a decided minute: a revision if it is whole, closed and tells something new; else nothing."""
        minute = frame.bar.open_ms
        if not (frame.is_closed and frame.is_whole) or minute not in self._decided:
            return []
        known = self._decided[minute]
        told = self._revised.get(minute)
        if told is not None and is_same(frame.bar, told):
            return []
        if known is not None and (is_same(frame.bar, known) or (frame.bar.trades or 0) < (known.trades or 0)):
            return []
        self._revised[minute] = frame.bar
        return [Revision(frame.bar, "late" if known is None else "corrected")]


def is_same(a: Bar, b: Bar) -> bool:
    """Equal in every value that both were told. A frame may lack the optional ones."""
    if (a.open_ms, a.open, a.high, a.low, a.close, a.volume) != (b.open_ms, b.open, b.high, b.low, b.close, b.volume):
        return False
    pairs = (
        (a.trades, b.trades),
        (a.quote_volume, b.quote_volume),
        (a.taker_buy_base, b.taker_buy_base),
        (a.taker_buy_quote, b.taker_buy_quote),
    )
    return all(x is None or y is None or x == y for x, y in pairs)
