"""What a file means: its keys, their defaults, the predecessor's files, the shipped ones."""

from decimal import Decimal
from pathlib import Path

import pytest

from shared.strategy.load import load
from shared.strategy.plan import CostChoice, Group, OutputValue, Protection, Sizing, Target
from tests.unit.strategy.files import HEAD, plan_of, read, spec_of, with_section

STRATEGIES = sorted((Path(__file__).parents[3] / "strategies").glob("*.yaml"))
ONE = Decimal(1)


@pytest.mark.parametrize("path", STRATEGIES, ids=lambda path: path.stem)
def test_shipped_strategies_have_no_errors_and_say_their_idea(path):
    text = path.read_text()
    loaded = load(text, str(path))
    assert loaded.errors == ()
    assert loaded.spec is not None
    assert loaded.spec.name == path.stem
    assert text.startswith("# ")


def test_the_shipped_breakout_uses_what_it_promises():
    (path,) = (path for path in STRATEGIES if path.stem == "volume-profile-breakout")
    spec = load(path.read_text(), "x").spec
    assert set(spec.variants) == {"reversal_only", "continuation_only"}
    assert {node.timeframe for node in spec.nodes} == {"15m", "1h", "4h"}
    assert spec.base.stop.vp == spec.base.target.vp == 0
    assert len(spec.base.target.rungs) == 2
    assert spec.protection is not None


def test_the_smallest_file_has_sensible_defaults():
    loaded = load("timeframes: { entry: 1h }\n", "some/where/my-idea.yaml")
    spec = loaded.spec
    assert spec is not None
    assert spec.name == "my-idea"
    assert spec.instrument == "BTC/USDT"
    assert spec.base.sides["entry_long"] == Group("all", ())
    assert spec.base.sizing == Sizing("base_size", Decimal("0.1"), None, None, None)
    assert spec.base.stop is None
    assert spec.base.target == Target("none", Decimal(0), None, -1, ())
    assert spec.protection is None
    assert spec.allow_short
    assert spec.costs == CostChoice(None, None, None, None)
    assert spec.cash == 10_000
    assert {note.message for note in loaded.notes} == {
        "symbol: not stated: BTC/USDT",
        "risk_management: no size stated: 10 % of equity per entry",
        "logic: no entry rule: this strategy never trades",
    }


@pytest.mark.parametrize("symbol", ["BTC/USDT", "BTC-USDT", "BTCUSDT", "btc/usdt"])
def test_spellings_of_the_instrument(symbol):
    assert spec_of(f"timeframes: {{ entry: 1h }}\nsymbol: {symbol}\n").instrument == "BTC/USDT"


# --- logic ---------------------------------------------------------------------------------------------------------


def texts(group: Group) -> object:
    members = [m.text if not isinstance(m, Group) else texts(m) for m in group.members]
    return {group.kind: members}


@pytest.mark.parametrize(
    ("logic", "meaning"),
    [
        ("close > fast", {"all": ["close > fast"]}),
        ("[ close > fast, volume > 1 ]", {"all": ["close > fast", "volume > 1"]}),
        ("{ any: [ close > fast, volume > 1 ] }", {"any": ["close > fast", "volume > 1"]}),
        ("[ close > fast, { any: [ volume > 1, { all: [ true, false ] } ] } ]",
         {"all": ["close > fast", {"any": ["volume > 1", {"all": ["true", "false"]}]}]}),
        ("[ close > fast, [ volume > 1 ] ]", {"all": ["close > fast", {"all": ["volume > 1"]}]}),
        ("[]", {"all": []}),
        ("{ all: [] }", {"all": []}),
        ("{ any: }", {"any": []}),
        ("", {"all": []}),
    ],
)  # fmt: skip
def test_sides(logic, meaning):
    spec = spec_of(HEAD + f"logic:\n  entry_long: {logic}\n")
    assert texts(spec.base.sides["entry_long"]) == meaning


def test_a_rule_that_stands_twice_is_noted():
    loaded = read(HEAD + "logic:\n  entry_long:\n    - close > fast\n    - close  >  fast\n")
    assert loaded.spec is not None
    assert any(note.line == 16 and "twice" in note.message for note in loaded.notes)


# --- the rest ------------------------------------------------------------------------------------------------------


def test_costs_fall_back_to_backtest():
    spec = spec_of(with_section("backtest: { commission: 0.001, slippage: 0.0005 }"))
    assert spec.costs == CostChoice(Decimal("0.001"), Decimal("0.001"), Decimal("0.0005"), None)
    spec = spec_of(
        with_section(
            "execution: { commission_maker: 0, commission_taker: 0.0004, slippage_bps: 2.5, half_spread_bps: 0 }\n"
            "backtest: { commission: 0.001, slippage: 0.0005, cash: 5000.5 }"
        )
    )
    assert spec.costs == CostChoice(Decimal(0), Decimal("0.0004"), Decimal("0.00025"), Decimal(0))
    assert spec.cash == Decimal("5000.5")


def test_protection():
    assert spec_of(with_section("equity_protection: {}")).protection == Protection(Decimal("0.25"), 1, 86_400_000, None)
    assert spec_of(with_section("equity_protection: { enabled: false }")).protection is None
    text = "equity_protection: { drawdown_threshold: 0.1, smoothing_window: 5, cooldown: 90m, max_drawdown_total: 0.5 }"
    assert spec_of(with_section(text)).protection == Protection(Decimal("0.1"), 5, 5_400_000, Decimal("0.5"))


def test_search_space():
    spec = spec_of(
        with_section(
            "optimization:\n  method: grid\n  parameters:\n"
            "    - { name: fast.length, type: integer, low: 5, high: 15, step: 5, default: 9 }\n"
            "    - { name: ADX_14.trend_threshold, type: float, low: 20, high: 30, log_scale: true }\n"
            "    - { name: slow.length, type: categorical, choices: [ 20, 50 ] }\n"
            "    - { name: VPFVGSignal.min_fvg_size, type: float, low: 0, high: 1 }\n"
        )
    )
    assert [(p.name, p.low, p.high, p.step, p.choices, p.log_scale, p.default) for p in spec.search] == [
        ("fast.length", 5.0, 15.0, 5.0, (), False, 9.0),
        ("ADX_14.trend_threshold", 20.0, 30.0, None, (), True, None),
        ("slow.length", None, None, None, (20.0, 50.0), False, None),
    ]


def test_the_hash_is_that_of_the_text():
    import hashlib

    text = with_section("")
    assert read(text).sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert plan_of(text).version_sha256 == read(text).sha256


def test_a_plan_has_at_most_200_rules():
    rules = "".join(f"    - close > {i}\n" for i in range(201))
    assert "at most 200 rules" in str(read(HEAD + "logic:\n  entry_long:\n" + rules).errors[0])


def test_a_file_has_at_most_100_indicators():
    lines = "".join(f"  - {{ id: e{i}, type: EMA, timeframe: entry }}\n" for i in range(101))
    assert "at most 100" in str(read("timeframes: { entry: 1h }\nindicators:\n" + lines).errors[0])


def test_warmup_is_bounded():
    text = "timeframes: { entry: 1d }\nindicators: [ { id: a, type: EMA, timeframe: entry, length: 1000 } ]\n"
    assert "at most 3000000 minutes" in str(read(text).errors[0])


PREDECESSOR = """\
version: 2.0
name: BTC VP FVG
symbol: BTC/USDT
exchange: binanceus
author: someone
timeframes: {entry: 15m, context: 1h}
indicators:
  - {id: EMA_20, type: EMA, timeframe: 15m, length: 20}
  - {id: trend, type: EMA, timeframe: context, length: 50}
  - {id: RSI_14, type: RSI, timeframe: 15m, length: 13}
  - {id: VPFVGSignal, type: VPFVGSignal, timeframe: 15m, min_fvg_size: 5}
  - {id: ADX_14, type: ADX, timeframe: 15m, period: 14}
  - {id: VP_5D, type: VolumeProfile, timeframe: 15m, lookback: 480}
  - {id: FVG_Enhanced, type: FVG, timeframe: 15m, min_gap_pips: 1.0}
logic:
  entry_long:
    - VPFVGSignal_vf_long == True
    - EMA_20_trend == 'bull'
    - close > trend_EMA_50
    - (RSI_14_RSI_13 < 70) & (close > VP_5D_poc_price)
    - EMA_20_trend == 'bull'
  exit_long: [close < EMA_20 and ADX_14_ADX_value > 25, FVG_Enhanced_FVG_bearish_signal]
  entry_short:
    any: [VPFVGSignal_vf_short, ADX_14_DI_plus < ADX_14_DI_minus]
risk_management:
  use_position_sizing: true
  position_size: {base_size: 0.1, regime_adjustments: {trending: 1.2, ranging: 0.5}, signal_strength_multiplier: true}
  stop_loss: {base_percent: 0.02, use_vp_levels: true, vp_buffer: 0.001, adx_adjustments: {trending: 1.5}}
  take_profit: {base_percent: 0.04, use_vp_targets: true, partial_exits: [{level: 0.01, percent: 0.25}]}
equity_protection: {drawdown_threshold: 0.25, smoothing_window: 10, bias_flip_threshold: 0.5, enable_on_bias_flip: on}
backtest: {cash: 10000, commission: 0.001, slippage: 0.0005, from: 2025-07-1, to: 2025-09-30}
optimization:
  method: bayesian
  parameters: [{name: EMA_20.length, type: integer, low: 10, high: 50}]
"""


def test_a_file_of_the_predecessor_loads_and_says_what_is_different():
    loaded = read(PREDECESSOR)
    assert loaded.errors == ()
    notes = "\n".join(str(note) for note in loaded.notes)
    for part in (
        "author: unknown key",
        "min_fvg_size: accepted without effect",
        "lag 1",
        "the same rule stands here twice",
        "read as 2025-07-01",
        "bias_flip_threshold",
        "enable_on_bias_flip",
        "synthetic",
        "no risk_pct",
        "optimization.method: unknown key",
    ):
        assert part in notes
    # the signal stands before what it reads; the plan orders them
    ids = [node.id for node in loaded.spec.nodes]
    assert ids == ["EMA_20", "trend", "RSI_14", "ADX_14", "VP_5D", "FVG_Enhanced", "VPFVGSignal"]
    signal = loaded.spec.nodes[-1]
    assert {ids[ref.node] for ref in signal.inputs if ref.field is None} == {"VP_5D", "FVG_Enhanced"}
    assert loaded.spec.base.sizing.strength == OutputValue(6, 3)


def test_a_label_with_a_wrong_timeframe_is_one_problem_however_often_it_is_used():
    text = """
timeframes: { entry: 15min, trend: 4h }
indicators:
  - { id: fast, type: EMA, timeframe: entry, length: 12 }
  - { id: slow, type: EMA, timeframe: entry, length: 30 }
logic: { entry_long: ["crosses_above(fast, slow)"] }
"""
    assert [problem.where for problem in read(text).errors] == ["timeframes.entry"]
