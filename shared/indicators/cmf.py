"""CMF: Chaikin money flow, the money flow volumes of the last `length` bars by their volumes, as TA-Lib.

The window is summed anew at every bar, oldest first: TA-Lib carries its sums, and takes what their rounding left for a
flow where nothing was traded. There it is 0, the midpoint.
"""

from shared.indicators.ad import money_flow
from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.kernel import NAN, VectorF, index_, kernel

SEEN = 0  # bars
HEAD = 1  # ring place of the next bar; once the ring is full, of the oldest
RING = 2  # `length` bars
FLOW, VOLUME = 0, 1  # words of a bar
BAR_WORDS = 2


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No bar seen."""
    for i in range(RING + BAR_WORDS * index_(length)):
        f[at + i] = 0.0


@kernel
def step(f: VectorF, at: int, out: int, high: float, low: float, close: float, volume: float, length: float) -> None:
    """Take in one bar."""
    f[out] = NAN
    head = f[at + HEAD]
    place = at + RING + BAR_WORDS * index_(head)
    f[place + FLOW] = money_flow(high, low, close, volume)
    f[place + VOLUME] = volume
    head = head + 1.0 if head + 1.0 < length else 0.0
    f[at + HEAD] = head
    f[at + SEEN] += 1.0
    if f[at + SEEN] < length:
        return
    first = at + RING
    oldest = first + BAR_WORDS * index_(head)
    flow = 0.0
    traded = 0.0
    for i in range(oldest, first + BAR_WORDS * index_(length), BAR_WORDS):
        flow += f[i]
        traded += f[i + VOLUME]
    for i in range(first, oldest, BAR_WORDS):
        flow += f[i]
        traded += f[i + VOLUME]
    f[out] = flow / traded if traded > 0.0 else 0.0


CMF = Indicator(
    type="CMF",
    about="Chaikin money flow",
    inputs=(Input("high"), Input("low"), Input("close"), Input("volume")),
    params=(Param("length", 20.0, 2.0, 10_000.0, whole=True, about="bars"),),
    outputs=(Output("", low=-1.0, high=1.0, about="1: all closes at the high, -1: all at the low; 0 without volume"),),
    start=start,
    step=step,
    size=lambda length: RING + BAR_WORDS * int(length),
    warmup=lambda length: int(length),
    settle=lambda length: int(length),
    oracle="TA-Lib CMF over each window by itself",
    scale="invariant",
)
