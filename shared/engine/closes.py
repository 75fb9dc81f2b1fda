"""What reduces the position: the close that waits for an open, and the exits that rest (decisions 0006 and 0009)."""

from shared.domain.decision import MAKER, PARTIAL_BASE, TAKER
from shared.engine.codes import (
    BY_POSITION_CLOSED,
    BY_POSITION_REDUCED,
    BY_TARGET,
    LIMIT_TYPE,
    MARKET_TYPE,
    STOP_TYPE,
    SUBMITTED,
)
from shared.engine.entries import cancel_rest
from shared.engine.exits import cancel_exits
from shared.engine.money import taken_price
from shared.engine.portfolio import leave
from shared.engine.rows import order_row
from shared.engine.words import (
    BAR_O,
    CLOSE_ORDER,
    CLOSE_REASON,
    CLOSE_TYPE,
    COST_PPM,
    LOTS,
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
        cancel_rest(m, out, ts, reason)
        side = -1 if m[POSITION] > 0 else 1
        m[CLOSE_ORDER] = order_row(m, out, 0, ts, SUBMITTED, side, MARKET_TYPE, abs(m[POSITION]), 0, reason)
        m[CLOSE_TYPE] = MARKET_TYPE
        m[CLOSE_REASON] = reason


@kernel
def reduce(
    m: VectorM, k: VectorM, out: VectorM, order: int, ts: int, kind: int, wanted: int, price: int, reference: int,
    liquidity: int, reason: int,
) -> int:  # fmt: skip
    """Fill as much of an order that reduces the position as the bar lets; returns what is left of it.

    The rest of the entry is cancelled; going flat cancels whatever else rests for the position.
    """
    side = 1 if m[POSITION] > 0 else -1
    part = min(wanted, m[LOTS])
    leave(m, k, out, order, ts, kind, part, wanted - part, price, reference, liquidity, reason)
    cancel_rest(m, out, ts, BY_POSITION_REDUCED)
    if m[POSITION] == 0:
        m[CLOSE_ORDER] = 0
        cancel_exits(m, k, out, ts, side, order, BY_POSITION_CLOSED)
    return wanted - part


@kernel
def take(
    m: VectorM, k: VectorM, out: VectorM, order: int, ts: int, kind: int, reference: int, reason: int
) -> None:  # fmt: skip
    """An order for the whole position takes liquidity from `reference`."""
    price = taken_price(reference, -1 if m[POSITION] > 0 else 1, k[COST_PPM])
    reduce(m, k, out, order, ts, kind, abs(m[POSITION]), price, reference, TAKER, reason)


@kernel
def fill_close(m: VectorM, k: VectorM, out: VectorM, ts: int) -> None:
    """The close that waits fills at this open, as far as the bar lets; what is left waits for the next."""
    if m[LOTS] > 0:
        take(m, k, out, m[CLOSE_ORDER], ts, m[CLOSE_TYPE], m[BAR_O], m[CLOSE_REASON])


@kernel
def fill_stop(m: VectorM, k: VectorM, out: VectorM, ts: int, reference: int) -> None:
    """The stop closes everything; what it leaves becomes the close that waits. None does: it would take lots first."""
    if m[LOTS] > 0:
        take(m, k, out, m[STOP_ORDER], ts, STOP_TYPE, reference, m[STOP_REASON])
        if m[POSITION] != 0:
            m[CLOSE_ORDER] = m[STOP_ORDER]
            m[CLOSE_TYPE] = STOP_TYPE
            m[CLOSE_REASON] = m[STOP_REASON]


@kernel
def fill_limits(m: VectorM, k: VectorM, out: VectorM, ts: int, reached: int, at_open: int) -> None:
    """Rungs, nearest first, then the target, that `reached` trades through strictly; at an open they fill there."""
    side = 1 if m[POSITION] > 0 else -1
    for i in range(k[RUNG_COUNT]):
        at = k[RUNGS_AT] + i * RUNG_WORDS
        wanted = m[at + RUNG_QUANTITY]
        if wanted > 0 and side * (reached - m[at + RUNG_PRICE]) > 0 and m[POSITION] != 0 and m[LOTS] > 0:
            price = reached if at_open == 1 else m[at + RUNG_PRICE]
            order, reason = m[at + RUNG_ORDER], PARTIAL_BASE + m[at + RUNG_NUMBER]
            m[at + RUNG_QUANTITY] = reduce(
                m, k, out, order, ts, LIMIT_TYPE, wanted, price, price, MAKER, reason
            )  # fmt: skip
    if m[POSITION] != 0 and m[TARGET] > 0 and side * (reached - m[TARGET]) > 0 and m[LOTS] > 0:
        price = reached if at_open == 1 else m[TARGET]
        reduce(m, k, out, m[TARGET_ORDER], ts, LIMIT_TYPE, abs(m[POSITION]), price, price, MAKER, BY_TARGET)
