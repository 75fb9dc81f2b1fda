"""Small pure parts of client commands."""

from typing import Any

import pytest

from services.cli.commands.control import number
from services.cli.commands.tail import runs_of
from services.cli.document_parity import difference
from services.cli.tables import money, percent, position, print_json, print_table

DOC: dict[str, Any] = {
    "engine_version": "1",
    "instrument": {"name": "BTC/USDT", "tick_size": "0.01", "source": "shipped"},
    "fills": [{"seq": 2, "price": "1.00"}, {"seq": 5, "price": "2.00"}],
    "equity": [[60_000, "10000.0"], [120_000, "10001.0"]],
    "open_position": None,
    "digest": "ab",
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({}, None, id="equal"),
        pytest.param({"instrument": DOC["instrument"] | {"source": "exchange-info"}}, None, id="a file's ignorance"),
        pytest.param({"instrument": DOC["instrument"] | {"tick_size": "0.1"}}, "instrument.tick_size is", id="rules"),
        pytest.param(
            {"fills": [DOC["fills"][0], {"seq": 5, "price": "2.01"}]},
            'fills[1].price is "2.00" in the document, "2.01" in the backtest',
            id="price",
        ),
        pytest.param({"fills": DOC["fills"][:1]}, "fills: the document has 2, the backtest 1", id="one too many"),
        pytest.param({"equity": [[60_000, "10000.0"], [120_001, "1"]]}, "equity[1][0] is 120000", id="equity"),
        pytest.param({"open_position": {"side": "long"}}, 'open_position is null in the document, {"side"', id="open"),
        pytest.param({"digest": "cd"}, 'digest is "ab"', id="digest"),
    ],
)
def test_the_first_difference_of_two_documents(change: dict[str, Any], words: str | None) -> None:
    found = difference(DOC, DOC | change)
    assert (found is None) == (words is None)
    assert found is None or words is None or found.startswith(words)


@pytest.mark.parametrize(
    ("text", "value"), [("12", 12), ("-0.5", -0.5), ("1e-3", 0.001), ("hlc3", "hlc3"), ("true", "true")]
)
def test_parameters_are_numbers_where_they_read_as_numbers(text: str, value: object) -> None:
    found = number(text)
    assert (found, type(found)) == (value, type(value))


def test_events_of_a_stream() -> None:
    lines = [
        ": heartbeat", "", "event: system", 'data: {"id": 3}', "", "event: run", "id: 5", 'data: {"id": 3, "seq": 1}',
        "", "event: run", 'data: {"id": 4}', "", "event: run", 'data: {"id": 3, "seq": 2}', "",
    ]  # fmt: skip
    assert list(runs_of(lines, 3)) == [{"id": 3, "seq": 1}, {"id": 3, "seq": 2}]


def test_words_for_people() -> None:
    assert (money("-1234.56700000"), money(None)) == ("-1,234.57", None)
    assert (percent(0.0123), percent(0.0123, sign=""), percent(None)) == ("+1.23 %", "1.23 %", None)
    flat = {"side": "flat", "quantity": None, "entry_price": None}
    short = {"side": "short", "quantity": "-0.5", "entry_price": "1000.00"}
    assert (position(flat), position(short)) == ("flat", "short 0.5 @ 1,000.00")


def test_tables_show_every_word_and_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "count>"), [("[bold]x[/bold]" + "y" * 150, 1), (None, None)])
    said = capsys.readouterr().out
    assert "[bold]x[/bold]" + "y" * 150 in said
    assert " - " in said


def test_lists_are_one_item_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_json([{"a": 1}, {"b": 2}])
    print_json({"a": "ü"})
    print_json([])
    assert capsys.readouterr().out == '[{"a": 1},\n {"b": 2}]\n{"a": "ü"}\n[]\n'
