"""Files of the predecessor load unchanged, say what is read otherwise, and mean what their plain twins mean.

The files in tests/data/predecessor are our own, with the spellings, keys and habits of its users. A twin states the
same strategy in the words of the format, written by hand; `*.notes.txt` is what `paperfold validate` prints.
"""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from services.cli.__main__ import main
from shared.strategy.load import load
from shared.strategy.plan import Group, OutputValue, Plan, Regime, Rule, Sizing, Trailing
from shared.strategy.planning import plan_for
from tests.support.differential import assert_equal, bars_of, engine_document
from tests.support.series import Market, frame_of
from tests.unit.strategy.files import HEAD, LOGIC, at, marked, plan_of, read

FOLDER = Path(__file__).parents[2] / "data" / "predecessor"
NAMES = ("vp_fvg_confluence", "trend_pullback")
VARIANTS = [("vp_fvg_confluence", None), *(("trend_pullback", variant) for variant in (None, "long_only", "strict"))]
MARKETS = {
    "vp_fvg_confluence": Market(71, 7_000, ("wide", "holes"), swing_ppm=1_200),
    "trend_pullback": Market(72, 5_000, ("holes", "jumps", "quiet"), swing_ppm=1_000),
}

market = cache(frame_of)


def text_of(name: str) -> str:
    return (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")


def plan(name: str, variant: str | None = None) -> Plan:
    return plan_for(load(text_of(name), f"{name}.yaml"), variant=variant)


def without_texts(group: Group) -> Group:
    """A group by its meaning alone."""
    members = (replace(m, text="") if isinstance(m, Rule) else without_texts(m) for m in group.members)
    return replace(group, members=tuple(members))


def meaning(of: Plan) -> Plan:
    sides = {
        side: without_texts(getattr(of, side)) for side in ("entry_long", "exit_long", "entry_short", "exit_short")
    }
    return replace(of, version_sha256="", **sides)


@pytest.mark.parametrize("name", NAMES)
def test_it_loads_unchanged_and_validate_prints_exactly_these_notes(name, monkeypatch, capsys):
    monkeypatch.chdir(FOLDER)
    assert main(["validate", f"{name}.yaml"]) == 0
    assert capsys.readouterr().out == (FOLDER / f"{name}.notes.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_it_means_what_its_plain_twin_means(name, variant):
    assert meaning(plan(name, variant)) == meaning(plan(f"{name}.plain", variant))


def test_its_risk_is_read_as_it_is_written():
    sized = plan("vp_fvg_confluence")
    adx, profile, strength = 6, 0, OutputValue(2, 3)
    regime = Regime(adx, Decimal("1.2"), Decimal("0.8"), Decimal(1))
    assert sized.sizing == Sizing("base_size", Decimal("0.25"), regime, strength, None)
    assert sized.stop.adjustments == Regime(adx, Decimal("1.25"), Decimal("0.75"), Decimal(1))
    assert (sized.stop.vp, sized.stop.vp_buffer, sized.target.vp) == (profile, Decimal("0.002"), profile)
    assert sized.target.rungs == ((Decimal("0.008"), Decimal("0.3")), (Decimal("0.015"), Decimal("0.5")))
    by_risk = plan("trend_pullback")
    assert by_risk.sizing == Sizing("risk_pct", Decimal("0.005"), None, None, Decimal("0.5"))
    assert plan("trend_pullback", "strict").sizing.amount == Decimal("0.002")
    assert {node.id: node.lag for node in by_risk.nodes if node.lag} == {"ADX_5m": 1}


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_it_backtests_as_the_reference_backtests_its_twin(name, variant):
    frame = market(MARKETS[name])
    assert_equal(text_of(f"{name}.plain"), frame, variant=variant)
    own, twin = (engine_document(text_of(file), bars_of(frame), variant=variant) for file in (name, f"{name}.plain"))
    for part in ("orders", "fills", "trades", "equity", "open_position", "digest"):
        assert own[part] == twin[part], part


def test_the_backtests_meet_everything_that_the_files_ask_for():
    reasons: Counter[str] = Counter()
    for name in NAMES:
        document = engine_document(text_of(name), bars_of(market(MARKETS[name])))
        reasons.update(fill["reason"] for fill in document["fills"])
        reasons.update(trade["side"] for trade in document["trades"])
    assert min(reasons[reason] for reason in ("entry", "exit", "stop", "target", "partial_1", "long", "short")) > 2


# --- RiskManagement --------------------------------------------------------------------------------------------------


def with_manager(rest: str, more: str = LOGIC) -> str:
    return HEAD + f"  - {{ id: RM, type: RiskManagement, timeframe: entry{rest} }}\n" + more


MOVED = "breakeven_at_r: {0}, trailing: {{ atr: {{ id: ATR_14, mult: {1} }}, activate_at_r: {0} }}"
FIRST = "stop_loss: {{ atr: {{ id: ATR_14, mult: {0} }}{1} }}, take_profit: {{ r_multiple: {2} }}"
TRANSLATED = {
    "": FIRST.format("0.5", ", " + MOVED.format(1, 1), 4),
    ", initial_stop_atr_mult: 1.5, trailing_stop_atr_mult: 2.50, target_atr_mult: 4, breakeven_r_mult: 0.75":
        FIRST.format("1.5", ", " + MOVED.format("0.75", "2.5"), "2.666667"),
    ", enable_trailing: false, initial_stop_atr_mult: 2, target_atr_mult: 2": FIRST.format(2, "", 1),
    ", atr_period: many, initial_stop_atr_mult: 0, else: 1": FIRST.format("0.5", ", " + MOVED.format(1, 1), 4),
}  # fmt: skip


@pytest.mark.parametrize(("parameters", "section"), TRANSLATED.items())
def test_its_risk_management_is_translated_in_a_note(parameters, section):
    loaded = read(with_manager(parameters))
    assert loaded.errors == ()
    (note,) = (note for note in loaded.notes if "RiskManagement" in note.rule)
    assert (note.line, note.column, note.where) == (13, 5, "indicators[9]")
    written = f"risk_management: {{ {section} }}"
    assert note.rule == f"RiskManagement is not an indicator here and is left out; what it says is written as {written}"
    assert plan_of(with_manager(parameters)).stop is None  # said, not done
    plan_of(with_manager(parameters) + written + "\n")  # and what it says can be pasted


def test_the_pasted_translation_is_what_the_parameters_say():
    (note,) = (note for note in read(with_manager("")).notes if "RiskManagement" in note.rule)
    pasted = plan_of(with_manager("") + note.rule[note.rule.index("risk_management:") :] + "\n")
    atr = OutputValue(4, 0)
    assert (pasted.stop.kind, pasted.stop.atr, pasted.stop.atr_mult) == ("atr", atr, Decimal("0.5"))
    assert (pasted.stop.breakeven, pasted.stop.trailing) == (1, Trailing(None, atr, Decimal(1), Decimal(1)))
    assert (pasted.target.kind, pasted.target.amount) == ("r_multiple", 4)


def test_a_translation_adds_the_atr_that_the_file_does_not_have():
    (note,) = (note for note in read(with_manager(", atr_period: 10")).notes if "RiskManagement" in note.rule)
    assert "atr: { id: ATR_10, mult: 0.5 }" in note.rule
    assert note.rule.endswith(", with { id: ATR_10, type: ATR, timeframe: 15m, period: 10 } in indicators")


@pytest.mark.parametrize("name", ["RM_exit_long_risk", "RM_long_stop_hit", "RM_short_target_hit"])
def test_that_its_stop_was_hit_is_false_where_a_stop_closes_by_itself(name):
    logic = f"logic: {{ entry_long: close > fast, exit_long: close < fast or ‸{name} }}\n"
    text, line, column = marked(with_manager("", logic + "risk_management: { stop_loss: { base_percent: 0.01 } }\n"))
    loaded = read(text)
    assert loaded.errors == ()
    note = f"logic.exit_long: {name} is false here: stop and target close by themselves"
    assert note in at(loaded.notes, line, column)
    plain = text.replace(name, "false").replace("  - { id: RM, type: RiskManagement, timeframe: entry }\n", "")
    assert meaning(plan_of(text)) == meaning(plan_of(plain))


@pytest.mark.parametrize("section", ["", "risk_management: { take_profit: { base_percent: 0.01 } }\n"])
def test_a_rule_that_relies_on_its_stop_needs_a_stop(section):
    loaded = read(with_manager("", "logic: { entry_long: close > fast, exit_long: RM_exit_long_risk }\n" + section))
    assert [str(error) for error in loaded.errors] == [
        "test.yaml:13:5: error: indicators[9]: a rule relies on its stop, and risk_management states no stop_loss"
    ]


def test_a_variant_that_takes_the_stop_away_is_told_too():
    text = with_manager("", "logic: { entry_long: close > fast, exit_long: RM_exit_long_risk }\n")
    stop = "risk_management: { stop_loss: { base_percent: 0.01 } }\n"
    bare = "variants: { bare: { risk_management: { stop_loss: } } }\n"
    assert read(text + stop).errors == ()
    assert ["relies on its stop" in error.rule for error in read(text + stop + bare).errors] == [True]
    other = bare.replace("{ risk", "{ exit_long: close < fast, risk")
    assert read(text + stop + other).errors == ()


@pytest.mark.parametrize(
    "logic",
    [
        "entry_long: close > fast, exit_long: close < ‸RM_long_trailing_stop",
        "entry_long: close > fast, exit_long: ‸RM_long_r_multiple > 2",
        "entry_long: close > fast and not ‸RM_exit_long_risk",
        "entry_long: close > ‸RM",
    ],
)
def test_what_else_it_gave_is_told_at_its_place(logic):
    stop = "risk_management: { stop_loss: { base_percent: 0.01 } }\n"
    text, line, column = marked(with_manager("", f"logic: {{ {logic} }}\n{stop}"))
    assert [error for error in at(read(text).errors, line, column) if "of RiskManagement, which is not" in error]


def test_its_id_is_taken():
    loaded = read(with_manager("", "  - { id: RM, type: EMA, timeframe: entry }\n" + LOGIC))
    assert ["the id stands here twice, first in line 13" in error.rule for error in loaded.errors] == [True]
