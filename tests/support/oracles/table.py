"""Every indicator's oracle: input columns and parameters by name -> a column for each of its outputs, at lag 0."""

from collections.abc import Callable

from tests.support.oracles.anchored import heikinashi, highest, lowest, pivot, session, vwap
from tests.support.oracles.averages import dema, hma, kama, rma, tema, vwma, wma
from tests.support.oracles.fvg import fvg
from tests.support.oracles.momentum_lines import macd, mom, ppo, roc, trix
from tests.support.oracles.oscillators import cci, cmo, mfi, stoch, stochrsi, willr
from tests.support.oracles.regression import linreg, percentrank
from tests.support.oracles.standard import adx, atr, ema, rsi, sma
from tests.support.oracles.trend import aroon, ichimoku, psar, supertrend, vortex
from tests.support.oracles.volatility import bbands, donchian, keltner, natr, stddev, truerange, zscore
from tests.support.oracles.volume_flow import ad, cmf, obv
from tests.support.oracles.volume_profile import volume_profile
from tests.support.oracles.vpfvg_signal import vpfvg_signal
from tests.support.oracles.words import Columns, Params

ORACLES: dict[str, Callable[[Columns, Params], Columns]] = {
    "EMA": ema,
    "SMA": sma,
    "RSI": rsi,
    "ATR": atr,
    "ADX": adx,
    "AROON": aroon,
    "SUPERTREND": supertrend,
    "PSAR": psar,
    "ICHIMOKU": ichimoku,
    "VORTEX": vortex,
    "OBV": obv,
    "AD": ad,
    "CMF": cmf,
    "LINREG": linreg,
    "PERCENTRANK": percentrank,
    "VolumeProfile": volume_profile,
    "FVG": fvg,
    "VPFVGSignal": vpfvg_signal,
    "WMA": wma,
    "DEMA": dema,
    "TEMA": tema,
    "HMA": hma,
    "KAMA": kama,
    "RMA": rma,
    "VWMA": vwma,
    "TRUERANGE": truerange,
    "NATR": natr,
    "STDDEV": stddev,
    "ZSCORE": zscore,
    "BBANDS": bbands,
    "KELTNER": keltner,
    "DONCHIAN": donchian,
    "MACD": macd,
    "PPO": ppo,
    "TRIX": trix,
    "ROC": roc,
    "MOM": mom,
    "STOCH": stoch,
    "STOCHRSI": stochrsi,
    "CCI": cci,
    "WILLR": willr,
    "MFI": mfi,
    "CMO": cmo,
    "HIGHEST": highest,
    "LOWEST": lowest,
    "HEIKINASHI": heikinashi,
    "PIVOT": pivot,
    "SESSION": session,
    "VWAP": vwap,
}
