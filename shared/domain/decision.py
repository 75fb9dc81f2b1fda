"""Decisions: everything the fold returned, as rows of int64 words and as records that name their columns.

A row is WIDTH words: kind, seq, then the kind's columns in the order of its record below; unused words are 0. The words
are what the digest chains over, so their layout is part of ENGINE_VERSION. Prices are ticks, quantities lot steps,
quote amounts units (see InstrumentRules).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

WIDTH = 14

ORDER, FILL, TRADE, EQUITY, NOTE = 1, 2, 3, 4, 5

# Vocabularies: a word in a row is an index into these. Append only.
ORDER_EVENTS = ("", "submitted", "amended", "filled", "rejected", "cancelled", "expired", "partially_filled")
ORDER_TYPES = ("", "market", "stop", "limit")
REASONS = (
    "", "entry", "exit", "stop", "trailing", "breakeven", "target", "time_exit", "protection", "daily_loss",
    "stop_command", "close_command", "liquidation", "reversal", "pause_command",
    "no_equity", "not_ready", "no_stop_distance", "min_quantity", "min_notional", "insufficient_cash", "invalid_stop",
    "position_closed", "position_reduced", "replaced", "consecutive_losses", "expired",
)  # fmt: skip
PARTIAL_BASE = 100  # reason PARTIAL_BASE + n is partial_n
NOTES = (
    "", "both_sides", "same_side_dropped", "rung_passed_over", "rung_beyond_target", "no_target", "suspended",
    "resumed", "finished", "stopped", "paused", "unpaused",
    "daily_loss", "consecutive_losses",
)  # fmt: skip
TAKER, MAKER = 0, 1
FLAG_NO_TRADE = 1


class OrderEvent(NamedTuple):
    """One step in an order's life. The order's name is the seq of its `submitted` event."""

    seq: int
    order_seq: int
    ts_ms: int
    event: int  # ORDER_EVENTS
    side: int  # +1 buy, -1 sell
    type: int  # ORDER_TYPES
    quantity: int  # [steps]
    price: int  # [ticks] trigger or limit; 0 of a market order
    reason: int  # why it was decided, or why it was rejected or cancelled


class Fill(NamedTuple):
    """One execution."""

    seq: int
    order_seq: int
    ts_ms: int
    side: int  # +1 buy, -1 sell
    quantity: int  # [steps]
    price: int  # [ticks]
    fee: int  # [units]
    liquidity: int  # TAKER | MAKER
    reason: int
    flags: int
    reference: int  # [ticks] price before slippage and half-spread; a maker's is its price


class Trade(NamedTuple):
    """One round trip, entry to flat. Prices follow from notionals: notional / quantity."""

    seq: int
    side: int  # +1 long, -1 short
    entry_ms: int
    exit_ms: int
    quantity: int  # [steps]
    entry_notional: int  # [units]
    exit_notional: int  # [units]
    gross: int  # [units]
    fees: int  # [units]
    worst: int  # [ticks] most adverse price that counts
    best: int  # [ticks] most favourable price that counts
    exit_reason: int


class EquityPoint(NamedTuple):
    """Equity marked at a base close."""

    seq: int
    ts_ms: int
    equity: int  # [units]
    cash: int  # [units]
    position: int  # [steps] signed


class Note(NamedTuple):
    """Something a person should know that changed no order."""

    seq: int
    ts_ms: int
    code: int  # NOTES
    value: int


Decision = OrderEvent | Fill | Trade | EquityPoint | Note
RECORDS: dict[int, type[OrderEvent] | type[Fill] | type[Trade] | type[EquityPoint] | type[Note]] = {
    ORDER: OrderEvent, FILL: Fill, TRADE: Trade, EQUITY: EquityPoint, NOTE: Note,
}  # fmt: skip


def reason_text(code: int) -> str:
    """Name of a reason word."""
    return f"partial_{code - PARTIAL_BASE}" if code > PARTIAL_BASE else REASONS[code]


def decode(words: Sequence[int]) -> Iterator[Decision]:
    """Records of a flat sequence of rows, in order."""
    for at in range(0, len(words), WIDTH):
        record = RECORDS[words[at]]
        yield record._make(words[at + 1 : at + 1 + len(record._fields)])
