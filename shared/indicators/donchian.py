"""DONCHIAN: the highest high and the lowest low of the last `length` bars, and the middle between them, as TA-Lib.

The current bar is one of them, as on every chart, so no close is ever above `upper`: a breakout is
`close > ID_upper[1]`. The main output is the middle.
"""

from shared.indicators.extremes import RING, largest, words
from shared.indicators.extremes import start as extremes_start
from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.kernel import NAN, VectorF, index_, kernel

SEEN = 0  # bars
HIGHS = 1  # the window of highs, then that of the negative lows

MIDDLE, UPPER, LOWER = range(3)


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No bar seen."""
    f[at + SEEN] = 0.0
    extremes_start(f, at + HIGHS, length)
    extremes_start(f, at + HIGHS + RING + index_(length), length)


@kernel
def step(f: VectorF, at: int, out: int, high: float, low: float, length: float) -> None:
    """Take in one bar."""
    upper = largest(f, at + HIGHS, high, length)
    lower = -largest(f, at + HIGHS + RING + index_(length), -low, length)
    seen = f[at + SEEN] + 1.0
    f[at + SEEN] = seen
    if seen < length:
        f[out + MIDDLE] = NAN
        f[out + UPPER] = NAN
        f[out + LOWER] = NAN
        return
    f[out + MIDDLE] = (upper + lower) / 2.0
    f[out + UPPER] = upper
    f[out + LOWER] = lower


DONCHIAN = Indicator(
    type="DONCHIAN",
    about="Donchian channel; it holds the current bar, so a breakout is `close > ID_upper[1]`",
    inputs=(Input("high"), Input("low")),
    params=(Param("length", 20.0, 2.0, 10_000.0, whole=True, about="bars, the current one included"),),
    outputs=(
        Output("middle", about="halfway between `upper` and `lower`"),
        Output("upper", about="the highest high, the current bar's included: compare with upper[1] for a breakout"),
        Output("lower", about="the lowest low, the current bar's included: compare with lower[1] for a breakout"),
    ),
    start=start,
    step=step,
    size=lambda length: HIGHS + 2 * words(length),
    warmup=lambda length: int(length),
    settle=lambda length: int(length),
    oracle="TA-Lib DONCHIAN",
    scale="linear",
)
