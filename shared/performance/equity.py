"""What the equity curve adds up to: its drawdowns, its extremes, and one value per UTC day.

The curve starts with the run's cash. All comparisons are of exact integers.
"""

from dataclasses import dataclass, field

from shared.performance.days import Days


@dataclass(slots=True)
class Fall:
    """A drawdown: from a peak down to its low, and back to the peak (or not yet)."""

    peak: int  # [units]
    start_ms: int  # of the peak
    low: int  # [units]
    low_ms: int
    end_ms: int | None = None  # first point at or above the peak again; None: not recovered

    @property
    def depth(self) -> float:
        """Of the peak, at the low."""
        return (self.peak - self.low) / self.peak

    def deeper_than(self, other: "Fall") -> bool:
        """Relatively: (peak - low) / peak against the other's."""
        return (self.peak - self.low) * other.peak > (other.peak - other.low) * self.peak


@dataclass(slots=True)
class Falls:
    """Sums of drawdowns, in time order."""

    count: int = 0
    depths: float = 0.0
    lasted_ms: int = 0
    longest_ms: int = 0

    def with_one(self, fall: Fall, end_ms: int) -> "Falls":
        lasted_ms = end_ms - fall.start_ms
        return Falls(
            self.count + 1, self.depths + fall.depth, self.lasted_ms + lasted_ms, max(self.longest_ms, lasted_ms)
        )


@dataclass(slots=True)
class Curve:
    """Accumulates equity points in time order. Start with `Curve(cash, start_ms)`; `step` once per point."""

    cash: int  # [units] > 0
    start_ms: int
    points: int = 0
    last: int = field(init=False)  # [units]
    last_ms: int = field(init=False)
    lowest: int = field(init=False)  # [units]
    worst: Fall | None = None
    now: Fall = field(init=False)  # from the latest peak; low == peak while at it
    past: Falls = field(default_factory=Falls)  # those that have recovered
    days: Days[int] = field(init=False)

    def __post_init__(self) -> None:
        self.last = self.lowest = self.cash
        self.last_ms = self.start_ms
        self.now = Fall(self.cash, self.start_ms, self.cash, self.start_ms)
        self.days = Days(self.start_ms, self.cash)

    def step(self, ts_ms: int, equity: int) -> None:
        now = self.now
        self.days.step(ts_ms, equity)
        self.points += 1
        self.last, self.last_ms = equity, ts_ms
        if equity >= now.peak:
            if now.low < now.peak:
                now.end_ms = ts_ms
                self.past = self.past.with_one(now, ts_ms)
            self.now = Fall(equity, ts_ms, equity, ts_ms)
        elif equity < now.low:
            now.low, now.low_ms = equity, ts_ms
            self.lowest = min(self.lowest, equity)
            if self.worst is None or self.worst is now or now.deeper_than(self.worst):
                self.worst = now

    @property
    def highest(self) -> int:
        """[units]: every new height is the peak of a fall to come."""
        return self.now.peak

    @property
    def falls(self) -> Falls:
        """All drawdowns, the one that has not recovered included, until the last point."""
        return self.past.with_one(self.now, self.last_ms) if self.now.low < self.now.peak else self.past
