"""Reads a document by the table of keys: typed values that keep their places, and every problem on the way."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from shared.strategy.document import Entries, Items, Scalar, Tree, is_null
from shared.strategy.problems import Place, Problems, nearest, shown
from shared.strategy.scalars import date_ms, date_text, duration_ms, duration_text, number, number_of, truth
from shared.strategy.schema import (
    Date,
    Duration,
    Form,
    Formula,
    IndicatorKeys,
    Key,
    ListOf,
    MapOf,
    Number,
    Part,
    Side,
    Table,
    Text,
    Truth,
    Value,
)

LABEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,63}", re.ASCII)

T = TypeVar("T")


@dataclass
class Section:
    """The values of one mapping. A value that was stated wrongly is absent from `values`, but `states` knows it."""

    where: str
    place: Place
    values: dict[str, object] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)  # of every stated value

    def states(self, *keys: str) -> bool:
        return any(key in self.places for key in keys)

    def at(self, key: str) -> Place:
        return self.places.get(key, self.place)

    def path(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key

    def number(self, key: str) -> Decimal | None:
        return self._value(key, Decimal)

    def text(self, key: str) -> str | None:
        return self._value(key, str)

    def ms(self, key: str) -> int | None:
        return self._value(key, int)

    def truth(self, key: str, default: bool = False) -> bool:
        value = self._value(key, bool)
        return default if value is None else value

    def section(self, key: str) -> "Section":
        """The section of a key; an empty one at this place when it is missing."""
        return self._value(key, Section) or Section(self.path(key), self.at(key))

    def sections(self, key: str) -> list["Section"]:
        value = self.values.get(key)
        return [item for item in value if isinstance(item, Section)] if isinstance(value, list) else []

    def trees(self, key: str) -> list[Tree]:
        value = self.values.get(key)
        return [i for i in value if isinstance(i, (Scalar, Items, Entries))] if isinstance(value, list) else []

    def map(self, key: str) -> Mapping[str, object]:
        value = self.values.get(key)
        return value if isinstance(value, dict) else {}

    def tree(self, key: str) -> Tree | None:
        value = self.values.get(key)
        return value if isinstance(value, (Scalar, Items, Entries)) else None

    def _value(self, key: str, kind: type[T]) -> T | None:
        value = self.values.get(key)
        return value if isinstance(value, kind) else None


def read_section(tree: Tree, table: Table, where: str, problems: Problems) -> Section | None:
    """The values of a mapping with known keys."""
    if not isinstance(tree, Entries):
        _wrong(tree, where, "a mapping", problems, allowed=" ".join(table.keys))
        return None
    section = Section(where, tree.place)
    for entry in tree.entries.values():
        key = table.keys.get(entry.key)
        if key is None:
            unknown_key(entry.key, entry.place, where, table.keys, problems)
        elif not is_null(entry.value):
            section.places[entry.key] = entry.value.place
            path = section.path(entry.key)
            if key.note:
                problems.note(entry.place, path, key.note)
            elif (value := read(entry.value, key.form, path, problems)) is not None:
                section.values[entry.key] = value
    _require(section, table.keys, problems)
    return section


def read(tree: Tree, form: Form, where: str, problems: Problems) -> object | None:
    """The value of one key; None (and a problem) when it is wrong."""
    if isinstance(form, Table):
        return read_section(tree, form, where, problems)
    if isinstance(form, ListOf):
        return _list(tree, form, where, problems)
    if isinstance(form, MapOf):
        return _map(tree, form, where, problems)
    if isinstance(form, (Side, IndicatorKeys, Part)):
        return tree
    if not isinstance(tree, Scalar):
        _wrong(tree, where, _KIND[type(form)], problems)
        return None
    if isinstance(form, (Formula, Value)):
        return tree
    return _READERS[type(form)](tree, form, where, problems)


def unknown_key(name: str, place: Place, where: str, known: Mapping[str, Key], problems: Problems) -> None:
    """An error when it looks like a known key, else a note."""
    path = f"{where}.{name}" if where else name
    if meant := nearest(name, known):
        problems.error(place, path, "unknown key", suggestion=meant)
    else:
        problems.note(place, path, "unknown key, without effect")


def read_number(tree: Scalar, form: Number, where: str, problems: Problems) -> Decimal | None:
    """A number within its bounds."""
    value = number(tree)
    if value is None:
        meant = tree.text.strip()
        percent = number_of(meant.removesuffix("%").strip()) if meant.endswith("%") else None
        suggestion = meant if number_of(meant) is not None else ""
        if percent is not None:
            suggestion = f"{percent.scaleb(-2).normalize():f}" if abs(percent) < 10**6 else ""
        problems.error(tree.place, where, "must be a number", found=shown(tree.text), suggestion=suggestion)
        return None
    rule = _broken_bound(value, form)
    if rule:
        problems.error(tree.place, where, rule, found=tree.text, allowed=bounds_text(form))
        return None
    return value


def bounds_text(form: Number) -> str:
    """Bounds in words: `over 0 up to 1`."""
    low, high = plain(form.low), plain(form.high)
    return f"over {low} up to {high}" if form.over else f"{low} to {high}"


def plain(value: Decimal) -> str:
    """A bound without exponent or trailing zeros."""
    return f"{value.normalize():f}"


def decimals(value: Decimal) -> int:
    """Digits after the point that are not trailing zeros, exactly, however many there are."""
    _, digits, exponent = value.as_tuple()
    zeros = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    return max(0, -int(exponent) - zeros) if value else 0


def _broken_bound(value: Decimal, form: Number) -> str:
    if not form.low <= value <= form.high or (form.over and value == form.low):
        return "out of bounds" + (" (a fraction: 0.02 is 2 %)" if form.is_fraction else "")
    if form.whole and value != int(value):
        return "must be a whole number"
    if form.decimals is not None and decimals(value) > form.decimals:
        return f"has at most {form.decimals} decimals"
    return ""


def read_text(tree: Scalar, form: Text, where: str, problems: Problems) -> str | None:
    """Text, one of the words where there are some."""
    if form.words and tree.text not in form.words:
        allowed = " ".join(form.words)
        problems.error(tree.place, where, "unknown value", found=shown(tree.text), allowed=allowed,
                       suggestion=nearest(tree.text.lower(), form.words))  # fmt: skip
        return None
    if not tree.text.strip() or len(tree.text) > form.longest:
        problems.error(tree.place, where, f"must be text of 1 to {form.longest} characters", found=shown(tree.text))
        return None
    return tree.text


def _truth(tree: Scalar, form: Truth, where: str, problems: Problems) -> bool | None:
    value = truth(tree)
    if value is None:
        meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(tree.text.lower(), "")
        meant = meant or (tree.text.lower() if tree.text.lower() in ("true", "false") else "")
        problems.error(tree.place, where, "must be true or false", found=shown(tree.text), suggestion=meant)
    return value


def _duration(tree: Scalar, form: Duration, where: str, problems: Problems) -> int | None:
    value = duration_ms(tree.text)
    if value is None or value > form.longest_ms:
        allowed = f"a number with s, m, h or d, up to {duration_text(form.longest_ms)}"
        problems.error(tree.place, where, "must be a duration", found=shown(tree.text), allowed=allowed)
        return None
    return value


def _date(tree: Scalar, form: Date, where: str, problems: Problems) -> int | None:
    value = date_ms(tree.text)
    if value is None:
        allowed = "YYYY-MM-DD, with HH:MM if needed, UTC"
        problems.error(tree.place, where, "no such date", found=shown(tree.text), allowed=allowed)
    elif not tree.text.startswith(date_text(value)[:10]):
        problems.note(tree.place, where, f"read as {date_text(value)}", found=shown(tree.text))
    return value


def _list(tree: Tree, form: ListOf, where: str, problems: Problems) -> list[object] | None:
    if not isinstance(tree, Items):
        _wrong(tree, where, "a list", problems)
        return None
    if len(tree.items) > form.longest:
        problems.error(tree.place, where, f"has at most {form.longest} members", found=str(len(tree.items)))
        return None
    values = (read(item, form.item, f"{where}[{i}]", problems) for i, item in enumerate(tree.items))
    return [value for value in values if value is not None]


def _map(tree: Tree, form: MapOf, where: str, problems: Problems) -> dict[str, object] | None:
    if not isinstance(tree, Entries):
        _wrong(tree, where, "a mapping", problems)
        return None
    if len(tree.entries) > form.longest:
        problems.error(tree.place, where, f"has at most {form.longest} keys", found=str(len(tree.entries)))
        return None
    values: dict[str, object] = {}
    for entry in tree.entries.values():
        path = f"{where}.{entry.key}"
        if not LABEL.fullmatch(entry.key):
            problems.error(entry.place, where, "a name has letters, digits, _ - . only", found=shown(entry.key))
        elif (value := read(entry.value, form.value, path, problems)) is not None:
            values[entry.key] = value
    return values


def _require(section: Section, keys: Mapping[str, Key], problems: Problems) -> None:
    for name, key in keys.items():
        if key.required and name not in section.places:
            problems.error(section.place, section.where, f"the key {name} is missing ({key.about})")


def _wrong(tree: Tree, where: str, wanted: str, problems: Problems, allowed: str = "") -> None:
    found = shown(tree.text) if isinstance(tree, Scalar) else "a list" if isinstance(tree, Items) else "a mapping"
    problems.error(tree.place, where, f"must be {wanted}", found=found, allowed=allowed)


_KIND: dict[type, str] = {
    Text: "text", Truth: "true or false", Number: "a number", Duration: "a duration", Date: "a date",
    Formula: "an expression", Value: "one value",
}  # fmt: skip
_READERS: dict[type, Callable[..., object | None]] = {
    Text: read_text, Truth: _truth, Number: read_number, Duration: _duration, Date: _date,
}  # fmt: skip
