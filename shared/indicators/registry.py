"""Every indicator there is, by the type name of the strategy file. Adding one here is what puts it under test."""

from shared.indicators.ad import AD
from shared.indicators.adx import ADX
from shared.indicators.aroon import AROON
from shared.indicators.atr import ATR
from shared.indicators.bbands import BBANDS
from shared.indicators.cci import CCI
from shared.indicators.cmf import CMF
from shared.indicators.cmo import CMO
from shared.indicators.dema import DEMA
from shared.indicators.donchian import DONCHIAN
from shared.indicators.ema import EMA
from shared.indicators.fact_sheet import Indicator
from shared.indicators.fvg import FVG
from shared.indicators.heikinashi import HEIKINASHI
from shared.indicators.highest import HIGHEST
from shared.indicators.hma import HMA
from shared.indicators.ichimoku import ICHIMOKU
from shared.indicators.kama import KAMA
from shared.indicators.keltner import KELTNER
from shared.indicators.linreg import LINREG
from shared.indicators.lowest import LOWEST
from shared.indicators.macd import MACD
from shared.indicators.mfi import MFI
from shared.indicators.mom import MOM
from shared.indicators.natr import NATR
from shared.indicators.obv import OBV
from shared.indicators.percentrank import PERCENTRANK
from shared.indicators.pivot import PIVOT
from shared.indicators.ppo import PPO
from shared.indicators.psar import PSAR
from shared.indicators.rma import RMA
from shared.indicators.roc import ROC
from shared.indicators.rsi import RSI
from shared.indicators.session import SESSION
from shared.indicators.sma import SMA
from shared.indicators.stddev import STDDEV
from shared.indicators.stoch import STOCH
from shared.indicators.stochrsi import STOCHRSI
from shared.indicators.supertrend import SUPERTREND
from shared.indicators.tema import TEMA
from shared.indicators.trix import TRIX
from shared.indicators.truerange import TRUERANGE
from shared.indicators.volume_profile import VOLUME_PROFILE
from shared.indicators.vortex import VORTEX
from shared.indicators.vpfvg_signal import VPFVG_SIGNAL
from shared.indicators.vwap import VWAP
from shared.indicators.vwma import VWMA
from shared.indicators.willr import WILLR
from shared.indicators.wma import WMA
from shared.indicators.zscore import ZSCORE

REGISTRY: dict[str, Indicator] = {
    "EMA": EMA,
    "SMA": SMA,
    "RSI": RSI,
    "ATR": ATR,
    "ADX": ADX,
    "AROON": AROON,
    "SUPERTREND": SUPERTREND,
    "PSAR": PSAR,
    "ICHIMOKU": ICHIMOKU,
    "VORTEX": VORTEX,
    "OBV": OBV,
    "AD": AD,
    "CMF": CMF,
    "LINREG": LINREG,
    "PERCENTRANK": PERCENTRANK,
    "VolumeProfile": VOLUME_PROFILE,
    "FVG": FVG,
    "VPFVGSignal": VPFVG_SIGNAL,
    "WMA": WMA,
    "DEMA": DEMA,
    "TEMA": TEMA,
    "HMA": HMA,
    "KAMA": KAMA,
    "RMA": RMA,
    "VWMA": VWMA,
    "TRUERANGE": TRUERANGE,
    "NATR": NATR,
    "STDDEV": STDDEV,
    "ZSCORE": ZSCORE,
    "BBANDS": BBANDS,
    "KELTNER": KELTNER,
    "DONCHIAN": DONCHIAN,
    "MACD": MACD,
    "PPO": PPO,
    "TRIX": TRIX,
    "ROC": ROC,
    "MOM": MOM,
    "STOCH": STOCH,
    "STOCHRSI": STOCHRSI,
    "CCI": CCI,
    "WILLR": WILLR,
    "MFI": MFI,
    "CMO": CMO,
    "HIGHEST": HIGHEST,
    "LOWEST": LOWEST,
    "HEIKINASHI": HEIKINASHI,
    "PIVOT": PIVOT,
    "SESSION": SESSION,
    "VWAP": VWAP,
}
