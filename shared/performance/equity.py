"""What the equity curve adds up to: drawdowns from its peaks, and one value per UTC day.

The curve starts with the run's cash. All comparisons are of exact integers.
"""

from dataclasses import dataclass, field

from shared.domain.timeframe import DAY_MS


@dataclass(slots=True)
class Fall:
    """A drawdown: from a peak down to its low, and back to the peak (or not yet)."""

    peak: int  # [units]
    start_ms: int  # of the peak
    low: int  # [units]
    low_ms: int
    end_ms: int | None = None  # first point at or above the peak again; None: not recovered

    def deeper_than(self, other: "Fall") -> bool:
        """Relatively: (peak - low) / peak against the other's."""
        return (self.peak - self.low) * other.peak > (other.peak - other.low) * self.peak


@dataclass(slots=True)
class Curve:
    """Accumulates equity points in time order. Start with `Curve(cash, start_ms)`; `step` once per point."""

    cash: int  # [units] > 0
    start_ms: int
    points: int = 0
    last: int = field(init=False)  # [units]
    last_ms: int = field(init=False)
    worst: Fall | None = None
    now: Fall = field(init=False)  # from the latest peak; low == peak while at it
    days: list[int] = field(default_factory=list)  # [units] last equity of each finished UTC day since start
    _day: int = field(init=False)

    def __post_init__(self) -> None:
        self.last, self.last_ms = self.cash, self.start_ms
        self.now = Fall(self.cash, self.start_ms, self.cash, self.start_ms)
        self._day = self.start_ms // DAY_MS

    def step(self, ts_ms: int, equity: int) -> None:
        day = ts_ms // DAY_MS
        if day > self._day:  # days without a point repeat the value before them
            self.days.extend([self.last] * (day - self._day))
            self._day = day
        self.points += 1
        self.last, self.last_ms = equity, ts_ms
        if equity >= self.now.peak:
            if self.now.low < self.now.peak:
                self.now.end_ms = ts_ms
            self.now = Fall(equity, ts_ms, equity, ts_ms)
        elif equity < self.now.low:
            self.now.low, self.now.low_ms = equity, ts_ms
            if self.worst is None or self.worst is self.now or self.now.deeper_than(self.worst):
                self.worst = self.now

    def daily(self, end_ms: int) -> list[int]:
        """Last equity of each UTC day from the start's to that of the last moment before `end_ms`, none left out."""
        return [*self.days, *[self.last] * (max((end_ms - 1) // DAY_MS, self._day) - self._day + 1)]
