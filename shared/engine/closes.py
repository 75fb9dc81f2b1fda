"""What reduces the position: the close that waits for an open, and the exits that rest (decision 0006)."""

from shared.domain.decision import MAKER, PARTIAL_BASE, TAKER
from shared.engine.codes import BY_TARGET, LIMIT_TYPE, MARKET_TYPE, STOP_TYPE, SUBMITTED
from shared.engine.exits import cancel_exits
from shared.engine.money import taken_price
from shared.engine.portfolio import leave
from shared.engine.rows import order_row
from shared.engine.words import (
    BAR_O,
    CLOSE_ORDER,
    CLOSE_REASON,
    COST_PPM,
    POSITION,
    RUNG_COUNT,
    RUNG_NUMBER,
    RUNG_ORDER,
    RUNG_PRICE,
    RUNG_QUANTITY,
    RUNG_WORDS,
    RUNGS_AT,
    STOP_ORDER,
    STOP_REASON,
    TARGET,
    TARGET_ORDER,
)
from shared.kernel import VectorM, kernel


@kernel
def submit_close(m: VectorM, out: VectorM, ts: int, reason: int) -> None:
    """Decide a market close of the whole position for the next open; one that waits already stays."""
    if m[POSITION] != 0 and m[CLOSE_ORDER] == 0:
        side = -1 if m[POSITION] > 0 else 1
        m[CLOSE_ORDER] = order_row(m, out, 0, ts, SUBMITTED, side, MARKET_TYPE, abs(m[POSITION]), 0, reason)
        m[CLOSE_REASON] = reason


@kernel
def reduce(
    m: VectorM, k: VectorM, out: VectorM, order: int, ts: int, kind: int, quantity: int, price: int, reference: int,
    liquidity: int, reason: int,
) -> None:  # fmt: skip
    """Fill an order that reduces the position; going flat cancels whatever else rests for it."""
    side = 1 if m[POSITION] > 0 else -1
    leave(m, k, out, order, ts, kind, quantity, price, reference, liquidity, reason)
    if m[POSITION] == 0:
        cancel_exits(m, k, out, ts, side, order)


@kernel
def fill_close(m: VectorM, k: VectorM, out: VectorM, ts: int) -> None:
    """The market close that waits fills at this open."""
    if m[CLOSE_ORDER] > 0:
        order = m[CLOSE_ORDER]
        m[CLOSE_ORDER] = 0
        if m[POSITION] != 0:
            price = taken_price(m[BAR_O], -1 if m[POSITION] > 0 else 1, k[COST_PPM])
            reduce(m, k, out, order, ts, MARKET_TYPE, abs(m[POSITION]), price, m[BAR_O], TAKER, m[CLOSE_REASON])


@kernel
def fill_stop(m: VectorM, k: VectorM, out: VectorM, ts: int, reference: int) -> None:
    """The stop closes everything, taking liquidity from `reference`."""
    price = taken_price(reference, -1 if m[POSITION] > 0 else 1, k[COST_PPM])
    reduce(m, k, out, m[STOP_ORDER], ts, STOP_TYPE, abs(m[POSITION]), price, reference, TAKER, m[STOP_REASON])


@kernel
def fill_limits(m: VectorM, k: VectorM, out: VectorM, ts: int, reached: int, at_open: int) -> None:
    """Rungs, nearest first, then the target, that `reached` trades through strictly; at an open they fill there."""
    side = 1 if m[POSITION] > 0 else -1
    for i in range(k[RUNG_COUNT]):
        at = k[RUNGS_AT] + i * RUNG_WORDS
        if m[POSITION] != 0 and m[at + RUNG_QUANTITY] > 0 and side * (reached - m[at + RUNG_PRICE]) > 0:
            quantity = m[at + RUNG_QUANTITY]
            m[at + RUNG_QUANTITY] = 0
            price = reached if at_open == 1 else m[at + RUNG_PRICE]
            order, reason = m[at + RUNG_ORDER], PARTIAL_BASE + m[at + RUNG_NUMBER]
            reduce(m, k, out, order, ts, LIMIT_TYPE, quantity, price, price, MAKER, reason)
    if m[POSITION] != 0 and m[TARGET] > 0 and side * (reached - m[TARGET]) > 0:
        price = reached if at_open == 1 else m[TARGET]
        reduce(m, k, out, m[TARGET_ORDER], ts, LIMIT_TYPE, abs(m[POSITION]), price, price, MAKER, BY_TARGET)
