"""STOCH: where the close stands in the range of the last `k` bars, in percent, smoothed twice by simple means.

As TA-Lib's STOCH: %K is the mean of `smooth_k` raw values, %D of `d` values of %K, and both begin together. A window
without a range gives the midpoint, 50 (TA-Lib says 0).
"""

from shared.indicators.extremes import RING as EXTREMES
from shared.indicators.extremes import largest
from shared.indicators.extremes import start as extremes_start
from shared.indicators.extremes import words as extremes_words
from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.indicators.window import RING as WINDOW
from shared.indicators.window import mean, push
from shared.indicators.window import start as window_start
from shared.indicators.window import words as window_words
from shared.kernel import NAN, VectorF, index_, kernel

SEEN = 0  # bars
HIGHS = 1  # four windows: highs, negative lows, raw values, values of %K


@kernel
def start(f: VectorF, at: int, k: float, smooth_k: float, d: float) -> None:
    """No bar seen."""
    lows = at + HIGHS + EXTREMES + index_(k)
    raw = lows + EXTREMES + index_(k)
    f[at + SEEN] = 0.0
    extremes_start(f, at + HIGHS, k)
    extremes_start(f, lows, k)
    window_start(f, raw, smooth_k)
    window_start(f, raw + WINDOW + index_(smooth_k), d)


@kernel
def step(
    f: VectorF, at: int, out: int, high: float, low: float, close: float, k: float, smooth_k: float, d: float
) -> None:
    """Take in one bar."""
    f[out] = NAN
    f[out + 1] = NAN
    lows = at + HIGHS + EXTREMES + index_(k)
    raw = lows + EXTREMES + index_(k)
    highest = largest(f, at + HIGHS, high, k)
    lowest = -largest(f, lows, -low, k)
    seen = f[at + SEEN] + 1.0
    f[at + SEEN] = seen
    if seen < k:
        return
    value = 100.0 * ((close - lowest) / (highest - lowest)) if highest > lowest else 50.0
    if not push(f, raw, value, smooth_k):
        return
    line = mean(f, raw, smooth_k)
    slow = raw + WINDOW + index_(smooth_k)
    if push(f, slow, line, d):
        f[out] = line
        f[out + 1] = mean(f, slow, d)


def size(k: float, smooth_k: float, d: float) -> int:
    """State words."""
    return HIGHS + 2 * extremes_words(k) + window_words(smooth_k) + window_words(d)


def warmup(k: float, smooth_k: float, d: float) -> int:
    """Bars until both lines are ready."""
    return int(k) + int(smooth_k) + int(d) - 2


STOCH = Indicator(
    type="STOCH",
    about="Stochastic oscillator",
    inputs=(Input("high"), Input("low"), Input("close")),
    params=(
        Param("k", 14.0, 1.0, 10_000.0, whole=True, about="bars in the range"),
        Param("smooth_k", 3.0, 1.0, 10_000.0, whole=True, about="raw values in the mean that is %K; 1: not smoothed"),
        Param("d", 3.0, 1.0, 10_000.0, whole=True, about="values of %K in the mean that is %D"),
    ),
    outputs=(
        Output("", low=0.0, high=100.0, about="%K: 0 at the lowest low, 100 at the highest high; 50 without a range"),
        Output("d", low=0.0, high=100.0, about="%D, the signal line: the mean of %K"),
    ),
    start=start,
    step=step,
    size=size,
    warmup=warmup,
    settle=warmup,
    oracle="TA-Lib STOCH with simple means, from its STOCHF with 50 for a raw value without a range",
    scale="invariant",
)
