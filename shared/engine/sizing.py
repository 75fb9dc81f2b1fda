"""How much an entry buys, decided once at a close: floors of exact quotients (strategy-format 4, decision 0006)."""

from shared.engine.money import PPM, PPM2, mul_div_floor, product
from shared.engine.words import (
    AMOUNT,
    BASE_SIZE,
    HAS_STRENGTH,
    MAX_POSITION,
    RISK,
    SIZE_RANGING,
    SIZE_TRENDING,
    SIZE_UNCERTAIN,
    SIZING,
    UNIT,
)
from shared.kernel import VectorM, is_nan, kernel, to_ppm

PPM3 = PPM * PPM2


@kernel
def regime_ppm(trend: float, ranging: float, trending_ppm: int, ranging_ppm: int, uncertain_ppm: int) -> int:
    """Multiplier of the regime that an ADX's flags name; neither flag true, or not ready: uncertain."""
    if trend == 1.0:
        return trending_ppm
    elif ranging == 1.0:
        return ranging_ppm
    return uncertain_ppm


@kernel
def entry_quantity(
    k: VectorM, equity: int, close: int, stop: int, trend: float, ranging: float, strength: float
) -> int:
    """Lot steps of an entry decided at `close` ticks; `stop` is what that close would give (risk sizing only)."""
    lot_value = product(close, k[UNIT])
    quantity = 0
    if k[SIZING] == RISK:
        quantity = mul_div_floor(equity, k[AMOUNT], PPM) // product(abs(close - stop), k[UNIT])
    else:
        factor = regime_ppm(trend, ranging, k[SIZE_TRENDING], k[SIZE_RANGING], k[SIZE_UNCERTAIN])
        power = PPM if k[HAS_STRENGTH] == 0 or is_nan(strength) else to_ppm(strength)
        if k[SIZING] == BASE_SIZE:
            share = product(product(k[AMOUNT], factor), power)
            quantity = mul_div_floor(equity, share, PPM3) // lot_value
        else:
            quantity = mul_div_floor(k[AMOUNT], product(factor, power), PPM2) // lot_value
    if k[MAX_POSITION] >= 0:
        quantity = min(quantity, mul_div_floor(equity, k[MAX_POSITION], PPM) // lot_value)
    return quantity
