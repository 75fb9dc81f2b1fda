"""KELTNER: an exponential mean and `mult` average true ranges above and below it.

TradingView's Keltner Channels with its defaults: EMA of the close over 20 bars, bands of 2 ATR over 10 (Wilder's; its
option "Average True Range"), so both parts are EMA and ATR here. `source: hlc3` gives TA-Lib's KC. All outputs begin
when the later part is ready. The main output is the middle. Bars whose source is not ready are passed over whole.
"""

from shared.indicators.atr import WORDS as ATR_WORDS
from shared.indicators.atr import settle as atr_settle
from shared.indicators.atr import start as atr_start
from shared.indicators.atr import step as atr_step
from shared.indicators.atr import warmup as atr_warmup
from shared.indicators.ema import EMA
from shared.indicators.ema import WORDS as EMA_WORDS
from shared.indicators.ema import start as ema_start
from shared.indicators.ema import step as ema_step
from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.kernel import NAN, VectorF, is_nan, kernel

RANGE = 0  # the ATR's output
CENTRE = 1  # the EMA's two outputs
PARTS = 3  # the ATR, then the EMA
WORDS = PARTS + ATR_WORDS + EMA_WORDS

MIDDLE, UPPER, LOWER = range(3)


@kernel
def start(f: VectorF, at: int, length: float, mult: float, atr_length: float) -> None:
    """No bar seen."""
    for i in range(at, at + PARTS):
        f[i] = NAN
    atr_start(f, at + PARTS, atr_length)
    ema_start(f, at + PARTS + ATR_WORDS, length)


@kernel
def step(
    f: VectorF,
    at: int,
    out: int,
    source: float,
    high: float,
    low: float,
    close: float,
    length: float,
    mult: float,
    atr_length: float,
) -> None:
    """Take in one bar."""
    f[out + MIDDLE] = NAN
    f[out + UPPER] = NAN
    f[out + LOWER] = NAN
    if is_nan(source):
        return
    atr_step(f, at + PARTS, at + RANGE, high, low, close, atr_length)
    ema_step(f, at + PARTS + ATR_WORDS, at + CENTRE, source, close, length)
    middle = f[at + CENTRE]
    band = mult * f[at + RANGE]
    if is_nan(middle + band):
        return
    f[out + MIDDLE] = middle
    f[out + UPPER] = middle + band
    f[out + LOWER] = middle - band


KELTNER = Indicator(
    type="KELTNER",
    about="Keltner channel",
    inputs=(Input("source"), Input("high"), Input("low"), Input("close")),
    params=(
        Param("length", 20.0, 1.0, 10_000.0, whole=True, about="bars of the exponential mean"),
        Param("mult", 2.0, 0.001, 50.0, about="average true ranges from the middle to each band"),
        Param("atr_length", 10.0, 1.0, 10_000.0, whole=True, about="true ranges in their mean"),
    ),
    outputs=(
        Output("middle", about="the exponential mean"),
        Output("upper", about="the mean and `mult` average true ranges"),
        Output("lower", about="the mean less `mult` average true ranges"),
    ),
    start=start,
    step=step,
    size=lambda *_: WORDS,
    warmup=lambda length, mult, atr_length: max(int(length), atr_warmup(atr_length)),
    settle=lambda length, mult, atr_length: max(EMA.settle(length), atr_settle(atr_length)),
    oracle="TA-Lib EMA and ATR as TradingView's Keltner Channels join them; TA-Lib KC for the typical price",
    scale="linear",
)
