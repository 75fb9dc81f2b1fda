"""Plans: variants, parameters, who reads whom, and how much history comes first."""

from decimal import Decimal

import pytest

from shared.strategy.explain import explain
from shared.strategy.notes import tick_notes
from shared.strategy.plan import InputRef, OutputValue
from shared.strategy.planning import plan_for
from shared.strategy.problems import StrategyError
from tests.unit.strategy.files import HEAD, LOGIC, plan_of, read, spec_of, with_section
from tests.unit.strategy.test_load import STRATEGIES

DAY = 86_400_000


def refused(text: str, **choice) -> list[str]:
    with pytest.raises(StrategyError) as caught:
        plan_of(text, **choice)
    return [problem.message for problem in caught.value.problems]


def test_equal_texts_make_equal_plans():
    assert plan_of(HEAD + LOGIC) == plan_of(HEAD + LOGIC)


def test_parameters_are_those_of_the_file_then_those_asked_for():
    params = dict(plan_of(HEAD + LOGIC, overrides={"fast.length": 12, "ADX_14.trend_threshold": "27.5"}).params)
    assert params["fast.length"] == 12.0
    assert params["slow.length"] == 21.0
    assert params["ADX_14.trend_threshold"] == 27.5
    assert params["ADX_14.range_threshold"] == 20.0
    assert list(params)[:2] == ["fast.length", "slow.length"]


def test_a_changed_length_changes_no_name():
    text = HEAD + "logic: { entry_long: close > fast_EMA_9 }\n"
    before, after = plan_of(text), plan_of(text, overrides={"fast.length": 500})
    assert after.entry_long == before.entry_long
    assert after.nodes[0].params == (500.0,)
    assert after.settle_ms > before.settle_ms


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"variant": "calm"}, "variant: the strategy has no such variant, found 'calm'; allowed: none"),
        ({"overrides": {"fast.lenght": 3}}, "did you mean fast.length?"),
        ({"overrides": {"fast.length": 0}}, "fast.length: out of bounds, found 0; allowed: a whole number, 1 to 10000"),
        ({"overrides": {"fast.length": 2.5}}, "a whole number"),
        ({"overrides": {"fast.length": float("nan")}}, "out of bounds, found nan"),
        ({"overrides": {"fast.length": "many"}}, "out of bounds, found many"),
        ({"overrides": {"RSI_14.overbought": 10}}, "oversold (30) must be below overbought (10)"),
        ({"instrument": "??"}, "instrument: must be BASE/QUOTE"),
        ({"overrides": {"hourly.length": 10_000, "fast.length": 10_000}}, "at most 3000000 minutes"),
    ],
)
def test_what_cannot_be_planned(choice, message):
    assert any(message in told for told in refused(HEAD + LOGIC, **choice))


def test_every_problem_of_a_choice_is_told():
    assert len(refused(HEAD + LOGIC, variant="x", overrides={"a.b": 1, "fast.length": -1}, instrument="?")) == 4


def test_a_run_may_trade_another_instrument():
    assert plan_of(HEAD + LOGIC, instrument="ethusdt").instrument == "ETH/USDT"


VARIANTS = with_section("""\
risk_management:
  position_size: { base_size: 0.2 }
  stop_loss: { base_percent: 0.02, adx_adjustments: { trending: 1.5 } }
  take_profit: { base_percent: 0.04 }
variants:
  tight:
    exit_long: [ close < slow ]
    risk_management: { stop_loss: { base_percent: 0.01 } }
  by_atr:
    logic: { entry_long: [ close > slow ] }
    risk_management: { stop_loss: { base_percent: , adx_adjustments: null, atr: { id: ATR_14, mult: 2 } } }
  no_exit:
    exit_long: []
""")


def test_a_variant_replaces_sides_and_merges_risk():
    base, tight = plan_of(VARIANTS), plan_of(VARIANTS, variant="tight")
    assert tight.variant == "tight"
    assert tight.entry_long == base.entry_long
    assert [rule.text for rule in tight.exit_long.members] == ["close < slow"]
    assert tight.stop.base == Decimal("0.01")
    assert tight.stop.adjustments == base.stop.adjustments
    assert (tight.sizing, tight.target) == (base.sizing, base.target)


def test_a_variant_takes_a_key_away_by_leaving_it_empty():
    plan = plan_of(VARIANTS, variant="by_atr")
    assert (plan.stop.kind, plan.stop.base, plan.stop.adjustments) == ("atr", None, None)
    assert [rule.text for rule in plan.entry_long.members] == ["close > slow"]


def test_a_variant_may_empty_a_side():
    assert plan_of(VARIANTS, variant="no_exit").exit_long.members == ()


def test_a_variant_without_a_base_risk_section_stands_alone():
    text = with_section("variants: { v: { risk_management: { stop_loss: { base_percent: 0.01 } } } }")
    assert plan_of(text).stop is None
    assert plan_of(text, variant="v").stop.base == Decimal("0.01")


# --- who reads whom ------------------------------------------------------------------------------------------------


def test_sources_are_bars_or_outputs():
    text = (
        "timeframes: { entry: 15m }\nindicators:\n"
        "  - { id: smooth, type: EMA, timeframe: 15m, length: 5, source: strength }\n"
        "  - { id: strength, type: RSI, timeframe: entry, source: hlc3, lag: 2 }\n"
        "  - { id: volume_mean, type: SMA, timeframe: entry, source: volume }\n"
    )
    plan = plan_of(text)
    assert [node.id for node in plan.nodes] == ["strength", "smooth", "volume_mean"]
    assert plan.nodes[0].inputs == (InputRef("hlc3"),)
    assert plan.nodes[1].inputs[0] == InputRef(None, 0, 0)
    assert plan.nodes[2].inputs == (InputRef("volume"),)


def test_rules_refer_to_the_order_of_the_plan():
    text = (
        "timeframes: { entry: 15m }\nindicators:\n"
        "  - { id: smooth, type: EMA, timeframe: entry, source: strength }\n"
        "  - { id: strength, type: RSI, timeframe: entry }\n"
        "logic: { entry_long: smooth > strength }\n"
    )
    assert plan_of(text).entry_long.members[0].expr.args == (OutputValue(1, 0), OutputValue(0, 0))


def test_a_label_may_name_a_timeframe():
    nodes = {node.id: node.timeframe for node in plan_of(HEAD + LOGIC).nodes}
    assert nodes["hourly"] == "1h"
    assert nodes["fast"] == "15m"


def test_lags_default_to_the_fact_sheet_on_the_entry_timeframe_only():
    plan = plan_of(HEAD + "  - { id: big, type: ADX, timeframe: 1h }\n" + LOGIC)
    lags = {node.id: node.lag for node in plan.nodes}
    assert lags == {"fast": 0, "slow": 0, "RSI_14": 0, "ADX_14": 1, "ATR_14": 0, "VP_5D": 1, "FVG_Enhanced": 1,
                    "VPFVGSignal": 0, "hourly": 0, "big": 0}  # fmt: skip


def test_a_reader_takes_the_first_of_its_type_unless_it_names_another():
    more = "  - { id: VP_2, type: VolumeProfile, timeframe: entry, lookback: 10 }\n"
    named = more + "  - { id: s2, type: VPFVGSignal, timeframe: entry, vp: VP_2 }\n"
    plan = plan_of(HEAD + named + LOGIC)
    read_by = {node.id: {plan.nodes[ref.node].id for ref in node.inputs if ref.field is None} for node in plan.nodes}
    assert read_by["VPFVGSignal"] == {"VP_5D", "FVG_Enhanced"}
    assert read_by["s2"] == {"VP_2", "FVG_Enhanced"}


# --- history -------------------------------------------------------------------------------------------------------


def only(indicators: str, logic: str = "") -> str:
    return f"timeframes: {{ entry: 15m }}\nindicators: [ {indicators} ]\nlogic: {{ {logic} }}\n"


def test_history_is_counted_in_bars_of_the_timeframe():
    plan = plan_of(only("{ id: a, type: SMA, timeframe: 4h, length: 30 }"))
    assert plan.warmup_ms == plan.settle_ms == 30 * 4 * 3_600_000


def test_history_adds_up_along_a_chain_and_its_lags():
    one = plan_of(only("{ id: a, type: SMA, timeframe: 15m, length: 10, lag: 3 }"))
    two = plan_of(only("{ id: a, type: SMA, timeframe: 15m, length: 10, lag: 3 }, "
                       "{ id: b, type: SMA, timeframe: 15m, length: 5, source: a }"))  # fmt: skip
    assert one.warmup_ms == 13 * 900_000
    assert two.warmup_ms == 17 * 900_000  # the 13th bar of `a` is the first of five
    assert two.settle_ms == 18 * 900_000


def test_history_covers_what_rules_look_back():
    plan = plan_of(only("{ id: a, type: SMA, timeframe: 1h, length: 10 }", "entry_long: 'close > highest(a[5], 20)'"))
    assert plan.settle_ms == 10 * 3_600_000 + 24 * 900_000


def test_without_indicators_only_the_rules_need_history():
    plan = plan_of(only("", "entry_long: 'close > close[3]'"))
    assert (plan.warmup_ms, plan.settle_ms) == (0, 3 * 900_000)


# --- words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", STRATEGIES, ids=lambda path: path.stem)
def test_shipped_strategies_make_plans_of_every_variant_that_explain_themselves(path):
    spec = spec_of(path.read_text())
    for variant in (None, *spec.variants):
        plan = plan_for(spec, variant=variant)
        assert 0 < plan.warmup_ms <= plan.settle_ms < 400 * DAY
        text = explain(plan)
        for node in plan.nodes:
            assert node.id in text
        for rule in plan.entry_long.members:
            assert getattr(rule, "text", "any of") in text


def test_an_explanation_says_what_a_person_asks():
    text = explain(
        plan_of(
            with_section(
                "risk_management: { risk_pct: 0.01, max_position_pct: 0.5,\n"
                "  stop_loss: { atr: { id: ATR_14, mult: 2 } },\n"
                "  take_profit: { r_multiple: 3, partial_exits: [ { level: 0.01, percent: 0.5 } ] } }\n"
                "execution: { slippage_bps: 3, commission_taker: 0.0004 }\n"
                "equity_protection: { smoothing_window: 5, max_drawdown_total: 0.4 }\n"
            )
        )
    )
    for part in (
        "every 15m close",
        "so much that the stop costs 1 % of equity",
        "at most 50 % of equity",
        "Stop 2 times ATR_14",
        "Target 3 times the distance of the stop",
        "At 1 % gain, 50 % of what is open is closed",
        "A drawdown of 25 % closes the position and suspends entries for 1d",
        "0.04 %",
        "slippage (3 bps)",
        "10000 USDT",
        "Enter short: never",
    ):
        assert part in text, part


def test_gaps_below_one_tick_are_noted_when_the_tick_is_known():
    text = HEAD.replace("type: FVG, timeframe: entry", "type: FVG, timeframe: entry, min_gap_pips: 0.005") + LOGIC
    (note,) = tick_notes(spec_of(text), Decimal("0.01"))
    assert note.severity == "note"
    assert "FVG_Enhanced.min_gap_pips: below one tick" in str(note)
    assert tick_notes(spec_of(text), Decimal("0.001")) == ()


def test_a_loaded_file_and_its_spec_make_the_same_plan():
    loaded = read(HEAD + LOGIC)
    assert plan_for(loaded) == plan_for(loaded.spec)


def test_a_variant_may_state_a_part_of_what_the_base_states():
    text = with_section(
        "risk_management: { stop_loss: { atr: { id: ATR_14, mult: 2 } } }\n"
        "variants: { wide: { risk_management: { stop_loss: { atr: { mult: 3 } } } } }\n"
    )
    assert plan_of(text, variant="wide").stop.atr_mult == Decimal(3)


def test_a_problem_of_the_base_is_not_told_again_for_every_variant():
    text = with_section(
        "risk_management: { stop_loss: { base_percent: 3 } }\n"
        "variants: { a: { risk_management: { risk_pct: 0.1 } }, b: { risk_management: { risk_pct: 0.2 } } }\n"
    )
    assert len(read(text).errors) == 1
