"""Many rows in one statement: columns as PostgreSQL array literals, unnested by the server.

About twice as fast as VALUES lists, and the statement's text stays the same for any number of rows.
"""

from collections.abc import Iterable
from decimal import Decimal

CHUNK = 10_000  # rows a statement: a few megabytes of text


def array(values: Iterable[object]) -> str:
    """An array literal of integers, decimals (or their text), words and truth values; None is NULL."""
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, int | float | Decimal):
        return str(value)
    raise TypeError(f"no array element: {value!r}")
