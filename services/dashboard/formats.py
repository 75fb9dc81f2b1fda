"""How values are written: one function per kind, the filters of the templates. Nothing here escapes; Jinja does.

Money comes as decimal text and is rounded for the eye only; what is exact stands in the tooltip.
"""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from flask import Flask

DASH = "–"
MINUS = "\N{MINUS SIGN}"
SMALLEST = Decimal("1e-8")  # of an amount that is not written as zero
CENT = Decimal("0.01")
DOLLARS = frozenset({"USD", "USDT", "USDC", "BUSD", "DAI", "EUR"})  # or worth about one
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400

Number = str | int | float | Decimal


def decimal(value: Number | None) -> Decimal | None:
    """The number, or None when there is none."""
    if value is None or value == "":
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def money(value: Number | None, signed: bool = False, quote: str = "") -> str:
    """`12,345.60`; small amounts, below one or a cent, keep four digits that count: `0.001234`."""
    found = decimal(value)
    if found is None:
        return DASH
    places = 2
    if SMALLEST <= abs(found) < (CENT if quote in DOLLARS else 1):
        places = max(2, 3 - found.adjusted())
    return _sign(f"{round(found, min(places, 8)):,f}", signed)


def price(value: Number | None) -> str:
    """Its digits, at least two after the point: `66,224.81`, `0.07345`; averages are cut where no exchange ticks."""
    found = decimal(value)
    if found is None:
        return DASH
    places = 2 if abs(found) >= 1000 else 6 if abs(found) >= 1 else 10
    text = f"{round(found, places).normalize():,f}"
    whole, _, fraction = text.partition(".")
    return _sign(f"{whole}.{fraction:<02}" if len(fraction) < 2 else text)


def quantity(value: Number | None) -> str:
    """As it comes, so that columns line up: `0.07700`."""
    found = decimal(value)
    return DASH if found is None else _sign(f"{found:,f}")


def plain(value: Number | None) -> str:
    """A setting, without digits that say nothing: `9`, `0.25`."""
    found = decimal(value)
    return DASH if found is None else _sign(f"{found.normalize():f}")


def percent(ratio: float | None, signed: bool = False, places: int = 2) -> str:
    """A fraction as `1.59%`."""
    return DASH if ratio is None else _sign(f"{round(ratio * 100, places):,.{places}f}%", signed)


def count(value: int | None) -> str:
    return DASH if value is None else f"{value:,}"


def number(value: float | None, places: int = 2) -> str:
    return DASH if value is None else _sign(f"{round(value, places):,.{places}f}")


def duration(seconds: float | None) -> str:
    """The two largest parts: `45s`, `12m`, `4h 38m`, `3d 4h`."""
    if seconds is None:
        return DASH
    left = max(0, round(seconds))
    if left < MINUTE_S:
        return f"{left}s"
    if left < HOUR_S:
        return f"{round(left / MINUTE_S)}m"
    if left < DAY_S:
        return _two(left, HOUR_S, "h", MINUTE_S, "m")
    return _two(left, DAY_S, "d", HOUR_S, "h")


def iso(ms: int | None) -> str:
    """2025-01-31T00:00:00.000Z"""
    if ms is None:
        return ""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamp(ms: int | None, seconds: bool = False) -> str:
    """`2025-01-31 00:00`, UTC; scripts rewrite it for those who asked for local time."""
    if ms is None:
        return DASH
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def tone(value: Number | None) -> str:
    """CSS class of a result: `up`, `down` or `even`. The sign is written too, so that colour is never alone."""
    found = decimal(value)
    if found is None or found == 0:
        return "even"
    return "up" if found > 0 else "down"


def bytes_size(count: int) -> str:
    return f"{count} B" if count < 1024 else f"{count / 1024:.1f} KB"


def _two(left: int, large: int, large_name: str, small: int, small_name: str) -> str:
    whole, rest = divmod(left, large)
    part = rest // small
    return f"{whole}{large_name} {part}{small_name}" if part else f"{whole}{large_name}"


def _sign(text: str, signed: bool = False) -> str:
    """With a real minus sign, and on request a plus; a rounded zero has neither."""
    if not any(digit in text for digit in "123456789"):
        return text.removeprefix("-")
    if text.startswith("-"):
        return MINUS + text[1:]
    return f"+{text}" if signed else text


FILTERS = (money, price, quantity, plain, percent, count, number, duration, iso, stamp, tone, bytes_size)


def install(app: Flask) -> None:
    for function in FILTERS:
        app.add_template_filter(function, function.__name__)
    app.jinja_env.globals["DASH"] = DASH
