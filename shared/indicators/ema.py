"""EMA: exponential moving average.

Seeded with the mean of the first `length` values, then mean + (source - mean) x 2 / (length + 1), as TA-Lib. Bars whose
source is not ready are passed over: nothing is counted, nothing is ready.
"""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.indicators.wilder import bars_to_settle
from shared.kernel import NAN, VectorF, is_nan, kernel

MEAN = 0  # the sum of the values seen, until there are `length` of them
SEEN = 1  # values taken in
WORDS = 2

BULL, BEAR, NEUTRAL = 0.0, 1.0, 2.0


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No value seen."""
    f[at + MEAN] = 0.0
    f[at + SEEN] = 0.0


@kernel
def step(f: VectorF, at: int, out: int, source: float, close: float, length: float) -> None:
    """Take in one value; the trend compares the bar's close, whatever the source is."""
    f[out] = NAN
    f[out + 1] = NAN
    if is_nan(source):
        return
    seen = f[at + SEEN] + 1.0
    f[at + SEEN] = seen
    mean = f[at + MEAN]
    if seen < length:
        f[at + MEAN] = mean + source
        return
    if seen == length:
        mean = (mean + source) / length
    else:
        mean = (source - mean) * (2.0 / (length + 1.0)) + mean
    f[at + MEAN] = mean
    f[out] = mean
    if close > mean:
        f[out + 1] = BULL
    elif close < mean:
        f[out + 1] = BEAR
    else:
        f[out + 1] = NEUTRAL


EMA = Indicator(
    type="EMA",
    about="Exponential moving average",
    inputs=(Input("source"), Input("close")),
    params=(
        Param("length", 200.0, 1.0, 10_000.0, whole=True, about="bars; the weight of a value is 2 / (length + 1)"),
    ),
    outputs=(
        Output("", about="the average"),
        Output("trend", "text", ("bull", "bear", "neutral"), about="close above, below or at the average"),
    ),
    start=start,
    step=step,
    size=lambda length: WORDS,
    warmup=lambda length: int(length),
    settle=lambda length: int(length) + bars_to_settle(1.0 - 2.0 / (length + 1.0)),
    oracle="TA-Lib EMA (seeded with the mean)",
    scale="linear",
)
