"""Oracles of the moving averages: TA-Lib, or a published formula over whole windows where TA-Lib has none."""

from math import isqrt

import numpy as np
import talib
from numpy.lib.stride_tricks import sliding_window_view

from tests.support.oracles.words import Columns, Params


def wma(given: Columns, params: Params) -> Columns:
    """TA-Lib refused a length of 1, which is the value itself, before 0.8; so with the two below."""
    source = given["source"]
    return {"": source.copy() if params["length"] == 1 else talib.WMA(source, int(params["length"]))}


def dema(given: Columns, params: Params) -> Columns:
    source = given["source"]
    return {"": source.copy() if params["length"] == 1 else talib.DEMA(source, int(params["length"]))}


def tema(given: Columns, params: Params) -> Columns:
    source = given["source"]
    return {"": source.copy() if params["length"] == 1 else talib.TEMA(source, int(params["length"]))}


def hma(given: Columns, params: Params) -> Columns:
    """TradingView's ta.hma: wma(2 * wma(source, length / 2) - wma(source, length), floor(sqrt(length)))."""
    source, length = given["source"], int(params["length"])
    return {"": _weighted(2 * _weighted(source, length // 2) - _weighted(source, length), isqrt(length))}


def _weighted(values: np.ndarray, length: int) -> np.ndarray:
    weights = np.arange(1, length + 1)
    return _from_bar(length, sliding_window_view(values, length) @ weights / weights.sum())


def _from_bar(first: int, values: np.ndarray) -> np.ndarray:
    """NaN before bar `first`, counted from 1."""
    return np.concatenate([np.full(first - 1, np.nan), values])


def kama(given: Columns, params: Params) -> Columns:
    """TA-Lib knows only fast 2 and slow 30; any other by Kaufman's formula, and TA-Lib's rule for a way of length 0."""
    source, length = given["source"], int(params["length"])
    if (params["fast"], params["slow"]) == (2, 30):
        return {"": talib.KAMA(source, length)}
    fastest, slowest = 2 / (params["fast"] + 1), 2 / (params["slow"] + 1)
    ways = np.diff(sliding_window_view(source, length + 1))
    distances, lengths = np.abs(ways.sum(axis=1)), np.abs(ways).sum(axis=1)
    ratio = np.divide(distances, lengths, out=np.ones_like(lengths), where=lengths > 0)
    result = [source[length - 1]]
    for value, c in zip(source[length:], (ratio * (fastest - slowest) + slowest) ** 2, strict=True):
        result.append(c * value + (1 - c) * result[-1])
    return {"": _from_bar(length + 1, np.array(result[1:]))}


def rma(given: Columns, params: Params) -> Columns:
    """TradingView's ta.rma, a mean and then alpha * value + (1 - alpha) * before, multiplied out at every bar."""
    source, length = given["source"], int(params["length"])
    values = np.concatenate([[source[:length].mean()], source[length:]])
    alpha = 1 / length
    result = []
    for last in range(len(values)):
        weights = alpha * (1 - alpha) ** np.arange(last, -1, -1)
        weights[0] /= alpha
        result.append(weights @ values[: last + 1])
    return {"": _from_bar(length, np.array(result))}


def vwma(given: Columns, params: Params) -> Columns:
    """TradingView's ta.vwma: sma(source * volume) / sma(volume); over no volume at all, what it was before."""
    length = int(params["length"])
    values, volumes = (sliding_window_view(given[name], length) for name in ("source", "volume"))
    result: list[float] = []
    for window, weights in zip(values, volumes, strict=True):
        before = result[-1] if result else np.nan
        result.append(float(np.average(window, weights=weights)) if weights.any() else before)
    return {"": _from_bar(length, np.array(result))}
