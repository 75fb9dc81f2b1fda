"""Oracles of what a window says about its own values: TA-Lib for the line, NumPy for what it lacks."""

import numpy as np
import talib
from numpy.lib.stride_tricks import sliding_window_view

from tests.support.oracles.words import Columns, Params


def linreg(given: Columns, params: Params) -> Columns:
    """r2 is the square of Pearson's correlation with the bar's number; 0.5 where the values are all equal."""
    source, length = given["source"], int(params["length"])
    windows = sliding_window_view(source, length)
    x = np.arange(length) - (length - 1) / 2
    y = windows - windows[:, :1]  # exact, where a mean of prices would round away what moved least
    y -= y.mean(axis=1, keepdims=True)
    still = windows.min(axis=1) == windows.max(axis=1)
    spread = np.where(still, 1.0, (y * y).sum(axis=1))
    r2 = np.full(len(source), np.nan)
    r2[length - 1 :] = np.where(still, 0.5, (y @ x) ** 2 / ((x @ x) * spread))
    return {
        "": talib.LINEARREG(source, length),
        "slope": talib.LINEARREG_SLOPE(source, length),
        "intercept": talib.LINEARREG_INTERCEPT(source, length),
        "r2": r2,
    }


def percentrank(given: Columns, params: Params) -> Columns:
    source, length = given["source"], int(params["length"])
    windows = sliding_window_view(source, length + 1)
    before, present = windows[:, :-1], windows[:, -1:]
    rank = 100 * np.count_nonzero(before <= present, axis=1) / length
    rank[np.all(before == present, axis=1)] = 50
    return {"": np.concatenate([np.full(length, np.nan), rank])}
