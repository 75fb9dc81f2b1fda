"""ROC: rate of change, by how many percent the source differs from what it was `length` bars before.

Not ready where that was 0 (TA-Lib says 0). Bars whose source is not ready are passed over.
"""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.indicators.window import HEAD, RING, push, words
from shared.indicators.window import start as window_start
from shared.kernel import NAN, VectorF, div, index_, is_nan, kernel


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No value seen."""
    window_start(f, at, length + 1.0)


@kernel
def step(f: VectorF, at: int, out: int, source: float, length: float) -> None:
    """Take in one value."""
    f[out] = NAN
    if not is_nan(source) and push(f, at, source, length + 1.0):
        f[out] = (div(source, f[at + RING + index_(f[at + HEAD])]) - 1.0) * 100.0


ROC = Indicator(
    type="ROC",
    about="Rate of change in percent",
    inputs=(Input("source"),),
    params=(Param("length", 10.0, 1.0, 10_000.0, whole=True, about="bars that the change is taken over"),),
    outputs=(Output("", about="the change, in percent"),),
    start=start,
    step=step,
    size=lambda length: words(length + 1.0),
    warmup=lambda length: int(length) + 1,
    settle=lambda length: int(length) + 1,
    oracle="TA-Lib ROC, not ready for its 0 where the value before was 0",
    scale="invariant",
)
