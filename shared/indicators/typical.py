"""The typical price of a bar, and how far rounding alone can move it."""

from shared.kernel import kernel

# Relative. Bars whose three prices have the same sum can differ here in the last digits: no move, as TA-Lib has it too.
ROUNDING = 1e-14


@kernel
def typical_price(high: float, low: float, close: float) -> float:
    """Mean of the three."""
    return (high + low + close) / 3.0
