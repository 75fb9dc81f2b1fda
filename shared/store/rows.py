"""Decision records as table rows and back: words become text; ticks, steps and units become decimals.

    Decision --lines--> text that PostgreSQL reads (the way of every commit)
    Decision --to_row--> values, as a row is read  --from_row--> Decision

Exact both ways. A row that no fold can have written (half a tick, an unknown word) raises DivergenceError.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
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
    @lru_cache(maxsize=256)  # asked for every run of every commit
    def of(cls, rules: InstrumentRules) -> "Scale":
        price, quantity = rules.price_decimals, rules.quantity_decimals
        tick, step = int(rules.tick_size.scaleb(price)), int(rules.lot_step.scaleb(quantity))
        return cls(tick, price, step, quantity, rules.quote_decimals)


class Form(NamedTuple):
    """How a word of a record stands in its column: as a value, back, and many of them as text in a row literal."""

    write: Callable[[Scale, int], object]
    read: Callable[[Scale, Any], int]
    texts: Callable[[Scale, Sequence[int]], Iterable[object]]  # plain words: nothing in them needs quotes


def _whole(value: Decimal, decimals: int, unit: int) -> int:
    scaled = value.scaleb(decimals)
    count, rest = divmod(int(scaled), unit)
    if rest != 0 or scaled != int(scaled):
        raise ValueError(f"{value} is no whole number of its unit")
    return count


def _words(words: dict[int, str]) -> Form:
    codes = {text: code for code, text in words.items()}
    return Form(
        lambda _, code: words[code], lambda _, text: codes[text], lambda _, column: [words[code] for code in column]
    )


def _decimals(column: Iterable[int], unit: int, decimals: int) -> list[str]:
    """With all decimals: PostgreSQL reads 4200001e-2 as 42000.01, and 100e-2 as 1.00."""
    return [f"{count * unit}e-{decimals}" for count in column]


def _reason(text: str) -> int:
    kind, _, number = text.partition("_")
    return PARTIAL_BASE + int(number) if kind == "partial" else REASONS.index(text)


PLAIN = Form(lambda _, word: word, lambda _, value: int(value), lambda _, column: column)
PRICE = Form(
    lambda s, ticks: Decimal(ticks * s.tick).scaleb(-s.price_decimals),
    lambda s, value: _whole(value, s.price_decimals, s.tick),
    lambda s, column: _decimals(column, s.tick, s.price_decimals),
)
PRICE_OR_NONE = Form(
    lambda s, ticks: None if ticks == 0 else PRICE.write(s, ticks),
    lambda s, value: 0 if value is None else PRICE.read(s, value),
    lambda s, column: [f"{ticks * s.tick}e-{s.price_decimals}" if ticks else "" for ticks in column],
)
QUANTITY = Form(
    lambda s, steps: Decimal(steps * s.step).scaleb(-s.quantity_decimals),
    lambda s, value: _whole(value, s.quantity_decimals, s.step),
    lambda s, column: _decimals(column, s.step, s.quantity_decimals),
)
QUOTE = Form(
    lambda s, units: Decimal(units).scaleb(-s.quote_decimals),
    lambda s, value: _whole(value, s.quote_decimals, 1),
    lambda s, column: _decimals(column, 1, s.quote_decimals),
)
BUY_SELL = _words({1: "buy", -1: "sell"})
LONG_SHORT = _words({1: "long", -1: "short"})
EVENT = _words(dict(enumerate(ORDER_EVENTS)))
TYPE = _words(dict(enumerate(ORDER_TYPES)))
LIQUIDITY = _words({TAKER: "taker", MAKER: "maker"})
NOTE = _words(dict(enumerate(NOTES)))
REASON = Form(
    lambda _, code: reason_text(code), lambda _, text: _reason(text), lambda _, column: map(reason_text, column)
)
NO_TRADE = Form(
    lambda _, flags: {0: False, FLAG_NO_TRADE: True}[flags],
    lambda _, flag: FLAG_NO_TRADE if flag else 0,
    lambda _, column: [{0: "f", FLAG_NO_TRADE: "t"}[flags] for flags in column],
)

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


def lines(scale: Scale, record: Record, run_ids: Sequence[int], decisions: Sequence[Decision]) -> str:
    """Elements of an array literal of the record's table, each behind its run's id; `decisions` are of one record."""
    forms = LAYOUT[record][1]
    columns = [form.texts(scale, column) for form, column in zip(forms, zip(*decisions, strict=True), strict=True)]
    line = '"(' + ",".join(["%s"] * (1 + len(forms))) + ')"'
    return ",".join([line % row for row in zip(run_ids, *columns, strict=True)])


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
