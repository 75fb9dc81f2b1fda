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
