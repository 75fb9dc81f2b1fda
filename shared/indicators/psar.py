"""PSAR: Wilder's parabolic stop and reverse, as TA-Lib SAR.

In a rise the next bar's stop moves towards the highest high by a factor that starts at `acceleration`, grows by it
with each new high, and stops growing at `maximum`; it never passes the lows of the last two bars. A low that touches it
turns the trend: the new stop is the highest high of the rise, not below the highs of the last two bars. Falls are the
mirror. In a market that stands still at its stop every bar touches it and turns the trend.

The second bar gives the first value. Its trend is down when its low moved further than its high, else up; its stop is
the first bar's extreme on the other side. Two runs that began at different bars agree from their first common turn on,
which no number of bars makes certain; `settle` is what a random walk needed, and some.
"""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.kernel import NAN, VectorF, ceil_, kernel, sqrt_

HIGH, LOW = 0, 1  # of the bar before
STOP = 2  # for the next bar
EXTREME = 3  # highest high of a rise, lowest low of a fall
FACTOR = 4
TREND = 5  # 1 up, -1 down; 0 before the second bar
SEEN = 6  # 1 once there was a bar
WORDS = 7

DIRECTION, TURNED_UP, TURNED_DOWN = 1, 2, 3  # outputs
UP, DOWN = 0.0, 1.0  # words of the output `direction`


@kernel
def start(f: VectorF, at: int, acceleration: float, maximum: float) -> None:
    """No bar seen."""
    for i in range(WORDS):
        f[at + i] = 0.0


@kernel
def begin(f: VectorF, at: int, high: float, low: float, acceleration: float) -> None:
    """Choose the trend of the second bar, before it is judged."""
    fall = f[at + LOW] - low
    is_down = fall > 0.0 and fall > high - f[at + HIGH]
    f[at + TREND] = -1.0 if is_down else 1.0
    f[at + STOP] = f[at + HIGH] if is_down else f[at + LOW]
    f[at + EXTREME] = low if is_down else high
    f[at + FACTOR] = acceleration
    f[at + HIGH] = high  # its stop is held against itself alone
    f[at + LOW] = low


@kernel
def step(f: VectorF, at: int, out: int, high: float, low: float, acceleration: float, maximum: float) -> None:
    """Take in one bar."""
    if f[at + SEEN] == 0.0:
        f[at + HIGH] = high
        f[at + LOW] = low
        f[at + SEEN] = 1.0
        for k in range(TURNED_DOWN + 1):
            f[out + k] = NAN
        return
    known = f[at + TREND]  # 0 before the first value
    if known == 0.0:
        begin(f, at, high, low, acceleration)
    highest = max(f[at + HIGH], high)  # of the last two bars
    lowest = min(f[at + LOW], low)
    stop = f[at + STOP]
    extreme = f[at + EXTREME]
    factor = f[at + FACTOR]
    before = f[at + TREND]
    trend = before
    if (low <= stop) if before > 0.0 else (high >= stop):
        trend = -before
        stop = min(extreme, lowest) if trend > 0.0 else max(extreme, highest)
        extreme = high if trend > 0.0 else low
        factor = acceleration
    elif (high > extreme) if before > 0.0 else (low < extreme):
        extreme = high if before > 0.0 else low
        factor = min(factor + acceleration, maximum)
    f[out] = stop
    f[out + DIRECTION] = UP if trend > 0.0 else DOWN
    f[out + TURNED_UP] = 1.0 if known < 0.0 < trend else 0.0
    f[out + TURNED_DOWN] = 1.0 if trend < 0.0 < known else 0.0

    following = stop + factor * (extreme - stop)
    f[at + STOP] = min(following, lowest) if trend > 0.0 else max(following, highest)
    f[at + EXTREME] = extreme
    f[at + FACTOR] = factor
    f[at + TREND] = trend
    f[at + HIGH] = high
    f[at + LOW] = low


PSAR = Indicator(
    type="PSAR",
    about="Parabolic stop and reverse",
    inputs=(Input("high"), Input("low")),
    params=(
        Param("acceleration", 0.02, 0.001, 1.0, about="share of the way to the extreme; added at each new extreme"),
        Param("maximum", 0.2, 0.001, 1.0, about="largest share"),
    ),
    outputs=(
        Output("", about="the stop that this bar met; the new one where it turned the trend"),
        Output("direction", "text", ("up", "down"), about="of the trend; up: the stop is below"),
        Output("turned_up", "condition", about="the trend turned up at this bar"),
        Output("turned_down", "condition", about="the trend turned down at this bar"),
    ),
    start=start,
    step=step,
    size=lambda *_: WORDS,
    warmup=lambda *_: 2,
    settle=lambda acceleration, maximum: 2 + int(ceil_(15.0 / sqrt_(acceleration * maximum))),
    oracle="TA-Lib SAR; the trend is the side of the price on which its stop is",
    scale="linear",
    check=lambda acceleration, maximum: (
        "" if acceleration <= maximum else f"acceleration ({acceleration:g}) must not be above maximum ({maximum:g})"
    ),
)
