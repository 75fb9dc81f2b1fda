"""CMO: Chande's momentum oscillator, 100 x (mean rise - mean fall) / (mean rise + mean fall).

As TA-Lib, whose means are Wilder's, as in RSI; TradingView and T. Chande's book sum the last `length` changes instead
(TA-Lib's CMOU). In a market that never moved it is 0, the midpoint; after a move the two means decay alike, and it
stays. Bars whose source is not ready are passed over.
"""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.indicators.wilder import bars_to_settle, smoothed_mean
from shared.kernel import NAN, VectorF, is_nan, kernel

LAST = 0  # the value before
RISE = 1  # mean rise >= 0; a sum until `length` changes are seen
FALL = 2  # mean fall >= 0, likewise
SEEN = 3  # values taken in
WORDS = 4


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No value seen."""
    for i in range(WORDS):
        f[at + i] = 0.0


@kernel
def step(f: VectorF, at: int, out: int, source: float, length: float) -> None:
    """Take in one value."""
    f[out] = NAN
    if is_nan(source):
        return
    changes = f[at + SEEN]  # one less than the values seen, this one included
    change = source - f[at + LAST]
    f[at + LAST] = source
    f[at + SEEN] = changes + 1.0
    if changes == 0.0:
        return
    rise = smoothed_mean(f[at + RISE], max(change, 0.0), changes, length)
    fall = smoothed_mean(f[at + FALL], max(-change, 0.0), changes, length)
    f[at + RISE] = rise
    f[at + FALL] = fall
    if changes >= length:
        f[out] = 100.0 * ((rise - fall) / (rise + fall)) if rise + fall > 0.0 else 0.0


CMO = Indicator(
    type="CMO",
    about="Chande's momentum oscillator",
    inputs=(Input("source"),),
    params=(Param("length", 14.0, 2.0, 10_000.0, whole=True, about="changes in the mean"),),
    outputs=(Output("", low=-100.0, high=100.0, about="100 when all changes rise, -100 when all fall; 0 without any"),),
    start=start,
    step=step,
    size=lambda length: WORDS,
    warmup=lambda length: int(length) + 1,
    settle=lambda length: int(length) + 1 + bars_to_settle((length - 1.0) / length),
    oracle="TA-Lib CMO",
    scale="invariant",
)
