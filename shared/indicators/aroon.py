"""AROON: how recent the highest high and the lowest low of the last `length` + 1 bars are.

As TA-Lib: up = 100 x (length - bars since the highest high) / length, down likewise of the lowest low, the oscillator
is up - down; of equal extremes the latest counts. Where all of these bars stood at one price nothing is highest: TA-Lib
says 100 for both, here up and down are the midpoint, 50.
"""

from shared.indicators.extremes import BEST, RING, age, largest
from shared.indicators.extremes import start as extremes_start
from shared.indicators.extremes import words as extremes_words
from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.kernel import NAN, VectorF, index_, kernel

SEEN = 0  # bars
HIGHS = 1  # the window of highs, then that of the negative lows

UPWARD, DOWNWARD = 1, 2  # outputs after the oscillator


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No bar seen."""
    f[at + SEEN] = 0.0
    extremes_start(f, at + HIGHS, length + 1.0)
    extremes_start(f, at + HIGHS + RING + index_(length) + 1, length + 1.0)


@kernel
def step(f: VectorF, at: int, out: int, high: float, low: float, length: float) -> None:
    """Take in one bar."""
    highs = at + HIGHS
    lows = highs + RING + index_(length) + 1
    largest(f, highs, high, length + 1.0)
    largest(f, lows, -low, length + 1.0)
    seen = f[at + SEEN] + 1.0
    f[at + SEEN] = seen
    if seen <= length:
        f[out] = NAN
        f[out + UPWARD] = NAN
        f[out + DOWNWARD] = NAN
        return
    if f[highs + BEST] == -f[lows + BEST]:
        f[out] = 0.0
        f[out + UPWARD] = 50.0
        f[out + DOWNWARD] = 50.0
        return
    since_high = age(f, highs, length + 1.0)
    since_low = age(f, lows, length + 1.0)
    f[out] = 100.0 * (since_low - since_high) / length
    f[out + UPWARD] = 100.0 * (length - since_high) / length
    f[out + DOWNWARD] = 100.0 * (length - since_low) / length


AROON = Indicator(
    type="AROON",
    about="Aroon oscillator, up and down",
    inputs=(Input("high"), Input("low")),
    params=(Param("length", 14.0, 2.0, 10_000.0, whole=True, about="bars after which an extreme counts 0"),),
    outputs=(
        Output("", low=-100.0, high=100.0, about="the oscillator: up - down"),
        Output("up", low=0.0, high=100.0, about="100 where this bar made the highest high, 0 where it is `length` old"),
        Output("down", low=0.0, high=100.0, about="likewise of the lowest low"),
    ),
    start=start,
    step=step,
    size=lambda length: HIGHS + 2 * extremes_words(length + 1.0),
    warmup=lambda length: int(length) + 1,
    settle=lambda length: int(length) + 1,
    oracle="TA-Lib AROON, AROONOSC, with 50 for up and down where all bars stood at one price",
    scale="invariant",
)
