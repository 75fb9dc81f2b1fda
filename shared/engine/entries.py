"""The entry order: from its decision until it has filled, lapsed or been cancelled (decisions 0006 and 0009).

There is one at a time. A market order waits for the next open; a limit or stop order rests until the market reaches it.
"""

from shared.domain.decision import MAKER, TAKER
from shared.engine.codes import (
    AMENDED,
    BY_ENTRY,
    BY_EXPIRED,
    BY_STOP,
    CANCELLED,
    EXPIRED,
    INSUFFICIENT_CASH,
    INVALID_STOP,
    LIMIT_TYPE,
    MARKET_TYPE,
    REJECTED,
    SUBMITTED,
    UNDER_MIN_NOTIONAL,
)
from shared.engine.exits import lay_exits_anew, place_exits
from shared.engine.levels import INVALID, initial_stop, moved
from shared.engine.money import PPM, fee_of, mul_div_floor, product, taken_price
from shared.engine.portfolio import enter, notional_of, rate_of
from shared.engine.rows import order_row
from shared.engine.words import (
    BAR_H,
    BAR_L,
    BAR_O,
    CASH,
    COST_PPM,
    ENTRY_OFFSET,
    ENTRY_TYPE,
    EXPIRE,
    LOTS,
    MIN_NOTIONAL,
    POSITION,
    UNIT,
    WAIT_BEGUN,
    WAIT_CLOSES,
    WAIT_ORDER,
    WAIT_PRICE,
    WAIT_QUANTITY,
    WAIT_RESTS,
    WAIT_SIDE,
    WAIT_TYPE,
)
from shared.kernel import VectorM, kernel

# --- from its decision on --------------------------------------------------------------------------------------------


@kernel
def order_price(k: VectorM, side: int, close: int) -> int:
    """Limit or trigger of an entry decided at `close` ticks; of a market order the close itself."""
    if k[ENTRY_TYPE] == MARKET_TYPE:
        return close
    return moved(close, -side if k[ENTRY_TYPE] == LIMIT_TYPE else side, product(k[ENTRY_OFFSET], PPM))


@kernel
def own_price(k: VectorM, price: int) -> int:
    """What an entry's rows state: its limit or trigger; 0 of a market order."""
    return 0 if k[ENTRY_TYPE] == MARKET_TYPE else price


@kernel
def open_entry(m: VectorM, k: VectorM, out: VectorM, ts: int, side: int, quantity: int, price: int) -> None:
    """Let an entry of this `order_price` wait or rest."""
    kind = k[ENTRY_TYPE]
    m[WAIT_TYPE] = kind
    m[WAIT_PRICE] = own_price(k, price)
    m[WAIT_RESTS] = 0 if kind == MARKET_TYPE else 1
    m[WAIT_BEGUN] = 0
    m[WAIT_CLOSES] = 0
    m[WAIT_SIDE] = side
    m[WAIT_QUANTITY] = quantity
    m[WAIT_ORDER] = order_row(m, out, 0, ts, SUBMITTED, side, kind, quantity, m[WAIT_PRICE], BY_ENTRY)


@kernel
def entry_row(m: VectorM, out: VectorM, ts: int, event: int, price: int, reason: int) -> None:
    """One more step in the entry's life, naming what is left of it."""
    order_row(m, out, m[WAIT_ORDER], ts, event, m[WAIT_SIDE], m[WAIT_TYPE], m[WAIT_QUANTITY], price, reason)


@kernel
def cancel_entry(m: VectorM, out: VectorM, ts: int, reason: int) -> None:
    """Cancel the entry that waits or rests, if there is one."""
    if m[WAIT_ORDER] > 0:
        entry_row(m, out, ts, CANCELLED, m[WAIT_PRICE], reason)
        m[WAIT_ORDER] = 0


@kernel
def cancel_rest(m: VectorM, out: VectorM, ts: int, reason: int) -> None:
    """Cancel what is left of the entry that opened the position."""
    if m[WAIT_BEGUN] == 1:
        cancel_entry(m, out, ts, reason)


@kernel
def age_entry(m: VectorM, k: VectorM, out: VectorM, ts: int) -> None:
    """One more entry close since the entry was decided: one that rests may have lived long enough."""
    m[WAIT_CLOSES] = m[WAIT_CLOSES] + 1
    if m[WAIT_RESTS] == 1 and m[WAIT_CLOSES] == k[EXPIRE]:
        entry_row(m, out, ts, EXPIRED, m[WAIT_PRICE], BY_EXPIRED)
        m[WAIT_ORDER] = 0


# --- its fill --------------------------------------------------------------------------------------------------------


@kernel
def affordable(m: VectorM, k: VectorM, price: int, quantity: int, rate_ppm: int) -> int:
    """The most lots, at most `quantity`, for which price x quantity + fee <= cash."""
    lot = product(price, k[UNIT])
    if m[CASH] <= 0:
        return 0
    elif lot == 0:  # a price that rounds to no tick
        return quantity
    most = min(quantity, mul_div_floor(m[CASH], PPM, PPM + rate_ppm) // lot + 1)
    # the fee rounds to even, so the quotient can be one lot off
    while most > 0 and product(most, lot) + fee_of(product(most, lot), rate_ppm) > m[CASH]:
        most = most - 1
    return most


@kernel
def refuse(m: VectorM, out: VectorM, ts: int, quantity: int, price: int, reason: int) -> None:
    """The entry comes to nothing at its fill."""
    m[WAIT_QUANTITY] = quantity
    entry_row(m, out, ts, REJECTED, price, reason)
    m[WAIT_ORDER] = 0


@kernel
def fill_part(
    m: VectorM, k: VectorM, out: VectorM, ts: int, quantity: int, price: int, reference: int, liquidity: int
) -> None:
    """Fill as much of the entry, lowered to `quantity`, as the bar lets. What is left of a trigger waits for opens."""
    if quantity < m[WAIT_QUANTITY]:
        m[WAIT_QUANTITY] = quantity
        entry_row(m, out, ts, AMENDED, m[WAIT_PRICE], INSUFFICIENT_CASH)
    part = min(quantity, m[LOTS])
    order, left = m[WAIT_ORDER], quantity - part
    m[WAIT_QUANTITY] = left
    m[WAIT_ORDER] = order if left > 0 else 0
    m[WAIT_RESTS] = 1 if m[WAIT_TYPE] == LIMIT_TYPE else 0
    m[WAIT_BEGUN] = 1
    enter(m, k, out, order, ts, m[WAIT_SIDE], m[WAIT_TYPE], part, left, price, reference, liquidity, BY_ENTRY)


@kernel
def fill_entry(m: VectorM, k: VectorM, out: VectorM, ts: int, reference: int, liquidity: int) -> None:
    """Fill the entry at `reference`, costs added where it takes, lowered to what cash covers; or refuse it."""
    side = m[WAIT_SIDE]
    price = reference if liquidity == MAKER else taken_price(reference, side, k[COST_PPM])
    quantity = affordable(m, k, price, m[WAIT_QUANTITY], rate_of(k, liquidity))
    stop = initial_stop(m, k, side, price)
    if m[WAIT_BEGUN] == 1:
        if quantity == 0:
            cancel_entry(m, out, ts, INSUFFICIENT_CASH)
        else:
            fill_part(m, k, out, ts, quantity, price, reference, liquidity)
            lay_exits_anew(m, k, out, ts)
    elif quantity == 0:
        refuse(m, out, ts, m[WAIT_QUANTITY], price, INSUFFICIENT_CASH)
    elif notional_of(k, price, quantity) < max(1, k[MIN_NOTIONAL]):
        refuse(m, out, ts, quantity, price, UNDER_MIN_NOTIONAL)
    elif stop == INVALID:
        refuse(m, out, ts, quantity, price, INVALID_STOP)
    else:
        fill_part(m, k, out, ts, quantity, price, reference, liquidity)
        place_exits(m, k, out, ts, stop, stop, BY_STOP)


@kernel
def may_fill(m: VectorM) -> bool:
    """May the entry fill: is the position flat, or made by a first part of it, and has the bar lots left?

    One of the other side than the position waits or rests on until that is closed.
    """
    return (m[POSITION] == 0 or m[WAIT_BEGUN] == 1) and m[LOTS] > 0


@kernel
def fill_waiting(m: VectorM, k: VectorM, out: VectorM, ts: int) -> None:
    """At an open: the entry that waits for it."""
    if may_fill(m):
        fill_entry(m, k, out, ts, m[BAR_O], TAKER)


@kernel
def fill_resting_at_open(m: VectorM, k: VectorM, out: VectorM, ts: int) -> None:
    """At an open: a limit that it has passed strictly fills there, a trigger that it has reached is taken there."""
    if may_fill(m):
        above = m[WAIT_SIDE] * (m[BAR_O] - m[WAIT_PRICE])
        if m[WAIT_TYPE] == LIMIT_TYPE:
            if above < 0:
                fill_entry(m, k, out, ts, m[BAR_O], MAKER)
        elif above >= 0:
            fill_entry(m, k, out, ts, m[BAR_O], TAKER)


@kernel
def fill_resting_inside(m: VectorM, k: VectorM, out: VectorM, ts: int) -> None:
    """Inside a bar: a limit traded through strictly fills at its price, a trigger touched is taken at it."""
    if may_fill(m):
        side, price = m[WAIT_SIDE], m[WAIT_PRICE]
        if m[WAIT_TYPE] == LIMIT_TYPE:
            if side * ((m[BAR_L] if side > 0 else m[BAR_H]) - price) < 0:
                fill_entry(m, k, out, ts, price, MAKER)
        elif side * ((m[BAR_H] if side > 0 else m[BAR_L]) - price) >= 0:
            fill_entry(m, k, out, ts, price, TAKER)
