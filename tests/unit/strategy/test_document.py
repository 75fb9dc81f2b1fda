"""The YAML reader: limits, what plain values mean, and where every character of a value stands."""

from decimal import Decimal

import pytest

from shared.strategy.document import Entries, Scalar, read_document
from shared.strategy.problems import Problems
from shared.strategy.scalars import date_ms, date_text, duration_ms, duration_text, number, truth


def document(text: str) -> tuple[Entries | None, Problems]:
    problems = Problems("x.yaml")
    return read_document(text, problems), problems


def scalar(text: str) -> Scalar:
    entries, problems = document(f"key: {text}\n")
    assert entries is not None, problems.sorted()
    value = entries.entries["key"].value
    assert isinstance(value, Scalar)
    return value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", "1"), ("-2.50", "-2.5"), ("+3", "3"), ("1e-3", "0.001"), ("1E3", "1000"), ("012", "12"), (".5", "0.5"),
        ("1.", "1"), ("0x1F", "31"), ("0o17", "15"), ("0.000001", "0.000001"), ("-0", "0"),
    ],
)  # fmt: skip
def test_a_number_means_what_a_person_expects(text, value):
    assert number(scalar(text)) == Decimal(value)


@pytest.mark.parametrize("text", ["1_000", "1:30", "'1'", "1 000", "0b1", "1e", ".", ".inf", ".nan", "1e99999", "٣"])
def test_what_is_no_number_here(text):
    assert number(scalar(text)) is None


def test_only_true_and_false_are_truth_values():
    assert [truth(scalar(text)) for text in ("true", "True", "FALSE", "on", "yes", "no", "off", "'true'", "1")] == [
        True, True, False, None, None, None, None, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1970-01-01", 0),
        ("2025-07-01", 1_751_328_000_000),
        ("2025-07-1", 1_751_328_000_000),
        ("2025-7-1", 1_751_328_000_000),
        ("2024-02-29", 1_709_164_800_000),
        ("2024-12-31T23:59:59Z", 1_735_689_599_000),
        ("2025-07-01 12:30", 1_751_373_000_000),
        ("2025-02-29", None),
        ("2025-13-01", None),
        ("2025-00-10", None),
        ("1969-12-31", None),
        ("2025-07-01 24:00", None),
        ("2025-07-01+02:00", None),
        ("01.07.2025", None),
        ("yesterday", None),
    ],
)
def test_dates(text, ms):
    assert date_ms(text) == ms


def test_dates_print_as_they_are_read():
    for ms in range(0, 4_102_444_800_000, 86_400_000 * 97):
        assert date_ms(date_text(ms)) == ms
    assert date_text(1_735_689_599_000) == "2024-12-31 23:59:59"


@pytest.mark.parametrize(
    ("text", "ms", "shown"),
    [("90s", 90_000, "1.5m"), ("1.5h", 5_400_000, "1.5h"), ("24h", 86_400_000, "1d"), ("2 d", 172_800_000, "2d"),
     ("10s", 10_000, "10s"), ("0h", 0, "0s")],
)  # fmt: skip
def test_durations(text, ms, shown):
    assert duration_ms(text) == ms
    assert duration_text(ms) == shown


@pytest.mark.parametrize("text", ["24", "h", "1w", "1h30m", "-1h", "1e3s", "0.0001s"])
def test_what_is_no_duration(text):
    assert duration_ms(text) is None


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a: 1\n" + "#" * 262_144, "at most 256 KB"),
        ("a: [" + "1," * 5_000 + "]", "at most 5000 values"),
        ("a: " + "[" * 41 + "]" * 41, "nested at most 40 deep"),
        ("a: " + "[" * 100_000, "nested at most 40 deep"),
        ("{" * 100_000, "nested at most 40 deep"),
        ("? [a, b]\n: c\n", "a key is one word"),
        ('a: "\\0"\n', "control characters"),
        ('a: "\\uD800"\n', "control characters"),
        ('a: "\\UFFFFFFFF"\n', "cannot be read"),
        ("a: \x01\n", "may not hold"),
        ("a: \ud800\n", "may not hold"),
        ("%YAML 1." + "9" * 5_000 + "\n---\na: 1\n", "cannot be read"),
        ("a: 1\n...\n---\nb: 2\n", "second document"),
    ],
)
def test_limits(text, rule):
    entries, problems = document(text)
    assert entries is None
    assert rule in problems.sorted()[0].message


@pytest.mark.parametrize(
    "text",
    [
        "key: abc def\n",
        "key: 'abc def'\n",
        'key: "abc def"\n',
        "key: |\n  abc\n  def\n",
        "key: >-\n\n    abc\n\n    def\n",
        "key:\n  abc\n   def\n",
        "key: | # comment def\n  abc def\n",
        "\ufeffkey: abc def\n",
        "key: 'it''s abc def'\n",
    ],
)
def test_every_character_of_a_value_finds_its_place(text):
    entries, _ = document(text)
    assert entries is not None
    value = entries.entries["key"].value
    assert isinstance(value, Scalar)
    lines = text.removeprefix("\ufeff").split("\n")
    for word in ("abc", "def"):
        line, column = value.place_at(value.text.index(word))
        assert lines[line - 1][column - 1 :].startswith(word)


def test_empty_values_count_as_missing():
    entries, _ = document("a:\nb: ~\nc: null\nd: ''\n")
    assert entries is not None
    assert [entries.get(key) is None for key in "abcde"] == [True, True, True, False, True]
