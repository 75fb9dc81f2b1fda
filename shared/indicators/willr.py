"""WILLR: Williams' %R, how far the close is below the highest high of `length` bars, in percent of their range.

As TA-Lib: 0 at the highest high, -100 at the lowest low. Without a range it is -50, the midpoint (TA-Lib says 0).
"""

from shared.indicators.extremes import RING, largest, words
from shared.indicators.extremes import start as extremes_start
from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.kernel import NAN, VectorF, index_, kernel

SEEN = 0  # bars
HIGHS = 1  # the window of highs, then that of the negative lows


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No bar seen."""
    f[at + SEEN] = 0.0
    extremes_start(f, at + HIGHS, length)
    extremes_start(f, at + HIGHS + RING + index_(length), length)


@kernel
def step(f: VectorF, at: int, out: int, high: float, low: float, close: float, length: float) -> None:
    """Take in one bar."""
    highest = largest(f, at + HIGHS, high, length)
    lowest = -largest(f, at + HIGHS + RING + index_(length), -low, length)
    seen = f[at + SEEN] + 1.0
    f[at + SEEN] = seen
    if seen < length:
        f[out] = NAN
    elif highest > lowest:
        f[out] = 100.0 * ((close - highest) / (highest - lowest))
    else:
        f[out] = -50.0


WILLR = Indicator(
    type="WILLR",
    about="Williams' %R",
    inputs=(Input("high"), Input("low"), Input("close")),
    params=(Param("length", 14.0, 2.0, 10_000.0, whole=True, about="bars in the range"),),
    outputs=(
        Output("", low=-100.0, high=0.0, about="0 at the highest high, -100 at the lowest low, -50 without a range"),
    ),
    start=start,
    step=step,
    size=lambda length: HIGHS + 2 * words(length),
    warmup=lambda length: int(length),
    settle=lambda length: int(length),
    oracle="TA-Lib WILLR, with -50 for its 0 where there was no range",
    scale="invariant",
)
