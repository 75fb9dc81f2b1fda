"""MOM: momentum, the source less what it was `length` bars before. Bars whose source is not ready are passed over."""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.indicators.window import HEAD, RING, push, words
from shared.indicators.window import start as window_start
from shared.kernel import NAN, VectorF, index_, is_nan, kernel


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No value seen."""
    window_start(f, at, length + 1.0)


@kernel
def step(f: VectorF, at: int, out: int, source: float, length: float) -> None:
    """Take in one value."""
    f[out] = NAN
    if not is_nan(source) and push(f, at, source, length + 1.0):
        f[out] = source - f[at + RING + index_(f[at + HEAD])]


MOM = Indicator(
    type="MOM",
    about="Momentum: change over a number of bars",
    inputs=(Input("source"),),
    params=(Param("length", 10.0, 1.0, 10_000.0, whole=True, about="bars that the change is taken over"),),
    outputs=(Output("", about="the change, in units of the source"),),
    start=start,
    step=step,
    size=lambda length: words(length + 1.0),
    warmup=lambda length: int(length) + 1,
    settle=lambda length: int(length) + 1,
    oracle="TA-Lib MOM",
    scale="linear",
)
