"""VWMA: volume-weighted moving average, the mean of `length` values by their bars' volumes (TradingView's ta.vwma).

Both sums are taken anew at every bar, oldest first. Over a window without any volume the previous average stands; it
is not ready if there is none. Bars whose source is not ready are passed over, with their volume.
"""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.indicators.window import RING, mean, push, words
from shared.indicators.window import start as window_start
from shared.kernel import NAN, VectorF, index_, is_nan, kernel

LAST = 0  # the average before; NaN where there is none
TRADED = 1  # the window of value x volume; then that of the volumes


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No bar seen."""
    f[at + LAST] = NAN
    window_start(f, at + TRADED, length)
    window_start(f, at + TRADED + RING + index_(length), length)


@kernel
def step(f: VectorF, at: int, out: int, source: float, volume: float, length: float) -> None:
    """Take in one value and its volume."""
    f[out] = NAN
    if is_nan(source):
        return
    volumes = at + TRADED + RING + index_(length)
    push(f, at + TRADED, source * volume, length)
    if not push(f, volumes, volume, length):
        return
    mean_volume = mean(f, volumes, length)
    if mean_volume > 0.0:
        f[at + LAST] = mean(f, at + TRADED, length) / mean_volume
    f[out] = f[at + LAST]


VWMA = Indicator(
    type="VWMA",
    about="Volume-weighted moving average",
    inputs=(Input("source"), Input("volume")),
    params=(Param("length", 20.0, 1.0, 10_000.0, whole=True, about="bars"),),
    outputs=(Output("", about="the average; the one before while nothing was traded"),),
    start=start,
    step=step,
    size=lambda length: 1 + 2 * words(length),
    warmup=lambda length: int(length),
    settle=lambda length: int(length),
    oracle="weighted means of whole windows in NumPy, from TradingView's ta.vwma",
    scale="linear",
)
