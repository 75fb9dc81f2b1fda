"""The open position as people read it: what it cost, what it is worth now, which orders protect it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.domain.decision import (
    ORDER_EVENTS,
    ORDER_TYPES,
    PARTIAL_BASE,
    REASONS,
    EquityPoint,
    OrderEvent,
    reason_text,
)
from shared.performance.book import Book
from shared.performance.money import average_price, half_even, units_per_tick_step

RESTING = (ORDER_EVENTS.index("submitted"), ORDER_EVENTS.index("amended"))
PART = ORDER_EVENTS.index("partially_filled")
STOP, LIMIT = ORDER_TYPES.index("stop"), ORDER_TYPES.index("limit")
TARGET, ENTRY = REASONS.index("target"), REASONS.index("entry")


@dataclass(slots=True)
class Resting:
    """Orders that wait, by name. Start with `Resting()`; `step` once per order event, in seq order."""

    orders: dict[int, OrderEvent] = field(default_factory=dict)

    def step(self, event: OrderEvent) -> None:
        if event.event in RESTING:
            self.orders[event.order_seq] = event
        elif event.event == PART and event.order_seq in self.orders:
            order = self.orders[event.order_seq]
            self.orders[event.order_seq] = order._replace(quantity=order.quantity - event.quantity)
        else:
            self.orders.pop(event.order_seq, None)


def mark_of(point: EquityPoint | None, book: Book) -> tuple[int, int] | None:
    """(time, price in ticks) at which an equity point valued the position that `book` holds; None: another position."""
    if point is None or point.position == 0 or point.position != book.position:
        return None
    return point.ts_ms, (point.equity - point.cash) // (point.position * units_per_tick_step(book.rules))


def open_position(book: Book, resting: Iterable[OrderEvent], mark: tuple[int, int] | None) -> dict[str, object] | None:
    """The position at `mark` (time, ticks); unrealised is before costs of leaving. None when flat."""
    if book.position == 0:
        return None
    rules, side = book.rules, 1 if book.position > 0 else -1
    exits = [order for order in resting if order.side == -side and order.reason != ENTRY]
    stops = [order.price for order in exits if order.type == STOP]
    targets = [order.price for order in exits if order.type == LIMIT and order.reason == TARGET]
    rungs = [order for order in exits if order.type == LIMIT and order.reason > PARTIAL_BASE]
    return {
        "side": "long" if side > 0 else "short",
        "quantity": rules.quantity_text(abs(book.position)),
        "entry_ms": book.opened_ms,
        "entry_price": rules.quote_text(average_price(rules, book.entry_notional, book.entry_quantity)),
        "mark_ms": mark[0] if mark else None,
        "mark_price": rules.price_text(mark[1]) if mark else None,
        "unrealised_quote": rules.quote_text(unrealised(book, mark[1])) if mark else None,
        "fees_quote": rules.quote_text(book.position_fees),
        "stop": rules.price_text(stops[-1]) if stops else None,
        "target": rules.price_text(targets[-1]) if targets else None,
        "rungs": [
            {
                "price": rules.price_text(rung.price),
                "quantity": rules.quantity_text(rung.quantity),
                "reason": reason_text(rung.reason),
            }
            for rung in rungs
        ],
    }


def unrealised(book: Book, mark: int) -> int:
    """Worth at `mark` [ticks] less the open part's share of the entry notional, in units."""
    worth = mark * book.position * units_per_tick_step(book.rules)
    return worth - half_even(book.entry_notional * book.position, book.entry_quantity)
