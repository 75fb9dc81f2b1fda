"""WMA: linearly weighted moving average, the newest of `length` values counting `length` times, the oldest once.

The window is summed anew at every bar: a running sum carries the rounding of every bar it ever saw. Bars whose source
is not ready are passed over.
"""

from shared.indicators.doubled import push, words
from shared.indicators.doubled import start as window_start
from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.kernel import NAN, VectorF, index_, is_nan, kernel


@kernel
def weighted_mean(f: VectorF, newest: int, length: float) -> float:
    """Weighted mean of the `length` words up to `newest`; the sum of what is summed so far counts the newest most."""
    total = 0.0
    weighted = 0.0
    for i in range(newest, newest - index_(length), -1):
        total += f[i]
        weighted += total
    return weighted / (length * (length + 1.0) / 2.0)


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No value seen."""
    window_start(f, at, length)


@kernel
def step(f: VectorF, at: int, out: int, source: float, length: float) -> None:
    """Take in one value."""
    f[out] = NAN
    if not is_nan(source):
        f[out] = weighted_mean(f, push(f, at, source, length), length)


WMA = Indicator(
    type="WMA",
    about="Linearly weighted moving average",
    inputs=(Input("source"),),
    params=(Param("length", 30.0, 1.0, 10_000.0, whole=True, about="bars"),),
    outputs=(Output("", about="the average"),),
    start=start,
    step=step,
    size=words,
    warmup=lambda length: int(length),
    settle=lambda length: int(length),
    oracle="TA-Lib WMA",
    scale="linear",
)
