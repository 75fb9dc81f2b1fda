"""Many rows in one statement: columns as PostgreSQL array literals, unnested by the server.

About twice as fast as VALUES lists, and the statement's text stays the same for any number of rows.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from types import NoneType
from typing import Any

CHUNK = 10_000  # rows a statement: a few megabytes of text


def array(values: Iterable[object]) -> str:
    """An array literal. None is NULL."""
    return "{" + ",".join([_TEXT[type(value)](value) for value in values]) + "}"


def rows(values: Iterable[Iterable[object]]) -> str:
    """An array literal of rows, as a composite type reads them. None is NULL."""
    return "{" + ",".join([_quoted(_row(row)) for row in values]) + "}"


def _row(values: Iterable[object]) -> str:
    return "(" + ",".join(["" if value is None else _TEXT[type(value)](value) for value in values]) + ")"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


_TEXT: dict[type, Callable[[Any], str]] = {
    NoneType: lambda _: "NULL",
    bool: str,
    int: str,
    float: repr,  # the shortest decimal that reads back as the same number; PostgreSQL takes its exponents
    Decimal: str,
    str: _quoted,
    bytes: lambda value: f'"\\\\x{value.hex()}"',
}
