"""How much an entry buys, decided once at a close: floors of exact quotients (strategy-format 4, decision 0006)."""

from shared.engine.money import PPM, PPM2, mul_div, mul_div_floor, product
from shared.engine.words import (
    AMOUNT,
    AMOUNT_PER,
    BASE_SIZE,
    HAS_STRENGTH,
    MAX_POSITION,
    RISK,
    SIZE_RANGING,
    SIZE_TRENDING,
    SIZE_UNCERTAIN,
    SIZING,
    UNIT,
    VOLATILITY,
)
from shared.kernel import VectorM, is_nan, kernel, to_ppm


@kernel
def regime_ppm(trend: float, ranging: float, trending_ppm: int, ranging_ppm: int, uncertain_ppm: int) -> int:
    """Multiplier of the regime that an ADX's flags name; neither flag true, or not ready: uncertain."""
    if trend == 1.0:
        return trending_ppm
    elif ranging == 1.0:
        return ranging_ppm
    return uncertain_ppm


@kernel
def part_of(amount: int, ratio_ppm2: int, power_ppm: int) -> int:
    """floor(amount x ratio x power): one exact floor, though the product of the ratios may not fit a word."""
    whole, rest = mul_div(amount, ratio_ppm2, PPM2)
    units, left = mul_div(whole, power_ppm, PPM)
    return units + (left + mul_div_floor(rest, power_ppm, PPM2)) // PPM


@kernel
def over_two(a: int, b: int, c: int, d: int) -> int:
    """floor(a x b / (c x d)), exact; the larger divisor first keeps what is between small."""
    return mul_div_floor(a, b, max(c, d)) // min(c, d)


@kernel
def entry_quantity(
    k: VectorM, equity: int, price: int, stop: int, atr: int, trend: float, ranging: float, strength: float
) -> int:
    """Lot steps of an entry at `price`, the close or the order's own; `stop` is what it gives (RISK), ATR in 1e-8."""
    lot_value = product(price, k[UNIT])
    if lot_value == 0:  # a price that rounds to no tick
        return 0
    quantity = 0
    if k[SIZING] == RISK:
        quantity = mul_div_floor(equity, k[AMOUNT], PPM) // product(abs(price - stop), k[UNIT])
    elif k[SIZING] == VOLATILITY:
        quantity = over_two(equity, k[AMOUNT], k[AMOUNT_PER], atr)
    else:
        factor = regime_ppm(trend, ranging, k[SIZE_TRENDING], k[SIZE_RANGING], k[SIZE_UNCERTAIN])
        power = PPM if k[HAS_STRENGTH] == 0 or is_nan(strength) else to_ppm(strength)
        if k[SIZING] == BASE_SIZE:
            quantity = part_of(equity, product(k[AMOUNT], factor), power) // lot_value
        else:
            quantity = part_of(k[AMOUNT], product(factor, PPM), power) // lot_value
    if k[MAX_POSITION] >= 0:
        quantity = min(quantity, mul_div_floor(equity, k[MAX_POSITION], PPM) // lot_value)
    return quantity
