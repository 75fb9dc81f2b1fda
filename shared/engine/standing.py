"""Position-aware names of rules: facts about the open position as floats, not ready when flat."""

from shared.engine.words import BARS_HELD, ENTRY_PRICE, FIRST_STOP, POSITION, TICK_E8
from shared.kernel import NAN, VectorM, div, kernel


@kernel
def entry_price(m: VectorM, k: VectorM) -> float:
    """Average price of the entry fills."""
    return m[ENTRY_PRICE] * k[TICK_E8] / 1e8 if m[POSITION] != 0 else NAN


@kernel
def bars_held(m: VectorM, k: VectorM) -> float:
    """Entry closes since the entry fill, this one included."""
    return m[BARS_HELD] / 1.0 if m[POSITION] != 0 else NAN


@kernel
def profit_ratio(m: VectorM, k: VectorM, close: float) -> float:
    """Close against entry price, signed by side, before costs."""
    if m[POSITION] == 0:
        return NAN
    price = entry_price(m, k)
    return div(close - price, price) if m[POSITION] > 0 else div(price - close, price)


@kernel
def r_multiple(m: VectorM, k: VectorM, close: float) -> float:
    """Profit over the initial stop distance; not ready without a stop."""
    if m[POSITION] == 0 or m[FIRST_STOP] <= 0:
        return NAN
    price = entry_price(m, k)
    risk = abs(price - m[FIRST_STOP] * k[TICK_E8] / 1e8)
    if risk == 0.0:
        return NAN
    return (close - price) / risk if m[POSITION] > 0 else (price - close) / risk
