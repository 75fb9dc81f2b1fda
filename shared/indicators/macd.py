"""MACD: a fast exponential mean less a slow one, with the mean of that as its signal line (G. Appel).

As TA-Lib: the fast mean passes over the first `slow` - `fast` values, so that both are seeded at the same bar, and no
line is given before the signal line is. Bars whose source is not ready are passed over.
"""

from shared.indicators.exponential import SEEN, bars_to_settle_chain, contrast, exponential_mean
from shared.indicators.exponential import WORDS as MEAN_WORDS
from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.kernel import NAN, VectorF, is_nan, kernel

SLOW, FAST, SIGNAL = 0, MEAN_WORDS, 2 * MEAN_WORDS  # the three means
WORDS = 3 * MEAN_WORDS


@kernel
def start(f: VectorF, at: int, fast: float, slow: float, signal: float) -> None:
    """No value seen."""
    for i in range(at, at + WORDS):
        f[i] = 0.0


@kernel
def step(f: VectorF, at: int, out: int, source: float, fast: float, slow: float, signal: float) -> None:
    """Take in one value."""
    f[out] = NAN
    f[out + 1] = NAN
    f[out + 2] = NAN
    slow_mean = exponential_mean(f, at + SLOW, source, slow)
    if f[at + SLOW + SEEN] <= slow - fast:
        return
    line = exponential_mean(f, at + FAST, source, fast) - slow_mean
    signal_line = exponential_mean(f, at + SIGNAL, line, signal)
    if is_nan(signal_line):
        return
    f[out] = line
    f[out + 1] = signal_line
    f[out + 2] = line - signal_line


def warmup(slow: float, signal: float) -> int:
    """Bars until the signal line is ready."""
    return int(slow) + int(signal) - 1


def settle(fast: float, slow: float, signal: float) -> int:
    """Bars until the seeds of both means and of the signal line no longer count."""
    return warmup(slow, signal) + bars_to_settle_chain(slow, signal, weight=2.0 / contrast(fast, slow))


LENGTHS = (
    Param("fast", 12.0, 2.0, 10_000.0, whole=True, about="bars of the fast mean"),
    Param("slow", 26.0, 2.0, 10_000.0, whole=True, about="bars of the slow mean"),
    Param("signal", 9.0, 1.0, 10_000.0, whole=True, about="bars of the signal line's mean"),
)


def check_lengths(fast: float, slow: float, signal: float) -> str:
    """What is wrong with the three lengths together; nothing if all is well."""
    return "" if fast < slow else f"fast ({fast:g}) must be below slow ({slow:g})"


MACD = Indicator(
    type="MACD",
    about="Moving average convergence divergence",
    inputs=(Input("source"),),
    params=LENGTHS,
    outputs=(
        Output("", about="fast mean less slow mean"),
        Output("signal", about="exponential mean of that"),
        Output("histogram", about="the line less its signal line"),
    ),
    start=start,
    step=step,
    size=lambda *_: WORDS,
    warmup=lambda fast, slow, signal: warmup(slow, signal),
    settle=settle,
    oracle="TA-Lib MACD",
    scale="linear",
    check=check_lengths,
)
