"""Orders, and the journal of everything that was decided.

A row is what a document shows of a decision; rows stand in the order in which the page names them, `seq` from 1.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.support.reference.ledger import Instrument
from tests.support.reference.risk import Readings

Row = dict[str, Any]


@dataclass(slots=True)
class Order:
    side: int  # +1 buys, -1 sells
    type: str  # market, limit, stop
    reason: str
    price: Decimal = Decimal(0)  # limit or trigger; 0 of a market order
    left: Decimal | None = None  # quantity; None: whatever is open
    seq: int = 0  # of its `submitted` row


@dataclass(slots=True)
class Entry(Order):
    """ "One entry order at a time": "it waits for the next open (market) or rests (limit, stop)"."""

    readings: Readings | None = None
    decided_at: int = 0  # number of the entry close
    has_filled: bool = False  # what is left is the rest of an order whose first part opened the position
    triggered: bool = False  # a stop entry whose rest goes on like a market order's

    @property
    def waits_for_open(self) -> bool:
        return self.type == "market" or self.triggered


class Journal:
    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._marked_ms: int | None = None
        self.rows: list[Row] = []

    def _write(self, kind: str, **columns: Any) -> None:
        self.rows.append({"row": kind, "seq": len(self.rows) + 1, **columns})

    def order(
        self,
        event: str,
        order: Order,
        ts_ms: int,
        quantity: Decimal = Decimal(0),
        price: Decimal = Decimal(0),
        reason: str | None = None,
    ) -> None:
        """One step in an order's life. `submitted` and a rejection without one give the order its name."""
        seq = len(self.rows) + 1
        order.seq = order.seq or seq
        self._write(
            "order",
            ts_ms=ts_ms,
            order_seq=order.seq,
            event=event,
            side=_side(order.side),
            type=order.type,
            quantity=self._instrument.quantity_text(quantity),
            price=None if price == 0 else self._instrument.price_text(price),
            reason=reason or order.reason,
        )

    def fill(
        self,
        order: Order,
        ts_ms: int,
        quantity: Decimal,
        price: Decimal,
        reference: Decimal,
        fee: Decimal,
        liquidity: str,
        no_trade: bool,
    ) -> None:
        self._write(
            "fill",
            ts_ms=ts_ms,
            order_seq=order.seq,
            side=_side(order.side),
            quantity=self._instrument.quantity_text(quantity),
            price=self._instrument.price_text(price),
            reference_price=self._instrument.price_text(reference),
            fee_quote=self._instrument.quote_text(fee),
            liquidity=liquidity,
            reason=order.reason,
            no_trade=no_trade,
        )

    def trade(self, trade: Row) -> None:
        self._write("trade", **trade)

    def equity(self, ts_ms: int, equity: Decimal, cash: Decimal, position: Decimal) -> None:
        """One row where the close of an entry frame and that of a bar with a fill fall together."""
        if ts_ms == self._marked_ms:
            return
        self._marked_ms = ts_ms
        text = self._instrument.quote_text
        self._write(
            "equity",
            ts_ms=ts_ms,
            equity_quote=text(equity),
            cash_quote=text(cash),
            position=self._instrument.quantity_text(position),
        )

    def note(self, ts_ms: int, note: str, value: int = 0) -> None:
        self._write("note", ts_ms=ts_ms, note=note, value=value)

    def of(self, kind: str) -> list[Row]:
        return [row for row in self.rows if row["row"] == kind]


def _side(side: int) -> str:
    return "buy" if side > 0 else "sell"
