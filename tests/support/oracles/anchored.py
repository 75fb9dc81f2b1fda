"""Oracles of what goes by the clock or by single bars: whole days and windows, taken anew, with pandas."""

import numpy as np
import pandas as pd

from tests.support.oracles.words import Columns, Params


def highest(given: Columns, params: Params) -> Columns:
    return {"": _windows(given["source"], int(params["length"]), np.max)}


def lowest(given: Columns, params: Params) -> Columns:
    return {"": _windows(given["source"], int(params["length"]), np.min)}


def _windows(values: np.ndarray, length: int, of) -> np.ndarray:  # type: ignore[no-untyped-def]  # a function of NumPy
    result = np.full(len(values), np.nan)
    if len(values) >= length:
        result[length - 1 :] = of(np.lib.stride_tricks.sliding_window_view(values, length), axis=1)
    return result


def heikinashi(given: Columns, params: Params) -> Columns:
    """chartschool.stockcharts.com, Heikin-Ashi. Its open is a mean in which each bar back counts half as much."""
    bars = pd.DataFrame(given)
    close = bars[["open", "high", "low", "close"]].mean(axis=1)
    first = (bars.open[0] + bars.close[0]) / 2
    open_ = pd.concat([pd.Series([first]), close[:-1]], ignore_index=True).ewm(alpha=0.5, adjust=False).mean()
    body = (close - open_).where((close - open_).abs() > 1e-9 * close, 0.0)
    return {
        "close": close.to_numpy(),
        "open": open_.to_numpy(),
        "high": np.maximum.reduce([bars.high, open_, close]),
        "low": np.minimum.reduce([bars.low, open_, close]),
        "direction": body.map(lambda x: 2.0 if x == 0 else float(x < 0)).to_numpy(),
    }


def pivot(given: Columns, params: Params) -> Columns:
    """Traditional pivots as TradingView's help defines them."""
    bars = pd.DataFrame(given, index=_times(given))
    by_day = bars.groupby(bars.index.floor("D"))
    days = by_day.agg(high=("high", "max"), low=("low", "min"), close=("close", "last"))
    if bars.index[0] != days.index[0]:
        days.iloc[0] = np.nan  # seen in part
    before = days.shift(1).reindex(bars.index.floor("D"))
    high, low, close = (before[name].to_numpy() for name in ("high", "low", "close"))
    pp = (high + low + close) / 3
    return {
        "pivot": pp,
        "r1": pp * 2 - low,
        "s1": pp * 2 - high,
        "r2": pp + (high - low),
        "s2": pp - (high - low),
        "r3": pp * 2 + (high - 2 * low),
        "s3": pp * 2 - (2 * high - low),
    }


def session(given: Columns, params: Params) -> Columns:
    times = _times(given)
    return {
        "hour": times.hour.to_numpy(float),
        "weekday": times.day_of_week.to_numpy(float),
        "minute_of_day": (times.hour * 60 + times.minute).to_numpy(float),
        "weekend": times.day_name().isin(["Saturday", "Sunday"]).astype(float),
    }


def vwap(given: Columns, params: Params) -> Columns:
    """Means by volume of all bars since the period began, each taken anew; the last one where nothing was traded."""
    times = _times(given)
    periods = times.to_period("D" if params["anchor"] == 0 else "W-SUN")
    typical = (given["high"] + given["low"] + given["close"]) / 3
    is_seen = (periods != periods[0]) | (times[0] == periods[0].start_time)
    rows = [(np.nan, np.nan)]
    for i, period in enumerate(periods):
        since = np.flatnonzero(periods[: i + 1] == period)
        volume = given["volume"][since]
        if not is_seen[i] or volume.sum() == 0:
            rows.append(rows[-1])
            continue
        mean = np.average(typical[since], weights=volume)
        rows.append((mean, np.sqrt(np.average((typical[since] - mean) ** 2, weights=volume))))
    mean, deviation = np.array(rows[1:]).T
    return {"": mean, "upper": mean + params["mult"] * deviation, "lower": mean - params["mult"] * deviation}


def _times(given: Columns) -> pd.DatetimeIndex:
    return pd.to_datetime(given["open_ms"].astype("int64"), unit="ms")
