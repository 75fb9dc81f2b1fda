"""TEMA: triple exponential moving average, 3 x mean - 3 x mean of the mean + the mean of that (P. Mulloy, 1994).

Each mean is an EMA seeded as TA-Lib's, with the first `length` values of the one before. Bars whose source is not
ready are passed over.
"""

from shared.indicators.exponential import WORDS, bars_to_settle_chain, exponential_mean
from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.kernel import VectorF, kernel

FIRST, SECOND, THIRD = 0, WORDS, 2 * WORDS  # the mean of the source, and each of the one before


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No value seen."""
    for i in range(at, at + 3 * WORDS):
        f[i] = 0.0


@kernel
def step(f: VectorF, at: int, out: int, source: float, length: float) -> None:
    """Take in one value."""
    first = exponential_mean(f, at + FIRST, source, length)
    second = exponential_mean(f, at + SECOND, first, length)
    third = exponential_mean(f, at + THIRD, second, length)
    f[out] = third + (3.0 * first - 3.0 * second)


def warmup(length: float) -> int:
    """Bars until all three means are ready."""
    return 3 * int(length) - 2


TEMA = Indicator(
    type="TEMA",
    about="Triple exponential moving average",
    inputs=(Input("source"),),
    params=(Param("length", 30.0, 1.0, 10_000.0, whole=True, about="bars, of all three means"),),
    outputs=(Output("", about="the average"),),
    start=start,
    step=step,
    size=lambda length: 3 * WORDS,
    warmup=warmup,
    settle=lambda length: warmup(length) + bars_to_settle_chain(length, length, length, weight=7.0),
    oracle="TA-Lib TEMA",
    scale="linear",
)
