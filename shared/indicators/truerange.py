"""TRUERANGE: high to low, stretched to the close before (J. W. Wilder, 1978), as TA-Lib's TRANGE.

The first bar has no close before it and therefore no true range.
"""

from shared.indicators.fact_sheet import Indicator, Input, Output
from shared.indicators.wilder import true_range
from shared.kernel import NAN, VectorF, is_nan, kernel

CLOSE = 0  # of the bar before; NaN before the first
WORDS = 1


@kernel
def start(f: VectorF, at: int) -> None:
    """No bar seen."""
    f[at + CLOSE] = NAN


@kernel
def step(f: VectorF, at: int, out: int, high: float, low: float, close: float) -> None:
    """Take in one bar."""
    before = f[at + CLOSE]
    f[at + CLOSE] = close
    f[out] = NAN if is_nan(before) else true_range(high, low, before)


TRUERANGE = Indicator(
    type="TRUERANGE",
    about="True range of one bar",
    inputs=(Input("high"), Input("low"), Input("close")),
    params=(),
    outputs=(Output("", low=0.0, about="high to low, stretched to the close before, in quote"),),
    start=start,
    step=step,
    size=lambda: WORDS,
    warmup=lambda: 2,
    settle=lambda: 2,
    oracle="TA-Lib TRANGE",
    scale="linear",
)
