"""How values are written: one function per kind. Money is rounded for the eye only; nothing here is read back."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from services.cli.summary import duration as duration  # as in the tables of the terminal

DASH = "–"
MINUS = "\N{MINUS SIGN}"


def money(value: Any) -> str:
    """`12,345.60`; amounts below one keep four digits that count: `0.001234`."""
    amount = float(value)
    places = 2
    if 1e-8 <= abs(amount) < 1.0:
        places = min(8, 3 - int(f"{amount:e}".partition("e")[2]))
    return _minus(f"{amount:,.{max(2, places)}f}")


def signed_money(value: Any) -> str:
    return _plus(money(value), value)


def price(value: Any) -> str:
    """Its digits, at least two after the point, cut where no exchange ticks: `57,643.30`, `0.07345`."""
    amount = float(value)
    places = 2 if abs(amount) >= 1000 else 6 if abs(amount) >= 1 else 10
    whole, _, fraction = f"{amount:,.{places}f}".rstrip("0").partition(".")
    return _minus(f"{whole}.{fraction:0<2}")


def percent(value: Any) -> str:
    return _minus(f"{100 * value:,.2f}%")


def signed_percent(value: Any) -> str:
    return _plus(percent(value), value)


def number(value: Any) -> str:
    return _minus(f"{value:,.2f}")


def count(value: Any) -> str:
    return _minus(f"{value:,}")


def counted(n: int, what: str) -> str:
    """`1 trade`, `1,234 trades`."""
    return f"{count(n)} {what}" + ("" if n == 1 else "s")


def or_dash(value: Any, write: Callable[[Any], str]) -> str:
    return DASH if value is None else write(value)


def moment(ms: Any) -> str:
    """2025-01-31 12:30:59 (UTC)."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def words(name: str) -> str:
    """`time_exit` as people write it."""
    return name.replace("_", " ")


def tone(value: Any) -> str | None:
    """CSS class of a result. The sign is written too, so that colour is never alone."""
    amount = float(value)
    return "up" if amount > 0 else "down" if amount < 0 else None


def _minus(text: str) -> str:
    """A real minus sign, and none before a rounded zero."""
    if not text.startswith("-"):
        return text
    return MINUS + text[1:] if any(digit in text for digit in "123456789") else text[1:]


def _plus(text: str, value: Any) -> str:
    return f"+{text}" if float(value) > 0 and any(digit in text for digit in "123456789") else text
