"""CCI: Lambert's commodity channel index, (price - mean) / (0.015 x mean absolute deviation) of typical prices.

As TA-Lib, which has 0 where a window did not move or the price is its mean. The default length is Lambert's and
TradingView's 20 (TA-Lib's is 14).
"""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.indicators.typical import ROUNDING, typical_price
from shared.indicators.window import HEAD, RING, push, words
from shared.indicators.window import start as window_start
from shared.kernel import NAN, VectorF, index_, kernel


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No bar seen."""
    window_start(f, at, length)


@kernel
def index_of(f: VectorF, at: int, price: float, length: float) -> float:
    """The index of `price`, the newest of a full window."""
    first = at + RING
    oldest = first + index_(f[at + HEAD])
    end = first + index_(length)
    total = 0.0  # of differences from `price`: exact for any price, 0 where nothing moved
    for i in range(oldest, end):
        total += f[i] - price
    for i in range(first, oldest):
        total += f[i] - price
    offset = total / length  # mean less `price`
    deviation = 0.0
    for i in range(oldest, end):
        deviation += abs(f[i] - price - offset)
    for i in range(first, oldest):
        deviation += abs(f[i] - price - offset)
    deviation = deviation / length
    if min(abs(offset), deviation) <= ROUNDING * price:
        return 0.0
    return -offset / (0.015 * deviation)


@kernel
def step(f: VectorF, at: int, out: int, high: float, low: float, close: float, length: float) -> None:
    """Take in one bar."""
    price = typical_price(high, low, close)
    f[out] = NAN
    if push(f, at, price, length):
        f[out] = index_of(f, at, price, length)


CCI = Indicator(
    type="CCI",
    about="Commodity channel index",
    inputs=(Input("high"), Input("low"), Input("close")),
    params=(Param("length", 20.0, 2.0, 10_000.0, whole=True, about="bars in the mean and in the deviation"),),
    outputs=(Output("", about="the index, mostly within -100 and 100; 0 where nothing moved"),),
    start=start,
    step=step,
    size=words,
    warmup=lambda length: int(length),
    settle=lambda length: int(length),
    oracle="TA-Lib CCI",
    scale="invariant",
)
