"""Oracles of oscillators: TA-Lib, with the midpoint where a window has nothing to say and TA-Lib says 0."""

import numpy as np
import talib

from tests.support.oracles.standard import rsi
from tests.support.oracles.windows import means, pairs, windows
from tests.support.oracles.words import Columns, Params


def stoch(given: Columns, params: Params) -> Columns:
    """TA-Lib's raw values, smoothed here because their midpoint is: and TA-Lib's own smoothing of its own agrees."""
    bars = given["high"], given["low"], given["close"]
    k, smooth_k, d = (int(params[name]) for name in ("k", "smooth_k", "d"))
    raw, _ = talib.STOCHF(*bars, k, 1)
    theirs = talib.STOCH(*bars, fastk_period=k, slowk_period=smooth_k, slowd_period=d)
    for ours, line in zip(_lines(raw, smooth_k, d).values(), theirs, strict=True):
        np.testing.assert_allclose(ours, line, rtol=1e-9, atol=1e-9)
    without_range = windows(bars[0], k).max(axis=1) == windows(bars[1], k).min(axis=1)
    return _lines(np.where(without_range, 50.0, raw), smooth_k, d)


def _lines(raw: np.ndarray, smooth_k: int, d: int) -> Columns:
    """%K and %D from the first bar that has both."""
    line = means(raw, smooth_k)
    signal = means(line, d)
    return {"": np.where(np.isnan(signal), np.nan, line), "d": signal}


def stochrsi(given: Columns, params: Params) -> Columns:
    """TradingView: sma(stoch(rsi, rsi, rsi, length), smooth_k), and sma of it; the RSI stands still with its source."""
    source = given["source"]
    index = rsi(given, {"length": params["rsi_length"], "overbought": 70, "oversold": 30})[""]
    for i in np.flatnonzero(np.diff(source) == 0) + 1:
        index[i] = index[i] if np.isnan(index[i - 1]) else index[i - 1]
    of = windows(index, int(params["length"]))
    low, high = of.min(axis=1), of.max(axis=1)
    with np.errstate(invalid="ignore"):
        raw = np.where(high == low, 50.0, 100.0 * (index - low) / (high - low))
    return _lines(raw, int(params["smooth_k"]), int(params["d"]))


def cci(given: Columns, params: Params) -> Columns:
    """From all pairs of typical prices: TA-Lib's own mean is as exact as the prices are, which it confirms."""
    bars = given["high"], given["low"], given["close"]
    price = talib.TYPPRICE(*bars)
    from_mean = pairs(price, int(params["length"])).mean(axis=2)
    unit = 0.015 * np.abs(from_mean).mean(axis=1)
    still = (np.abs(from_mean[:, -1]) <= 1e-14 * price) | (unit <= 0.015e-14 * price)
    value = np.where(still, 0.0, from_mean[:, -1] / np.where(still, 1.0, unit))
    theirs = talib.CCI(*bars, int(params["length"]))
    assert not (np.abs(value - theirs) > 1e-9 * np.abs(theirs) + 1e-14 * price / np.where(still, 1.0, unit)).any()
    assert (np.isnan(value) == np.isnan(theirs)).all()
    return {"": value}


def willr(given: Columns, params: Params) -> Columns:
    high, low, length = given["high"], given["low"], int(params["length"])
    without_range = windows(high, length).max(axis=1) == windows(low, length).min(axis=1)
    return {"": np.where(without_range, -50.0, talib.WILLR(high, low, given["close"], length))}


def mfi(given: Columns, params: Params) -> Columns:
    """Nothing moved where none of the changes between the bars of a window, one more than `length`, was traded."""
    bars = given["high"], given["low"], given["close"]
    length = int(params["length"])
    price = (bars[0] + bars[1] + bars[2]) / 3
    moved = ~np.isclose(price[1:], price[:-1], rtol=2e-14, atol=0) & (given["volume"][1:] > 0)
    quiet = windows(np.concatenate([[np.nan], moved.astype(float)]), length).max(axis=1) == 0
    return {"": np.where(quiet, 50.0, talib.MFI(*bars, given["volume"], length))}


def cmo(given: Columns, params: Params) -> Columns:
    return {"": talib.CMO(given["source"], int(params["length"]))}
