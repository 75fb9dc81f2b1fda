"""Decisions leave the step as rows of words in `out` (domain/decision.py).

out[0] counts the words used, out[1] is the most that one bar can use, out[2] how many there are; rows start at HEAD.
Words that are not used are zeros: whoever takes rows out leaves them so, all at once instead of row by row.
"""

from shared.domain.decision import EQUITY, FILL, NOTE, ORDER, TRADE, WIDTH
from shared.engine.words import SEQ
from shared.kernel import VectorM, kernel

HEAD = 3


@kernel
def open_row(m: VectorM, out: VectorM, kind: int) -> int:
    """Reserve a row under the next seq; returns the place of its third word."""
    at = HEAD + out[0]
    out[0] = out[0] + WIDTH
    m[SEQ] = m[SEQ] + 1
    out[at] = kind
    out[at + 1] = m[SEQ]
    return at + 2


@kernel
def order_row(
    m: VectorM,
    out: VectorM,
    order: int,
    ts: int,
    event: int,
    side: int,
    kind: int,
    quantity: int,
    price: int,
    reason: int,
) -> int:
    """One step in an order's life; `order` 0 makes a new order. Returns the order's seq."""
    at = open_row(m, out, ORDER)
    named = order if order > 0 else m[SEQ]
    out[at] = named
    out[at + 1] = ts
    out[at + 2] = event
    out[at + 3] = side
    out[at + 4] = kind
    out[at + 5] = quantity
    out[at + 6] = price
    out[at + 7] = reason
    return named


@kernel
def fill_row(
    m: VectorM, out: VectorM, order: int, ts: int, side: int, quantity: int, price: int, fee: int, liquidity: int,
    reason: int, flags: int, reference: int,
) -> None:  # fmt: skip
    """One execution."""
    at = open_row(m, out, FILL)
    out[at] = order
    out[at + 1] = ts
    out[at + 2] = side
    out[at + 3] = quantity
    out[at + 4] = price
    out[at + 5] = fee
    out[at + 6] = liquidity
    out[at + 7] = reason
    out[at + 8] = flags
    out[at + 9] = reference


@kernel
def trade_row(
    m: VectorM, out: VectorM, side: int, entry_ms: int, exit_ms: int, quantity: int, entry_notional: int,
    exit_notional: int, gross: int, fees: int, worst: int, best: int, reason: int,
) -> None:  # fmt: skip
    """One round trip."""
    at = open_row(m, out, TRADE)
    out[at] = side
    out[at + 1] = entry_ms
    out[at + 2] = exit_ms
    out[at + 3] = quantity
    out[at + 4] = entry_notional
    out[at + 5] = exit_notional
    out[at + 6] = gross
    out[at + 7] = fees
    out[at + 8] = worst
    out[at + 9] = best
    out[at + 10] = reason


@kernel
def equity_row(m: VectorM, out: VectorM, ts: int, equity: int, cash: int, position: int) -> None:
    """Equity marked at a base close."""
    at = open_row(m, out, EQUITY)
    out[at] = ts
    out[at + 1] = equity
    out[at + 2] = cash
    out[at + 3] = position


@kernel
def note_row(m: VectorM, out: VectorM, ts: int, code: int, value: int) -> None:
    """Something a person should know that changed no order."""
    at = open_row(m, out, NOTE)
    out[at] = ts
    out[at + 1] = code
    out[at + 2] = value
