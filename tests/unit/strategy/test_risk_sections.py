"""What a file says of risk: sizes, stops, targets, and what is noted about them."""

from decimal import Decimal

import pytest

from shared.strategy.plan import OutputValue, Regime, Sizing, Stop, Target
from tests.unit.strategy.files import HEAD, LOGIC, read, spec_of, with_section

ONE = Decimal(1)


def risk(text: str):
    return spec_of(with_section(f"risk_management: {{ {text} }}\n")).base


STOP = "stop_loss: { base_percent: 0.02 }"


def base_size(amount="0.1", regime=None, strength=None, cap=None):
    return Sizing("base_size", Decimal(amount), regime, strength, None if cap is None else Decimal(cap))


@pytest.mark.parametrize(
    ("text", "sizing"),
    [
        ("position_size: { base_size: 0.25 }", base_size("0.25")),
        ("position_size: { base_size: 1.5, max_position_pct: 1 }", base_size("1.5", cap="1")),
        ("max_position_pct: 0.3", base_size(cap="0.3")),
        ("position_size: { quote: 250.50 }", Sizing("quote", Decimal("250.50"), None, None, None)),
        ("position_size: { regime_adjustments: { trending: 1.5, ranging: 0 } }",
         base_size(regime=Regime(3, Decimal("1.5"), Decimal(0), ONE))),
        ("position_size: { regime: ADX_14, regime_adjustments: {} }", base_size(regime=Regime(3, ONE, ONE, ONE))),
        ("position_size: { signal_strength_multiplier: true }", base_size(strength=OutputValue(7, 3))),
        ("position_size: { signal_strength_multiplier: true, strength: VPFVGSignal }",
         base_size(strength=OutputValue(7, 3))),
        ("position_size: { signal_strength_multiplier: false }", base_size()),
        ("position_size: { risk_pct: 0.01 }, " + STOP, Sizing("risk_pct", Decimal("0.01"), None, None, None)),
        ("use_position_sizing: true, risk_pct: 0.02, " + STOP, Sizing("risk_pct", Decimal("0.02"), None, None, None)),
        ("use_position_sizing: false, risk_pct: 0.02", base_size()),
        ("use_position_sizing: true, position_size: { base_size: 0.2 }", base_size("0.2")),
        ("use_position_sizing: true, risk_pct: 0.02, position_size: { base_size: 0.2 }, " + STOP,
         Sizing("risk_pct", Decimal("0.02"), None, None, None)),
    ],
)  # fmt: skip
def test_sizing(text, sizing):
    assert risk(text).sizing == sizing


def stop(kind="base", base="0.02", atr=None, mult="0", price=None, adjustments=None, vp=-1, buffer="0"):
    base = None if base is None else Decimal(base)
    return Stop(kind, base, atr, Decimal(mult), price, adjustments, vp, Decimal(buffer))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("base_percent: 0.02", stop()),
        ("base_percent: 2e-2", stop()),
        ("base_percent: 0.02, use_vp_levels: true, vp_buffer: 0.001", stop(vp=5, buffer="0.001")),
        ("base_percent: 0.02, use_vp_levels: true, vp: VP_5D", stop(vp=5)),
        ("base_percent: 0.02, use_vp_levels: false", stop()),
        (
            "base_percent: 0.02, adx_adjustments: { ranging: 0.8 }",
            stop(adjustments=Regime(3, ONE, Decimal("0.8"), ONE)),
        ),
        ("atr: { id: ATR_14, mult: 2.5 }", stop("atr", None, OutputValue(4, 0), "2.5")),
        ("atr: { id: VPFVGSignal_vf_atr, mult: 2 }", stop("atr", None, OutputValue(7, 4), "2")),
        ("price: fast", stop("price", None, price=OutputValue(0, 0))),
        ("price: fast, base_percent: 0.02", stop("price", price=OutputValue(0, 0))),
    ],
)
def test_stops(text, expected):
    assert risk(f"stop_loss: {{ {text} }}").stop == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("base_percent: 0.05", Target("base", Decimal("0.05"), None, -1, ())),
        ("r_multiple: 2", Target("r_multiple", Decimal(2), None, -1, ())),
        ("price: slow", Target("price", Decimal(0), OutputValue(1, 0), -1, ())),
        ("base_percent: 0.05, use_vp_targets: true", Target("base", Decimal("0.05"), None, 5, ())),
        ("partial_exits: [ { level: 0.01, percent: 0.5 }, { level: 0.02, percent: 1 } ]",
         Target("none", Decimal(0), None, -1, ((Decimal("0.01"), Decimal("0.5")), (Decimal("0.02"), ONE)))),
    ],
)  # fmt: skip
def test_targets(text, expected):
    assert risk(f"{STOP}, take_profit: {{ {text} }}").target == expected


@pytest.mark.parametrize(
    ("section", "note"),
    [
        ("risk_management: { take_profit: { base_percent: 0.02, partial_exits: [ { level: 0.02, percent: 1 } ] } }",
         "never placed: the target at 0.02 comes first"),
        ("risk_management: { bias_flip_threshold: 3 }", "predecessor never used"),
        ("equity_protection: { bias_flip_threshold: 3, enable_on_bias_flip: true }", "predecessor never used"),
        ("risk_management: { use_position_sizing: true }", "no risk_pct"),
        ("risk_management: { use_position_sizing: false, risk_pct: 0.1 }", "use_position_sizing is false"),
        (f"risk_management: {{ risk_pct: 0.1, {STOP}, position_size: {{ regime_adjustments: {{}} }} }}",
         "beside risk_pct"),
        ("risk_management: { stop_loss: { atr: { id: ATR_14, mult: 1 }, adx_adjustments: {} } }", "is not stated"),
        ("something_else: 1", "unknown key, without effect"),
        ("backtest: { from: 2025-07-1 }", "read as 2025-07-01"),
        ("execution: { slippage_bps: 1 }", "10 % of equity"),
    ],
)  # fmt: skip
def test_notes(section, note):
    loaded = read(with_section(section))
    assert loaded.errors == ()
    assert any(note in problem.message for problem in loaded.notes), [str(n) for n in loaded.notes]


@pytest.mark.parametrize(
    ("risk", "note"),
    [
        ("position_size: { regime_adjustments: { trending: 2 } }", "no ADX"),
        ("position_size: { signal_strength_multiplier: true }", "no indicator has a signal_strength"),
        ("stop_loss: { base_percent: 0.1, use_vp_levels: true }", "no VolumeProfile"),
        ("take_profit: { base_percent: 0.1, use_vp_targets: true }", "no VolumeProfile"),
    ],
)
def test_what_needs_an_indicator_that_is_not_there_is_noted(risk, note):
    loaded = read(f"timeframes: {{ entry: 1h }}\nrisk_management: {{ {risk} }}\n")
    assert loaded.spec is not None
    assert any(note in problem.message for problem in loaded.notes)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("logic: { entry_long: close > fast }", "no exit: neither exit_long, stop, target nor time_exit"),
        ("logic: { entry_short: close < fast, exit_short: close > fast }", "synthetic"),
        ("logic: { entry_short: close < fast }\nexecution: { allow_short: false }", "never evaluated"),
        ("logic: { entry_long: { all: [ [] ] } }", "an empty group never holds"),
    ],
)
def test_notes_on_sides(text, note):
    assert any(note in problem.message for problem in read(HEAD + text + "\n").notes)


def test_lags_in_force_are_noted():
    notes = {problem.where: problem.message for problem in read(
        HEAD + "  - { id: late, type: EMA, timeframe: entry, lag: 3 }\n"
        "  - { id: big, type: ADX, timeframe: trend }\n  - { id: now, type: ADX, timeframe: entry, lag: 0 }\n" + LOGIC
    ).notes}  # fmt: skip
    assert "lag 1" in notes["indicators[3]"]
    assert "read the current close" in notes["indicators[5]"]
    assert "lag 3: every output is 3 bars old, as stated" in notes["indicators[9]"]
    assert "lag 0" in notes["indicators[10]"]
    assert "indicators[11]" not in notes
    assert "indicators[0]" not in notes
