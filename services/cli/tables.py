"""Answers as tables for people, and as JSON for programs."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from services.cli.times import when

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH = 240  # of a table that goes into a file: nothing is cut off

Json = dict[str, Any]


def print_json(value: object) -> None:
    """A list one item a line, anything else on one line."""
    lines = [json.dumps(one, ensure_ascii=False) for one in (value if isinstance(value, list) else [value])]
    click.echo("[" + ",\n ".join(lines) + "]" if isinstance(value, list) else lines[0])


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on stdout; a column whose name ends with `>` is aligned to the right. None is shown as -."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        right = name.endswith(">")
        table.add_column(name.rstrip(">"), justify="right" if right else "left", no_wrap=right)
    for row in rows:
        table.add_row(*("-" if value is None else str(value) for value in row))
    console(markup=False).print(table)


def console(markup: bool = True) -> "Console":
    """Stdout: as wide as the terminal, or wide enough for everything when it is none."""
    from rich.console import Console

    return Console(markup=markup, highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)


def print_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Names and values, one a line; those that are None are left out."""
    shown = [(name, value) for name, value in facts if value is not None]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        click.echo(f"{name:<{width}}  {value}")


def money(text: str | None) -> str | None:
    """1,234.56 of 1234.56000000: for people, not for sums."""
    return None if text is None else f"{float(text):,.2f}"


def percent(ratio: float | None, sign: str = "+") -> str | None:
    return None if ratio is None else f"{100 * ratio:{sign}.2f} %"


def minute(ms: int | None) -> str | None:
    return None if ms is None else when(ms)


def position(of: Json) -> str:
    """A run's position in a few words."""
    if of["side"] == "flat":
        return "flat"
    return f"{of['side']} {of['quantity'].lstrip('-')} @ {money(of['entry_price'])}"
