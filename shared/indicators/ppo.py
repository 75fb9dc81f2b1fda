"""PPO: by how many percent a fast exponential mean stands above a slow one, with a signal line: MACD without a price.

As TA-Lib with exponential means (matype 1, what charts show; its default before 0.8 was plain means): each mean is
seeded with its own first values, and the line is given as soon as there is one. TA-Lib has no signal line; here, as in
the charts, it is the exponential mean of the line. Not ready where the slow mean is 0. Bars whose source is not ready
are passed over.
"""

from shared.indicators.exponential import WORDS as MEAN_WORDS
from shared.indicators.exponential import exponential_mean
from shared.indicators.fact_sheet import Indicator, Input, Output
from shared.indicators.macd import LENGTHS, check_lengths, settle
from shared.kernel import VectorF, div, kernel

FAST, SLOW, SIGNAL = 0, MEAN_WORDS, 2 * MEAN_WORDS  # the three means
WORDS = 3 * MEAN_WORDS


@kernel
def start(f: VectorF, at: int, fast: float, slow: float, signal: float) -> None:
    """No value seen."""
    for i in range(at, at + WORDS):
        f[i] = 0.0


@kernel
def step(f: VectorF, at: int, out: int, source: float, fast: float, slow: float, signal: float) -> None:
    """Take in one value."""
    fast_mean = exponential_mean(f, at + FAST, source, fast)
    slow_mean = exponential_mean(f, at + SLOW, source, slow)
    line = div(fast_mean - slow_mean, slow_mean) * 100.0
    signal_line = exponential_mean(f, at + SIGNAL, line, signal)
    f[out] = line
    f[out + 1] = signal_line
    f[out + 2] = line - signal_line


PPO = Indicator(
    type="PPO",
    about="Percentage price oscillator",
    inputs=(Input("source"),),
    params=LENGTHS,
    outputs=(
        Output("", about="fast mean above slow mean, in percent of the slow one"),
        Output("signal", about="exponential mean of that"),
        Output("histogram", about="the line less its signal line"),
    ),
    start=start,
    step=step,
    size=lambda *_: WORDS,
    warmup=lambda fast, slow, signal: int(slow),
    settle=settle,
    oracle="TA-Lib PPO of exponential means, and TA-Lib EMA of it",
    scale="invariant",
    check=check_lengths,
)
