"""HMA: Hull's moving average, the WMA over sqrt(length) of 2 x WMA(length / 2) - WMA(length) (A. Hull, 2005).

Half and root are rounded down, as TradingView's ta.hma and TA-Lib have it. Bars whose source is not ready are passed
over.
"""

from math import isqrt

from shared.indicators.doubled import VALUES, push, words
from shared.indicators.doubled import start as window_start
from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.indicators.wma import weighted_mean
from shared.kernel import NAN, VectorF, floor_, index_, is_nan, kernel, sqrt_

# State: the window of the source, then that of what the last mean is taken of.


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No value seen."""
    window_start(f, at, length)
    window_start(f, at + VALUES + 2 * index_(length), floor_(sqrt_(length)))


@kernel
def leading(f: VectorF, newest: int, length: float) -> float:
    """2 x the weighted mean of the newer half - that of the whole, which goes on where the half's sums stand."""
    half = floor_(length / 2.0)
    middle = newest - index_(half)
    total = 0.0
    weighted = 0.0
    for i in range(newest, middle, -1):
        total += f[i]
        weighted += total
    newer = weighted / (half * (half + 1.0) / 2.0)
    for i in range(middle, newest - index_(length), -1):
        total += f[i]
        weighted += total
    return 2.0 * newer - weighted / (length * (length + 1.0) / 2.0)


@kernel
def step(f: VectorF, at: int, out: int, source: float, length: float) -> None:
    """Take in one value."""
    f[out] = NAN
    if is_nan(source):
        return
    value = leading(f, push(f, at, source, length), length)
    if is_nan(value):
        return
    root = floor_(sqrt_(length))
    f[out] = weighted_mean(f, push(f, at + VALUES + 2 * index_(length), value, root), root)


def warmup(length: float) -> int:
    """Bars until the last average's window is full."""
    return int(length) + isqrt(int(length)) - 1


HMA = Indicator(
    type="HMA",
    about="Hull moving average",
    inputs=(Input("source"),),
    params=(Param("length", 9.0, 2.0, 10_000.0, whole=True, about="bars"),),
    outputs=(Output("", about="the average"),),
    start=start,
    step=step,
    size=lambda length: words(length) + words(isqrt(int(length))),
    warmup=warmup,
    settle=warmup,
    oracle="three weighted means in NumPy, from TradingView's ta.hma",
    scale="linear",
)
