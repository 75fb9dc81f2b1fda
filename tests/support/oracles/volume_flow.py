"""Oracles of indicators that weigh moves by volume: TA-Lib."""

import talib

from tests.support.oracles.trend import over_windows
from tests.support.oracles.words import Columns, Params


def obv(given: Columns, params: Params) -> Columns:
    return {"": talib.OBV(given["close"], given["volume"])}


def ad(given: Columns, params: Params) -> Columns:
    return {"": talib.AD(given["high"], given["low"], given["close"], given["volume"])}


def cmf(given: Columns, params: Params) -> Columns:
    """On each window alone, so that no window keeps what an earlier one left."""
    bars, length = (given["high"], given["low"], given["close"], given["volume"]), int(params["length"])
    return {"": over_windows(lambda *window: talib.CMF(*window, length)[-1], bars, length)}
