"""A parameter that is one of a few words, and an indicator whose history is days: VWAP has both."""

import pytest

from shared.domain.timeframe import DAY_MS, TIMEFRAMES
from shared.strategy.explain import explain
from shared.strategy.plan import Plan
from shared.strategy.problems import StrategyError
from tests.unit.strategy.files import at, marked, plan_of, read
from tests.unit.strategy.test_json_schema import is_accepted

FILE = "timeframes: {{ entry: 1h }}\nindicators: [ {{ id: mean, type: VWAP, timeframe: {}, {} }} ]\n"
SEARCH = "optimization: {{ parameters: [ {{ name: mean.anchor, {} }} ] }}\n"


def plan(params: str = "mult: 2", timeframe: str = "1h", **choice) -> Plan:
    return plan_of(FILE.format(timeframe, params), **choice)


@pytest.mark.parametrize(
    ("params", "value"), [("mult: 2", 0.0), ("anchor: day", 0.0), ("anchor: week", 1.0), ("anchor: 'week'", 1.0)]
)
def test_a_word_is_its_place_in_the_fact_sheet(params, value):
    assert dict(plan(params).params)["mean.anchor"] == value
    assert is_accepted(FILE.format("1h", params))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("‸wek", "unknown value, found 'wek'; allowed: day week; did you mean week?"),
        ("‸Week", "did you mean week?"),
        ("‸1", "unknown value, found '1'; allowed: day week"),
        ("‸month", "unknown value, found 'month'; allowed: day week"),
    ],
)
def test_another_word_is_refused_where_it_stands(written, message):
    text, line, column = marked(FILE.format("1h", f"anchor: {written}"))
    [told] = at(read(text).errors, line, column)
    assert message in told
    assert not is_accepted(text)


@pytest.mark.parametrize("value", ["week", 1, 1.0, "1"])
def test_an_override_says_the_word_or_what_a_plan_says_for_it(value):
    assert plan(overrides={"mean.anchor": value}).nodes == plan("anchor: week, mult: 2").nodes


@pytest.mark.parametrize("value", ["month", 2, 0.5, "nan"])
def test_an_override_that_is_no_word_names_them(value):
    with pytest.raises(StrategyError, match=r"unknown value, found .*; allowed: day week"):
        plan(overrides={"mean.anchor": value})


def test_explain_says_the_word():
    assert "(anchor week, mult 2)" in explain(plan("anchor: week, mult: 2"))


@pytest.mark.parametrize("timeframe", ["1m", "15m", "4h", "1d"])
@pytest.mark.parametrize(("anchor", "days"), [("day", 1), ("week", 7)])
def test_days_of_history_are_bars_of_the_timeframe(timeframe, anchor, days):
    made = plan(f"anchor: {anchor}", timeframe)
    assert made.settle_ms == days * DAY_MS
    assert made.warmup_ms == days * DAY_MS
    assert f"ready after {made.warmup_ms // TIMEFRAMES[timeframe]} bars" in explain(made)


def test_what_reads_days_waits_for_them():
    text = FILE.format("1h", "mult: 1").replace(
        "} ]", "}, { id: smooth, type: EMA, timeframe: 1h, source: mean, length: 5 } ]"
    )
    assert plan_of(text).warmup_ms == (24 - 1 + 5) * TIMEFRAMES["1h"]


def test_a_search_chooses_among_words():
    loaded = read(FILE.format("1h", "mult: 2") + SEARCH.format("type: categorical, choices: [day, week]"))
    assert loaded.spec is not None
    assert loaded.spec.search[0].choices == (0.0, 1.0)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ("type: categorical, choices: [day, month]", "must be a value of anchor, found 'month'; allowed: day week"),
        ("type: categorical, choices: [0, 1]", "must be a value of anchor, found '0'; allowed: day week"),
        ("type: integer, low: 0, high: 1", "a parameter of words is categorical"),
    ],
)
def test_a_search_beside_the_words_is_refused(space, message):
    errors = read(FILE.format("1h", "mult: 2") + SEARCH.format(space)).errors
    assert any(message in error.message or message in str(error) for error in errors), errors
