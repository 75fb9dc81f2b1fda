"""Decision records as table rows and back: words become text; ticks, steps and units become decimals.

Exact both ways. A row that no fold can have written (half a tick, an unknown word) raises DivergenceError.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Table

from shared.domain.decision import (
    FLAG_NO_TRADE,
    MAKER,
    NOTES,
    ORDER_EVENTS,
    ORDER_TYPES,
    PARTIAL_BASE,
    REASONS,
    TAKER,
    Decision,
    EquityPoint,
    Fill,
    Note,
    OrderEvent,
    Trade,
    reason_text,
)
from shared.domain.errors import DivergenceError
from shared.domain.instrument import InstrumentRules
from shared.store import tables


class Scale(NamedTuple):
    """One tick, step and unit as whole numbers of 10^-decimals."""

    tick: int
    price_decimals: int
    step: int
    quantity_decimals: int
    quote_decimals: int

    @classmethod
    def of(cls, rules: InstrumentRules) -> "Scale":
        price, quantity = rules.price_decimals, rules.quantity_decimals
        tick, step = int(rules.tick_size.scaleb(price)), int(rules.lot_step.scaleb(quantity))
        return cls(tick, price, step, quantity, rules.quote_decimals)


class Form(NamedTuple):
    """How a word of a record stands in its column."""

    write: Callable[[Scale, int], object]
    read: Callable[[Scale, Any], int]


def _whole(value: Decimal, decimals: int, unit: int) -> int:
    scaled = value.scaleb(decimals)
    count, rest = divmod(int(scaled), unit)
    if rest != 0 or scaled != int(scaled):
        raise ValueError(f"{value} is no whole number of its unit")
    return count


def _words(words: dict[int, str]) -> Form:
    codes = {text: code for code, text in words.items()}
    return Form(lambda _, code: words[code], lambda _, text: codes[text])


def _reason(text: str) -> int:
    kind, _, number = text.partition("_")
    return PARTIAL_BASE + int(number) if kind == "partial" else REASONS.index(text)


PLAIN = Form(lambda _, word: word, lambda _, value: int(value))
PRICE = Form(
    lambda s, ticks: Decimal(ticks * s.tick).scaleb(-s.price_decimals),
    lambda s, value: _whole(value, s.price_decimals, s.tick),
)
PRICE_OR_NONE = Form(
    lambda s, ticks: None if ticks == 0 else PRICE.write(s, ticks),
    lambda s, value: 0 if value is None else PRICE.read(s, value),
)
QUANTITY = Form(
    lambda s, steps: Decimal(steps * s.step).scaleb(-s.quantity_decimals),
    lambda s, value: _whole(value, s.quantity_decimals, s.step),
)
QUOTE = Form(
    lambda s, units: Decimal(units).scaleb(-s.quote_decimals),
    lambda s, value: _whole(value, s.quote_decimals, 1),
)
BUY_SELL = _words({1: "buy", -1: "sell"})
LONG_SHORT = _words({1: "long", -1: "short"})
EVENT = _words(dict(enumerate(ORDER_EVENTS)))
TYPE = _words(dict(enumerate(ORDER_TYPES)))
LIQUIDITY = _words({TAKER: "taker", MAKER: "maker"})
NOTE = _words(dict(enumerate(NOTES)))
REASON = Form(lambda _, code: reason_text(code), lambda _, text: _reason(text))
NO_TRADE = Form(lambda _, flags: {0: False, FLAG_NO_TRADE: True}[flags], lambda _, flag: FLAG_NO_TRADE if flag else 0)

Record = type[OrderEvent] | type[Fill] | type[Trade] | type[EquityPoint] | type[Note]

# Table of each record, and the form of each field in its order; columns stand in the same order, behind run_id.
LAYOUT: dict[Record, tuple[Table, tuple[Form, ...]]] = {
    OrderEvent: (tables.orders, (PLAIN, PLAIN, PLAIN, EVENT, BUY_SELL, TYPE, QUANTITY, PRICE_OR_NONE, REASON)),
    Fill: (tables.fills, (PLAIN, PLAIN, PLAIN, BUY_SELL, QUANTITY, PRICE, QUOTE, LIQUIDITY, REASON, NO_TRADE, PRICE)),
    Trade: (
        tables.trades,
        (PLAIN, LONG_SHORT, PLAIN, PLAIN, QUANTITY, QUOTE, QUOTE, QUOTE, QUOTE, PRICE, PRICE, REASON),
    ),
    EquityPoint: (tables.equity, (PLAIN, PLAIN, QUOTE, QUOTE, QUANTITY)),
    Note: (tables.run_notes, (PLAIN, PLAIN, NOTE, PLAIN)),
}


def columns(record: Record) -> tuple[str, ...]:
    """Names of the columns behind run_id, in the order of the record's fields."""
    return tuple(LAYOUT[record][0].columns.keys()[1:])


def to_row(scale: Scale, decision: Decision) -> tuple[object, ...]:
    """Values of the columns behind run_id."""
    forms = LAYOUT[type(decision)][1]
    return tuple(form.write(scale, word) for form, word in zip(forms, decision, strict=True))


def from_row(scale: Scale, record: Record, run_id: int, row: Any) -> Decision:
    """The record of a row: run_id's columns behind run_id. Raises DivergenceError."""
    table, forms = LAYOUT[record]
    words = []
    for name, form, value in zip(columns(record), forms, row, strict=True):
        try:
            words.append(form.read(scale, value))
        except (ValueError, KeyError) as error:
            place = f"{table.name} run {run_id} seq {row[0]}"
            raise DivergenceError(f"{place}: {name} was not written by a fold: {value!r}") from error
    return record._make(words)
