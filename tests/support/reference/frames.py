"""Higher bars from minutes: aligned to the epoch, made of the minutes that exist, closed when the market shows it.

A frame closes with its last minute; when that minute is missing, just before the next minute at or after its end.
A frame that nothing has closed yet does not exist here, so no value of it can leak.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, TypeVar

import pandas as pd

MINUTE_MS = 60_000
TIMEFRAMES = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30,
    "1h": 60, "2h": 120, "4h": 240, "6h": 360, "8h": 480, "12h": 720, "1d": 1440,
}  # fmt: skip

Value = TypeVar("Value")


def frames(bars: pd.DataFrame, timeframe: str, warmup_from_ms: int) -> pd.DataFrame:
    """Closed frames, oldest first: start, end (exclusive), OHLCV, `at` and `late`.

    `at` is the row of `bars` at whose close the frame closes, or, when `late`, just before whose open it does.
    The first frame counts only when it starts at or after `warmup_from_ms`.
    """
    length_ms = TIMEFRAMES[timeframe] * MINUTE_MS
    rows: list[dict[str, Any]] = []
    names = ("open_time", "open", "high", "low", "close", "volume")
    minutes = zip(*(bars[name].tolist() for name in names), strict=True)
    for i, (open_ms, open_, high, low, close, volume) in enumerate(minutes):
        start = open_ms - open_ms % length_ms
        if start < warmup_from_ms:
            continue
        if rows and rows[-1]["start"] == start:
            frame = rows[-1]
            frame["high"] = max(frame["high"], high)
            frame["low"] = min(frame["low"], low)
            frame["close"] = close
            frame["volume"] += volume
        else:
            frame = {"start": start, "end": start + length_ms, "open": open_, "high": high, "low": low, "close": close,
                     "volume": volume}  # fmt: skip
            rows.append(frame)
        frame["late"] = open_ms + MINUTE_MS != start + length_ms
        frame["at"] = i + 1 if frame["late"] else i
    if rows and rows[-1]["at"] == len(bars):  # its end has not been seen
        rows.pop()
    types = {"start": int, "end": int, **dict.fromkeys(names[1:], float), "late": bool, "at": int}
    return pd.DataFrame(rows, columns=list(types)).astype(types)


def as_of(values: Sequence[Value | None], ends: Sequence[int], at: Sequence[int]) -> list[Value | None]:
    """For each moment in `at`: the value of the last frame that had ended by then, None before the first."""
    return [values[k - 1] if k else None for k in (bisect_right(ends, moment) for moment in at)]


def lagged(values: Sequence[Value | None], lag: int) -> list[Value | None]:
    """The same values, `lag` bars later."""
    return [None] * min(lag, len(values)) + list(values[: max(0, len(values) - lag)])
