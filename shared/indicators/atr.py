"""ATR: Wilder's average true range, as TA-Lib: the mean of the first `period` true ranges, then Wilder's decay.

The first bar has no close before it and therefore no true range. Other indicators keep an ATR of their own inside
their state, by the same two kernels.
"""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.indicators.wilder import bars_to_settle, smoothed_mean, true_range
from shared.kernel import NAN, VectorF, kernel

CLOSE = 0  # of the bar before
MEAN = 1  # of the true ranges; their sum until there are `period` of them
SEEN = 2  # bars
WORDS = 3


@kernel
def start(f: VectorF, at: int, period: float) -> None:
    """No bar seen."""
    for i in range(WORDS):
        f[at + i] = 0.0


@kernel
def step(f: VectorF, at: int, out: int, high: float, low: float, close: float, period: float) -> None:
    """Take in one bar."""
    ranges = f[at + SEEN]  # one less than the bars seen, this one included
    previous_close = f[at + CLOSE]
    f[at + CLOSE] = close
    f[at + SEEN] = ranges + 1.0
    f[out] = NAN
    if ranges == 0.0:
        return
    mean = smoothed_mean(f[at + MEAN], true_range(high, low, previous_close), ranges, period)
    f[at + MEAN] = mean
    if ranges >= period:
        f[out] = mean


def warmup(period: float) -> int:
    """Bars until the ATR is ready."""
    return int(period) + 1


def settle(period: float) -> int:
    """Bars until the first true ranges no longer count."""
    return warmup(period) + bars_to_settle((period - 1.0) / period)


ATR = Indicator(
    type="ATR",
    about="Average true range",
    inputs=(Input("high"), Input("low"), Input("close")),
    params=(Param("period", 14.0, 1.0, 10_000.0, whole=True, about="true ranges in the mean"),),
    outputs=(Output("", low=0.0, about="the average true range, in quote"),),
    start=start,
    step=step,
    size=lambda period: WORDS,
    warmup=warmup,
    settle=settle,
    oracle="TA-Lib ATR",
    scale="linear",
)
