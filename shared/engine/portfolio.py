"""Cash, position, and the round trip in progress: what a fill does to them.

Trade bookkeeping follows decision 0006: worst and best prices come from the bars a position was open through, of a bar
that it was entered inside its close only; the bar that closes it contributes its fill prices only.
"""

from shared.domain.decision import FLAG_NO_TRADE, MAKER, TAKER
from shared.engine.codes import FILLED_PART, FILLED_WHOLE
from shared.engine.money import bounded, div_even, fee_of, product
from shared.engine.rows import fill_row, order_row, trade_row
from shared.engine.words import (
    BAR_C,
    BAR_H,
    BAR_L,
    BAR_OPEN_MS,
    BARS_HELD,
    BEST,
    CASH,
    COOL_AFTER_ANY,
    COOL_BARS,
    COOLING,
    ENTRY_MS,
    ENTRY_NOTIONAL,
    ENTRY_PRICE,
    ENTRY_QUANTITY,
    EXIT_NOTIONAL,
    FEES,
    FILLED,
    FIRST_STOP,
    INSIDE,
    LOSSES,
    LOTS,
    MAKER_PPM,
    NO_TRADE,
    PARTICIPATION,
    POSITION,
    STOP,
    TAKER_PPM,
    TARGET,
    UNIT,
    WORST,
)
from shared.kernel import VectorM, kernel


@kernel
def notional_of(k: VectorM, price: int, quantity: int) -> int:
    """Price x quantity in quote units, exact."""
    return product(product(price, k[UNIT]), quantity)


@kernel
def rate_of(k: VectorM, liquidity: int) -> int:
    """Commission of a fill, in ppm of its notional."""
    return k[TAKER_PPM] if liquidity == TAKER else k[MAKER_PPM]


@kernel
def stretch(m: VectorM, low: int, high: int) -> None:
    """Let prices the position lived through widen its worst and best."""
    if m[POSITION] > 0:
        m[WORST] = min(m[WORST], low)
        m[BEST] = max(m[BEST], high)
    elif m[POSITION] < 0:
        m[WORST] = max(m[WORST], high)
        m[BEST] = min(m[BEST], low)


@kernel
def live_through(m: VectorM) -> None:
    """The bar ends with the position open: its prices count, of one entered inside it only the close."""
    if m[INSIDE] == 1:
        m[INSIDE] = 0
        stretch(m, m[BAR_C], m[BAR_C])
    else:
        stretch(m, m[BAR_L], m[BAR_H])


@kernel
def fill(
    m: VectorM, k: VectorM, out: VectorM, order: int, ts: int, side: int, kind: int, quantity: int, left: int,
    price: int, reference: int, liquidity: int, reason: int,
) -> int:  # fmt: skip
    """Book one execution, after which `left` is left of its order, and say so in rows. Returns its notional."""
    notional = notional_of(k, price, quantity)
    fee = fee_of(notional, rate_of(k, liquidity))
    flags = FLAG_NO_TRADE if m[NO_TRADE] == 1 else 0
    fill_row(m, out, order, ts, side, quantity, price, fee, liquidity, reason, flags, reference)
    order_row(m, out, order, ts, FILLED_WHOLE if left == 0 else FILLED_PART, side, kind, quantity, price, reason)
    if k[PARTICIPATION] >= 0:
        m[LOTS] = m[LOTS] - quantity
    m[CASH] = bounded(bounded(m[CASH] - side * notional) - fee)
    m[POSITION] = m[POSITION] + side * quantity
    m[FEES] = bounded(m[FEES] + fee)
    m[FILLED] = m[FILLED] + 1
    return notional


@kernel
def enter(
    m: VectorM, k: VectorM, out: VectorM, order: int, ts: int, side: int, kind: int, quantity: int, left: int,
    price: int, reference: int, liquidity: int, reason: int,
) -> None:  # fmt: skip
    """One part of an entry: the first opens the position, each further one averages its price."""
    if m[POSITION] == 0:
        m[FEES] = 0
        m[ENTRY_MS] = ts
        m[ENTRY_QUANTITY] = 0
        m[ENTRY_NOTIONAL] = 0
        m[EXIT_NOTIONAL] = 0
        m[WORST] = price
        m[BEST] = price
        m[BARS_HELD] = 0
        m[INSIDE] = 1 if ts != m[BAR_OPEN_MS] else 0
    notional = fill(m, k, out, order, ts, side, kind, quantity, left, price, reference, liquidity, reason)
    m[ENTRY_QUANTITY] = m[ENTRY_QUANTITY] + quantity
    m[ENTRY_NOTIONAL] = bounded(m[ENTRY_NOTIONAL] + notional)
    m[ENTRY_PRICE] = div_even(m[ENTRY_NOTIONAL] // k[UNIT], m[ENTRY_QUANTITY])


@kernel
def leave(
    m: VectorM, k: VectorM, out: VectorM, order: int, ts: int, kind: int, quantity: int, left: int, price: int,
    reference: int, liquidity: int, reason: int,
) -> None:  # fmt: skip
    """Reduce the position by `quantity`; flat: the round trip becomes a trade."""
    long = 1 if m[POSITION] > 0 else -1
    notional = fill(m, k, out, order, ts, -long, kind, quantity, left, price, reference, liquidity, reason)
    m[EXIT_NOTIONAL] = bounded(m[EXIT_NOTIONAL] + notional)
    if m[POSITION] == 0 or liquidity == MAKER:  # what is taken in part, costs included, may lie beyond the bar's range
        m[WORST] = min(m[WORST], price) if long > 0 else max(m[WORST], price)
        m[BEST] = max(m[BEST], price) if long > 0 else min(m[BEST], price)
    if m[POSITION] == 0:
        gross = long * (m[EXIT_NOTIONAL] - m[ENTRY_NOTIONAL])
        has_gained = gross > m[FEES]
        m[LOSSES] = 0 if has_gained else m[LOSSES] + 1
        if k[COOL_AFTER_ANY] == 1 or not has_gained:
            m[COOLING] = k[COOL_BARS]
        trade_row(
            m, out, long, m[ENTRY_MS], ts, m[ENTRY_QUANTITY], m[ENTRY_NOTIONAL], m[EXIT_NOTIONAL], gross, m[FEES],
            m[WORST], m[BEST], reason,
        )  # fmt: skip
        m[STOP] = 0
        m[FIRST_STOP] = 0
        m[TARGET] = 0


@kernel
def equity_at(m: VectorM, k: VectorM, price: int) -> int:
    """Cash and the position at `price`, in quote units; costs of leaving are not deducted."""
    if m[POSITION] >= 0:
        return bounded(m[CASH] + notional_of(k, price, m[POSITION]))
    return bounded(m[CASH] - notional_of(k, price, -m[POSITION]))
