"""Which rule of its side a rule is, and which counter is its own."""

from shared.engine.layout import layout_of
from shared.strategy.rule_places import placed_rules
from tests.support.differential import fold_of
from tests.support.series import Market, bars_of
from tests.unit.strategy.files import HEAD, plan_of

NESTED = """\
logic:
  entry_long:
    - close > 1
    - any: [close > 2, { all: [close > 3, close > 4] }]
    - any: [close > 5]
  exit_long: close > 6
  entry_short: [{ any: [close > 7, close > 8] }]
  exit_short: { all: [close > 9, close > 10] }
"""


def test_rules_say_their_side_their_place_and_whether_the_side_needs_them() -> None:
    plan = plan_of(HEAD + NESTED)
    assert [(one.rule.text, one.side, one.place, one.is_required) for one in placed_rules(plan)] == [
        ("close > 1", "entry_long", "1 of 3", True),
        ("close > 2", "entry_long", "2 of 3, any 1 of 2", False),
        ("close > 3", "entry_long", "2 of 3, any 2 of 2, all 1 of 2", False),
        ("close > 4", "entry_long", "2 of 3, any 2 of 2, all 2 of 2", False),
        ("close > 5", "entry_long", "3 of 3", True),
        ("close > 6", "exit_long", "1 of 1", True),
        ("close > 7", "entry_short", "any 1 of 2", False),
        ("close > 8", "entry_short", "any 2 of 2", False),
        ("close > 9", "exit_short", "1 of 2", True),
        ("close > 10", "exit_short", "2 of 2", True),
    ]


def test_the_order_is_the_counters() -> None:
    plan = plan_of(HEAD + NESTED)
    assert [one.rule for one in placed_rules(plan)] == list(layout_of(plan).rules)


def test_each_rule_of_a_group_has_the_counts_of_its_own_condition() -> None:
    bars = bars_of(Market(5, 400))
    middle = sorted(bars.close)[200]
    conditions = (f"close > {middle}", "close > 0", "close < 0", f"close <= {middle}", "1 / 0 > close")
    a, b, c, d, e = (f'"{one}"' for one in conditions)
    text = f"""\
timeframes: {{ entry: 1m }}
logic:
  entry_long: [{a}, {{ any: [{b}, {{ all: [{c}, {d}] }}] }}]
  exit_short: {{ any: [{e}] }}
"""
    fold = fold_of(text, bars)
    fold.fold(bars)
    above = sum(close > middle for close in bars.close)
    count = len(bars.close)
    assert [(one.text, one.held, one.not_ready) for one in fold.rule_counts()] == [
        (conditions[0], above, 0), (conditions[1], count, 0), (conditions[2], 0, 0),
        (conditions[3], count - above, 0), (conditions[4], 0, count),
    ]  # fmt: skip
    assert {one.evaluated for one in fold.rule_counts()} == {count}
