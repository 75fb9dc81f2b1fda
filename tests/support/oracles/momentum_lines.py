"""Oracles of MACD, PPO, TRIX, ROC and MOM: TA-Lib, with signal lines by its EMA where it has none."""

import numpy as np
import talib

from tests.support.oracles.words import Columns, Params


def macd(given: Columns, params: Params) -> Columns:
    lines = talib.MACD(given["source"], int(params["fast"]), int(params["slow"]), int(params["signal"]))
    return dict(zip(("", "signal", "histogram"), lines, strict=True))


def ppo(given: Columns, params: Params) -> Columns:
    line = talib.PPO(given["source"], int(params["fast"]), int(params["slow"]), talib.MA_Type.EMA)
    signal = _signal(line, params)
    return {"": line, "signal": signal, "histogram": line - signal}


def trix(given: Columns, params: Params) -> Columns:
    line = talib.TRIX(given["source"], int(params["length"]))
    return {"": line, "signal": _signal(line, params)}


def _signal(line: np.ndarray, params: Params) -> np.ndarray:
    """TA-Lib passes over the NaN before the line, as a mean of what there is of it would."""
    return line.copy() if params["signal"] == 1 else talib.EMA(line, int(params["signal"]))


def roc(given: Columns, params: Params) -> Columns:
    source, length = given["source"], int(params["length"])
    value = talib.ROC(source, length)
    value[length:][source[:-length] == 0] = np.nan
    return {"": value}


def mom(given: Columns, params: Params) -> Columns:
    return {"": talib.MOM(given["source"], int(params["length"]))}
