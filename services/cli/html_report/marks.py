"""Fills as they are marked on the chart: what each opened or closed, and what came of it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from services.cli.html_report.material import Json

MOST_TRADES = 2_000  # whose fills are marked: each is one more thing to draw


class Mark(NamedTuple):
    """One fill. Prices, quantities and amounts are the document's texts."""

    kind: str  # long entry | short entry | exit
    side: str  # buy | sell
    ts_ms: int
    price: str
    quantity: str
    reason: str
    trade: Json | None  # the round trip that it belongs to; None: still open
    is_last: bool  # it closed the position


def marks(doc: Json) -> Iterator[Mark]:
    """Every fill in order. A trade's number follows that of the fill that closed it."""
    trades = iter(doc["trades"])
    trade = next(trades, None)
    held = Decimal(0)
    for fill in doc["fills"]:
        while trade is not None and trade["seq"] < fill["seq"]:
            trade = next(trades, None)
        change = Decimal(fill["quantity"]) * (1 if fill["side"] == "buy" else -1)
        kind = "exit" if held * change < 0 else "long entry" if change > 0 else "short entry"
        held += change
        yield Mark(kind, fill["side"], fill["ts_ms"], fill["price"], fill["quantity"], fill["reason"], trade, held == 0)


def largest(trades: list[Any], most: int = MOST_TRADES) -> set[int]:
    """Numbers of the trades that gained or lost most; of equals the earlier."""
    ordered = sorted(trades, key=lambda trade: -abs(Decimal(trade["net_quote"])))
    return {trade["seq"] for trade in ordered[:most]}
