"""TRIX: by how many percent a triple exponential mean moved from one bar to the next (J. Hutson, 1983).

The means are EMAs seeded as TA-Lib's, each with the first `length` values of the one before; the signal line is one
more, of the index. Not ready where the mean before was 0 (TA-Lib says 0). Bars whose source is not ready are passed
over.
"""

from shared.indicators.exponential import WORDS as MEAN_WORDS
from shared.indicators.exponential import bars_to_settle_chain, exponential_mean
from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.kernel import NAN, VectorF, div, is_nan, kernel

LAST = 0  # the third mean of the bar before; NaN where there is none
FIRST = 1  # the mean of the source
SECOND, THIRD = FIRST + MEAN_WORDS, FIRST + 2 * MEAN_WORDS  # each of the one before
SIGNAL = FIRST + 3 * MEAN_WORDS  # the mean of the index
WORDS = FIRST + 4 * MEAN_WORDS


@kernel
def start(f: VectorF, at: int, length: float, signal: float) -> None:
    """No value seen."""
    f[at + LAST] = NAN
    for i in range(at + FIRST, at + WORDS):
        f[i] = 0.0


@kernel
def step(f: VectorF, at: int, out: int, source: float, length: float, signal: float) -> None:
    """Take in one value."""
    f[out] = NAN
    f[out + 1] = NAN
    first = exponential_mean(f, at + FIRST, source, length)
    second = exponential_mean(f, at + SECOND, first, length)
    third = exponential_mean(f, at + THIRD, second, length)
    if is_nan(third):
        return
    value = (div(third, f[at + LAST]) - 1.0) * 100.0
    f[at + LAST] = third
    f[out] = value
    f[out + 1] = exponential_mean(f, at + SIGNAL, value, signal)


TRIX = Indicator(
    type="TRIX",
    about="Rate of change of a triple exponential mean, in percent",
    inputs=(Input("source"),),
    params=(
        Param("length", 30.0, 1.0, 10_000.0, whole=True, about="bars, of all three means"),
        Param("signal", 9.0, 1.0, 10_000.0, whole=True, about="bars, of the signal line's mean"),
    ),
    outputs=(
        Output("", about="the change of the triple mean, in percent a bar"),
        Output("signal", about="exponential mean of it"),
    ),
    start=start,
    step=step,
    size=lambda *_: WORDS,
    warmup=lambda length, signal: 3 * int(length) - 1,
    settle=lambda length, signal: (
        3 * int(length) - 2 + int(signal) + bars_to_settle_chain(length, length, length, signal)
    ),
    oracle="TA-Lib TRIX, and TA-Lib EMA of it",
    scale="invariant",
)
