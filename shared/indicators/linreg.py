"""LINREG: the straight line of least squares through the last `length` values.

As TA-Lib: the value is the line's at the newest bar (LINEARREG), the intercept its value at the oldest. `r2` is the
square of the correlation of values and bars, 0.5, the midpoint, where nothing moved. The window is read anew at every
bar, as differences from the newest value: exactly 0 where nothing moved, and as exact for a price of 1e8 as for one of
1e-8. Bars whose source is not ready are passed over.
"""

from shared.indicators.fact_sheet import Indicator, Input, Output, Param
from shared.indicators.window import HEAD, RING, push
from shared.indicators.window import start as start_window
from shared.indicators.window import words as window_words
from shared.kernel import NAN, VectorF, index_, is_nan, kernel

VALUE, SLOPE, INTERCEPT, R2 = range(4)  # outputs


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No value seen."""
    start_window(f, at, length)


@kernel
def fit(f: VectorF, at: int, out: int, source: float, length: float) -> None:
    """Write the line through a full window whose newest value is `source`.

    With x counted from the middle of the window, the sums of x and of its squares are known: 0 and n (n^2 - 1) / 12.
    """
    oldest = at + RING + index_(f[at + HEAD])
    middle = (length - 1.0) / 2.0
    x = -middle
    total = 0.0
    squares = 0.0
    product = 0.0
    for i in range(oldest, at + RING + index_(length)):
        y = f[i] - source
        total += y
        squares += y * y
        product += x * y
        x += 1.0
    for i in range(at + RING, oldest):
        y = f[i] - source
        total += y
        squares += y * y
        product += x * y
        x += 1.0
    slope = product / (length * (length * length - 1.0) / 12.0)
    mean = total / length
    f[out] = source + (mean + slope * middle)
    f[out + SLOPE] = slope
    f[out + INTERCEPT] = source + (mean - slope * middle)
    # what cancels is at most `length` times what is left (Samuelson, see window.py)
    spread = squares - total * mean
    f[out + R2] = min(product * slope / spread, 1.0) if spread > 0.0 else 0.5


@kernel
def step(f: VectorF, at: int, out: int, source: float, length: float) -> None:
    """Take in one value."""
    for k in range(R2 + 1):
        f[out + k] = NAN
    if is_nan(source):
        return
    if push(f, at, source, length):
        fit(f, at, out, source, length)


LINREG = Indicator(
    type="LINREG",
    about="Linear regression",
    inputs=(Input("source"),),
    params=(Param("length", 14.0, 2.0, 10_000.0, whole=True, about="values under the line"),),
    outputs=(
        Output("", about="the line at the newest value"),
        Output("slope", about="of the line, per bar"),
        Output("intercept", about="the line at the oldest value"),
        Output("r2", low=0.0, high=1.0, about="share of the variance that the line explains; 0.5 where nothing moved"),
    ),
    start=start,
    step=step,
    size=window_words,
    warmup=lambda length: int(length),
    settle=lambda length: int(length),
    oracle="TA-Lib LINEARREG, LINEARREG_SLOPE, LINEARREG_INTERCEPT; r2: Pearson's correlation in NumPy",
    scale="linear",
)
