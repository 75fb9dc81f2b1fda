"""Bars of a wider timeframe, few enough to be drawn one by one."""

from bisect import bisect_left
from dataclasses import dataclass

from shared.domain.bar import Bars
from shared.domain.timeframe import TIMEFRAMES, floor_ms

MOST = 4_000  # beyond that a browser takes seconds, and a screen shows less than one column each


@dataclass(frozen=True, slots=True)
class Candles:
    """Columns of candles; a candle's time is its begin. The first and the last may be parts of theirs."""

    timeframe: str
    bars: Bars

    @property
    def width_ms(self) -> int:
        return TIMEFRAMES[self.timeframe]


def drawable(entry: str, first_ms: int, last_ms: int) -> str:
    """The entry timeframe, or the next wider one of which the span holds at most MOST; a day at the widest."""
    wide_enough = [name for name in TIMEFRAMES if TIMEFRAMES[name] >= TIMEFRAMES[entry]]
    for name in wide_enough:
        if last_ms // TIMEFRAMES[name] - first_ms // TIMEFRAMES[name] < MOST:
            return name
    return wide_enough[-1]


def candles(bars: Bars, first: int, end: int, timeframe: str) -> Candles:
    """Of the bars [first, end) of columns, oldest first, at least one. A candle without a bar is left out."""
    width = TIMEFRAMES[timeframe]
    t, o, h, l, c, v = bars
    found: list[tuple[int, float, float, float, float, float]] = []
    at = first
    while at < end:
        open_ms = floor_ms(int(t[at]), width)
        last = bisect_left(t, open_ms + width, at, end)
        high, low = float(max(h[at:last])), float(min(l[at:last]))
        found.append((open_ms, float(o[at]), high, low, float(c[last - 1]), float(sum(v[at:last]))))
        at = last
    return Candles(timeframe, Bars._make(list(column) for column in zip(*found, strict=True)))
