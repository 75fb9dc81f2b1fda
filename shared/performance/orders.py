"""What became of orders: how many were placed, and how many came to nothing."""

from dataclasses import dataclass, field

from shared.domain.decision import ORDER_EVENTS, REASONS, OrderEvent

SUBMITTED, AMENDED, FILLED, REJECTED, CANCELLED, EXPIRED = (
    ORDER_EVENTS.index(name) for name in ("submitted", "amended", "filled", "rejected", "cancelled", "expired")
)
ENTRY = REASONS.index("entry")


@dataclass(slots=True)
class OrderCounts:
    """Accumulates order events in seq order. Start with `OrderCounts()`; `step` once per event."""

    submitted: int = 0
    rejected: int = 0  # entries only: an exit is never rejected
    cancelled: int = 0
    cancelled_entries: int = 0  # the others stood for a position that is gone
    expired: int = 0
    waiting: set[int] = field(default_factory=set)  # entries; one or two

    def step(self, event: OrderEvent) -> None:
        kind = event.event
        if kind == SUBMITTED:
            self.submitted += 1
            if event.reason == ENTRY:
                self.waiting.add(event.order_seq)
            return
        if kind == CANCELLED:
            self.cancelled += 1
            self.cancelled_entries += event.order_seq in self.waiting
        elif kind == REJECTED:
            self.rejected += 1
        elif kind == EXPIRED:
            self.expired += 1
        if kind in (FILLED, REJECTED, CANCELLED, EXPIRED):
            self.waiting.discard(event.order_seq)
