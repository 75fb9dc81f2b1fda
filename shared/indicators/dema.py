"""DEMA: double exponential moving average, 2 x mean - mean of the mean (P. Mulloy, 1994).

Each mean is an EMA seeded as TA-Lib's, the second with the first `length` values of the first. Bars whose source is
not ready are passed over.
"""

from shared.indicators.exponential import WORDS, bars_to_settle_chain, exponential_mean
from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.kernel import VectorF, kernel

FIRST, SECOND = 0, WORDS  # the mean of the source, the mean of that


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No value seen."""
    for i in range(at, at + 2 * WORDS):
        f[i] = 0.0


@kernel
def step(f: VectorF, at: int, out: int, source: float, length: float) -> None:
    """Take in one value."""
    first = exponential_mean(f, at + FIRST, source, length)
    second = exponential_mean(f, at + SECOND, first, length)
    f[out] = 2.0 * first - second


def warmup(length: float) -> int:
    """Bars until both means are ready."""
    return 2 * int(length) - 1


DEMA = Indicator(
    type="DEMA",
    about="Double exponential moving average",
    inputs=(Input("source"),),
    params=(Param("length", 30.0, 1.0, 10_000.0, whole=True, about="bars, of both means"),),
    outputs=(Output("", about="the average"),),
    start=start,
    step=step,
    size=lambda length: 2 * WORDS,
    warmup=warmup,
    settle=lambda length: warmup(length) + bars_to_settle_chain(length, length, weight=3.0),
    oracle="TA-Lib DEMA",
    scale="linear",
)
