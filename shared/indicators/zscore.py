"""ZSCORE: how many standard deviations a value is from the mean of the last `length`, itself included.

The deviation is that of the population, as TradingView's ta.stdev and STDDEV here (pandas-ta divides by length - 1).
Where nothing moved it is 0, its midpoint: the value is its mean. Bars whose source is not ready are passed over.
"""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.indicators.window import push, spread, words
from shared.indicators.window import start as window_start
from shared.kernel import NAN, VectorF, is_nan, kernel


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No value seen."""
    window_start(f, at, length)


@kernel
def step(f: VectorF, at: int, out: int, source: float, length: float) -> None:
    """Take in one value."""
    f[out] = NAN
    if is_nan(source):
        return
    if push(f, at, source, length):
        offset, deviation = spread(f, at, source, length)
        f[out] = (0.0 - offset) / deviation if deviation > 0.0 else 0.0


ZSCORE = Indicator(
    type="ZSCORE",
    about="Distance from the mean in standard deviations",
    inputs=(Input("source"),),
    params=(Param("length", 20.0, 2.0, 5_000.0, whole=True, about="bars in the mean and in the deviation"),),
    outputs=(Output("", about="(source - mean) / standard deviation of the population; 0 where nothing moved"),),
    start=start,
    step=step,
    size=words,
    warmup=lambda length: int(length),
    settle=lambda length: int(length),
    oracle="(source - ta.sma) / ta.stdev of TradingView's Pine, from all pairs of the window",
    scale="invariant",
)
