"""RSI: Wilder's relative strength index, 100 x mean rise / (mean rise + mean fall).

As TA-Lib, except in a market that never moved: there TA-Lib says 0, talipp 100; here it is the midpoint, 50. After a
move the two means decay alike, and the index stays (TA-Lib before 0.6 took sums below 1e-14 for zero). Bars whose
source is not ready are passed over.
"""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.indicators.wilder import bars_to_settle, smoothed_mean
from shared.kernel import NAN, VectorF, is_nan, kernel

LAST = 0  # the value before
RISE = 1  # mean rise >= 0; a sum until `length` changes are seen
FALL = 2  # mean fall >= 0, likewise
SEEN = 3  # values taken in
WORDS = 4


@kernel
def start(f: VectorF, at: int, length: float, overbought: float, oversold: float) -> None:
    """No value seen."""
    for i in range(WORDS):
        f[at + i] = 0.0


@kernel
def step(f: VectorF, at: int, out: int, source: float, length: float, overbought: float, oversold: float) -> None:
    """Take in one value."""
    f[out] = NAN
    f[out + 1] = NAN
    f[out + 2] = NAN
    if is_nan(source):
        return
    changes = f[at + SEEN]  # one less than the values seen, this one included
    change = source - f[at + LAST]
    f[at + LAST] = source
    f[at + SEEN] = changes + 1.0
    if changes == 0.0:
        return
    rise = smoothed_mean(f[at + RISE], change if change > 0.0 else 0.0, changes, length)
    fall = smoothed_mean(f[at + FALL], -change if change < 0.0 else 0.0, changes, length)
    f[at + RISE] = rise
    f[at + FALL] = fall
    if changes < length:
        return
    value = 50.0
    if rise + fall > 0.0:
        value = 100.0 * (rise / (rise + fall))
    f[out] = value
    f[out + 1] = 1.0 if value > overbought else 0.0
    f[out + 2] = 1.0 if value < oversold else 0.0


RSI = Indicator(
    type="RSI",
    about="Relative strength index",
    inputs=(Input("source"),),
    params=(
        Param("length", 14.0, 2.0, 10_000.0, whole=True, about="changes in the mean"),
        Param("overbought", 70.0, 0.0, 100.0, about="above it, `overbought` holds"),
        Param("oversold", 30.0, 0.0, 100.0, about="below it, `oversold` holds"),
    ),
    outputs=(
        Output("", low=0.0, high=100.0, about="the index; 50 in a market that never moved"),
        Output("overbought", "condition", about="the index is above `overbought`"),
        Output("oversold", "condition", about="the index is below `oversold`"),
    ),
    start=start,
    step=step,
    size=lambda *_: WORDS,
    warmup=lambda length, *_: int(length) + 1,
    settle=lambda length, *_: int(length) + 1 + bars_to_settle((length - 1.0) / length),
    oracle="TA-Lib RSI, with 50 for its 0 where there was neither rise nor fall",
    scale="invariant",
    check=lambda length, overbought, oversold: (
        "" if oversold < overbought else f"oversold ({oversold:g}) must be below overbought ({overbought:g})"
    ),
)
