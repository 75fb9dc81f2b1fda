"""The stop moves: to break-even, and behind the best price so far; it never loosens (decision 0009)."""

from shared.engine.codes import AMENDED, BY_BREAKEVEN, BY_TRAILING, STOP_TYPE
from shared.engine.levels import level_units, moved
from shared.engine.money import PPM, div_even, mul_div_ceil, product
from shared.engine.rows import order_row
from shared.engine.words import (
    ACTIVATE,
    BASE,
    BEST,
    BREAKEVEN,
    CLOSE_ORDER,
    ENTRY_PRICE,
    FIRST_STOP,
    NONE,
    POSITION,
    STOP,
    STOP_ORDER,
    STOP_REASON,
    TICK_E8,
    TRAIL_DISTANCE,
    TRAIL_KIND,
    TRAIL_PPM,
    WAIT_ORDER,
)
from shared.kernel import VectorM, kernel


@kernel
def trail_by(m: VectorM, atr: float, multiple: float) -> None:
    """Keep the distance to trail by in this bar: of the ATR that stands before the bar's own closes."""
    if m[POSITION] != 0 or m[WAIT_ORDER] > 0:
        m[TRAIL_DISTANCE] = level_units(atr * multiple)


@kernel
def behind_best(m: VectorM, k: VectorM, side: int) -> int:
    """Where the trailing stop would stand, in ticks; not positive: nowhere."""
    if k[TRAIL_KIND] == BASE:
        return moved(m[BEST], -side, product(k[TRAIL_PPM], PPM))
    elif m[TRAIL_DISTANCE] <= 0:
        return 0
    return div_even(product(m[BEST], k[TICK_E8]) - side * m[TRAIL_DISTANCE], k[TICK_E8])


@kernel
def move_stop(m: VectorM, k: VectorM, out: VectorM, ts: int) -> None:
    """At a base close: break-even first, trailing against its outcome. A stop that is being filled moves no more."""
    if m[STOP] > 0 and m[CLOSE_ORDER] != m[STOP_ORDER]:
        side = 1 if m[POSITION] > 0 else -1
        risk = abs(m[ENTRY_PRICE] - m[FIRST_STOP])
        gain = side * (m[BEST] - m[ENTRY_PRICE])
        stop = m[STOP]
        if k[BREAKEVEN] >= 0 and gain >= mul_div_ceil(risk, k[BREAKEVEN], PPM) and side * (m[ENTRY_PRICE] - stop) > 0:
            stop = m[ENTRY_PRICE]
            m[STOP_REASON] = BY_BREAKEVEN
        if k[TRAIL_KIND] != NONE and gain >= mul_div_ceil(risk, k[ACTIVATE], PPM):
            behind = behind_best(m, k, side)
            if behind > 0 and side * (behind - stop) > 0:
                stop = behind
                m[STOP_REASON] = BY_TRAILING
        if stop != m[STOP]:
            m[STOP] = stop
            order_row(m, out, m[STOP_ORDER], ts, AMENDED, -side, STOP_TYPE, abs(m[POSITION]), stop, m[STOP_REASON])
