"""STOCHRSI: where the RSI stands in the range of its last `length` values, in percent, smoothed twice by simple means.

TradingView's Stochastic RSI: rsi = ta.rsi(source, rsi_length); k = ta.sma(ta.stoch(rsi, rsi, rsi, length), smooth_k);
d = ta.sma(k, d). So its parts are RSI and STOCH here, and both lines begin together (TA-Lib's STOCHRSI does not smooth
%K). A source that did not move leaves the RSI exactly as it was: its two means decay alike, and the digits moved by
rounding would else be the whole range of a quiet window. A window without a range gives the midpoint, 50. Bars whose
source is not ready are passed over.
"""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.indicators.rsi import LAST
from shared.indicators.rsi import RSI as RSI_SHEET
from shared.indicators.rsi import WORDS as RSI_WORDS
from shared.indicators.rsi import start as rsi_start
from shared.indicators.rsi import step as rsi_step
from shared.indicators.stoch import size as stoch_size
from shared.indicators.stoch import start as stoch_start
from shared.indicators.stoch import step as stoch_step
from shared.indicators.stoch import warmup as stoch_warmup
from shared.kernel import NAN, VectorF, is_nan, kernel

INDEX = 0  # the RSI's three outputs; the first is not ready before there is one
PARTS = 3  # the RSI, then the stochastic of it
STOCH = PARTS + RSI_WORDS


@kernel
def start(f: VectorF, at: int, rsi_length: float, length: float, smooth_k: float, d: float) -> None:
    """No value seen."""
    for i in range(at, at + PARTS):
        f[i] = NAN
    rsi_start(f, at + PARTS, rsi_length, 70.0, 30.0)
    stoch_start(f, at + STOCH, length, smooth_k, d)


@kernel
def step(
    f: VectorF, at: int, out: int, source: float, rsi_length: float, length: float, smooth_k: float, d: float
) -> None:
    """Take in one value."""
    f[out] = NAN
    f[out + 1] = NAN
    if is_nan(source):
        return
    before = f[at + INDEX]
    moved = source != f[at + PARTS + LAST]
    rsi_step(f, at + PARTS, at + INDEX, source, rsi_length, 70.0, 30.0)
    if not moved and not is_nan(before):
        f[at + INDEX] = before
    index = f[at + INDEX]
    if not is_nan(index):
        stoch_step(f, at + STOCH, out, index, index, index, length, smooth_k, d)


STOCHRSI = Indicator(
    type="STOCHRSI",
    about="Stochastic oscillator of the RSI",
    inputs=(Input("source"),),
    params=(
        Param("rsi_length", 14.0, 2.0, 10_000.0, whole=True, about="changes in the RSI's means"),
        Param("length", 14.0, 1.0, 10_000.0, whole=True, about="values of the RSI in the range"),
        Param("smooth_k", 3.0, 1.0, 10_000.0, whole=True, about="raw values in the mean that is %K; 1: not smoothed"),
        Param("d", 3.0, 1.0, 10_000.0, whole=True, about="values of %K in the mean that is %D"),
    ),
    outputs=(
        Output("", low=0.0, high=100.0, about="%K: 0 at the lowest RSI, 100 at the highest; 50 without a range"),
        Output("d", low=0.0, high=100.0, about="%D, the signal line: the mean of %K"),
    ),
    start=start,
    step=step,
    size=lambda rsi_length, *stoch: STOCH + stoch_size(*stoch),
    warmup=lambda rsi_length, *stoch: RSI_SHEET.warmup(rsi_length) + stoch_warmup(*stoch) - 1,
    settle=lambda rsi_length, *stoch: RSI_SHEET.settle(rsi_length) + stoch_warmup(*stoch) - 1,
    oracle="TA-Lib RSI put into the formula of TradingView's Stochastic RSI, whole windows",
    scale="invariant",
)
