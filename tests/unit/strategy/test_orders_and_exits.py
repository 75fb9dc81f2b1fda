"""What a file says of resting entries, moving stops, limits of time and loss: its meaning, its notes, its words."""

from decimal import Decimal

import pytest

from shared.strategy.explain import explain
from shared.strategy.plan import Cooldown, EntryOrder, OutputValue, Protection, Sizing, Stop, Trailing
from tests.unit.strategy.files import HEAD, LOGIC, at, marked, plan_of, read, spec_of, with_section

ATR = OutputValue(4, 0)
PERCENT = Decimal("0.01")


def risk(text: str):
    return spec_of(with_section(f"risk_management: {{ {text} }}\n")).base


def stop(trailing=None, breakeven=None):
    breakeven = None if breakeven is None else Decimal(breakeven)
    return Stop("base", Decimal("0.02"), None, Decimal(0), None, None, -1, Decimal(0), trailing, breakeven)


def trailing(percent=None, atr=None, mult="0", activate="0"):
    return Trailing(None if percent is None else Decimal(percent), atr, Decimal(mult), Decimal(activate))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stop_loss: { base_percent: 0.02, trailing: { percent: 0.01 } }", stop(trailing("0.01"))),
        ("stop_loss: { base_percent: 0.02 }, trailing: { percent: 0.01 }", stop(trailing("0.01"))),
        (
            "stop_loss: { base_percent: 0.02, trailing: { percent: 0.01, activate_at_r: 1.5 } }",
            stop(trailing("0.01", activate="1.5")),
        ),
        (
            "stop_loss: { base_percent: 0.02, trailing: { atr: { id: ATR_14, mult: 2.5 }, activate_at_r: 0 } }",
            stop(trailing(atr=ATR, mult="2.5")),
        ),
        (
            "stop_loss: { base_percent: 0.02 }, trailing: { atr: { id: VPFVGSignal_vf_atr, mult: 1 } }",
            stop(trailing(atr=OutputValue(7, 4), mult="1")),
        ),
        ("stop_loss: { base_percent: 0.02, breakeven_at_r: 1 }", stop(breakeven="1")),
        ("stop_loss: { base_percent: 0.02 }, breakeven_at_r: 0.5", stop(breakeven="0.5")),
        (
            "stop_loss: { base_percent: 0.02, breakeven_at_r: 2 }, trailing: { percent: 0.01 }",
            stop(trailing("0.01"), "2"),
        ),
        ("stop_loss: { base_percent: 0.02, trailing: , breakeven_at_r: ~ }, trailing: null", stop()),
    ],
)
def test_stops_that_move(text, expected):
    assert risk(text).stop == expected


@pytest.mark.parametrize(
    ("text", "bars"),
    [
        ("time_exit: { bars: 12 }", 12),
        ("take_profit: { time_exit: { bars: 1 } }", 1),
        ("take_profit: { base_percent: 0.1, time_exit: { bars: 1000000 } }", 1_000_000),
        ("take_profit: { base_percent: 0.1 }", None),
    ],
)
def test_time_exits(text, bars):
    base = risk(text)
    assert base.time_exit == bars
    assert plan_of(with_section(f"risk_management: {{ {text} }}\n")).time_exit == bars


@pytest.mark.parametrize(
    ("text", "cooldown"),
    [
        ("{ bars: 3 }", Cooldown(3, "any")),
        ("{ bars: 3, after: any }", Cooldown(3, "any")),
        ("{ bars: 1, after: loss }", Cooldown(1, "loss")),
        ("", None),
    ],
)
def test_cooldowns(text, cooldown):
    assert risk(f"cooldown: {text}").cooldown == cooldown
    assert plan_of(with_section(f"risk_management: {{ cooldown: {text} }}\n")).cooldown == cooldown


def by_volatility(amount, atr=ATR, cap=None):
    return Sizing("volatility_target", Decimal(amount), None, None, cap, atr)


@pytest.mark.parametrize(
    ("text", "sizing"),
    [
        ("volatility_target: 0.2", by_volatility("0.2")),
        ("volatility_target: 10, atr: ATR_14, max_position_pct: 1", by_volatility("10", cap=Decimal(1))),
        ("volatility_target: 0.2, atr: slow_atr", by_volatility("0.2", OutputValue(9, 0))),
        ("volatility_target: 0.2, atr: VPFVGSignal_vf_atr", by_volatility("0.2", OutputValue(7, 4))),
        ("volatility_target: 0.2, use_position_sizing: false, risk_pct: 0.01", by_volatility("0.2")),
        (
            "volatility_target: 0.2, quote: 100, use_position_sizing: true, risk_pct: 0.01",
            Sizing("risk_pct", PERCENT, None, None, None),
        ),
    ],
)
def test_sizes_by_volatility(text, sizing):
    head = HEAD + "  - { id: slow_atr, type: ATR, timeframe: trend, period: 20 }\n" + LOGIC
    text = f"risk_management: {{ position_size: {{ {text} }}, stop_loss: {{ base_percent: 0.02 }} }}\n"
    assert spec_of(head + text).base.sizing == sizing


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("", EntryOrder("market", Decimal(0), 1)),
        ("order_type: market", EntryOrder("market", Decimal(0), 1)),
        ("order_type: limit", EntryOrder("limit", Decimal(0), 1)),
        ("order_type: limit, limit_offset_bps: 2.5, expire_bars: 3", EntryOrder("limit", Decimal("0.00025"), 3)),
        ("order_type: limit, limit_offset_bps: 1000, expire_bars: 1000", EntryOrder("limit", Decimal("0.1"), 1000)),
        ("order_type: stop, stop_offset_bps: 0.01", EntryOrder("stop", Decimal("0.000001"), 1)),
        ("order_type: stop", EntryOrder("stop", Decimal(0), 1)),
    ],
)
def test_entry_orders(text, order):
    plan = plan_of(with_section(f"execution: {{ {text} }}\n"))
    assert plan.entry_order == order
    assert plan.participation is None


def test_participation():
    assert plan_of(with_section("execution: { participation: 0.05 }\n")).participation == Decimal("0.05")
    assert plan_of(with_section("execution: { participation: 1 }\n")).participation == 1


def test_limits_of_loss():
    text = "equity_protection: { drawdown_threshold: 0.1, max_daily_loss: 0.05, max_consecutive_losses: 4 }"
    assert plan_of(with_section(text)).protection == Protection(
        Decimal("0.1"), 1, 86_400_000, None, daily_loss=Decimal("0.05"), losses=4
    )


WITHOUT_EFFECT = [
    pytest.param(
        "execution: { order_type: market, limit_offset_bps: ‸5 }",
        "execution.limit_offset_bps: without effect: order_type is market",
        id="limit offset of a market order",
    ),
    pytest.param(
        "execution: { order_type: market, stop_offset_bps: ‸5 }",
        "execution.stop_offset_bps: without effect: order_type is market",
        id="stop offset of a market order",
    ),
    pytest.param(
        "execution: { expire_bars: ‸5 }",
        "execution.expire_bars: without effect: a market entry fills at the next open",
        id="expiry of a market order",
    ),
    pytest.param(
        "risk_management: { position_size: { volatility_target: 0.2, regime_adjustments: ‸{ trending: 2 } } }",
        "risk_management.position_size.regime_adjustments: without effect beside volatility_target",
        id="regime beside volatility",
    ),
    pytest.param(
        "risk_management: { position_size: { volatility_target: 0.2, signal_strength_multiplier: ‸true } }",
        "risk_management.position_size.signal_strength_multiplier: without effect beside volatility_target",
        id="strength beside volatility",
    ),
    pytest.param(
        "risk_management: { position_size: { base_size: 0.2, atr: ‸ATR_14 } }",
        "risk_management.position_size.atr: without effect: it belongs to volatility_target",
        id="ATR of another size",
    ),
    pytest.param(
        "risk_management: { use_position_sizing: true, risk_pct: 0.1, stop_loss: { base_percent: 0.02 },\n"
        "  position_size: { volatility_target: ‸0.2 } }",
        "risk_management.position_size.volatility_target: without effect: use_position_sizing is true",
        id="volatility where the switch asks for risk",
    ),
    pytest.param(
        "equity_protection: ‸{ max_daily_loss: 0.05 }",
        "equity_protection: no drawdown_threshold stated: a drawdown of 25 % closes and suspends",
        id="a drawdown that nobody stated",
    ),
]


@pytest.mark.parametrize(("section", "note"), WITHOUT_EFFECT)
def test_what_has_no_effect_is_noted_at_its_place(section, note):
    text, line, column = marked(with_section(section))
    loaded = read(text)
    assert loaded.errors == ()
    assert note in at(loaded.notes, line, column), [str(problem) for problem in loaded.notes]


@pytest.mark.parametrize("text", ["trailing: { percent: 0.01 }", "breakeven_at_r: 1"])
def test_a_moving_stop_is_no_exit_of_its_own(text):
    loaded = read(HEAD + f"logic: {{ entry_long: close > fast }}\nrisk_management: {{ {text} }}\n")
    assert loaded.spec is None


def test_a_time_exit_is_an_exit():
    text = HEAD + "logic: { entry_long: close > fast }\nrisk_management: { time_exit: { bars: 5 } }\n"
    assert not any("no exit" in note.message for note in read(text).notes)


# --- variants ------------------------------------------------------------------------------------------------------

VARIANTS = with_section("""\
risk_management:
  stop_loss: { base_percent: 0.02, trailing: { percent: 0.01, activate_at_r: 1 } }
  take_profit: { base_percent: 0.04 }
  cooldown: { bars: 3, after: loss }
variants:
  patient: { risk_management: { cooldown: { bars: 9 }, time_exit: { bars: 20 } } }
  tight: { risk_management: { stop_loss: { trailing: { percent: 0.005 } } } }
  still: { risk_management: { stop_loss: { trailing: , breakeven_at_r: 1 }, cooldown: } }
  by_atr: { risk_management: { stop_loss: { trailing: { percent: null, atr: { id: ATR_14, mult: 2 } } } } }
""")


def test_a_variant_merges_key_by_key():
    base = plan_of(VARIANTS)
    assert base.stop.trailing == trailing("0.01", activate="1")
    patient = plan_of(VARIANTS, variant="patient")
    assert (patient.cooldown, patient.time_exit, patient.stop) == (Cooldown(9, "loss"), 20, base.stop)
    assert plan_of(VARIANTS, variant="tight").stop.trailing == trailing("0.005", activate="1")
    still = plan_of(VARIANTS, variant="still")
    assert (still.stop.trailing, still.stop.breakeven, still.cooldown) == (None, Decimal(1), None)
    assert plan_of(VARIANTS, variant="by_atr").stop.trailing == trailing(atr=ATR, mult="2", activate="1")


def test_a_variant_that_changes_logic_only_keeps_all_of_risk():
    plan = plan_of(VARIANTS + "  other: { exit_long: [ close < slow ] }\n", variant="other")
    assert (plan.stop, plan.cooldown, plan.time_exit) == (*(plan_of(VARIANTS).stop, plan_of(VARIANTS).cooldown), None)


# --- history -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "risk",
    [
        "position_size: { volatility_target: 0.2, atr: daily }",
        "stop_loss: { base_percent: 0.02, trailing: { atr: { id: daily, mult: 2 } } }",
        "stop_loss: { atr: { id: daily, mult: 2 } }",
    ],
)
def test_history_covers_an_atr_that_only_risk_reads(risk):
    head = "timeframes: { entry: 15m }\nindicators: [ { id: daily, type: ATR, timeframe: 1d, period: 14 } ]\n"
    plan = plan_of(head + f"logic: {{ entry_long: close > open }}\nrisk_management: {{ {risk} }}\n")
    assert plan.warmup_ms == 15 * 86_400_000
    assert plan.settle_ms > 200 * 86_400_000


def test_history_covers_what_the_price_of_a_stop_looks_back():
    text = "timeframes: { entry: 15m }\nrisk_management: { stop_loss: { price: 'lowest(low[4], 20)' } }\n"
    assert plan_of(text).settle_ms == 23 * 900_000


# --- words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "parts"),
    [
        ("", ["An entry is a market order, filled at the next one-minute open"]),
        (
            "execution: { order_type: limit, limit_offset_bps: 2.5, expire_bars: 3, participation: 0.1 }",
            [
                "limit order 2.5 bps below the close (a short: above), and rests for 3 entry bars (45m)",
                "At most 10 % of a one-minute bar's volume fills; the rest of an order goes on",
            ],
        ),
        ("execution: { order_type: limit }", ["limit order at the close, and rests for 1 entry bar (15m)"]),
        (
            "execution: { order_type: stop, stop_offset_bps: 10 }",
            ["stop order 10 bps above the close (a short: below), and rests for 1 entry bar (15m)"],
        ),
        (
            "risk_management: { stop_loss: { base_percent: 0.02, breakeven_at_r: 1, trailing: { percent: 0.01 } } }",
            [
                "A gain of 1 times the first risk (fill price to first stop) moves it to the entry price",
                "It follows the best price at 1 %, from one-minute bar to bar, and never loosens",
            ],
        ),
        pytest.param(
            "risk_management: { stop_loss: { base_percent: 0.02 },\n"
            "  trailing: { atr: { id: ATR_14, mult: 2.50 }, activate_at_r: 1.5 } }",
            ["It follows the best price at 2.5 times ATR_14 once the gain was 1.5 times the first risk,"],
        ),
        pytest.param(
            "risk_management: { stop_loss: { price: 'lowest(low, 10) - 0.5 * ATR_14', base_percent: 0.03 },\n"
            "  take_profit: { price: 'highest(high, 20)' } }",
            [
                "Stop at lowest(low, 10) - (0.5 * ATR_14), else 3 % from the fill price",
                "Target at highest(high, 20)",
            ],
        ),
        (
            "risk_management: { time_exit: { bars: 48 }, cooldown: { bars: 4, after: loss } }",
            [
                "A position is closed at the open after it was held for 48 entry bars (12h)",
                "After a trade without gain no entry is decided at the next 4 entry closes (1h)",
            ],
        ),
        (
            "risk_management: { cooldown: { bars: 1 } }",
            ["After a trade no entry is decided at the next entry close (15m)"],
        ),
        (
            "risk_management: { position_size: { volatility_target: 0.3 } }",
            ["so much that its value moves by 30 % of equity a year, as ATR_14 measures it"],
        ),
        (
            "equity_protection: { max_daily_loss: 0.05, max_consecutive_losses: 3, cooldown: 90m }",
            [
                "A loss of 5 % within a UTC day closes the position; no entry until the day ends",
                "3 trades without gain in a row: no entry for 1.5h, nothing is closed",
            ],
        ),
    ],
)
def test_an_explanation_says_it_in_words(section, parts):
    text = explain(plan_of(with_section(section)))
    for part in parts:
        assert part in text, text


@pytest.mark.parametrize(
    ("section", "exits"),
    [
        ("", "never"),
        ("risk_management: { stop_loss: { base_percent: 0.02 } }", "by stop only"),
        pytest.param(
            "risk_management: { stop_loss: { base_percent: 0.02 }, take_profit: { base_percent: 0.02,\n"
            "  partial_exits: [ { level: 0.01, percent: 1 } ], time_exit: { bars: 3 } } }\nequity_protection: {}",
            "by stop, target, ladder, time exit and protection only",
        ),
    ],
)
def test_an_explanation_says_what_closes_where_no_rule_does(section, exits):
    text = explain(plan_of(HEAD + "logic: { entry_long: close > fast }\n" + section + "\n"))
    assert f"Exit long: {exits}\n" in text
