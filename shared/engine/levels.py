"""Prices of a position's exits: initial stop and target, from the fill price and what the deciding close knew."""

from shared.engine.money import PPM, PPM2, div_even, mul_div, mul_div_ceil, mul_div_even, mul_div_floor, product
from shared.engine.words import (
    ATR,
    BASE,
    MULTIPLE,
    NONE,
    STOP_KIND,
    STOP_PPM,
    TARGET_KIND,
    TARGET_PPM,
    TICK_E8,
    VP_BUFFER,
    WAIT_ADJUST,
    WAIT_STOP,
    WAIT_STOP_VP,
    WAIT_TARGET,
    WAIT_TARGET_VP,
)
from shared.kernel import VectorM, kernel, to_units

INVALID = -1  # a stop that rejects its entry


@kernel
def level_units(x: float) -> int:
    """A price level or distance as 1e-8 units, 0 where it is not positive; -1 where it is not ready, or no price."""
    if x <= 0.0:
        return 0
    return to_units(x) if x < 1e10 else -1


@kernel
def moved(price: int, side: int, ratio_ppm2: int) -> int:
    """price x (1 + side x ratio) to the nearest tick, ties to even, rounded once; ratio in 1e-12."""
    if side > 0:
        return mul_div_even(price, PPM2 + ratio_ppm2, PPM2)
    return mul_div_even(price, PPM2 - ratio_ppm2, PPM2) if ratio_ppm2 < PPM2 else 0


@kernel
def beside(price: int, side: int, distance: int, multiple_ppm: int) -> int:
    """price + side x distance x multiple to the nearest tick, ties to even, rounded once."""
    whole, rest = mul_div(distance, multiple_ppm, PPM)
    near = price + side * whole
    odd = near % 2  # a tie goes to the even price, whichever side of `near` that is
    return near - odd + div_even(odd * PPM + side * rest, PPM)


@kernel
def stands_in(price: int, level: int, side: int, ratio_ppm2: int) -> bool:
    """Is `level` strictly on `side` of the price, and half to twice the base distance from it (both included)?"""
    away = side * (level - price)
    if level <= 0 or away <= 0:
        return False
    nearest = mul_div_ceil(price, ratio_ppm2, PPM2)
    farthest = mul_div_floor(product(price, 2), ratio_ppm2, PPM2)
    return 2 * away >= nearest and away <= farthest


@kernel
def initial_stop(m: VectorM, k: VectorM, side: int, price: int) -> int:
    """Stop in ticks of a position entered at `price`; 0: the strategy has none; INVALID: the entry is rejected."""
    kind = k[STOP_KIND]
    if kind == NONE:
        return 0
    stop = INVALID
    if kind == BASE:
        ratio = product(k[STOP_PPM], m[WAIT_ADJUST])
        stop = moved(price, -side, ratio)
        if m[WAIT_STOP_VP] >= 0:
            level = mul_div_even(m[WAIT_STOP_VP], PPM - side * k[VP_BUFFER], product(PPM, k[TICK_E8]))
            stop = level if stands_in(price, level, -side, ratio) else stop
    elif kind == ATR:
        stop = div_even(product(price, k[TICK_E8]) - side * m[WAIT_STOP], k[TICK_E8])
        stop = stop if side * (price - stop) > 0 else INVALID
    else:
        level = div_even(m[WAIT_STOP], k[TICK_E8]) if m[WAIT_STOP] >= 0 else 0
        if level > 0 and side * (price - level) > 0:
            stop = level
        elif k[STOP_PPM] >= 0:
            stop = moved(price, -side, product(k[STOP_PPM], m[WAIT_ADJUST]))
    return stop if stop > 0 else INVALID


@kernel
def target_price(m: VectorM, k: VectorM, side: int, price: int, stop: int) -> int:
    """Target in ticks of a position entered at `price`; 0: none, or not on the winning side."""
    kind = k[TARGET_KIND]
    target = 0
    if kind == BASE:
        ratio = product(k[TARGET_PPM], PPM)
        target = moved(price, side, ratio)
        if m[WAIT_TARGET_VP] >= 0:
            level = div_even(m[WAIT_TARGET_VP], k[TICK_E8])
            target = level if stands_in(price, level, side, ratio) else target
    elif kind == MULTIPLE:
        target = beside(price, side, abs(price - stop), k[TARGET_PPM]) if stop > 0 else 0
    elif kind != NONE:
        target = div_even(m[WAIT_TARGET], k[TICK_E8])
    return target if target > 0 and side * (target - price) > 0 else 0
