"""STDDEV: standard deviation of the last `length` values, of the whole population (divided by `length`), as TA-Lib.

Exactly 0 where nothing moved. Bars whose source is not ready are passed over.
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
        _, deviation = spread(f, at, source, length)
        f[out] = deviation


STDDEV = Indicator(
    type="STDDEV",
    about="Standard deviation",
    inputs=(Input("source"),),
    params=(Param("length", 20.0, 2.0, 5_000.0, whole=True, about="bars; the sum of squares is divided by it"),),
    outputs=(Output("", low=0.0, about="the population's standard deviation, in units of the source"),),
    start=start,
    step=step,
    size=words,
    warmup=lambda length: int(length),
    settle=lambda length: int(length),
    oracle="TA-Lib STDDEV, nbdev 1",
    scale="linear",
)
