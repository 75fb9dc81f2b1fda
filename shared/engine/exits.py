"""Where a position gets out: the stop, the target and the ladder that rest for it."""

from shared.domain.decision import PARTIAL_BASE
from shared.engine.codes import (
    BY_REPLACED,
    BY_STOP,
    BY_TARGET,
    CANCELLED,
    LIMIT_TYPE,
    NOTE_BEYOND,
    NOTE_NO_TARGET,
    NOTE_PASSED_OVER,
    STOP_TYPE,
    SUBMITTED,
)
from shared.engine.levels import INVALID, initial_stop, moved, target_price
from shared.engine.money import PPM, mul_div_floor, product
from shared.engine.portfolio import notional_of
from shared.engine.rows import note_row, order_row
from shared.engine.words import (
    ENTRY_PRICE,
    FIRST_STOP,
    MIN_NOTIONAL,
    NONE,
    POSITION,
    RUNG_COUNT,
    RUNG_NUMBER,
    RUNG_ORDER,
    RUNG_PRICE,
    RUNG_QUANTITY,
    RUNG_WORDS,
    RUNGS_AT,
    RUNGS_K,
    STOP,
    STOP_ORDER,
    STOP_REASON,
    TARGET,
    TARGET_KIND,
    TARGET_ORDER,
)
from shared.kernel import VectorM, kernel


@kernel
def place_exits(m: VectorM, k: VectorM, out: VectorM, ts: int, stop: int, first_stop: int, reason: int) -> None:
    """Rest the stop, the target and the ladder of the whole position, from its entry price.

    `reason`: what set the stop; it is the first one unless trailing or break-even has moved it already.
    """
    side = 1 if m[POSITION] > 0 else -1
    price, quantity = m[ENTRY_PRICE], abs(m[POSITION])
    m[STOP] = stop
    m[FIRST_STOP] = first_stop
    m[STOP_REASON] = reason
    m[STOP_ORDER] = 0
    if stop > 0:
        m[STOP_ORDER] = order_row(m, out, 0, ts, SUBMITTED, -side, STOP_TYPE, quantity, stop, reason)
    target = target_price(m, k, side, price, first_stop)
    m[TARGET] = target
    m[TARGET_ORDER] = 0
    if target > 0:
        m[TARGET_ORDER] = order_row(m, out, 0, ts, SUBMITTED, -side, LIMIT_TYPE, quantity, target, BY_TARGET)
    elif k[TARGET_KIND] != NONE:
        note_row(m, out, ts, NOTE_NO_TARGET, price)
    left = quantity
    for i in range(k[RUNG_COUNT]):
        at = k[RUNGS_AT] + i * RUNG_WORDS
        level = moved(price, side, product(k[k[RUNGS_K] + 2 * i], PPM))
        share = mul_div_floor(left, k[k[RUNGS_K] + 2 * i + 1], PPM)
        m[at + RUNG_PRICE] = level
        m[at + RUNG_QUANTITY] = 0
        m[at + RUNG_NUMBER] = i + 1
        if target > 0 and side * (level - target) >= 0:
            note_row(m, out, ts, NOTE_BEYOND, i + 1)
        elif level <= 0 or share == 0 or notional_of(k, level, share) < k[MIN_NOTIONAL]:
            note_row(m, out, ts, NOTE_PASSED_OVER, i + 1)
        else:
            m[at + RUNG_QUANTITY] = share
            m[at + RUNG_ORDER] = order_row(
                m, out, 0, ts, SUBMITTED, -side, LIMIT_TYPE, share, level, PARTIAL_BASE + i + 1
            )
            left = left - share


@kernel
def cancel_exits(m: VectorM, k: VectorM, out: VectorM, ts: int, side: int, spent: int, reason: int) -> None:
    """Cancel what rests for the position of `side`, but for the order that closed it (`spent`; 0: none)."""
    if m[STOP_ORDER] > 0 and m[STOP_ORDER] != spent:
        order_row(m, out, m[STOP_ORDER], ts, CANCELLED, -side, STOP_TYPE, 0, 0, reason)
    m[STOP_ORDER] = 0
    if m[TARGET_ORDER] > 0 and m[TARGET_ORDER] != spent:
        order_row(m, out, m[TARGET_ORDER], ts, CANCELLED, -side, LIMIT_TYPE, 0, 0, reason)
    m[TARGET_ORDER] = 0
    for i in range(k[RUNG_COUNT]):
        at = k[RUNGS_AT] + i * RUNG_WORDS
        if m[at + RUNG_QUANTITY] > 0 and m[at + RUNG_ORDER] != spent:
            order_row(m, out, m[at + RUNG_ORDER], ts, CANCELLED, -side, LIMIT_TYPE, 0, 0, reason)
        m[at + RUNG_QUANTITY] = 0


@kernel
def lay_exits_anew(m: VectorM, k: VectorM, out: VectorM, ts: int) -> None:
    """A further part has moved the entry price: the exits follow it, but for a stop that has moved closer already."""
    side = 1 if m[POSITION] > 0 else -1
    cancel_exits(m, k, out, ts, side, 0, BY_REPLACED)
    first_stop = initial_stop(m, k, side, m[ENTRY_PRICE])
    if first_stop == INVALID:
        place_exits(m, k, out, ts, m[STOP], m[FIRST_STOP], m[STOP_REASON])
    elif m[STOP_REASON] != BY_STOP and side * (m[STOP] - first_stop) > 0:
        place_exits(m, k, out, ts, m[STOP], first_stop, m[STOP_REASON])
    else:
        place_exits(m, k, out, ts, first_stop, first_stop, BY_STOP)
