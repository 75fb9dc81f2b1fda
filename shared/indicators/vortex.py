"""VORTEX: reach upward and downward from the bar before, as shares of the true range, over `length` bars.

As TA-Lib (Botes and Siepman, 2010): plus = sum |high - low before| / sum of true ranges, minus = sum |low - high
before| / the same. The window is summed anew at every bar, oldest first. Not ready while no bar of the window has a
true range (TA-Lib says 0).
"""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.indicators.wilder import true_range
from shared.kernel import NAN, VectorF, index_, kernel

HIGH, LOW, CLOSE = 0, 1, 2  # of the bar before
SEEN = 3  # bars
HEAD = 4  # ring place of the next bar; once the ring is full, of the oldest
RING = 5  # `length` bars
PLUS, MINUS, RANGE = 0, 1, 2  # words of a bar
BAR_WORDS = 3


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No bar seen."""
    for i in range(RING + BAR_WORDS * index_(length)):
        f[at + i] = 0.0


@kernel
def step(f: VectorF, at: int, out: int, high: float, low: float, close: float, length: float) -> None:
    """Take in one bar."""
    f[out] = NAN
    f[out + 1] = NAN
    bars = f[at + SEEN]  # with a bar before them, this one included
    plus = abs(high - f[at + LOW])
    minus = abs(low - f[at + HIGH])
    range_ = true_range(high, low, f[at + CLOSE])
    f[at + HIGH] = high
    f[at + LOW] = low
    f[at + CLOSE] = close
    f[at + SEEN] = bars + 1.0
    if bars == 0.0:
        return
    head = f[at + HEAD]
    place = at + RING + BAR_WORDS * index_(head)
    f[place + PLUS] = plus
    f[place + MINUS] = minus
    f[place + RANGE] = range_
    head = head + 1.0 if head + 1.0 < length else 0.0
    f[at + HEAD] = head
    if bars < length:
        return

    first = at + RING
    oldest = first + BAR_WORDS * index_(head)
    plus = 0.0
    minus = 0.0
    range_ = 0.0
    for i in range(oldest, first + BAR_WORDS * index_(length), BAR_WORDS):
        plus += f[i]
        minus += f[i + MINUS]
        range_ += f[i + RANGE]
    for i in range(first, oldest, BAR_WORDS):
        plus += f[i]
        minus += f[i + MINUS]
        range_ += f[i + RANGE]
    if range_ > 0.0:
        f[out] = plus / range_
        f[out + 1] = minus / range_


VORTEX = Indicator(
    type="VORTEX",
    about="Vortex indicator",
    inputs=(Input("high"), Input("low"), Input("close")),
    params=(Param("length", 14.0, 1.0, 10_000.0, whole=True, about="bars, each with the one before it"),),
    outputs=(
        Output("plus", low=0.0, about="moves from a low to the next high, per true range"),
        Output("minus", low=0.0, about="moves from a high to the next low, per true range"),
    ),
    start=start,
    step=step,
    size=lambda length: RING + BAR_WORDS * int(length),
    warmup=lambda length: int(length) + 1,
    settle=lambda length: int(length) + 1,
    oracle="TA-Lib VORTEX over each window by itself, not ready where the window has no true range",
    scale="invariant",
)
