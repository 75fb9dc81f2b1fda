"""BBANDS: Bollinger bands, the mean of the last `length` values and `mult` standard deviations above and below it.

As TA-Lib (simple mean, deviation of the population). `percent_b` and `bandwidth` are John Bollinger's: where the value
stands between the bands, 0 at the lower and 1 at the upper, and the bands' distance over the middle, as a fraction
(TradingView shows it times 100). In a market that did not move the bands meet at the price: `percent_b` is 0.5, its
midpoint, and `bandwidth` 0. The main output is the middle, the line that the bands stand around. Bars whose source is
not ready are passed over.
"""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.indicators.window import push, spread, words
from shared.indicators.window import start as window_start
from shared.kernel import NAN, VectorF, div, is_nan, kernel

MIDDLE, UPPER, LOWER, PERCENT_B, BANDWIDTH = range(5)


@kernel
def start(f: VectorF, at: int, length: float, mult: float) -> None:
    """No value seen."""
    window_start(f, at, length)


@kernel
def step(f: VectorF, at: int, out: int, source: float, length: float, mult: float) -> None:
    """Take in one value."""
    f[out + MIDDLE] = NAN
    f[out + UPPER] = NAN
    f[out + LOWER] = NAN
    f[out + PERCENT_B] = NAN
    f[out + BANDWIDTH] = NAN
    if is_nan(source):
        return
    if not push(f, at, source, length):
        return
    offset, deviation = spread(f, at, source, length)
    middle = source + offset
    band = mult * deviation
    f[out + MIDDLE] = middle
    f[out + UPPER] = middle + band
    f[out + LOWER] = middle - band
    # (source - lower) / (upper - lower), without the bands' own rounding
    f[out + PERCENT_B] = 0.5 - 0.5 * (offset / band) if band > 0.0 else 0.5
    f[out + BANDWIDTH] = div(2.0 * band, middle)


BBANDS = Indicator(
    type="BBANDS",
    about="Bollinger bands",
    inputs=(Input("source"),),
    params=(
        Param("length", 20.0, 2.0, 5_000.0, whole=True, about="bars in the mean and in the deviation"),
        Param("mult", 2.0, 0.001, 50.0, about="standard deviations from the middle to each band"),
    ),
    outputs=(
        Output("middle", about="the mean"),
        Output("upper", about="the mean and `mult` deviations"),
        Output("lower", about="the mean less `mult` deviations"),
        Output("percent_b", about="0 at the lower band, 1 at the upper, beyond them outside; 0.5 where nothing moved"),
        Output("bandwidth", about="(upper - lower) / middle, a fraction"),
    ),
    start=start,
    step=step,
    size=lambda length, mult: words(length),
    warmup=lambda length, mult: int(length),
    settle=lambda length, mult: int(length),
    oracle="TA-Lib BBANDS; %B and BandWidth from J. Bollinger's definitions, over all pairs of the window",
    scale="linear",
)
