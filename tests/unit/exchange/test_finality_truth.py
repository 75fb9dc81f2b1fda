"""For any schedule of frames, losses, repeats, late closes and stale answers that ends, the decisions are the truth."""

import random
from dataclasses import dataclass, replace
from decimal import Decimal

import hypothesis.strategies as st
from hypothesis import given, settings

from shared.domain.bar import Bar
from shared.domain.timeframe import MINUTE_MS
from shared.exchange.absence import Moment
from shared.exchange.finality import Absent, Answer, Final, Finality, Revision
from shared.exchange.normalise import PartialBar

START = 28_000_000 * MINUTE_MS
FIRST_ID = 500


@dataclass(frozen=True)
class Minute:
    """The truth about one minute: its trades (time in the minute, price), or None when the exchange was down."""

    open_ms: int
    first_id: int
    trades: tuple[tuple[int, int], ...] | None

    def bar(self, count: int | None = None, skip: int = 0, previous: int = 100) -> Bar | None:
        """The bar of its first `count` trades; without the first `skip` for one who connected late."""
        if self.trades is None:
            return None
        prices = [price for _, price in self.trades[skip:count]] or [previous]
        n = len(self.trades[skip:count])
        return Bar(
            self.open_ms, prices[0], max(prices), min(prices), prices[-1], float(n), Decimal(sum(prices) if n else 0), n
        )

    def frame(self, count: int, closed: bool, event_ms: int, skip: int = 0, previous: int = 100) -> PartialBar:
        bar = self.bar(count, skip, previous)
        assert bar is not None
        known = len(self.trades[skip:count]) if self.trades else 0
        first = self.first_id + skip if known else -1
        return PartialBar(bar, closed, event_ms, first, first + known - 1 if known else -1)


def truth_of(counts: list[int | None], rng: random.Random) -> list[Minute]:
    minutes, next_id = [], FIRST_ID
    for i, count in enumerate(counts):
        trades = None
        if count is not None:
            trades = tuple(sorted((rng.randrange(MINUTE_MS), rng.randrange(90, 111)) for _ in range(count)))
        minutes.append(Minute(START + i * MINUTE_MS, next_id, trades))
        next_id += count or 0
    return minutes


class Venue:
    """What the exchange sends and answers, with its faults, until `calm_ms`."""

    def __init__(self, minutes: list[Minute], rng: random.Random, calm_ms: int, faults: frozenset[str]) -> None:
        self.minutes, self.rng, self.calm_ms, self.faults = minutes, rng, calm_ms, faults
        self.seen: dict[int, int] = {}  # minute -> trades that delivered frames told of

    def has(self, fault: str, now: int, odds: float) -> bool:
        return fault in self.faults and now < self.calm_ms and self.rng.random() < odds

    def frames(self) -> list[tuple[int, PartialBar]]:
        """Every delivered frame with the moment of its delivery."""
        sent: list[tuple[int, PartialBar]] = []
        for minute in self.minutes:
            if minute.trades is None:
                continue
            n, skip = len(minute.trades), 0
            if n and self.has("partial knowledge", minute.open_ms, 0.3):
                skip = self.rng.randrange(n)
            for count in range(skip + 1, n + 1):
                at = minute.open_ms + minute.trades[count - 1][0]
                sent.append((at, minute.frame(count, False, at, skip)))
            if n == 0 and "silent when quiet" in self.faults:
                continue
            close = minute.open_ms + MINUTE_MS + (1 if not self.has("late close", minute.open_ms, 0.4) else 24_000)
            if not self.has("no close", minute.open_ms, 0.4):
                frame = minute.frame(n, True, close, skip)
                if n > 2 and self.has("torn frame", close, 0.5):  # right ids at both ends, a trade missing between
                    torn = replace(frame.bar, trades=n - skip - 1, volume=frame.bar.volume - 1)
                    frame = replace(frame, bar=torn)
                sent.append((close, frame))
        delivered: list[tuple[int, PartialBar]] = []
        for at, frame in sent:
            if self.has("lost frame", at, 0.3):
                continue
            delay = self.rng.randrange(90_000) if self.has("delay", at, 0.2) else 0
            delivered.append((at + delay, frame))
            if self.has("repeat", at, 0.3):
                delivered.append((at + delay + self.rng.randrange(200_000), frame))
        return sorted(delivered, key=lambda pair: pair[0])

    def answer(self, from_ms: int, at: Moment) -> Answer | None:
        now = at.exchange_ms
        if self.has("error", now, 0.3):
            return None
        lag = 0
        if self.has("stale replica", now, 0.5):
            lag = self.rng.randrange(20_000)  # the replica has not heard of the newest rows
        bars = []
        for minute in self.minutes:
            if minute.open_ms < from_ms or minute.open_ms > now - lag or minute.trades is None:
                continue
            count = sum(1 for offset, _ in minute.trades if minute.open_ms + offset <= now)
            if now < minute.open_ms + 180_000 and self.has("short row", now, 0.3):
                count = max(0, self.seen.get(minute.open_ms, count) - 1) if count else 0
                if count >= self.seen.get(minute.open_ms, 0):
                    count = sum(1 for offset, _ in minute.trades if minute.open_ms + offset <= now)
            bar = minute.bar(count)
            assert bar is not None
            bars.append(bar)
        return Answer(from_ms, tuple(bars[:1000]), at)


FAULTS = (
    "partial knowledge", "late close", "no close", "lost frame", "delay", "repeat", "silent when quiet",
    "error", "stale replica", "short row", "torn frame",
)  # fmt: skip


def run(minutes: list[Minute], venue: Venue, machine: Finality, rate: float) -> list[Final | Absent | Revision]:
    """Play the schedule until everything is decided; exchange time passes in steps of half a second."""
    outcomes: list[Final | Absent | Revision] = []
    frames = venue.frames()
    end = minutes[-1].open_ms + 40 * MINUTE_MS
    now, i = START, 0
    while now < end and machine.next_ms <= minutes[-1].open_ms:
        moment = Moment(now, int((now - START) / rate))
        while i < len(frames) and frames[i][0] <= now:
            frame = frames[i][1]
            venue.seen[frame.bar.open_ms] = max(venue.seen.get(frame.bar.open_ms, 0), frame.bar.trades or 0)
            outcomes += machine.on_frame(frame)
            i += 1
        ask = machine.ask()
        if ask.is_due(moment):
            answer = venue.answer(ask.from_ms, moment)
            if answer is None:
                machine.on_failure(moment)
            else:
                outcomes += machine.on_answer(answer)
        now += 500
    for _, frame in frames[i:]:
        outcomes += machine.on_frame(frame)
    return outcomes


@settings(max_examples=300, deadline=None)
@given(
    counts=st.lists(st.one_of(st.integers(0, 4), st.none()), min_size=1, max_size=12),
    seed=st.integers(0, 2**32),
    faults=st.frozensets(st.sampled_from(FAULTS)),
    rate=st.sampled_from([1.0, 600.0, 6000.0]),
    is_confirmed=st.booleans(),
)
def test_what_is_decided_is_the_truth(counts, seed, faults, rate, is_confirmed):
    rng = random.Random(seed)
    minutes = truth_of([*counts, 1, 0, 1], rng)  # the exchange is back at the end
    venue = Venue(minutes, rng, START + len(counts) * MINUTE_MS, faults)
    machine = Finality(START, is_confirmed)
    # at a fast clock the two wall seconds before an absence are many minutes: those histories have no downtime
    outcomes = run(minutes, venue, machine, 1.0 if None in counts else rate)

    decided: dict[int, Bar | None] = {}
    order: list[int] = []
    for outcome in outcomes:
        match outcome:
            case Final(bar):
                order.append(bar.open_ms)
                decided[bar.open_ms] = bar
            case Absent(start, end):
                for ms in range(start, end, MINUTE_MS):
                    order.append(ms)
                    decided[ms] = None
            case Revision():
                raise AssertionError(f"nothing was corrected in this history: {outcome}")
    wanted = [minute.open_ms for minute in minutes]
    assert order[: len(wanted)] == wanted, "each minute once, in order"
    for minute in minutes:
        assert decided[minute.open_ms] == minute.bar()
