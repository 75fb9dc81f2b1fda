"""The JSON document of a run: the same bytes from `backtest --json` and from an export of the same fold.

Everything in it follows from a header (what was folded) and the decisions (what came out), so whoever holds both can
write it. Money is decimal text with full decimals; ratios are one division of exact integers.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from shared.domain.coverage import Range
from shared.domain.decision import (
    FLAG_NO_TRADE,
    MAKER,
    ORDER_EVENTS,
    ORDER_TYPES,
    Decision,
    EquityPoint,
    Fill,
    OrderEvent,
    Trade,
    reason_text,
)
from shared.domain.instrument import Costs, InstrumentRules
from shared.domain.timeframe import MINUTE_MS
from shared.performance.breakdowns import BREAKDOWNS
from shared.performance.market import Market
from shared.performance.money import average_price, to_units, units_per_tick_step
from shared.performance.position import Resting, mark_of, open_position
from shared.performance.statistics import Tally
from shared.performance.trades import excursions

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class BarsFolded:
    """Which bars a fold took: first and last at or after the start, how many, and the holes between them.

    The start itself may be missing: a frame that ends between it and the first bar closes late, and decides.
    """

    start_ms: int  # first minute that may trade
    first_open_ms: int
    last_open_ms: int
    warmup_from_ms: int
    count: int
    gaps: tuple[Range, ...] = ()  # half-open [from_ms, to_ms) of minutes without a bar

    @classmethod
    def of(cls, open_ms: Sequence[int], start_ms: int, warmup_from_ms: int) -> "BarsFolded":
        """Of the open times from the start on, oldest first, at least one."""
        first_ms, last_ms, count = open_ms[0], open_ms[-1], len(open_ms)
        if last_ms - first_ms == (count - 1) * MINUTE_MS:  # a million bars need no look at each
            return cls(start_ms, first_ms, last_ms, warmup_from_ms, count)
        gaps = tuple((a + MINUTE_MS, b) for a, b in pairwise(open_ms) if b != a + MINUTE_MS)
        return cls(start_ms, first_ms, last_ms, warmup_from_ms, count, gaps)


@dataclass(frozen=True, slots=True)
class Header:
    """What was folded."""

    engine_version: str
    strategy: str
    version_sha256: str
    variant: str | None
    params: Mapping[str, float]  # "ID.param" -> value, all of them, in file order
    rules: InstrumentRules
    costs: Costs
    cash: Decimal
    bars: BarsFolded
    digest: str  # hex
    market: Market | None = None  # prices of the same bars


@dataclass(slots=True)
class Sums:
    """What decisions add up to. Start with `Sums.of(header)`; `step` once per decision, in seq order.

    Orders, equity points, and fills with trades are independent of each other: each of the three may be stepped through
    by itself. A trade looks at the fill that closed it.
    """

    tally: Tally
    resting: Resting = field(default_factory=Resting)
    mark: EquityPoint | None = None

    @classmethod
    def of(cls, header: Header) -> "Sums":
        cash = to_units(header.rules, header.cash)
        return cls(Tally(header.rules, cash, header.bars.first_open_ms, header.market))

    def step(self, decision: Decision) -> None:
        self.tally.step(decision)
        if isinstance(decision, OrderEvent):
            self.resting.step(decision)
        elif isinstance(decision, EquityPoint):
            self.mark = decision


def document(header: Header, decisions: Iterable[Decision]) -> Json:
    """The document of a run whose decisions these are, in seq order."""
    rules, sums = header.rules, Sums.of(header)
    lists: dict[str, list[object]] = {one.name: [] for one in LISTS.values()}
    for decision in decisions:
        sums.step(decision)
        listed = LISTS.get(type(decision))
        if listed is not None:
            lists[listed.name].append(listed.written(rules, decision))
    return {**beginning(header), **lists, **ending(header, sums)}


def beginning(header: Header) -> Json:
    """What stands before the lists."""
    bars = header.bars
    return {
        "engine_version": header.engine_version,
        "strategy": {
            "name": header.strategy,
            "version_sha256": header.version_sha256,
            "variant": header.variant,
            "params": {name: plain_number(value) for name, value in header.params.items()},
        },
        "instrument": rules_json(header.rules),
        "costs": costs_json(header.costs),
        "bars": {
            "start_ms": bars.start_ms,
            "first_open_ms": bars.first_open_ms,
            "last_open_ms": bars.last_open_ms,
            "warmup_from_ms": bars.warmup_from_ms,
            "count": bars.count,
            "gaps": [list(gap) for gap in bars.gaps],
        },
    }


def ending(header: Header, sums: Sums) -> Json:
    """What stands behind them."""
    tally, end_ms = sums.tally, header.bars.last_open_ms + MINUTE_MS
    return {
        "open_position": open_position(tally.book, sums.resting.orders.values(), mark_of(sums.mark, tally.book)),
        "stats": tally.report(end_ms),
        "breakdowns": {name: tally.breakdown(name, end_ms) for name in BREAKDOWNS},
        "digest": header.digest,
    }


def dumps(doc: Json) -> str:
    """The document as text: equal documents give equal bytes."""
    return compact(doc) + "\n"


def compact(part: object) -> str:
    """A part of it as it stands in the text."""
    return json.dumps(part, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def plain_number(value: float) -> float:
    """12 of 12.0: a parameter reads the same whether it came from a file or from a database."""
    return int(value) if value == int(value) else value


def rules_json(rules: InstrumentRules) -> Json:
    return {
        "name": rules.instrument,
        "tick_size": f"{rules.tick_size:.{rules.price_decimals}f}",
        "lot_step": f"{rules.lot_step:.{rules.quantity_decimals}f}",
        "min_quantity": f"{rules.min_quantity.normalize():f}",
        "min_notional": f"{rules.min_notional.normalize():f}",
        "quote_decimals": rules.quote_decimals,
        "source": rules.source,  # when they were captured is no input of the fold: equal runs give equal bytes
    }


def costs_json(costs: Costs) -> Json:
    return {
        "maker_ppm": costs.maker_ppm,
        "taker_ppm": costs.taker_ppm,
        "slippage_ppm": costs.slippage_ppm,
        "half_spread_ppm": costs.half_spread_ppm,
    }


def order_json(rules: InstrumentRules, event: OrderEvent) -> Json:
    """One event of an order's life; a market order has no price."""
    return {
        "seq": event.seq,
        "order_seq": event.order_seq,
        "ts_ms": event.ts_ms,
        "event": ORDER_EVENTS[event.event],
        "side": side_text(event.side),
        "type": ORDER_TYPES[event.type],
        "quantity": rules.quantity_text(event.quantity),
        "price": rules.price_text(event.price) if event.price != 0 else None,
        "reason": reason_text(event.reason),
    }


def fill_json(rules: InstrumentRules, fill: Fill) -> Json:
    return {
        "seq": fill.seq,
        "order_seq": fill.order_seq,
        "ts_ms": fill.ts_ms,
        "side": side_text(fill.side),
        "quantity": rules.quantity_text(fill.quantity),
        "price": rules.price_text(fill.price),
        "fee_quote": rules.quote_text(fill.fee),
        "liquidity": "maker" if fill.liquidity == MAKER else "taker",
        "reason": reason_text(fill.reason),
        "no_trade": fill.flags & FLAG_NO_TRADE != 0,
        "reference_price": rules.price_text(fill.reference),
    }


def trade_json(rules: InstrumentRules, trade: Trade) -> Json:
    """Prices are notional / quantity to the unit's decimals, half to even; excursions are signed by side."""
    net = trade.gross - trade.fees
    mae_ratio, mfe_ratio = excursions(trade, units_per_tick_step(rules))
    return {
        "seq": trade.seq,
        "side": "long" if trade.side > 0 else "short",
        "entry_ms": trade.entry_ms,
        "exit_ms": trade.exit_ms,
        "quantity": rules.quantity_text(trade.quantity),
        "entry_price": rules.quote_text(average_price(rules, trade.entry_notional, trade.quantity)),
        "exit_price": rules.quote_text(average_price(rules, trade.exit_notional, trade.quantity)),
        "gross_quote": rules.quote_text(trade.gross),
        "fees_quote": rules.quote_text(trade.fees),
        "net_quote": rules.quote_text(net),
        "return_ratio": net / trade.entry_notional,
        "mae_ratio": mae_ratio,
        "mfe_ratio": mfe_ratio,
        "exit_reason": reason_text(trade.exit_reason),
    }


def equity_json(rules: InstrumentRules, point: EquityPoint) -> list[object]:
    return [point.ts_ms, rules.quote_text(point.equity)]


def side_text(side: int) -> str:
    return "buy" if side > 0 else "sell"


class Listed(NamedTuple):
    """A list of the document: its name, and how a record stands in it."""

    name: str
    written: Callable[..., object]  # of the rules and a record


# In the order in which they stand. A note is in none.
LISTS: dict[type[Decision], Listed] = {
    OrderEvent: Listed("orders", order_json),
    Fill: Listed("fills", fill_json),
    Trade: Listed("trades", trade_json),
    EquityPoint: Listed("equity", equity_json),
}
