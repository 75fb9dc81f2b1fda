"""AD: Chaikin's accumulation/distribution line, the sum of money flow volumes, as TA-Lib.

A bar's money flow volume is its volume x ((close - low) - (high - close)) / (high - low): all of it for a close at the
high, none for one in the middle, all of it negative for one at the low; 0 where high and low are equal.

The sum begins with the first bar that is folded. Its level therefore says nothing, and no history settles it: hold it
against itself (its average, its value some bars ago), not against a number.
"""

from shared.indicators.fact_sheet import Indicator, Input, Output
from shared.kernel import VectorF, kernel

TOTAL = 0
WORDS = 1


@kernel
def start(f: VectorF, at: int) -> None:
    """No bar seen."""
    f[at + TOTAL] = 0.0


@kernel
def money_flow(high: float, low: float, close: float, volume: float) -> float:
    """Money flow volume of one bar, between -volume and volume."""
    if high > low:
        return ((close - low) - (high - close)) / (high - low) * volume
    return 0.0


@kernel
def step(f: VectorF, at: int, out: int, high: float, low: float, close: float, volume: float) -> None:
    """Take in one bar."""
    f[at + TOTAL] += money_flow(high, low, close, volume)
    f[out] = f[at + TOTAL]


AD = Indicator(
    type="AD",
    about="Accumulation/distribution line, a sum from the first folded bar: compare it with itself",
    inputs=(Input("high"), Input("low"), Input("close"), Input("volume")),
    params=(),
    outputs=(Output("", about="sum of money flow volumes since the first folded bar"),),
    start=start,
    step=step,
    size=lambda: WORDS,
    warmup=lambda: 1,
    settle=lambda: 1,
    oracle="TA-Lib AD",
    scale="invariant",
    cumulative=True,
)
