"""The entry order: from its decision until it has filled or been cancelled (decision 0006)."""

from shared.domain.decision import TAKER
from shared.engine.codes import (
    AMENDED,
    BY_ENTRY,
    CANCELLED,
    INSUFFICIENT_CASH,
    INVALID_STOP,
    MARKET_TYPE,
    REJECTED,
    UNDER_MIN_NOTIONAL,
)
from shared.engine.exits import place_exits
from shared.engine.levels import INVALID, initial_stop
from shared.engine.money import PPM, fee_of, mul_div_floor, product, taken_price
from shared.engine.portfolio import enter, notional_of
from shared.engine.rows import order_row
from shared.engine.words import (
    BAR_O,
    CASH,
    COST_PPM,
    MIN_NOTIONAL,
    TAKER_PPM,
    UNIT,
    WAIT_ORDER,
    WAIT_QUANTITY,
    WAIT_SIDE,
)
from shared.kernel import VectorM, kernel


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
def cancel_entry(m: VectorM, out: VectorM, ts: int, reason: int) -> None:
    """Cancel the entry that waits for an open, if there is one."""
    if m[WAIT_ORDER] > 0:
        order_row(m, out, m[WAIT_ORDER], ts, CANCELLED, m[WAIT_SIDE], MARKET_TYPE, m[WAIT_QUANTITY], 0, reason)
        m[WAIT_ORDER] = 0


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
            order_row(m, out, order, ts, REJECTED, side, MARKET_TYPE, wanted, price, INSUFFICIENT_CASH)
        elif notional_of(k, price, quantity) < k[MIN_NOTIONAL]:
            order_row(m, out, order, ts, REJECTED, side, MARKET_TYPE, quantity, price, UNDER_MIN_NOTIONAL)
        elif stop == INVALID:
            order_row(m, out, order, ts, REJECTED, side, MARKET_TYPE, quantity, price, INVALID_STOP)
        else:
            if quantity < wanted:
                order_row(m, out, order, ts, AMENDED, side, MARKET_TYPE, quantity, 0, INSUFFICIENT_CASH)
            enter(m, k, out, order, ts, side, MARKET_TYPE, quantity, price, m[BAR_O], TAKER, BY_ENTRY)
            place_exits(m, k, out, ts, side, quantity, price, stop)
