"""VWAP: the mean price of what was traded since the day or week began (UTC; weeks begin on Monday), by volume.

A bar counts with its typical price, (high + low + close) / 3. `upper` and `lower` lie `mult` standard deviations of
these prices, by volume, from the mean. Nothing until a day (week) is seen from its first bar. While nothing was traded
since it began, the value before stands; not ready if there is none.

The mean moves by each bar's share of the volume, the spread is summed around it (D. H. D. West, 1979): sums of price
times volume and their squares would cancel where prices hardly move.
"""

from shared.domain.timeframe import DAY_MS
from shared.indicators.fact_sheet import BAR_OPEN_MS, Indicator, Input, Output, Param
from shared.kernel import NAN, VectorF, is_nan, kernel, sqrt_

PERIOD = 0  # number of the current bar's day or week; NaN before the first
IS_WHOLE = 1  # that one was seen from its first bar; so are all after it
VOLUME = 2  # traded since it began
MEAN = 3  # NaN until there is one
SQUARES = 4  # volume times squared distance from the mean, summed
DEVIATION = 5
WORDS = 6

DAY, WEEK = 0.0, 1.0  # anchors
DAY_LENGTH = DAY_MS + 0.0
THURSDAY = 3.0  # 1970-01-01, counted from Monday


@kernel
def start(f: VectorF, at: int, anchor: float, mult: float) -> None:
    """No bar seen."""
    f[at + PERIOD] = NAN
    f[at + IS_WHOLE] = 0.0
    f[at + VOLUME] = 0.0
    f[at + MEAN] = NAN
    f[at + SQUARES] = 0.0
    f[at + DEVIATION] = NAN


@kernel
def begin(f: VectorF, at: int, open_ms: float, anchor: float) -> None:
    """Begin anew where the bar is the first of its day or week."""
    day = open_ms // DAY_LENGTH
    period = day if anchor == DAY else (day + THURSDAY) // 7.0
    if period == f[at + PERIOD]:
        return
    opens = day * DAY_LENGTH if anchor == DAY else (period * 7.0 - THURSDAY) * DAY_LENGTH
    f[at + IS_WHOLE] = 1.0 if open_ms == opens or not is_nan(f[at + PERIOD]) else 0.0
    f[at + PERIOD] = period
    f[at + VOLUME] = 0.0
    f[at + SQUARES] = 0.0


@kernel
def trade(f: VectorF, at: int, price: float, volume: float) -> None:
    """Take in what a bar traded, if anything."""
    if volume <= 0.0:
        return
    total = f[at + VOLUME] + volume
    mean = price
    if total > volume:
        distance = price - f[at + MEAN]
        mean = f[at + MEAN] + distance * (volume / total)
        f[at + SQUARES] += volume * max(distance * (price - mean), 0.0)
    f[at + VOLUME] = total
    f[at + MEAN] = mean
    f[at + DEVIATION] = sqrt_(f[at + SQUARES] / total)


@kernel
def step(
    f: VectorF, at: int, out: int, open_ms: float, high: float, low: float, close: float, volume: float,
    anchor: float, mult: float,
) -> None:  # fmt: skip
    """Take in one bar."""
    begin(f, at, open_ms, anchor)
    if f[at + IS_WHOLE] == 1.0:
        trade(f, at, (high + low + close) / 3.0, volume)
    f[out] = f[at + MEAN]
    f[out + 1] = f[at + MEAN] + mult * f[at + DEVIATION]
    f[out + 2] = f[at + MEAN] - mult * f[at + DEVIATION]


VWAP = Indicator(
    type="VWAP",
    about="Volume-weighted average price since the day or week began (UTC)",
    inputs=(Input(BAR_OPEN_MS), Input("high"), Input("low"), Input("close"), Input("volume")),
    params=(
        Param("anchor", DAY, 0.0, 1.0, whole=True, about="where it begins anew", words=("day", "week")),
        Param("mult", 1.0, 0.0, 100.0, about="standard deviations from the average to either band"),
    ),
    outputs=(
        Output("", about="the average of typical prices, by volume"),
        Output("upper", about="the average plus `mult` standard deviations"),
        Output("lower", about="the average minus `mult` standard deviations"),
    ),
    start=start,
    step=step,
    size=lambda *_: WORDS,
    warmup=lambda *_: 1,
    settle=lambda *_: 1,
    days=lambda anchor, _: 1 if anchor == DAY else 7,
    oracle="weighted means and deviations of whole periods (TradingView's VWAP with its bands), with NumPy",
    scale="linear",
)
