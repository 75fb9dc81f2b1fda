"""What fills, where and in which order: the open of a bar, and its inside (the design's section 4, decision 0006)."""

from shared.domain.decision import MAKER, ORDER_EVENTS, ORDER_TYPES, PARTIAL_BASE, REASONS, TAKER
from shared.engine.exits import INVALID, LIMIT_TYPE, STOP_REASON, STOP_TYPE, TARGET_REASON, cancel_exits, initial_stop
from shared.engine.exits import place_exits as rest_exits
from shared.engine.money import PPM, fee_of, mul_div_floor, product, taken_price
from shared.engine.portfolio import enter, leave, notional_of
from shared.engine.rows import order_row
from shared.engine.words import (
    BAR_H,
    BAR_L,
    BAR_O,
    BAR_OPEN_MS,
    CASH,
    CLOSE_ORDER,
    CLOSE_REASON,
    COST_PPM,
    MIN_NOTIONAL,
    NO_TRADE,
    POSITION,
    RUNG_COUNT,
    RUNG_NUMBER,
    RUNG_ORDER,
    RUNG_PRICE,
    RUNG_QUANTITY,
    RUNG_WORDS,
    RUNGS_AT,
    STOP,
    STOP_ORDER,
    TAKER_PPM,
    TARGET,
    TARGET_ORDER,
    UNIT,
    WAIT_ORDER,
    WAIT_QUANTITY,
    WAIT_SIDE,
)
from shared.kernel import VectorM, kernel

AMENDED = ORDER_EVENTS.index("amended")
SUBMITTED = ORDER_EVENTS.index("submitted")
REJECTED = ORDER_EVENTS.index("rejected")
CANCELLED = ORDER_EVENTS.index("cancelled")
MARKET_TYPE = ORDER_TYPES.index("market")
ENTRY_REASON = REASONS.index("entry")
MIN_NOTIONAL_REASON = REASONS.index("min_notional")
CASH_REASON = REASONS.index("insufficient_cash")
STOP_INVALID_REASON = REASONS.index("invalid_stop")


@kernel
def affordable(m: VectorM, k: VectorM, price: int, quantity: int) -> int:
    """The most lots, at most `quantity`, for which price x quantity + fee <= cash."""
    lot = product(price, k[UNIT])
    if m[CASH] <= 0:
        return 0
    most = min(quantity, mul_div_floor(m[CASH], PPM, PPM + k[TAKER_PPM]) // lot + 1)
    # the fee rounds to even, so the quotient can be one lot off
    while most > 0 and product(most, lot) + fee_of(product(most, lot), k[TAKER_PPM]) > m[CASH]:
        most = most - 1
    return most


@kernel
def submit_close(m: VectorM, out: VectorM, ts: int, reason: int) -> None:
    """Decide a market close of the whole position for the next open; one that waits already stays."""
    if m[POSITION] != 0 and m[CLOSE_ORDER] == 0:
        side = -1 if m[POSITION] > 0 else 1
        m[CLOSE_ORDER] = order_row(m, out, 0, ts, SUBMITTED, side, MARKET_TYPE, abs(m[POSITION]), 0, reason)
        m[CLOSE_REASON] = reason


@kernel
def cancel_entry(m: VectorM, out: VectorM, ts: int, reason: int) -> None:
    """Cancel the entry that waits for an open, if there is one."""
    if m[WAIT_ORDER] > 0:
        order_row(m, out, m[WAIT_ORDER], ts, CANCELLED, m[WAIT_SIDE], MARKET_TYPE, m[WAIT_QUANTITY], 0, reason)
        m[WAIT_ORDER] = 0


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
def fill_entry(m: VectorM, k: VectorM, out: VectorM, ts: int) -> None:
    """The market entry that waits fills at this open, lowered to what cash covers, or is rejected."""
    if m[WAIT_ORDER] > 0:
        order, side, wanted = m[WAIT_ORDER], m[WAIT_SIDE], m[WAIT_QUANTITY]
        m[WAIT_ORDER] = 0
        price = taken_price(m[BAR_O], side, k[COST_PPM])
        quantity = affordable(m, k, price, wanted)
        stop = initial_stop(m, k, side, price)
        if quantity == 0:
            order_row(m, out, order, ts, REJECTED, side, MARKET_TYPE, wanted, price, CASH_REASON)
        elif notional_of(k, price, quantity) < k[MIN_NOTIONAL]:
            order_row(m, out, order, ts, REJECTED, side, MARKET_TYPE, quantity, price, MIN_NOTIONAL_REASON)
        elif stop == INVALID:
            order_row(m, out, order, ts, REJECTED, side, MARKET_TYPE, quantity, price, STOP_INVALID_REASON)
        else:
            if quantity < wanted:
                order_row(m, out, order, ts, AMENDED, side, MARKET_TYPE, quantity, 0, CASH_REASON)
            enter(m, k, out, order, ts, side, MARKET_TYPE, quantity, price, m[BAR_O], TAKER, ENTRY_REASON)
            rest_exits(m, k, out, ts, side, quantity, price, stop)


@kernel
def fill_stop(m: VectorM, k: VectorM, out: VectorM, ts: int, reference: int) -> None:
    """The stop closes everything, taking liquidity from `reference`."""
    price = taken_price(reference, -1 if m[POSITION] > 0 else 1, k[COST_PPM])
    reduce(m, k, out, m[STOP_ORDER], ts, STOP_TYPE, abs(m[POSITION]), price, reference, TAKER, STOP_REASON)


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
        reduce(m, k, out, m[TARGET_ORDER], ts, LIMIT_TYPE, abs(m[POSITION]), price, price, MAKER, TARGET_REASON)


@kernel
def at_open(m: VectorM, k: VectorM, out: VectorM) -> None:
    """Market orders, then resting orders that the open has reached (stop) or passed (limit)."""
    ts = m[BAR_OPEN_MS]
    fill_close(m, k, out, ts)
    fill_entry(m, k, out, ts)
    if m[POSITION] != 0 and m[NO_TRADE] == 0:
        side = 1 if m[POSITION] > 0 else -1
        if m[STOP] > 0 and side * (m[STOP] - m[BAR_O]) >= 0:
            fill_stop(m, k, out, ts, m[BAR_O])
        else:
            fill_limits(m, k, out, ts, m[BAR_O], 1)


@kernel
def inside(m: VectorM, k: VectorM, out: VectorM) -> None:
    """Resting orders against the bar's range, pessimistic: the stop first, and then nothing else."""
    if m[POSITION] != 0 and m[NO_TRADE] == 0:
        ts = m[BAR_OPEN_MS] + 59_999
        if m[POSITION] > 0:
            if m[STOP] > 0 and m[BAR_L] <= m[STOP]:
                fill_stop(m, k, out, ts, m[STOP])
            else:
                fill_limits(m, k, out, ts, m[BAR_H], 0)
        else:
            if m[STOP] > 0 and m[BAR_H] >= m[STOP]:
                fill_stop(m, k, out, ts, m[STOP])
            else:
                fill_limits(m, k, out, ts, m[BAR_L], 0)
