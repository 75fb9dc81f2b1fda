"""Oracles of ranges, deviations and bands: TA-Lib, and formulas over whole windows where it has none."""

import numpy as np
import talib

from tests.support.oracles.standard import ema
from tests.support.oracles.windows import from_pairs
from tests.support.oracles.words import Columns, Params


def truerange(given: Columns, params: Params) -> Columns:
    return {"": talib.TRANGE(given["high"], given["low"], given["close"])}


def natr(given: Columns, params: Params) -> Columns:
    """TA-Lib gives a length of 1 in quote units."""
    bars = given["high"], given["low"], given["close"]
    if params["length"] == 1:
        return {"": 100 * talib.TRANGE(*bars) / given["close"]}
    return {"": talib.NATR(*bars, int(params["length"]))}


def stddev(given: Columns, params: Params) -> Columns:
    """From all pairs: TA-Lib's own deviation is as exact as the prices are, which it confirms."""
    source, length = given["source"], int(params["length"])
    _, deviation = from_pairs(source, length)
    np.testing.assert_allclose(deviation, talib.STDDEV(source, length, 1), rtol=1e-9, atol=1e-12 * source.max())
    return {"": deviation}


def zscore(given: Columns, params: Params) -> Columns:
    """TradingView: (source - ta.sma(source, length)) / ta.stdev(source, length)."""
    distance, deviation = from_pairs(given["source"], int(params["length"]))
    return {"": _ratio(distance, deviation, 0.0)}


def bbands(given: Columns, params: Params) -> Columns:
    """J. Bollinger: %B = (source - lower) / (upper - lower), BandWidth = (upper - lower) / middle."""
    source, length, mult = given["source"], int(params["length"]), params["mult"]
    upper, middle, lower = talib.BBANDS(source, length, mult, mult)
    distance, deviation = from_pairs(source, length)
    return {
        "middle": middle,
        "upper": upper,
        "lower": lower,
        "percent_b": _ratio(distance + mult * deviation, 2 * mult * deviation, 0.5),
        "bandwidth": 2 * mult * deviation / middle,
    }


def _ratio(of: np.ndarray, to: np.ndarray, without: float) -> np.ndarray:
    """A quotient; `without` where nothing moved."""
    return np.where(to == 0, without, of / np.where(to == 0, 1.0, to))


def keltner(given: Columns, params: Params) -> Columns:
    """TradingView: ta.ema of the source and ta.atr of the bars.

    For the typical price TA-Lib has the same bands, once its seeds are forgotten: it starts both parts so that they
    become ready at the same bar.
    """
    bars = given["high"], given["low"], given["close"]
    if params["length"] > 1:
        ours = _channel(given | {"source": talib.TYPPRICE(*bars)}, params)
        theirs = talib.KC(*bars, int(params["length"]), int(params["atr_length"]), params["mult"])
        for name, line in zip(("upper", "middle", "lower"), theirs, strict=True):
            np.testing.assert_allclose(ours[name][400:], line[400:], rtol=1e-9)
    return _channel(given, params)


def _channel(given: Columns, params: Params) -> Columns:
    middle = ema(given, params)[""]
    band = params["mult"] * talib.ATR(given["high"], given["low"], given["close"], int(params["atr_length"]))
    return {"middle": middle + 0 * band, "upper": middle + band, "lower": middle - band}


def donchian(given: Columns, params: Params) -> Columns:
    upper, middle, lower = talib.DONCHIAN(given["high"], given["low"], int(params["length"]))
    return {"middle": middle, "upper": upper, "lower": lower}
