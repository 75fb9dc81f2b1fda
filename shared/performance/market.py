"""What the instrument did meanwhile: the price at which a holder would have bought, and its close of each UTC day."""

from bisect import bisect_left
from dataclasses import dataclass, field

from shared.domain.bar import Bars
from shared.domain.timeframe import DAY_MS
from shared.performance.days import Days


@dataclass(slots=True)
class Market:
    """Accumulates closes in time order. Start with the first bar's open time and open; `step` with closes."""

    start_ms: int
    first: float  # [quote] > 0
    days: Days[float] = field(init=False)

    def __post_init__(self) -> None:
        self.days = Days(self.start_ms, self.first)

    def step(self, ts_ms: int, close: float) -> None:
        self.days.step(ts_ms, close)

    @classmethod
    def of(cls, bars: Bars, first: int, end: int) -> "Market":
        """Of the bars [first, end) of columns, oldest first, at least one."""
        times = bars.open_ms
        market = cls(int(times[first]), float(bars.open[first]))
        at = first
        while at < end:
            midnight = (int(times[at]) // DAY_MS + 1) * DAY_MS
            at = bisect_left(times, midnight, at, end)
            market.step(int(times[at - 1]), float(bars.close[at - 1]))
        return market
