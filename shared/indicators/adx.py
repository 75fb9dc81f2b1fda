"""ADX: Wilder's average directional index, with DI+ and DI-.

As TA-Lib: directional moves and true ranges are summed over the bars after the first up to bar `period`, from there on
each sum loses its `period`th part before it takes in a bar; ADX is the mean of the first `period` DX, then Wilder's
decay. A bar on which DI+ and DI- are both zero adds nothing to the first mean and leaves a later ADX as it is. In a
market that never moved DI and ADX are 0, the lowest strength, not the midpoint: 50 would say "very strong".
"""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.indicators.wilder import bars_to_settle, smoothed_mean, true_range
from shared.kernel import NAN, VectorF, kernel

HIGH, LOW, CLOSE = 0, 1, 2  # of the bar before
UP, DOWN, RANGE = 3, 4, 5  # decaying sums: moves up, moves down, true ranges
MEAN = 6  # of DX; a sum until there are `period` of them
SEEN = 7  # bars
WORDS = 8

WEAK, MODERATE, STRONG, VERY_STRONG = 0.0, 1.0, 2.0, 3.0


@kernel
def start(f: VectorF, at: int, period: float, trend_threshold: float, range_threshold: float) -> None:
    """No bar seen."""
    for i in range(WORDS):
        f[at + i] = 0.0


@kernel
def decayed_sum(before: float, value: float, bars: float, period: float) -> float:
    """Wilder's sum of `bars` values, this one included: plain below `period`, then losing its `period`th part."""
    if bars < period:
        return before + value
    return before - before / period + value


@kernel
def step(
    f: VectorF,
    at: int,
    out: int,
    high: float,
    low: float,
    close: float,
    period: float,
    trend_threshold: float,
    range_threshold: float,
) -> None:
    """Take in one bar. DI is ready `period` - 1 bars before ADX is."""
    for k in range(8):
        f[out + k] = NAN
    bars = f[at + SEEN]  # with a bar before them, this one included
    up = high - f[at + HIGH]
    down = f[at + LOW] - low
    range_ = true_range(high, low, f[at + CLOSE])
    f[at + HIGH] = high
    f[at + LOW] = low
    f[at + CLOSE] = close
    f[at + SEEN] = bars + 1.0
    if bars == 0.0:
        return
    up_sum = decayed_sum(f[at + UP], up if up > 0.0 and up > down else 0.0, bars, period)
    down_sum = decayed_sum(f[at + DOWN], down if down > 0.0 and down > up else 0.0, bars, period)
    range_sum = decayed_sum(f[at + RANGE], range_, bars, period)
    f[at + UP] = up_sum
    f[at + DOWN] = down_sum
    f[at + RANGE] = range_sum
    if bars < period:
        return

    plus = 0.0
    minus = 0.0
    if range_sum > 0.0:
        plus = 100.0 * (up_sum / range_sum)
        minus = 100.0 * (down_sum / range_sum)
    f[out + 1] = plus
    f[out + 2] = minus
    f[out + 6] = 1.0 if plus > minus else 0.0
    f[out + 7] = 1.0 if minus > plus else 0.0

    values = bars - period + 1.0  # DX so far
    adx = f[at + MEAN]
    if plus + minus > 0.0:
        adx = smoothed_mean(adx, 100.0 * (abs(minus - plus) / (minus + plus)), values, period)
    elif values == period:
        adx = adx / period
    f[at + MEAN] = adx
    if values < period:
        return
    f[out] = adx
    f[out + 3] = 1.0 if adx > trend_threshold else 0.0
    f[out + 4] = 1.0 if adx < range_threshold else 0.0
    if adx < 20.0:
        f[out + 5] = WEAK
    elif adx < 25.0:
        f[out + 5] = MODERATE
    elif adx < 40.0:
        f[out + 5] = STRONG
    else:
        f[out + 5] = VERY_STRONG


def settle(period: float) -> int:
    """Bars until the first ones no longer count: a mean with Wilder's decay of values that decay alike."""
    return 2 * int(period) + bars_to_settle((period - 1.0) / period, 1.0 / period)


ADX = Indicator(
    type="ADX",
    about="Average directional index",
    inputs=(Input("high"), Input("low"), Input("close")),
    params=(
        Param("period", 14.0, 2.0, 5_000.0, whole=True, about="bars in the sums, and DX in the mean"),
        Param("trend_threshold", 25.0, 0.0, 100.0, about="above it, `ADX_trend` holds"),
        Param("range_threshold", 20.0, 0.0, 100.0, about="below it, `ADX_range` holds"),
    ),
    outputs=(
        Output("ADX_value", low=0.0, high=100.0, about="strength of the trend, whatever its direction"),
        Output("DI_plus", low=0.0, high=100.0, about="moves up as a percentage of the true range"),
        Output("DI_minus", low=0.0, high=100.0, about="moves down as a percentage of the true range"),
        Output("ADX_trend", "condition", about="ADX is above trend_threshold"),
        Output("ADX_range", "condition", about="ADX is below range_threshold"),
        Output("ADX_strength", "text", ("weak", "moderate", "strong", "very_strong"), about="below 20, 25, 40, above"),
        Output("DI_bullish", "condition", about="DI+ is above DI-"),
        Output("DI_bearish", "condition", about="DI- is above DI+"),
    ),
    start=start,
    step=step,
    size=lambda *_: WORDS,
    warmup=lambda period, *_: 2 * int(period),
    settle=lambda period, *_: settle(period),
    oracle="TA-Lib ADX, PLUS_DI, MINUS_DI",
    entry_lag=1,
    scale="invariant",
    check=lambda period, trend_threshold, range_threshold: (
        ""
        if range_threshold <= trend_threshold
        else f"range_threshold ({range_threshold:g}) must not be above trend_threshold ({trend_threshold:g})"
    ),
)
