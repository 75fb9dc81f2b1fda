"""RMA: Wilder's moving average, the mean inside RSI, ATR and ADX (TradingView's ta.rma).

Seeded with the mean of the first `length` values; then each new value counts 1 / length. Bars whose source is not
ready are passed over.
"""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.indicators.wilder import bars_to_settle, smoothed_mean
from shared.kernel import NAN, VectorF, is_nan, kernel

MEAN = 0  # the sum of the values seen, until there are `length` of them
SEEN = 1  # values taken in
WORDS = 2


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No value seen."""
    f[at + MEAN] = 0.0
    f[at + SEEN] = 0.0


@kernel
def step(f: VectorF, at: int, out: int, source: float, length: float) -> None:
    """Take in one value."""
    f[out] = NAN
    if is_nan(source):
        return
    seen = f[at + SEEN] + 1.0
    f[at + SEEN] = seen
    mean = smoothed_mean(f[at + MEAN], source, seen, length)
    f[at + MEAN] = mean
    if seen >= length:
        f[out] = mean


RMA = Indicator(
    type="RMA",
    about="Wilder's moving average",
    inputs=(Input("source"),),
    params=(Param("length", 14.0, 1.0, 10_000.0, whole=True, about="bars; the weight of a value is 1 / length"),),
    outputs=(Output("", about="the average"),),
    start=start,
    step=step,
    size=lambda length: WORDS,
    warmup=lambda length: int(length),
    settle=lambda length: int(length) + bars_to_settle((length - 1.0) / length),
    oracle="one weighted sum a bar in NumPy, from TradingView's ta.rma",
    scale="linear",
)
