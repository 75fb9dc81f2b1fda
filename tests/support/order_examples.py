"""docs/orders.md read as examples: a strategy, its bars, and the rows that a fold of them gives.

A fence of the page is `yaml` (the first one: the base that every other is laid over), `json` (the instrument), `bars`
or `rows`; cells of the last two stand two spaces or more apart. Every fence is part of something, or the page is wrong.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml

from shared.domain.command import Command, CommandKind
from shared.domain.instrument import InstrumentRules
from shared.performance.document import Json
from tests.support.series import FIRST_MS, MINUTE_MS

PAGE = Path(__file__).parents[2] / "docs" / "orders.md"
BASE = ["yaml", "json"]
EXAMPLE = ["yaml", "bars", "rows"]
BAR = ("minute", "open", "high", "low", "close", "volume")
ROW = ("time", "what", "side", "quantity", "price", "fee", "reason")
COMMANDS: dict[str, tuple[CommandKind, bool]] = {
    "pause": ("pause", False),
    "resume": ("resume", False),
    "close": ("close_position", False),
    "stop and close": ("stop", True),
    "stop and keep": ("stop", False),
}
NONE = "-"
_PIECE = re.compile(r"^(?:(?P<level>##+) (?P<heading>[^\n]+)|```(?P<kind>\w*)\n(?P<text>.*?)^```)$", re.M | re.S)

Row = tuple[str, ...]  # a cell for each of ROW


class Block(NamedTuple):
    """A fence, and the headings that it stands under."""

    section: str
    title: str
    kind: str
    text: str


class Example(NamedTuple):
    section: str
    title: str
    strategy: str  # the whole file
    bars: pd.DataFrame
    commands: list[Command]
    rows: list[Row]


class Page(NamedTuple):
    rules: InstrumentRules
    cash: str
    examples: list[Example]


def blocks(text: str) -> Iterator[Block]:
    """Every fence of a page, in order."""
    section = title = ""
    for piece in _PIECE.finditer(text):
        if piece["level"] is None:
            yield Block(section, title, piece["kind"], piece["text"])
        elif piece["level"] == "##":
            section, title = piece["heading"], ""
        else:
            title = piece["heading"]


def page(text: str) -> Page:
    """What a page says. Raises ValueError where a fence is none that it may have there."""
    found = list(blocks(text))
    base, rules = _texts([block for block in found if not block.title], BASE)
    titled = groupby((block for block in found if block.title), key=lambda block: (block.section, block.title))
    examples = [_example(base, section, title, _texts(list(group), EXAMPLE)) for (section, title), group in titled]
    return Page(_instrument(json.loads(rules)), str(yaml.safe_load(base)["backtest"]["cash"]), examples)


def _instrument(rules: Mapping[str, str]) -> InstrumentRules:
    tick, step, quantity, notional = (
        Decimal(rules[name]) for name in ("tick_size", "lot_step", "min_quantity", "min_notional")
    )
    return InstrumentRules("BTC/USDT", tick, step, quantity, notional)


def _texts(found: Sequence[Block], kinds: Sequence[str]) -> list[str]:
    """Texts of fences that must be of these kinds, in this order."""
    if [block.kind for block in found] != kinds:
        place = f"{found[0].section}, {found[0].title}" if found else "the page"
        raise ValueError(f"{place}: expected fences {kinds}, was {[block.kind for block in found]}")
    return [block.text for block in found]


def _example(base: str, section: str, title: str, texts: Sequence[str]) -> Example:
    change, bars, rows = texts
    minutes = _table(bars, BAR, "command")
    return Example(section, title, laid_over(base, change), _frame(minutes), _commands(minutes), _rows(rows))


def laid_over(base: str, change: str) -> str:
    """The base with the keys of the change in its sections; a key's value is replaced whole."""
    tree: dict[str, Any] = yaml.safe_load(base)
    for name, section in yaml.safe_load(change).items():
        tree[name] = tree[name] | section if isinstance(tree.get(name), dict) else section
    return yaml.safe_dump(tree, sort_keys=False)


# --- tables ----------------------------------------------------------------------------------------------------------


def _table(text: str, columns: Sequence[str], last: str = "") -> list[dict[str, str]]:
    """Lines as maps from column to cell; only the cells of a further, `last` column may be missing."""
    head, *lines = (re.split(r"\s{2,}", line.strip()) for line in text.strip().splitlines())
    if head not in ([*columns], [*columns, last]):
        raise ValueError(f"expected columns {columns}, was {head}")
    for cells in lines:
        if not len(columns) <= len(cells) <= len(head):
            raise ValueError(f"expected a cell for each of {head}, was {cells}")
    return [dict(zip(head, cells, strict=False)) for cells in lines]


def _frame(minutes: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    frame = pd.DataFrame([[float(minute[name]) for name in BAR[1:]] for minute in minutes], columns=list(BAR[1:]))
    frame.insert(0, "open_time", [_open_ms(minute) for minute in minutes])
    return frame


def _commands(minutes: Sequence[Mapping[str, str]]) -> list[Command]:
    asked = [(COMMANDS[minute["command"]], _open_ms(minute)) for minute in minutes if "command" in minute]
    return [Command(i, kind, open_ms, closes) for i, ((kind, closes), open_ms) in enumerate(asked, start=1)]


def _open_ms(minute: Mapping[str, str]) -> int:
    return FIRST_MS + int(minute["minute"]) * MINUTE_MS


def _rows(text: str) -> list[Row]:
    return [tuple(row[name] for name in ROW) for row in _table(text, ROW)]


def aligned(rows: Sequence[Row]) -> str:
    """Rows as the page writes them."""
    table = [ROW, *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(ROW))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table)


# --- rows of a document in the page's words --------------------------------------------------------------------------


def shown(rows: Sequence[Json]) -> list[Row]:
    """What the page tells of a document's rows: no equity, and a fill together with its order's event."""
    told: list[Row] = []
    fill: Json | None = None
    for row in rows:
        match row["row"]:
            case "fill":
                fill = row
            case "order":
                told.append(_order(row) if fill is None else _fill(fill, row))
                fill = None
            case "trade":
                told.append(_trade(row))
            case "note":
                told.append((_when(row["ts_ms"]), "note", NONE, NONE, NONE, NONE, str(row["note"])))
    return told


def _order(row: Json) -> Row:
    price = row["price"] or NONE
    return (_when(row["ts_ms"]), _event(row), str(row["side"]), _quantity(row), str(price), NONE, str(row["reason"]))


def _fill(fill: Json, event: Json) -> Row:
    """Both name the same order, part, price and reason."""
    for name in ("ts_ms", "order_seq", "side", "quantity", "price", "reason"):
        assert fill[name] == event[name], (name, fill, event)
    flag = " (no trade)" if fill["no_trade"] else ""
    time, what, side, quantity, price, _, reason = _order(event)
    return (time, what + flag, side, quantity, price, _money(fill["fee_quote"]), reason)


def _trade(row: Json) -> Row:
    net, fees = _money(row["net_quote"]), _money(row["fees_quote"])
    return (
        _when(row["exit_ms"]),
        "trade",
        str(row["side"]),
        _quantity(row),
        f"net {net}",
        fees,
        str(row["exit_reason"]),
    )


def _event(row: Json) -> str:
    return f"{row['type']} {row['event']}".replace("_", " ")


def _quantity(row: Json) -> str:
    return NONE if Decimal(str(row["quantity"])) == 0 else str(row["quantity"])


def _money(text: object) -> str:
    """With the decimals that it needs, two at least."""
    amount = Decimal(str(text)).normalize()
    return f"{amount:.{max(2, -int(amount.as_tuple().exponent))}f}"


def _when(ts_ms: object) -> str:
    minute, rest = divmod(int(str(ts_ms)) - FIRST_MS, MINUTE_MS)
    assert rest in (0, MINUTE_MS - 1), ts_ms
    return f"{minute} {'close' if rest else 'open'}"
