"""PIVOT: the classic pivot point of the UTC day before, and three levels on either side.

Levels stand from a day's first bar to its last, on any timeframe. A day counts when it was seen from its first bar: the
one that the run began in counts only if its bar at 00:00 was seen. Days without any bar do not exist: after a gap, the
last day that had bars is the day before.
"""

from shared.domain.timeframe import DAY_MS
from shared.indicators.fact_sheet import BAR_OPEN_MS, Indicator, Input, Output
from shared.kernel import NAN, VectorF, is_nan, kernel

DAY = 0  # number of the current bar's UTC day; NaN before the first
IS_WHOLE = 1  # that day was seen from its first bar
HIGH, LOW, CLOSE = 2, 3, 4  # of that day so far
LEVELS = 5  # that stand, in the order of the outputs
COUNT = 7
WORDS = LEVELS + COUNT

DAY_LENGTH = DAY_MS + 0.0


@kernel
def start(f: VectorF, at: int) -> None:
    """No bar seen."""
    for i in range(at, at + WORDS):
        f[i] = NAN


@kernel
def levels(f: VectorF, at: int, high: float, low: float, close: float) -> None:
    """Write what a day's high, low and close say of the next."""
    pivot = (high + low + close) / 3.0
    f[at] = pivot
    f[at + 1] = 2.0 * pivot - low
    f[at + 2] = pivot + (high - low)
    f[at + 3] = high + 2.0 * (pivot - low)
    f[at + 4] = 2.0 * pivot - high
    f[at + 5] = pivot - (high - low)
    f[at + 6] = low - 2.0 * (high - pivot)


@kernel
def step(f: VectorF, at: int, out: int, open_ms: float, high: float, low: float, close: float) -> None:
    """Take in one bar; a new day makes the levels of the one before stand."""
    day = open_ms // DAY_LENGTH
    if day == f[at + DAY]:
        f[at + HIGH] = max(f[at + HIGH], high)
        f[at + LOW] = min(f[at + LOW], low)
    else:
        if f[at + IS_WHOLE] == 1.0:
            levels(f, at + LEVELS, f[at + HIGH], f[at + LOW], f[at + CLOSE])
        f[at + IS_WHOLE] = 1.0 if open_ms == day * DAY_LENGTH or not is_nan(f[at + DAY]) else 0.0
        f[at + DAY] = day
        f[at + HIGH] = high
        f[at + LOW] = low
    f[at + CLOSE] = close
    for i in range(COUNT):
        f[out + i] = f[at + LEVELS + i]


PIVOT = Indicator(
    type="PIVOT",
    about="Classic pivot points of the UTC day before",
    inputs=(Input(BAR_OPEN_MS), Input("high"), Input("low"), Input("close")),
    params=(),
    outputs=(
        Output("pivot", about="(high + low + close) / 3 of the day before"),
        Output("r1", about="first resistance: 2 x pivot - low"),
        Output("r2", about="second: pivot + (high - low)"),
        Output("r3", about="third: high + 2 x (pivot - low)"),
        Output("s1", about="first support: 2 x pivot - high"),
        Output("s2", about="second: pivot - (high - low)"),
        Output("s3", about="third: low - 2 x (high - pivot)"),
    ),
    start=start,
    step=step,
    size=lambda: WORDS,
    warmup=lambda: 1,
    settle=lambda: 1,
    days=lambda: 2,  # the rest of the one that it begins in, and a whole one
    oracle="TradingView's traditional pivots, over days as pandas groups them",
    scale="linear",
)
