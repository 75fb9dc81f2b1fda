"""Which rules get a word, and how long their bars are."""

import pytest

from services.dashboard.rules import NEVER_HELD, NEVER_READY, sides
from services.dashboard.words import Word


def rule(held: int, not_ready: int, evaluated: int = 8, *, required: bool = True, side: str = "entry_long") -> dict:
    shares = (None, None) if evaluated == 0 else (held / evaluated, not_ready / evaluated)
    return {
        "side": side, "required": required, "held": held, "not_ready": not_ready, "evaluated": evaluated,
        "held_ratio": shares[0], "not_ready_ratio": shares[1],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("one", "word"),
    [
        pytest.param(rule(0, 0), NEVER_HELD, id="holds its side back"),
        pytest.param(rule(0, 3), NEVER_HELD, id="not ready at first"),
        pytest.param(rule(0, 0, required=False), None, id="another one of its group may hold"),
        pytest.param(rule(0, 8, required=False), NEVER_READY, id="has no value"),
        pytest.param(rule(1, 7), None, id="held once"),
        pytest.param(rule(0, 0, 0), None, id="never asked"),
    ],
)
def test_a_rule_that_may_hold_a_run_back_gets_a_word(one: dict, word: Word | None) -> None:
    [(_, _, [line])] = sides({"items": [one]}, may_short=True)
    assert line.word is word


def test_bars_are_shares_and_nothing_is_no_share() -> None:
    [(_, _, lines)] = sides({"items": [rule(1, 2, 8), rule(8, 0), rule(0, 0, 0)]}, may_short=True)
    assert [line.bar for line in lines] == [(12.5, 25.0), (100.0, 0.0), (0.0, 0.0)]


def test_sides_keep_their_order_and_say_what_is_special() -> None:
    items = [rule(1, 0, side=side) for side in ("entry_long", "entry_long", "exit_long", "entry_short", "exit_short")]
    shown = [(title, remark, len(lines)) for title, remark, lines in sides({"items": items}, may_short=False)]
    assert shown == [
        ("Enter long", "", 2),
        ("Exit long", "counted also while nothing is open", 1),
        ("Enter short", "never acted on: shorts are not allowed", 1),
        ("Exit short", "counted also while nothing is open", 1),
    ]
    assert sides({"items": items}, may_short=True)[2][1] == ""
    assert sides({"items": []}, may_short=True) == []
