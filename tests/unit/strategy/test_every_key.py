"""Every key of the table: described, and a wrong value of it is told at its place."""

import pytest

from shared.strategy.schema import FILE, Form, ListOf, MapOf, Number, Side, Table, Truth
from tests.unit.strategy.files import read

WRONG = {Truth: "maybe", Number: "lots"}


def leaves(form: Form, path: tuple[str, ...] = ()):
    """(path, form) of every key that can be wrong by itself."""
    match form:
        case Table(keys):
            for name, key in keys.items():
                if not key.note:
                    yield from leaves(key.form, (*path, name))
        case ListOf(item):
            yield path, form
            yield from leaves(item, (*path, "[]"))
        case MapOf(value):
            yield path, form
            yield from leaves(value, (*path, "{}"))
        case Side():
            pass
        case _:
            yield path, form


def nested(path: tuple[str, ...], value: str) -> str:
    for part in reversed(path):
        value = f"[ {value} ]" if part == "[]" else f"{{ {'some' if part == '{}' else part}: {value} }}"
    return value


@pytest.mark.parametrize(
    ("path", "form"), list(leaves(FILE)), ids=lambda value: ".".join(value) if isinstance(value, tuple) else ""
)
def test_a_wrong_value_of_every_key_is_told_at_its_place(path, form):
    wrong = WRONG.get(type(form), "[ { a: [] } ]" if not isinstance(form, ListOf) else "none")
    text = nested(path, wrong)
    column = text.index(wrong) + 1
    name = ".".join(path).replace(".[]", "[0]").replace("{}", "some").removesuffix("[0]")
    loaded = read(text)
    assert any(p.line == 1 and p.column >= column and name in p.where for p in loaded.errors), [
        str(p) for p in loaded.errors
    ]


def test_every_section_of_the_table_is_described():
    def check(form: Form) -> None:
        if isinstance(form, Table):
            for name, key in form.keys.items():
                assert key.about, name
                check(key.form)

    check(FILE)
