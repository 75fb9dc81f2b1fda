"""SMA: the mean of the last `length` values.

The window is summed anew at every bar, oldest first: a running sum carries the rounding of every bar it ever saw, so a
run that started elsewhere would disagree in the last digits. Bars whose source is not ready are passed over.
"""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.kernel import NAN, VectorF, index_, is_nan, kernel

SEEN = 0  # values taken in
HEAD = 1  # ring position of the next value; once the ring is full, of the oldest
RING = 2  # `length` words


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No value seen."""
    for i in range(RING + index_(length)):
        f[at + i] = 0.0


@kernel
def step(f: VectorF, at: int, out: int, source: float, length: float) -> None:
    """Take in one value."""
    f[out] = NAN
    if is_nan(source):
        return
    head = f[at + HEAD]
    f[at + RING + index_(head)] = source
    head = head + 1.0 if head + 1.0 < length else 0.0
    f[at + HEAD] = head
    f[at + SEEN] += 1.0
    if f[at + SEEN] < length:
        return
    oldest = at + RING + index_(head)
    total = 0.0
    for i in range(oldest, at + RING + index_(length)):
        total += f[i]
    for i in range(at + RING, oldest):
        total += f[i]
    f[out] = total / length


SMA = Indicator(
    type="SMA",
    about="Simple moving average",
    inputs=(Input("source"),),
    params=(Param("length", 20.0, 1.0, 10_000.0, whole=True, about="bars"),),
    outputs=(Output("", about="the average"),),
    start=start,
    step=step,
    size=lambda length: RING + int(length),
    warmup=lambda length: int(length),
    settle=lambda length: int(length),
    oracle="TA-Lib SMA",
    scale="linear",
)
