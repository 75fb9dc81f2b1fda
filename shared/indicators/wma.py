"""WMA: linearly weighted moving average, the newest of `length` values counting `length` times, the oldest once.

The window is summed anew at every bar, oldest first, as SMA's is. Bars whose source is not ready are passed over.
"""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.indicators.window import HEAD, RING, push, words
from shared.indicators.window import start as window_start
from shared.kernel import NAN, VectorF, index_, is_nan, kernel


@kernel
def weighted_mean(f: VectorF, at: int, length: float, count: float) -> float:
    """Weighted mean of the newest `count` values of a full window of `length`."""
    ring = at + RING
    end = ring + index_(f[at + HEAD])
    first = end - index_(count)
    size = index_(length)
    weight = 0.0
    total = 0.0
    for i in range(first + size, ring + size):  # what lies at the end of the ring; none if first is inside it
        weight += 1.0
        total += weight * f[i]
    for i in range(max(first, ring), end):
        weight += 1.0
        total += weight * f[i]
    return total / (count * (count + 1.0) / 2.0)


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No value seen."""
    window_start(f, at, length)


@kernel
def step(f: VectorF, at: int, out: int, source: float, length: float) -> None:
    """Take in one value."""
    f[out] = NAN
    if not is_nan(source) and push(f, at, source, length):
        f[out] = weighted_mean(f, at, length, length)


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
