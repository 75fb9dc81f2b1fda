"""SUPERTREND: a band of `mult` ATRs around the middle of the bar that follows the price and never gives way to it.

The upper band may only fall until a close has been above it, the lower one only rise until a close has been below it.
In an uptrend the line is the lower band, until a close below it turns the trend down; then it is the upper band, until
a close above it. The formula is TradingView's; ATR (Wilder's), first value and first direction (up) are TA-Lib's.

Two runs that began at different bars have the same line once both bands have been moved by the same bars, which no
number of bars makes certain. `settle` is the ATR's, and as many bars as a random walk needed, and some.
"""

from shared.indicators.atr import CLOSE as ATR_CLOSE
from shared.indicators.atr import WORDS as ATR_WORDS
from shared.indicators.atr import settle as atr_settle
from shared.indicators.atr import start as atr_start
from shared.indicators.atr import step as atr_step
from shared.indicators.atr import warmup as atr_warmup
from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.kernel import NAN, VectorF, ceil_, is_nan, kernel

NOW_ATR = 0
UPPER, LOWER = 1, 2  # the bands; NaN before the first ATR
TREND = 3  # UP or DOWN
ATR = 4
WORDS = ATR + ATR_WORDS

UP, DOWN = 0.0, 1.0  # words of the output `direction`
LINE, DIRECTION, UPPER_BAND, LOWER_BAND, TURNED_UP, TURNED_DOWN = range(6)  # outputs
OUTPUTS = 6


@kernel
def start(f: VectorF, at: int, length: float, mult: float) -> None:
    """No bar seen; the first trend is up."""
    f[at + NOW_ATR] = NAN
    f[at + UPPER] = NAN
    f[at + LOWER] = NAN
    f[at + TREND] = UP
    atr_start(f, at + ATR, length)


@kernel
def step(f: VectorF, at: int, out: int, high: float, low: float, close: float, length: float, mult: float) -> None:
    """Take in one bar."""
    close_before = f[at + ATR + ATR_CLOSE]
    atr_step(f, at + ATR, at + NOW_ATR, high, low, close, length)
    if is_nan(f[at + NOW_ATR]):
        for k in range(OUTPUTS):
            f[out + k] = NAN
        return
    middle = (high + low) / 2.0
    distance = mult * f[at + NOW_ATR]
    upper = f[at + UPPER]
    if is_nan(upper) or middle + distance < upper or close_before > upper:
        upper = middle + distance
    lower = f[at + LOWER]
    if is_nan(lower) or middle - distance > lower or close_before < lower:
        lower = middle - distance
    is_first = is_nan(f[at + UPPER])
    before = f[at + TREND]
    trend = before
    if not is_first:
        if before == UP and close < lower:
            trend = DOWN
        elif before == DOWN and close > upper:
            trend = UP
    f[at + UPPER] = upper
    f[at + LOWER] = lower
    f[at + TREND] = trend
    f[out] = lower if trend == UP else upper
    f[out + DIRECTION] = trend
    f[out + UPPER_BAND] = upper
    f[out + LOWER_BAND] = lower
    f[out + TURNED_UP] = 1.0 if trend < before else 0.0
    f[out + TURNED_DOWN] = 1.0 if trend > before else 0.0


SUPERTREND = Indicator(
    type="SUPERTREND",
    about="Supertrend",
    inputs=(Input("high"), Input("low"), Input("close")),
    params=(
        Param("length", 10.0, 2.0, 10_000.0, whole=True, about="true ranges in the ATR"),
        Param("mult", 3.0, 0.0, 100.0, about="ATRs between the middle of the bar and a band"),
    ),
    outputs=(
        Output("", about="the line: the lower band in an uptrend, the upper one in a downtrend"),
        Output("direction", "text", ("up", "down"), about="of the trend"),
        Output("upper", about="the upper band"),
        Output("lower", about="the lower band"),
        Output("turned_up", "condition", about="the trend turned up at this bar"),
        Output("turned_down", "condition", about="the trend turned down at this bar"),
    ),
    start=start,
    step=step,
    size=lambda *_: WORDS,
    warmup=lambda length, mult: atr_warmup(length),
    settle=lambda length, mult: atr_settle(length) + int(ceil_(5.0 * mult * mult)),
    oracle="TA-Lib SUPERTREND; bands by TradingView's formula, in stretches between the closes that free them",
    scale="linear",
)
