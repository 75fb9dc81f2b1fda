"""SMA, EMA, RSI, ATR and ADX, from their definition in strategy-format section 5."""

from collections.abc import Callable
from itertools import pairwise

import pandas as pd

from tests.support.reference.indicators import Column


def sma(source: Column, length: int) -> Column:
    def of_ready(x: list[float]) -> Column:
        return [sum(x[i - length + 1 : i + 1]) / length if i >= length - 1 else None for i in range(len(x))]

    return _from_first(source, of_ready)


def ema(source: Column, length: int) -> Column:
    def of_ready(x: list[float]) -> Column:
        values: Column = [None] * len(x)
        weight = 2 / (length + 1)
        for i in range(length - 1, len(x)):
            before = values[i - 1] if i >= length else None
            values[i] = sum(x[:length]) / length if before is None else (x[i] - before) * weight + before
        return values

    return _from_first(source, of_ready)


def rsi(source: Column, length: int) -> Column:
    def of_ready(x: list[float]) -> Column:
        gains = [max(b - a, 0.0) for a, b in pairwise(x)]
        losses = [max(a - b, 0.0) for a, b in pairwise(x)]
        values: Column = [None] * len(x)
        gain, loss = sum(gains[:length]) / length, sum(losses[:length]) / length
        for i in range(length, len(x)):
            if i > length:
                gain = (gain * (length - 1) + gains[i - 1]) / length
                loss = (loss * (length - 1) + losses[i - 1]) / length
            values[i] = 50.0 if gain + loss == 0 else 100 * (gain / (gain + loss))  # TA-Lib says 0 in a flat market
        return values

    return _from_first(source, of_ready)


def true_range(frame: pd.DataFrame) -> list[float]:
    """TR of every bar; that of the first is not defined and never used."""
    before = frame.close.shift(1)
    ranges = pd.concat([frame.high - frame.low, (frame.high - before).abs(), (frame.low - before).abs()], axis=1)
    return ranges.max(axis=1).tolist()


def atr(frame: pd.DataFrame, length: int) -> Column:
    ranges = true_range(frame)
    values: Column = [None] * len(ranges)
    for i in range(length, len(ranges)):
        if i == length:
            values[i] = sum(ranges[1 : length + 1]) / length
        else:
            values[i] = (values[i - 1] * (length - 1) + ranges[i]) / length
    return values


def adx(frame: pd.DataFrame, period: int) -> tuple[Column, Column, Column]:
    """ADX, DI+ and DI-: sums over bars 1..period-1, then S - S/period + x; ADX starts as the mean of `period` DX."""
    high, low, ranges = frame.high.tolist(), frame.low.tolist(), true_range(frame)
    n = len(frame)
    value, plus, minus = [None] * n, [None] * n, [None] * n
    plus_dm = minus_dm = tr = dx_sum = 0.0
    for i in range(1, n):
        up, down = high[i] - high[i - 1], low[i - 1] - low[i]
        plus_move = up if up > 0 and up > down else 0.0
        minus_move = down if down > 0 and down > up else 0.0
        if i < period:
            plus_dm, minus_dm, tr = plus_dm + plus_move, minus_dm + minus_move, tr + ranges[i]
            continue
        plus_dm = plus_dm - plus_dm / period + plus_move
        minus_dm = minus_dm - minus_dm / period + minus_move
        tr = tr - tr / period + ranges[i]
        plus[i] = 100 * (plus_dm / tr) if tr else 0.0
        minus[i] = 100 * (minus_dm / tr) if tr else 0.0
        total = plus[i] + minus[i]
        dx = 100 * (abs(minus[i] - plus[i]) / total) if total else None
        if i <= 2 * period - 1:
            dx_sum += dx or 0.0
            value[i] = dx_sum / period if i == 2 * period - 1 else None
        else:
            value[i] = value[i - 1] if dx is None else (value[i - 1] * (period - 1) + dx) / period
    return value, plus, minus


def _from_first(source: Column, function: Callable[[list[float]], Column]) -> Column:
    """Apply to the values from the first ready one on."""
    unready = next((i for i, value in enumerate(source) if value is not None), len(source))
    ready = source[unready:]
    if None in ready:
        raise ValueError("a source with holes has no stated meaning")
    return [None] * unready + function(ready)
