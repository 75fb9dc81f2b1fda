"""Oracles of trend indicators: TA-Lib; bands, spans and turns from whole columns."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import talib

from tests.support.oracles.words import Columns, Params, condition, text

SIDES = ("up", "down")


def aroon(given: Columns, params: Params) -> Columns:
    """TA-Lib's 100 for both becomes 50 where the window stood at one price."""
    high, low, length = given["high"], given["low"], int(params["length"])
    down, up = talib.AROON(high, low, length)
    still = (pd.Series(high).rolling(length + 1).max() == pd.Series(low).rolling(length + 1).min()).to_numpy()
    return {
        "": talib.AROONOSC(high, low, length),
        "up": np.where(still, 50.0, up),
        "down": np.where(still, 50.0, down),
    }


def supertrend(given: Columns, params: Params) -> Columns:
    """Line and direction are TA-Lib's, the bands TradingView's."""
    high, low, close = given["high"], given["low"], given["close"]
    length, mult = int(params["length"]), params["mult"]
    line, side = talib.SUPERTREND(high, low, close, length, mult)
    distance = mult * talib.ATR(high, low, close, length)
    middle = (high + low) / 2
    words = np.where(side > 0, "up", "down")
    return {
        "": line,
        "upper": _band(middle + distance, close),
        "lower": -_band(distance - middle, -close),
        **_turns(words, line),
    }


def _band(basic: np.ndarray, close: np.ndarray) -> np.ndarray:
    """An upper band: from its first bar, or from the bar after a close above it, the least of `basic` since then."""
    band = np.full(len(basic), np.nan)
    ready = np.flatnonzero(~np.isnan(basic))
    start = int(ready[0]) if len(ready) else len(basic)
    while start < len(basic):
        least = np.minimum.accumulate(basic[start:])
        freed = np.flatnonzero(close[start:] > least)
        end = start + int(freed[0]) + 1 if len(freed) else len(basic)
        band[start:end] = least[: end - start]
        start = end
    return band


def _turns(words: np.ndarray, ready: np.ndarray) -> Columns:
    """The direction, and the bars on which it is not what it was; the first one has none before it."""
    before = np.r_[words[:1], words[:-1]]
    before = np.where(np.isnan(np.r_[np.nan, ready[:-1]]), words, before)
    return {
        "direction": text(words, SIDES, ready),
        "turned_up": condition((words == "up") & (before == "down"), ready),
        "turned_down": condition((words == "down") & (before == "up"), ready),
    }


def psar(given: Columns, params: Params) -> Columns:
    """A stop that a bar of one price meets has turned there; any other shows its side."""
    high, low = given["high"], given["low"]
    stop = talib.SAR(high, low, params["acceleration"], params["maximum"])
    words = np.full(len(stop), "up", dtype="<U4")
    for t in range(1, len(stop)):
        if stop[t] == high[t] == low[t]:
            words[t] = "down" if words[t - 1] == "up" else "up"
        else:
            words[t] = "up" if stop[t] <= low[t] else "down"
    return {"": stop, **_turns(words, stop)}


def vortex(given: Columns, params: Params) -> Columns:
    """TA-Lib on each window alone, so that no window keeps what an earlier one left; its 0 becomes not ready."""
    bars, length = (given["high"], given["low"], given["close"]), int(params["length"])
    plus = over_windows(lambda *window: talib.VORTEX(*window, length)[0][-1], bars, length + 1)
    minus = over_windows(lambda *window: talib.VORTEX(*window, length)[1][-1], bars, length + 1)
    moved = over_windows(lambda *window: float(np.any(talib.TRANGE(*window)[1:] > 0)), bars, length + 1)
    return {"plus": np.where(moved == 1, plus, np.nan), "minus": np.where(moved == 1, minus, np.nan)}


def over_windows(of: Callable[..., float], columns: tuple[np.ndarray, ...], bars: int) -> np.ndarray:
    """`of` the last `bars` values of the columns, at each bar that has so many."""
    result = np.full(len(columns[0]), np.nan)
    for t in range(bars - 1, len(result)):
        result[t] = of(*(column[t + 1 - bars : t + 1] for column in columns))
    return result


def ichimoku(given: Columns, params: Params) -> Columns:
    """TradingView's formula, avg(lowest(n), highest(n)), in pandas; the spans as they were `displacement` bars ago."""
    high, low = pd.Series(given["high"]), pd.Series(given["low"])

    def middle(name: str) -> pd.Series:
        bars = int(params[name])
        return (low.rolling(bars).min() + high.rolling(bars).max()) / 2

    tenkan, kijun, behind = middle("conversion"), middle("base"), int(params["displacement"])
    return {
        "tenkan": tenkan.to_numpy(),
        "kijun": kijun.to_numpy(),
        "span_a": ((tenkan + kijun) / 2).shift(behind).to_numpy(),
        "span_b": middle("span_b").shift(behind).to_numpy(),
    }
