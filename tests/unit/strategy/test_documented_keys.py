"""docs/strategy-format.md lists every key with its bounds, as the table of keys has them."""

from collections.abc import Iterator
from pathlib import Path

from shared.strategy.schema import (
    FILE,
    Date,
    Duration,
    Form,
    Formula,
    Key,
    ListOf,
    Number,
    Table,
    Text,
    Truth,
    Value,
)  # fmt: skip
from shared.strategy.sections import bounds_text

PAGE = Path(__file__).parents[3] / "docs" / "strategy-format.md"
SECTIONS = ("risk_management", "equity_protection", "execution", "backtest", "optimization")


def rows(path: str, keys: dict[str, Key]) -> Iterator[str]:
    for name, key in keys.items():
        about = f"{key.about} ({key.note})" if key.note else key.about
        form, inner = key.form, f"{path}.{name}"
        if isinstance(form, ListOf) and isinstance(form.item, Table):
            inner, form = inner + "[]", form.item
        if isinstance(form, Table):
            yield from rows(inner, dict(form.keys))
        else:
            yield f"| `{inner}` | {allowed(form)} | {about} |"


def allowed(form: Form) -> str:
    match form:
        case Number(whole=True):
            return f"a whole number, {bounds_text(form)}"
        case Number(decimals=decimals):
            return f"{bounds_text(form)}, {decimals} decimals"
        case Text(words=words, longest=longest):
            return " ".join(words) or f"text, up to {longest} characters"
        case ListOf(longest=longest):
            return f"a list, up to {longest}"
    return {Truth: "true or false", Duration: "a duration", Date: "a date", Formula: "an expression",
            Value: "a value"}[type(form)]  # fmt: skip


def test_the_page_lists_every_key_with_its_bounds():
    expected = ["| key | allowed | meaning |", "|---|---|---|"]
    for name in SECTIONS:
        table = FILE.keys[name].form
        assert isinstance(table, Table)
        expected += rows(name, dict(table.keys))
    assert "\n".join(expected) in PAGE.read_text(encoding="utf-8"), "\n" + "\n".join(expected)
