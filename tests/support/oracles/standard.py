"""Oracles of the standard indicators: TA-Lib, with the rules of the strategy format where TA-Lib has none."""

import numpy as np
import talib

from tests.support.oracles.words import Columns, Params, condition, text


def ema(given: Columns, params: Params) -> Columns:
    """TA-Lib refuses a length of 1, which is the value itself."""
    source, close = given["source"], given["close"]
    value = source.copy() if params["length"] == 1 else talib.EMA(source, int(params["length"]))
    side = np.where(close > value, "bull", np.where(close < value, "bear", "neutral"))
    return {"": value, "trend": text(side, ("bull", "bear", "neutral"), value)}


def sma(given: Columns, params: Params) -> Columns:
    source = given["source"]
    return {"": source.copy() if params["length"] == 1 else talib.SMA(source, int(params["length"]))}


def rsi(given: Columns, params: Params) -> Columns:
    """TA-Lib's 0 of a market that never moved becomes 50; its 0 after falls alone stays."""
    source, length = given["source"], int(params["length"])
    value = talib.RSI(source, length)
    change = np.diff(source)
    still = (_wilder(change.clip(min=0), length) == 0) & (_wilder((-change).clip(min=0), length) == 0)
    value[1:][still] = 50.0
    return {
        "": value,
        "overbought": condition(value > params["overbought"], value),
        "oversold": condition(value < params["oversold"], value),
    }


def _wilder(values: np.ndarray, length: int) -> np.ndarray:
    """Mean of the first `length`, which then gives way to each new value by one part in `length`."""
    result = np.full(len(values), np.nan)
    result[length - 1] = np.mean(values[:length])
    for i in range(length, len(values)):
        result[i] = ((length - 1) * result[i - 1] + values[i]) / length
    return result


def atr(given: Columns, params: Params) -> Columns:
    return {"": talib.ATR(given["high"], given["low"], given["close"], int(params["period"]))}


def adx(given: Columns, params: Params) -> Columns:
    bars = given["high"], given["low"], given["close"], int(params["period"])
    value, plus, minus = talib.ADX(*bars), talib.PLUS_DI(*bars), talib.MINUS_DI(*bars)
    strength = np.select([value < 20, value < 25, value < 40], ["weak", "moderate", "strong"], "very_strong")
    return {
        "ADX_value": value,
        "DI_plus": plus,
        "DI_minus": minus,
        "ADX_trend": condition(value > params["trend_threshold"], value),
        "ADX_range": condition(value < params["range_threshold"], value),
        "ADX_strength": text(strength, ("weak", "moderate", "strong", "very_strong"), value),
        "DI_bullish": condition(plus > minus, plus),
        "DI_bearish": condition(minus > plus, plus),
    }
