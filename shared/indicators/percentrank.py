"""PERCENTRANK: the share of the `length` values before that are not above the present one, as a percentage.

As TradingView's ta.percentrank: 100 x (values <= source) / length (TA-Lib counts only those below). Where all of these
values and the present one are equal, nothing ranks: TradingView says 100, here it is the midpoint, 50. Bars whose
source is not ready are passed over.
"""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.kernel import NAN, VectorF, index_, is_nan, kernel

SEEN = 0  # values taken in
HEAD = 1  # ring position of the next value; once the ring is full, of the oldest
RING = 2  # `length` words: the values before


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No value seen."""
    for i in range(RING + index_(length)):
        f[at + i] = 0.0


@kernel
def rank(f: VectorF, first: int, value: float, length: float) -> float:
    """Rank of a value among the words of a full ring at f[first]."""
    below = 0.0
    equal = 0.0
    for i in range(first, first + index_(length)):
        if f[i] < value:
            below += 1.0
        elif f[i] == value:
            equal += 1.0
    return 100.0 * (below + equal) / length if equal < length else 50.0


@kernel
def step(f: VectorF, at: int, out: int, source: float, length: float) -> None:
    """Take in one value."""
    f[out] = NAN
    if is_nan(source):
        return
    if f[at + SEEN] >= length:
        f[out] = rank(f, at + RING, source, length)
    head = f[at + HEAD]
    f[at + RING + index_(head)] = source
    f[at + HEAD] = head + 1.0 if head + 1.0 < length else 0.0
    f[at + SEEN] += 1.0


PERCENTRANK = Indicator(
    type="PERCENTRANK",
    about="Percent rank",
    inputs=(Input("source"),),
    params=(Param("length", 100.0, 1.0, 10_000.0, whole=True, about="values before the present one"),),
    outputs=(
        Output("", low=0.0, high=100.0, about="percentage of them that are not above it; 50 where all are equal"),
    ),
    start=start,
    step=step,
    size=lambda length: RING + int(length),
    warmup=lambda length: int(length) + 1,
    settle=lambda length: int(length) + 1,
    oracle="TradingView ta.percentrank, counted in NumPy, with 50 where all values are equal",
    scale="invariant",
)
