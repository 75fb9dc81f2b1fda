"""ICHIMOKU: middles of the range of the last bars, and the cloud that was drawn ahead to this bar.

tenkan, kijun and span B are (highest high + lowest low) / 2 over `conversion`, `base` and `span_b` bars, span A is
(tenkan + kijun) / 2. Charts draw both spans `displacement` bars ahead. A rule reads the cloud at its own bar, so
`span_a` and `span_b` are the spans as computed `displacement` bars ago: nothing here looks ahead. (TradingView counts
the present bar too: its 26 is 25 here.) With a displacement of 0 they are the spans that are drawn ahead now.

The lagging span (chikou) is left out: it is the close, drawn back, and to hold it against its place on the chart is
`close > close[26]`.
"""

from shared.indicators.extremes import RING, largest
from shared.indicators.extremes import start as extremes_start
from shared.indicators.extremes import words as extremes_words
from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.kernel import NAN, VectorF, index_, kernel

SEEN = 0  # bars
HEAD = 1  # ring place of the next pair of spans
RANGES = 2  # of each number of bars the window of highs and that of negative lows; then `displacement` + 1 pairs

TENKAN, KIJUN, SPAN_A, SPAN_B = range(4)  # outputs


@kernel
def range_words(length: float) -> int:
    """State words of the range of `length` bars."""
    return 2 * (RING + index_(length))


@kernel
def start_range(f: VectorF, at: int, length: float) -> None:
    """No bar seen."""
    extremes_start(f, at, length)
    extremes_start(f, at + RING + index_(length), length)


@kernel
def middle(f: VectorF, at: int, high: float, low: float, length: float) -> float:
    """Take in one bar; the middle of the range of the last `length`."""
    return (largest(f, at, high, length) - largest(f, at + RING + index_(length), -low, length)) / 2.0


@kernel
def start(f: VectorF, at: int, conversion: float, base: float, span_b: float, displacement: float) -> None:
    """No bar seen."""
    bases = at + RANGES + range_words(conversion)
    spans = bases + range_words(base)
    pairs = spans + range_words(span_b)
    f[at + SEEN] = 0.0
    f[at + HEAD] = 0.0
    start_range(f, at + RANGES, conversion)
    start_range(f, bases, base)
    start_range(f, spans, span_b)
    for i in range(pairs, pairs + 2 * (index_(displacement) + 1)):
        f[i] = NAN


@kernel
def step(
    f: VectorF,
    at: int,
    out: int,
    high: float,
    low: float,
    conversion: float,
    base: float,
    span_b: float,
    displacement: float,
) -> None:
    """Take in one bar."""
    bases = at + RANGES + range_words(conversion)
    spans = bases + range_words(base)
    pairs = spans + range_words(span_b)
    seen = f[at + SEEN] + 1.0
    f[at + SEEN] = seen
    tenkan = middle(f, at + RANGES, high, low, conversion)
    kijun = middle(f, bases, high, low, base)
    b = middle(f, spans, high, low, span_b)
    head = f[at + HEAD]
    place = pairs + 2 * index_(head)
    f[place] = (tenkan + kijun) / 2.0 if seen >= base else NAN
    f[place + 1] = b if seen >= span_b else NAN
    head = head + 1.0 if head < displacement else 0.0
    f[at + HEAD] = head
    oldest = pairs + 2 * index_(head)
    f[out + TENKAN] = tenkan if seen >= conversion else NAN
    f[out + KIJUN] = kijun if seen >= base else NAN
    f[out + SPAN_A] = f[oldest]
    f[out + SPAN_B] = f[oldest + 1]


def size(conversion: float, base: float, span_b: float, displacement: float) -> int:
    """State words."""
    return RANGES + 2 * (sum(extremes_words(bars) for bars in (conversion, base, span_b)) + int(displacement) + 1)


ICHIMOKU = Indicator(
    type="ICHIMOKU",
    about="Ichimoku lines, and the cloud at this bar",
    inputs=(Input("high"), Input("low")),
    params=(
        Param("conversion", 9.0, 1.0, 5_000.0, whole=True, about="bars of tenkan"),
        Param("base", 26.0, 1.0, 5_000.0, whole=True, about="bars of kijun"),
        Param("span_b", 52.0, 1.0, 5_000.0, whole=True, about="bars of span B"),
        Param("displacement", 26.0, 0.0, 5_000.0, whole=True, about="bars that the spans are drawn ahead"),
    ),
    outputs=(
        Output("tenkan", about="conversion line"),
        Output("kijun", about="base line"),
        Output("span_a", about="the cloud's span A at this bar, computed `displacement` bars ago"),
        Output("span_b", about="the cloud's span B at this bar, computed `displacement` bars ago"),
    ),
    start=start,
    step=step,
    size=size,
    warmup=lambda conversion, *_: int(conversion),
    settle=lambda conversion, base, span_b, displacement: int(span_b + displacement),
    oracle="TradingView's formula in pandas, the spans shifted by `displacement`",
    scale="linear",
    check=lambda conversion, base, span_b, displacement: (
        ""
        if conversion <= base <= span_b
        else f"conversion, base and span_b must not fall ({conversion:g}, {base:g}, {span_b:g})"
    ),
)
