"""HIGHEST: the largest of the last `length` values, the current one included.

Nothing before `length` values have been seen. Bars whose source is not ready are passed over.
"""

from shared.indicators.extremes import largest, words
from shared.indicators.extremes import start as start_window
from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.kernel import NAN, VectorF, is_nan, kernel

SEEN = 0  # values taken in
WINDOW = 1


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No value seen."""
    f[at + SEEN] = 0.0
    start_window(f, at + WINDOW, length)


@kernel
def step(f: VectorF, at: int, out: int, source: float, length: float) -> None:
    """Take in one value."""
    f[out] = NAN
    if is_nan(source):
        return
    best = largest(f, at + WINDOW, source, length)
    f[at + SEEN] += 1.0
    if f[at + SEEN] >= length:
        f[out] = best


HIGHEST = Indicator(
    type="HIGHEST",
    about="Largest of the last values",
    inputs=(Input("source"),),
    params=(Param("length", 20.0, 1.0, 10_000.0, whole=True, about="bars, the current one included"),),
    outputs=(Output("", about="the largest"),),
    start=start,
    step=step,
    size=lambda length: WINDOW + words(length),
    warmup=lambda length: int(length),
    settle=lambda length: int(length),
    oracle="the maximum of each window (NumPy)",
    scale="linear",
)
