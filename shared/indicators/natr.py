"""NATR: Wilder's average true range as a percentage of the close, as TA-Lib: 100 x ATR / close.

TA-Lib leaves a length of 1 in quote units; here it is a percentage like the others.
"""

from shared.indicators.atr import WORDS, settle, warmup
from shared.indicators.atr import start as atr_start
from shared.indicators.atr import step as atr_step
from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.kernel import VectorF, kernel


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No bar seen."""
    atr_start(f, at, length)


@kernel
def step(f: VectorF, at: int, out: int, high: float, low: float, close: float, length: float) -> None:
    """Take in one bar."""
    atr_step(f, at, out, high, low, close, length)
    f[out] = 100.0 * (f[out] / close)


NATR = Indicator(
    type="NATR",
    about="Average true range in percent of the close",
    inputs=(Input("high"), Input("low"), Input("close")),
    params=(Param("length", 14.0, 1.0, 10_000.0, whole=True, about="true ranges in the mean"),),
    outputs=(Output("", low=0.0, about="the average true range, in percent of the close"),),
    start=start,
    step=step,
    size=lambda length: WORDS,
    warmup=warmup,
    settle=settle,
    oracle="TA-Lib NATR; of length 1, TA-Lib TRANGE over the close",
    scale="invariant",
)
