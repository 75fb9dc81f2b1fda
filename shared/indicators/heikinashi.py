"""HEIKINASHI: bars that average, so that a trend keeps one colour.

close = (open + high + low + close) / 4; open = the middle of the averaged bar before, at first of the bar itself; high
and low reach to both. In a standstill the body halves with every bar and is 0 only when it is lost in rounding:
`direction` is 'flat' once open and close are within 1e-9 of each other, relative.
"""

from shared.indicators.fact_sheet import Indicator, Input, Output
from shared.indicators.wilder import bars_to_settle
from shared.kernel import NAN, VectorF, is_nan, kernel

OPEN = 0  # of the averaged bar before; NaN before the first
CLOSE = 1
WORDS = 2

UP, DOWN, FLAT = 0.0, 1.0, 2.0
NO_BODY = 1e-9  # of the close


@kernel
def start(f: VectorF, at: int) -> None:
    """No bar seen."""
    f[at + OPEN] = NAN
    f[at + CLOSE] = NAN


@kernel
def step(f: VectorF, at: int, out: int, open_: float, high: float, low: float, close: float) -> None:
    """Take in one bar."""
    middle = (open_ + close) / 2.0
    if not is_nan(f[at + OPEN]):
        middle = (f[at + OPEN] + f[at + CLOSE]) / 2.0
    mean = (open_ + high + low + close) / 4.0
    f[at + OPEN] = middle
    f[at + CLOSE] = mean
    f[out] = mean
    f[out + 1] = middle
    f[out + 2] = max(high, middle, mean)
    f[out + 3] = min(low, middle, mean)
    body = mean - middle
    if abs(body) <= NO_BODY * mean:
        f[out + 4] = FLAT
    elif body > 0.0:
        f[out + 4] = UP
    else:
        f[out + 4] = DOWN


HEIKINASHI = Indicator(
    type="HEIKINASHI",
    about="Heikin-Ashi bars: averaged, so that a trend keeps one direction",
    inputs=(Input("open"), Input("high"), Input("low"), Input("close")),
    params=(),
    outputs=(
        Output("close", about="mean of the bar's open, high, low and close"),
        Output("open", about="middle of the averaged bar before"),
        Output("high", about="highest of the bar's high and the averaged open and close"),
        Output("low", about="lowest of the bar's low and the averaged open and close"),
        Output("direction", "text", ("up", "down", "flat"), about="averaged close above, below or at the open"),
    ),
    start=start,
    step=step,
    size=lambda: WORDS,
    warmup=lambda: 1,
    settle=lambda: 1 + bars_to_settle(0.5),
    oracle="StockCharts' formula, the recurrence as a weighted mean of pandas",
    scale="linear",
)
