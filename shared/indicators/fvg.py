"""FVG: fair value gaps, price zones that the middle one of three bars jumped over, and the returns to them.

Bullish: low[t] > high[t-2], zone from high[t-2] to low[t]; bearish: high[t] < low[t-2], zone from high[t] to low[t-2].
At each bar, in this order: a large enough gap is added; gaps made `max_lookback` bars ago or before are forgotten;
filled ones (traded through to the far side) are removed; what remains signals where the bar touches it.

State: an ATR, the last two bars, and the open gaps, oldest first.
"""

from shared.indicators.atr import WORDS as ATR_WORDS
from shared.indicators.atr import settle as atr_settle
from shared.indicators.atr import start as atr_start
from shared.indicators.atr import step as atr_step
from shared.indicators.atr import warmup as atr_warmup
from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.kernel import NAN, VectorF, index_, is_nan, kernel

NOW_ATR = 0
BAR = 1  # number of the bar, counted from 1
HIGH_1, LOW_1 = 2, 3  # of the bar before
HIGH_2, LOW_2 = 4, 5  # of the one before that
OPEN_GAPS = 6
ATR = 7
GAPS = ATR + ATR_WORDS  # max_lookback + 1 gaps: a bar makes at most one, and it is added before the oldest is forgotten

MADE, SIDE, TOP, BOTTOM = 0, 1, 2, 3  # words of a gap: bar number, 1 bullish or -1 bearish, zone
GAP_WORDS = 4

BULL_SIGNAL, BEAR_SIGNAL, BULL_RETEST, BEAR_RETEST, FILLED = range(5)  # outputs
SUPPORT, SUPPORT_MID, RESISTANCE, RESISTANCE_MID, BULL_GAPS, BEAR_GAPS = range(5, 11)


@kernel
def start(
    f: VectorF, at: int, min_gap_pips: float, min_gap_atr_mult: float, atr_period: float, max_lookback: float
) -> None:
    """No bar seen, no gap open."""
    for i in range(GAPS + GAP_WORDS * (index_(max_lookback) + 1)):
        f[at + i] = 0.0
    atr_start(f, at + ATR, atr_period)
    f[at + NOW_ATR] = NAN


@kernel
def add_gap(f: VectorF, at: int, side: float, top: float, bottom: float, smallest: float) -> None:
    """Open a gap made at this bar, if it is large enough."""
    if top - bottom >= smallest:
        gap = at + GAPS + GAP_WORDS * index_(f[at + OPEN_GAPS])
        f[gap + MADE] = f[at + BAR]
        f[gap + SIDE] = side
        f[gap + TOP] = top
        f[gap + BOTTOM] = bottom
        f[at + OPEN_GAPS] += 1.0


@kernel
def drop_gaps(f: VectorF, at: int, high: float, low: float, max_lookback: float) -> float:
    """Forget old gaps, then remove filled ones, closing ranks. 1.0 if any was filled."""
    first = at + GAPS
    end = first + GAP_WORDS * index_(f[at + OPEN_GAPS])
    oldest = f[at + BAR] - max_lookback
    filled = 0.0
    kept = first
    for gap in range(first, end, GAP_WORDS):
        if f[gap + MADE] > oldest:
            if (low <= f[gap + BOTTOM]) if f[gap + SIDE] > 0.0 else (high >= f[gap + TOP]):
                filled = 1.0
            else:
                if kept < gap:
                    for i in range(GAP_WORDS):
                        f[kept + i] = f[gap + i]
                kept += GAP_WORDS
    f[at + OPEN_GAPS] = (kept - first) / (GAP_WORDS + 0.0)
    return filled


@kernel
def read_gaps(f: VectorF, at: int, out: int, high: float, low: float, close: float) -> None:
    """Write what the open gaps are to this bar."""
    for k in range(BEAR_GAPS + 1):
        f[out + k] = 0.0
    f[out + SUPPORT] = NAN
    f[out + SUPPORT_MID] = NAN
    f[out + RESISTANCE] = NAN
    f[out + RESISTANCE_MID] = NAN
    support = -1e300
    resistance = 1e300
    first = at + GAPS
    for gap in range(first, first + GAP_WORDS * index_(f[at + OPEN_GAPS]), GAP_WORDS):
        top = f[gap + TOP]
        bottom = f[gap + BOTTOM]
        touched = low <= top and high >= bottom
        retested = touched and f[gap + MADE] < f[at + BAR]
        if f[gap + SIDE] > 0.0:
            f[out + BULL_GAPS] += 1.0
            if touched:
                f[out + BULL_SIGNAL] = 1.0
            if retested:
                f[out + BULL_RETEST] = 1.0
            if support <= top < close:  # of equal levels, the younger gap's
                support = top
                f[out + SUPPORT] = top
                f[out + SUPPORT_MID] = (top + bottom) / 2.0
        else:
            f[out + BEAR_GAPS] += 1.0
            if touched:
                f[out + BEAR_SIGNAL] = 1.0
            if retested:
                f[out + BEAR_RETEST] = 1.0
            if resistance >= bottom > close:
                resistance = bottom
                f[out + RESISTANCE] = bottom
                f[out + RESISTANCE_MID] = (top + bottom) / 2.0


@kernel
def step(
    f: VectorF,
    at: int,
    out: int,
    high: float,
    low: float,
    close: float,
    min_gap_pips: float,
    min_gap_atr_mult: float,
    atr_period: float,
    max_lookback: float,
) -> None:
    """Take in one bar."""
    atr_step(f, at + ATR, at + NOW_ATR, high, low, close, atr_period)
    bar = f[at + BAR] + 1.0
    f[at + BAR] = bar
    before_high = f[at + HIGH_2]
    before_low = f[at + LOW_2]
    f[at + HIGH_2] = f[at + HIGH_1]
    f[at + LOW_2] = f[at + LOW_1]
    f[at + HIGH_1] = high
    f[at + LOW_1] = low
    atr = f[at + NOW_ATR]
    if is_nan(atr) or bar < 3.0:
        for k in range(BEAR_GAPS + 1):
            f[out + k] = NAN
        return
    smallest = max(min_gap_atr_mult * atr, min_gap_pips)
    if low > before_high:
        add_gap(f, at, 1.0, low, before_high, smallest)
    elif high < before_low:
        add_gap(f, at, -1.0, before_low, high, smallest)
    filled = drop_gaps(f, at, high, low, max_lookback)
    read_gaps(f, at, out, high, low, close)
    f[out + FILLED] = filled


FVG = Indicator(
    type="FVG",
    about="Fair value gaps",
    inputs=(Input("high"), Input("low"), Input("close")),
    params=(
        Param("min_gap_pips", 1.0, 0.0, 1e9, about="smallest gap, in quote"),
        Param("min_gap_atr_mult", 0.25, 0.0, 1_000.0, about="smallest gap, in ATRs of the bar that completes it"),
        Param("atr_period", 14.0, 1.0, 10_000.0, whole=True, about="of that ATR"),
        Param("max_lookback", 500.0, 1.0, 50_000.0, whole=True, about="bars until an open gap is forgotten"),
    ),
    outputs=(
        Output("FVG_bullish_signal", "condition", about="the bar touches an open bullish gap, or makes one"),
        Output("FVG_bearish_signal", "condition", about="the bar touches an open bearish gap, or makes one"),
        Output("FVG_bullish_retest", "condition", about="the bar touches a bullish gap made before it"),
        Output("FVG_bearish_retest", "condition", about="the bar touches a bearish gap made before it"),
        Output("FVG_gap_filled", "condition", about="the bar fills a gap"),
        Output("FVG_nearest_support", about="highest top of the open bullish gaps below the close"),
        Output("FVG_nearest_support_mid", about="middle of that gap"),
        Output("FVG_nearest_resistance", about="lowest bottom of the open bearish gaps above the close"),
        Output("FVG_nearest_resistance_mid", about="middle of that gap"),
        Output("FVG_active_bullish_gaps", low=0.0, about="open bullish gaps"),
        Output("FVG_active_bearish_gaps", low=0.0, about="open bearish gaps"),
    ),
    start=start,
    step=step,
    size=lambda pips, mult, period, max_lookback: GAPS + GAP_WORDS * (int(max_lookback) + 1),
    warmup=lambda pips, mult, atr_period, *_: max(3, atr_warmup(atr_period)),
    settle=lambda pips, mult, atr_period, max_lookback: int(max_lookback) + max(3, atr_settle(atr_period)),
    oracle="a list of gaps re-read at every bar, written from the strategy format",
    entry_lag=1,
)
