"""KAMA: Kaufman's adaptive moving average (P. Kaufman, Trading Systems and Methods, 1995).

An exponential mean whose speed lies between those of `fast` and `slow` bars, by how straight the way of the last
`length` changes was: the distance from its beginning to its end over the sum of its steps. As TA-Lib, a way without a
step counts as straight, and the mean begins at the value before the first it is given for. Bars whose source is not
ready are passed over.
"""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.indicators.wilder import bars_to_settle
from shared.indicators.window import HEAD, RING, push, words
from shared.indicators.window import mean as window_mean
from shared.indicators.window import start as window_start
from shared.kernel import NAN, VectorF, index_, is_nan, kernel

LAST = 0  # the value before
MEAN = 1  # the average; NaN before the first
STEPS = 2  # the window of changes without their signs; then that of `length` + 1 values


@kernel
def start(f: VectorF, at: int, length: float, fast: float, slow: float) -> None:
    """No value seen."""
    f[at + LAST] = NAN
    f[at + MEAN] = NAN
    window_start(f, at + STEPS, length)
    window_start(f, at + STEPS + RING + index_(length), length + 1.0)


@kernel
def step(f: VectorF, at: int, out: int, source: float, length: float, fast: float, slow: float) -> None:
    """Take in one value."""
    f[out] = NAN
    if is_nan(source):
        return
    last = f[at + LAST]
    f[at + LAST] = source
    if not is_nan(last):
        push(f, at + STEPS, abs(source - last), length)
    values = at + STEPS + RING + index_(length)
    if not push(f, values, source, length + 1.0):
        return
    mean_step = window_mean(f, at + STEPS, length)
    mean_change = abs(source - f[values + RING + index_(f[values + HEAD])]) / length
    straight = min(mean_change / mean_step, 1.0) if mean_step > 0.0 else 1.0
    slowest = 2.0 / (slow + 1.0)
    weight = straight * (2.0 / (fast + 1.0) - slowest) + slowest
    mean = last if is_nan(f[at + MEAN]) else f[at + MEAN]
    mean = (source - mean) * (weight * weight) + mean
    f[at + MEAN] = mean
    f[out] = mean


def slowest_decay(slow: float) -> float:
    """What a bar leaves of the mean where the market goes nowhere."""
    return 1.0 - (2.0 / (slow + 1.0)) * (2.0 / (slow + 1.0))


KAMA = Indicator(
    type="KAMA",
    about="Kaufman's adaptive moving average",
    inputs=(Input("source"),),
    params=(
        Param("length", 10.0, 2.0, 10_000.0, whole=True, about="changes whose straightness is measured"),
        Param("fast", 2.0, 1.0, 499.0, about="bars of the EMA that a straight way is followed with"),
        Param("slow", 30.0, 2.0, 500.0, about="bars of the EMA that a way to nowhere is followed with"),
    ),
    outputs=(Output("", about="the average"),),
    start=start,
    step=step,
    size=lambda length, *_: STEPS + words(length) + words(length + 1.0),
    warmup=lambda length, *_: int(length) + 1,
    settle=lambda length, fast, slow: int(length) + 1 + bars_to_settle(slowest_decay(slow)),
    oracle="TA-Lib KAMA for its own fast 2 and slow 30, else Kaufman's formula over whole windows",
    scale="linear",
    check=lambda length, fast, slow: "" if fast < slow else f"fast ({fast:g}) must be below slow ({slow:g})",
)
