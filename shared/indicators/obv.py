"""OBV: on-balance volume, the volumes of rising closes less those of falling ones, as TA-Lib.

The sum begins with the volume of the first bar that is folded. Its level therefore says nothing, and no history settles
it: hold it against itself (its average, its value some bars ago), not against a number.
"""

from shared.indicators.fact_sheet import Indicator, Input, Output
from shared.kernel import VectorF, kernel

CLOSE = 0  # of the bar before; 0 before the first bar, whose close is therefore a rise
TOTAL = 1
WORDS = 2


@kernel
def start(f: VectorF, at: int) -> None:
    """No bar seen."""
    f[at + CLOSE] = 0.0
    f[at + TOTAL] = 0.0


@kernel
def step(f: VectorF, at: int, out: int, close: float, volume: float) -> None:
    """Take in one bar."""
    before = f[at + CLOSE]
    if close > before:
        f[at + TOTAL] += volume
    elif close < before:
        f[at + TOTAL] -= volume
    f[at + CLOSE] = close
    f[out] = f[at + TOTAL]


OBV = Indicator(
    type="OBV",
    about="On-balance volume, a sum from the first folded bar: compare it with itself",
    inputs=(Input("close"), Input("volume")),
    params=(),
    outputs=(Output("", about="volume of rising less volume of falling closes, since the first folded bar"),),
    start=start,
    step=step,
    size=lambda: WORDS,
    warmup=lambda: 1,
    settle=lambda: 1,
    oracle="TA-Lib OBV",
    scale="invariant",
    cumulative=True,
)
