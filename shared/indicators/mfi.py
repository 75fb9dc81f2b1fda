"""MFI: money flow index, 100 x money of rising bars / money of rising and falling bars, over `length` changes.

As TA-Lib: a bar's money is its typical price times its volume, and it rises or falls with the typical price. Both sums
are taken anew at every bar. Where no money moved it is 50, the midpoint (TA-Lib says 0).
"""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.indicators.typical import ROUNDING, typical_price
from shared.indicators.window import HEAD, RING, push, words
from shared.indicators.window import start as window_start
from shared.kernel import NAN, VectorF, index_, is_nan, kernel

PRICE = 0  # typical, of the bar before; NaN before the first
FLOWS = 1  # the window of money: positive of rising bars, negative of falling ones


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No bar seen."""
    f[at + PRICE] = NAN
    window_start(f, at + FLOWS, length)


@kernel
def flow_index(f: VectorF, at: int, length: float) -> float:
    """The index of a full window of flows."""
    first = at + RING
    oldest = first + index_(f[at + HEAD])
    rising = 0.0
    falling = 0.0
    for i in range(oldest, first + index_(length)):
        if f[i] > 0.0:
            rising += f[i]
        else:
            falling -= f[i]
    for i in range(first, oldest):
        if f[i] > 0.0:
            rising += f[i]
        else:
            falling -= f[i]
    return 100.0 * (rising / (rising + falling)) if rising + falling > 0.0 else 50.0


@kernel
def step(f: VectorF, at: int, out: int, high: float, low: float, close: float, volume: float, length: float) -> None:
    """Take in one bar."""
    price = typical_price(high, low, close)
    before = f[at + PRICE]
    f[at + PRICE] = price
    f[out] = NAN
    if is_nan(before):
        return
    flow = price * volume
    if abs(price - before) <= ROUNDING * (price + before):
        flow = 0.0
    elif price < before:
        flow = -flow
    if push(f, at + FLOWS, flow, length):
        f[out] = flow_index(f, at + FLOWS, length)


MFI = Indicator(
    type="MFI",
    about="Money flow index",
    inputs=(Input("high"), Input("low"), Input("close"), Input("volume")),
    params=(Param("length", 14.0, 2.0, 10_000.0, whole=True, about="changes in the sums"),),
    outputs=(Output("", low=0.0, high=100.0, about="the index; 50 where no money moved"),),
    start=start,
    step=step,
    size=lambda length: FLOWS + words(length),
    warmup=lambda length: int(length) + 1,
    settle=lambda length: int(length) + 1,
    oracle="TA-Lib MFI, with 50 for its 0 where no money moved",
    scale="invariant",
)
