"""The reference backtester against cases worked out by hand, and its indicators against TA-Lib."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import talib

from tests.support.by_hand import FREE, MINUTE, backtest, bars, notes, reasons, reference_alone, strategy, told
from tests.support.reference import indicators
from tests.support.reference.rules import Expression
from tests.support.reference.strategy_file import duration_ms, load

# --- one entry, to the last digit


def test_a_buy_pays_slippage_half_spread_and_commission_to_the_last_digit():
    result = backtest(strategy(), bars(100, (101, 103, 101, 102)))
    # 10 % of 10000 at 100; 101 x 1.0003 = 101.0303, up to the tick; 1010.40 x 0.0002
    assert result["fills"] == [
        {
            "row": "fill",
            "seq": 3,
            "order_seq": 2,
            "ts_ms": MINUTE,
            "side": "buy",
            "quantity": "10.00000",
            "price": "101.04",
            "reference_price": "101.00",
            "fee_quote": "0.20208000",
            "liquidity": "taker",
            "reason": "entry",
            "no_trade": False,
        }
    ]
    assert result["equity"] == [[59_999, "10000.00000000"], [119_999, "10009.39792000"]]  # - 1010.4 - fee + 10 x 102
    assert result["open_position"] == {
        "side": "long",
        "quantity": "10.00000",
        "entry_price": "101.04000000",
        "stop": None,
        "target": None,
    }
    assert result["status"] == "open"


def test_a_round_trip_keeps_both_fees_and_the_extremes_since_entry():
    text = strategy(logic="entry_long: ['close == 100'], exit_long: ['close == 98']")
    (trade,) = backtest(text, bars(100, (100, 104, 99, 101), (101, 101, 97, 98), (99, 150, 50, 99)))["trades"]
    # in at 100.03, out at 99 x 0.9997 = 98.9703 -> 98.97; the exit bar's range is not the trade's
    assert trade == {
        "row": "trade",
        "seq": 10,
        "side": "long",
        "entry_ms": MINUTE,
        "exit_ms": 3 * MINUTE,
        "quantity": "10.00000",
        "entry_price": "100.03000000",
        "exit_price": "98.97000000",
        "gross_quote": "-10.60000000",
        "fees_quote": "0.39800000",
        "net_quote": "-10.99800000",
        "return_ratio": pytest.approx(-10.998 / 1000.3, rel=1e-15),
        "mae_ratio": pytest.approx((97 - 100.03) / 100.03, rel=1e-15),
        "mfe_ratio": pytest.approx((104 - 100.03) / 100.03, rel=1e-15),
        "exit_reason": "exit",
    }


def test_a_whole_account_is_lowered_to_what_cash_covers():
    text = strategy("risk_management: {position_size: {base_size: 1}}")
    (fill,) = backtest(text, bars(100, 100))["fills"]
    price, quantity, lot = Decimal("100.03"), Decimal(fill["quantity"]), Decimal("0.00001")
    assert Decimal(fill["price"]) == price
    assert fill["quantity"] == "99.95001"  # 10000 / (100.03 x 1.0002) = 99.950019
    assert price * quantity + Decimal(fill["fee_quote"]) <= 10_000 < price * (quantity + lot) * Decimal("1.0002")


@pytest.mark.parametrize(
    ("risk", "quantity"),
    [
        pytest.param("position_size: {quote: 333}", "3.33000", id="an amount"),
        pytest.param("{risk_pct: 0.01, stop_loss: {base_percent: 0.02}}", "50.00000", id="1 % at risk over 2.00"),
        pytest.param(
            "{risk_pct: 0.01, max_position_pct: 0.3, stop_loss: {base_percent: 0.02}}", "30.00000", id="capped"
        ),
        pytest.param("position_size: {quote: 333.3339}", "3.33333", id="floored to the lot"),
    ],
)
def test_the_size_of_an_entry(risk, quantity):
    risk = risk if risk.startswith("{") else f"{{{risk}}}"
    assert backtest(strategy(f"risk_management: {risk}", FREE), bars(100, 100))["fills"][0]["quantity"] == quantity


@pytest.mark.parametrize(
    ("risk", "open_", "rejection"),
    [
        pytest.param("{position_size: {quote: 0.5}}", 100, (59_999, "min_notional"), id="too small"),
        pytest.param(
            "{risk_pct: 0.01, stop_loss: {price: 'close + 1'}}",
            100,
            (59_999, "no_stop_distance"),
            id="no stop to size by",
        ),
        pytest.param("{stop_loss: {price: 'close[5]'}}", 100, (59_999, "not_ready"), id="the stop is not known"),
        pytest.param("{stop_loss: {price: 'close + 1'}}", 100, (MINUTE, "invalid_stop"), id="a stop above a long"),
        pytest.param("{stop_loss: {price: 'close - 1'}}", 99, (MINUTE, "invalid_stop"), id="opened at the stop"),
    ],
)
def test_a_rejected_entry_says_when_and_why(risk, open_, rejection):
    result = backtest(strategy(f"risk_management: {risk}", FREE), bars(100, open_))
    first = next(order for order in result["orders"] if order["event"] == "rejected")
    assert (first["ts_ms"], first["reason"]) == rejection
    assert result["fills"] == []


# --- stops, targets, rungs: entered at 100 without costs


@pytest.mark.parametrize(
    ("bar", "expected"),
    [
        pytest.param((98, 99, 97, 98), ("stop", "98.00", 2 * MINUTE), id="a gap through the stop fills at the open"),
        pytest.param((100, 103, 99, 100), ("stop", "99.00", 179_999), id="touched stop before target, at its price"),
        pytest.param((100, 102.01, 99.01, 100), ("target", "102.00", 179_999), id="traded through the target"),
        pytest.param((100, 102, 99.01, 100), None, id="touching the target is not enough"),
        pytest.param(
            (103, 104, 99, 100), ("target", "103.00", 2 * MINUTE), id="an open beyond the target, at the open"
        ),
        pytest.param((90, 110, 90, 100, 0), None, id="a minute without trades triggers nothing"),
    ],
)
def test_a_stop_and_a_target_meet_a_bar(bar, expected):
    risk = "risk_management: {stop_loss: {base_percent: 0.01}, take_profit: {base_percent: 0.02}}"
    fills = backtest(strategy(risk, FREE), bars(100, 100, bar))["fills"][1:]
    assert [(fill["reason"], fill["price"], fill["ts_ms"]) for fill in fills] == ([expected] if expected else [])


def test_a_stop_takes_and_a_target_makes():
    risk = "risk_management: {stop_loss: {base_percent: 0.01}, take_profit: {base_percent: 0.02}}"
    costs = "execution: {commission_maker: 0.0001, commission_taker: 0.001}"
    long, short = "entry_long: ['close == 100']", "entry_short: ['close == 100']"
    stopped = backtest(strategy(risk, costs, logic=long), bars(100, 100, (100, 100, 98, 98)))["fills"][1]
    # stop 99.03 (100.03 x 0.99 = 99.0297), sold at 99.03 x 0.9997 = 99.000291
    assert (stopped["price"], stopped["fee_quote"], stopped["liquidity"]) == ("99.00", "0.99000000", "taker")
    won = backtest(strategy(risk, costs, logic=short), bars(100, 100, (100, 100, 97, 98)))["fills"][1]
    # in at 99.97, target 97.97 (99.97 x 0.98 = 97.9706)
    assert (won["price"], won["fee_quote"], won["liquidity"]) == ("97.97", "0.09797000", "maker")


def test_a_stop_price_between_the_open_and_the_fill_is_reached_at_once():
    text = strategy("risk_management: {stop_loss: {price: 'close + 0.01'}}")
    assert told(backtest(text, bars(100, 100))) == [
        ("entry", "buy", "10.00000", "100.03", MINUTE),
        ("stop", "sell", "10.00000", "99.97", MINUTE),
    ]


def test_an_atr_stop_and_a_target_in_its_multiples():
    risk = "risk_management: {stop_loss: {atr: {id: ATR, mult: 1.5}}, take_profit: {r_multiple: 2}}"
    text = strategy(
        "indicators: [{id: ATR, type: ATR, timeframe: entry, period: 2}]",
        risk,
        FREE,
        logic="entry_long: ['close == 100']",
    )
    result = backtest(text, bars((101, 102, 100, 101), (101, 103, 101, 102), (102, 102, 100, 100), 100))
    position = result["open_position"]
    assert (position["stop"], position["target"]) == ("97.00", "106.00")  # ATR 2, so 3.00 below and 6.00 above


PROFILE = (
    # One bin, which only the reference takes: all levels are the bar's middle.
    "indicators: [{id: VP, type: VolumeProfile, lookback: 1, price_bins: 1, lag: 0}]"
)


@pytest.mark.parametrize(
    ("side", "low", "high", "buffer", "stop"),
    [
        pytest.param("long", 98, 100, "0.002", "98.80", id="a level within half and twice the base distance"),
        pytest.param("long", 96, 100, "0.002", "99.00", id="too far"),
        pytest.param("long", 99.6, 100, "0.002", "99.00", id="too near"),
        pytest.param("long", 96, 100, "0", "98.00", id="exactly twice as far"),
        pytest.param("long", 100, 104, "0", "99.00", id="on the wrong side"),
        pytest.param("short", 100, 102, "0.002", "101.20", id="a short's lies above"),
    ],
)
def test_a_profile_level_replaces_a_stop_of_one_percent(side, low, high, buffer, stop):
    risk = f"risk_management: {{stop_loss: {{base_percent: 0.01, use_vp_levels: true, vp_buffer: {buffer}}}}}"
    result = reference_alone(
        strategy(PROFILE, risk, FREE, logic=f"entry_{side}: ['close == 100']"), bars((100, high, low, 100), 100)
    )
    assert result["open_position"]["stop"] == stop


@pytest.mark.parametrize(("high", "target"), [(104, "102.00"), (104.02, "101.00"), (100.9, "101.00")])
def test_a_profile_level_replaces_a_target_of_one_percent(high, target):
    risk = "risk_management: {take_profit: {base_percent: 0.01, use_vp_targets: true}}"
    result = reference_alone(strategy(PROFILE, risk, FREE), bars((100, high, 100, 100), 100))
    assert result["open_position"]["target"] == target


def test_a_regime_that_is_not_ready_is_uncertain():
    risk = """risk_management:
  position_size: {base_size: 0.1, regime_adjustments: {trending: 3, uncertain: 0.5}}
  stop_loss: {base_percent: 0.01, adx_adjustments: {trending: 3, uncertain: 2}}"""
    result = backtest(strategy("indicators: [{id: ADX, type: ADX, timeframe: entry}]", risk, FREE), bars(100, 100))
    position = result["open_position"]
    assert (position["quantity"], position["stop"]) == ("5.00000", "98.00")


def test_a_ladder_sells_shares_of_what_is_left_and_the_target_the_rest():
    ladder = "[{level: 0.01, percent: 0.5}, {level: 0.02, percent: 0.5}, {level: 0.05, percent: 0.5}]"
    risk = f"risk_management: {{take_profit: {{base_percent: 0.03, partial_exits: {ladder}}}}}"
    result = backtest(strategy(risk, FREE), bars(100, 100, (100, 101.5, 100, 101), (101.5, 104, 101, 102)))
    assert told(result)[1:] == [
        ("partial_1", "sell", "5.00000", "101.00", 179_999),
        ("partial_2", "sell", "2.50000", "102.00", 239_999),
        ("target", "sell", "2.50000", "103.00", 239_999),
    ]
    assert notes(result) == [(MINUTE, "rung_beyond_target", 3)]
    (trade,) = result["trades"]
    assert (trade["exit_price"], trade["gross_quote"], trade["exit_reason"]) == (
        "101.75000000",
        "17.50000000",
        "target",
    )
    assert trade["mfe_ratio"] == 0.03  # the exit bar counts with its fills, not with its high


def test_an_open_beyond_all_rungs_fills_them_there():
    risk = "risk_management: {take_profit: {partial_exits: [{level: 0.01, percent: 0.5}, {level: 0.02, percent: 1}]}}"
    assert told(backtest(strategy(risk, FREE), bars(100, 100, (105, 106, 99, 100))))[1:] == [
        ("partial_1", "sell", "5.00000", "105.00", 2 * MINUTE),
        ("partial_2", "sell", "5.00000", "105.00", 2 * MINUTE),
    ]


# --- decisions


def test_a_reversal_closes_before_it_opens():
    logic = "entry_long: ['close == 100'], exit_long: ['close == 99'], entry_short: ['close == 99']"
    result = backtest(strategy(FREE, logic=logic), bars(100, 100, 99, (98, 99, 98, 98.5)))
    assert told(result) == [
        ("entry", "buy", "10.00000", "100.00", MINUTE),
        ("exit", "sell", "10.00000", "98.00", 3 * MINUTE),
        ("entry", "sell", "10.09090", "98.00", 3 * MINUTE),  # 999 / 99: equity still at 99
    ]
    assert result["equity"][-1] == [239_999, "9974.95455000"]  # 9980 - 0.5 x 10.0909


def test_the_same_side_is_not_entered_again_while_it_is_closed():
    logic = "entry_long: ['close == 100'], exit_long: ['close == 100']"
    result = backtest(strategy(FREE, logic=logic), bars(100, 100, 101))
    assert reasons(result) == ["entry", "exit"]
    assert notes(result) == [(119_999, "same_side_dropped", 0)]


def test_both_sides_at_once_is_neither():
    result = backtest(strategy(logic="entry_long: ['close == 100'], entry_short: ['close == 100']"), bars(100, 100.5))
    assert (result["fills"], notes(result)) == ([], [(59_999, "both_sides", 0)])


def test_a_late_close_decides_before_the_bar_that_ends_the_gap():
    table = bars(
        99, 99, 99, 99, 100, 101, missing=(3, 4)
    )  # 1m bars 0..2 and 5; the last minute of the frame is missing
    result = backtest(strategy(FREE, entry="5m", logic="entry_long: ['close == 99']"), table)
    assert told(result) == [("entry", "buy", "10.10101", "101.00", 5 * MINUTE)]
    assert result["equity"] == [[299_999, "10000.00000000"], [359_999, "10000.00000000"]]


def test_a_market_order_fills_in_a_minute_without_trades():
    risk = "risk_management: {stop_loss: {base_percent: 0.01}}"
    result = backtest(strategy(risk), bars(100, (100, 100, 90, 100, 0), 100))
    assert [(fill["reason"], fill["no_trade"]) for fill in result["fills"]] == [("entry", True)]


def test_nothing_is_decided_before_the_start_but_rules_remember():
    text = strategy(FREE, logic="entry_long: ['bars_since(close == 100) == 3']")
    result = backtest(text, bars(100, 101, 102, 103, 104, 105), start_ms=3 * MINUTE)
    assert told(result) == [("entry", "buy", "9.70873", "104.00", 4 * MINUTE)]
    assert [row[0] for row in result["equity"]] == [239_999, 299_999, 359_999]


def test_position_names_count_from_the_fill():
    text = strategy(FREE, logic="entry_long: ['close == 100'], exit_long: ['bars_held == 2', 'profit_ratio > 0.009']")
    assert reasons(backtest(text, bars(100, 100, 101, 101))) == ["entry", "exit"]
    assert reasons(backtest(text, bars(100, 100, 100.5, 101, 101))) == ["entry"]


def test_a_variant_replaces_whole_sides_and_merges_risk():
    text = strategy(
        "risk_management: {position_size: {base_size: 0.2}, stop_loss: {base_percent: 0.01}}",
        "variants: {wide: {logic: {entry_long: ['close == 101']}, risk_management: {stop_loss: {base_percent: 0.5}}}}",
        FREE,
    )
    result = backtest(text, bars(100, 101, 101), variant="wide")
    assert told(result) == [("entry", "buy", "19.80198", "101.00", 2 * MINUTE)]
    assert result["open_position"]["stop"] == "50.50"


# --- protection, commands, the end


def test_protection_closes_bars_entries_and_starts_from_a_new_peak():
    text = strategy(
        "risk_management: {position_size: {base_size: 1}}",
        "equity_protection: {drawdown_threshold: 0.1, cooldown: 3m}",
        FREE,
    )
    # 10 % below the peak at the close of minute 2: trigger at 179_999, suspended before 359_999
    result = backtest(text, bars(100, 100, 90, 90, 100, 100, 100, 100, 90, 90))
    assert [fill[::4] for fill in told(result)] == [
        ("entry", 1 * MINUTE),
        ("protection", 3 * MINUTE),
        ("entry", 6 * MINUTE),  # decided at 359_999; 299_999 was still suspended
        ("protection", 9 * MINUTE),
    ]


def test_protection_measures_the_mean_of_its_window():
    text = strategy(
        "risk_management: {position_size: {base_size: 1}}",
        "equity_protection: {drawdown_threshold: 0.1, smoothing_window: 3}",
        FREE,
    )
    result = backtest(text, bars(100, 100, 90, 89, 89, 88))
    # means over 3 closes: 10000, 10000, 9667, 9300, 8933: the peak is 10000, the trigger the close of minute 4
    assert told(result)[1:] == [("protection", "sell", "100.00000", "88.00", 5 * MINUTE)]


def test_the_total_drawdown_ends_the_run_once_flat():
    text = strategy(
        "risk_management: {position_size: {base_size: 1}}",
        "equity_protection: {drawdown_threshold: 0.9, max_drawdown_total: 0.1}",
        FREE,
    )
    result = backtest(text, bars(100, 100, 90, 90, 100, 100))
    assert reasons(result) == ["entry", "protection"]
    assert (result["status"], result["equity"][-1][0]) == ("finished", 239_999)


def test_a_short_without_equity_is_liquidated_and_the_run_finished():
    text = strategy("risk_management: {position_size: {base_size: 1}}", FREE, logic="entry_short: ['close == 100']")
    result = backtest(text, bars(100, 100, 200, 201, 202))
    assert told(result)[-1] == ("liquidation", "buy", "100.00000", "201.00", 3 * MINUTE)
    assert (result["status"], result["equity"][-1]) == ("finished", [239_999, "-100.00000000"])


@pytest.mark.parametrize(
    ("commands", "expected", "status"),
    [
        pytest.param([(2 * MINUTE, 1, "stop", {"close_position": False})], ["entry"], "stopped", id="stop and keep"),
        pytest.param(
            [(2 * MINUTE, 1, "stop", {"close_position": True})],
            ["entry", "stop_command"],
            "stopped",
            id="stop and close",
        ),
        pytest.param([(2 * MINUTE, 1, "close_position", None)], ["entry", "close_command"], "open", id="close"),
        pytest.param([(MINUTE, 1, "pause", None)], [], "open", id="a pause cancels the entry that waits"),
        pytest.param([(0, 1, "pause", None), (MINUTE, 2, "resume", None)], [], "open", id="resumed too late for it"),
        pytest.param([(2 * MINUTE, 1, "pause", None)], ["entry", "exit"], "open", id="a pause lets exits through"),
    ],
)
def test_commands_act_at_the_open_of_their_minute(commands, expected, status):
    logic = "entry_long: ['close == 100'], exit_long: ['close == 103']"
    result = backtest(strategy(FREE, logic=logic), bars(100, 101, 102, 103, 104), commands=commands)
    assert (reasons(result), result["status"]) == (expected, status)


def test_a_close_command_lets_a_waiting_entry_go_on():
    logic = "entry_long: ['close == 100'], exit_long: ['close == 99'], entry_short: ['close == 99']"
    result = backtest(
        strategy(FREE, logic=logic), bars(100, 100, 99, 98), commands=[(3 * MINUTE, 7, "close_position", None)]
    )
    assert reasons(result) == ["entry", "exit", "entry"]


# --- rules


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        pytest.param("x > 2", [False, None, True, True], id="a comparison with a value that is not ready"),
        pytest.param("x > 2 and y > 9", [False, False, False, False], id="false beats not ready"),
        pytest.param("x > 2 or y > 0", [True, True, True, True], id="true beats not ready"),
        pytest.param("not x > 2", [True, None, False, False], id="not of not ready"),
        pytest.param("x > 2 & y < 4 | y == 1", [True, None, True, False], id="signs bind like words"),
        pytest.param("1 <= y < 3", [True, True, False, False], id="chained"),
        pytest.param("x / (y - 1)", [None, None, 1.5, 4 / 3], id="division by zero is not ready"),
        pytest.param("x ** 3", [1.0, None, 27.0, 64.0], id="a power"),
        pytest.param("-7 // y + -7 % y", [-7.0, -4 + 1.0, -3 + 2.0, -2 + 1.0], id="floor and remainder"),
        pytest.param("y[2]", [None, None, 1.0, 2.0], id="two bars ago"),
        pytest.param("crosses_above(y, 2.5)", [False, False, True, False], id="crosses above"),
        pytest.param("rising(y, 2)", [None, None, True, True], id="rising"),
        pytest.param("highest(y, 3)", [None, None, 3.0, 4.0], id="highest waits for n"),
        pytest.param("bars_since(y == 2)", [None, 0.0, 1.0, 2.0], id="bars since"),
        pytest.param("between(y, 2, 3)", [False, True, True, False], id="between includes both ends"),
        pytest.param("y in [1, 4]", [True, False, False, True], id="in a list"),
        pytest.param("word == 'bull'", [True, False, None, True], id="text"),
        pytest.param("1 if x > 2 else 0", [0.0, None, 1.0, 1.0], id="either"),
        pytest.param("round(y + 0.5)", [2.0, 2.0, 4.0, 4.0], id="ties to even"),
        pytest.param("sqrt(2 - y)", [1.0, 0.0, None, None], id="the root of a negative"),
    ],
)
def test_a_rule_over_four_bars(rule, values):
    columns = {"x": [1.0, None, 3.0, 4.0], "y": [1.0, 2.0, 3.0, 4.0], "word": ["bull", "bear", None, "bull"]}
    expression = Expression(rule)
    assert [expression.next(lambda name, j=j: columns[name][j]) for j in range(4)] == values


@pytest.mark.parametrize(
    "rule", ["__import__('os')", "x.real", "[y for y in x]", "lambda: 1", "x ** 9", "f(x)", "x[y]"]
)
def test_nothing_else_is_a_rule(rule):
    with pytest.raises(ValueError, match=r"rule language|no function|no operator"):
        Expression(rule).next(lambda _: 1.0)


def test_numbers_of_a_file_are_what_a_person_wrote():
    text = (
        "timeframes: {entry: 1m}\nbacktest: {cash: 012, commission: 1e-3, from: 2025-07-1}\nexecution: {x: on, y: true}"
    )
    strategy_ = load(text)
    assert dict(strategy_.backtest) == {"cash": 12, "commission": Decimal("0.001"), "from": "2025-07-1"}
    assert dict(strategy_.execution) == {"x": "on", "y": True}
    assert duration_ms("1.5h") == 5_400_000


def test_names_of_a_higher_timeframe_hold_its_last_closed_bar():
    text = strategy(
        "indicators: [{id: slow, type: SMA, timeframe: 3m, length: 1},"
        " {id: RSI_14, type: RSI, timeframe: entry, length: 3}]",
        FREE,
        logic="entry_long: ['slow == 102 and slow_SMA_1 == slow', 'RSI_14_RSI_3 == RSI_14']",
    )
    # the 3m bar of minutes 0..2 closes at 102 with minute 2; RSI(3) is ready from minute 3 on
    assert told(backtest(text, bars(100, 101, 102, 103, 104, 105)))[0][4] == 4 * MINUTE


def test_lag_is_one_on_the_entry_timeframe_for_levels_and_regimes_only():
    kinds = ["EMA", "RSI", "ATR", "SMA", "ADX", "FVG", "VolumeProfile", "VPFVGSignal"]
    entries = [f"{{id: {k}_{t}, type: {k}, timeframe: {t}}}" for k in kinds for t in ("1m", "1h")]
    text = strategy(f"indicators: [{', '.join(entries)}, {{id: x, type: FVG, lag: 3}}]")
    assert {i.id: i.lag for i in load(text).indicators if i.lag} == {
        "ADX_1m": 1,
        "FVG_1m": 1,
        "VolumeProfile_1m": 1,
        "x": 3,
    }


# --- indicators


def frame(*rows):
    table = bars(*rows)
    return table.rename(columns={"open_time": "start"})


def test_a_profile_of_three_bars_by_hand():
    table = frame((100, 104, 100, 103, 4), (101, 102, 101, 102, 6), (102.5, 102.5, 102.5, 102.5, 5))
    p = indicators.DEFAULTS["VolumeProfile"] | {"lookback": 3, "price_bins": 4}
    out = indicators.volume_profile(table, MINUTE, p, lag=0)
    # edges 100..104; 4 shared by bins 0-3, 6 by bins 0-2, 5 in bin 2: [3, 3, 8, 1]; 70 % of 15 needs one neighbour
    expected = {
        "poc_price": 102.5,
        "vah_price": 102.5,
        "val_price": 101.5,
        "total_volume": 15.0,
        "poc_volume": 8.0,
        "value_area_volume": 11.0,
        "average_volume": 5.0,
        "poc_strength": 8 / 15,
        "value_area_width": 1.0,
        "profile_balance": 1 / 6,
        "nearest_hvn_price": 102.5,
        "nearest_lvn_price": 103.5,
        "is_hvn": True,
        "is_lvn": False,
        "volume_spike": False,
        "price_above_poc": False,
        "price_below_poc": False,
        "price_in_value_area": True,
        "dist_to_val": 1.0,
    }
    assert {name: out[name][2] for name in expected} == expected
    assert out["poc_price"][:2] == [None, None]


def test_a_profile_stands_until_the_next_grid_bar_and_acts_a_bar_late():
    table = frame(*((100 + i,) * 4 + (1,) for i in range(8)))
    p = indicators.DEFAULTS["VolumeProfile"] | {"lookback": 2, "price_bins": 1, "update_frequency": 3}
    out = indicators.volume_profile(table, MINUTE, p, lag=1)
    assert out["poc_price"] == [None] * 4 + [102.5] * 3 + [105.5]  # made at bars 3 and 6
    assert out["dist_to_poc"][4:] == [1.5, 2.5, 3.5, 1.5]  # the current close and the levels of the bar before


def test_a_profile_of_one_price_and_of_no_trades():
    p = indicators.DEFAULTS["VolumeProfile"] | {"lookback": 2}
    one = indicators.profile(np.array([7.0, 5.0]), np.array([7.0, 9.0]), np.array([3.0, 0.0]), p)
    assert (one.centre(one.poc), one.centre(one.first), one.centre(one.last), one.hvn, one.lvn) == (
        7.0,
        7.0,
        7.0,
        [],
        [],
    )
    assert indicators.profile(np.array([7.0]), np.array([9.0]), np.array([0.0]), p) is None


GAP_BARS = (
    (99, 100, 98, 99),
    (99, 103, 99, 102.5),
    (102, 104, 101, 103),  # a bullish gap 100..101: size 1 >= max(0.25 x ATR 3, 1)
    (103, 103.5, 100.5, 103),  # touches it
    (102, 102, 101.5, 102),  # above it
    (101, 101, 99.9, 100),  # fills it
)


def test_a_gap_signals_is_retested_and_filled():
    out = indicators.fvg(frame(*GAP_BARS), indicators.DEFAULTS["FVG"] | {"atr_period": 1})
    assert out["FVG_bullish_signal"] == [None, None, True, True, False, False]
    assert out["FVG_bullish_retest"] == [None, None, False, True, False, False]
    assert out["FVG_gap_filled"] == [None, None, False, False, False, True]
    assert out["FVG_nearest_support"] == [None, None, 101, 101, 101, None]
    assert out["FVG_nearest_support_mid"] == [None, None, 100.5, 100.5, 100.5, None]
    assert out["FVG_active_bullish_gaps"] == [None, None, 1, 1, 1, 0]
    assert out["FVG_bearish_signal"][2:] == [False] * 4


def test_a_gap_is_forgotten_after_its_time():
    out = indicators.fvg(frame(*GAP_BARS), indicators.DEFAULTS["FVG"] | {"atr_period": 1, "max_lookback": 2})
    assert out["FVG_active_bullish_gaps"] == [None, None, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("lvn", "hvn", "pocs", "expected"),
    [
        pytest.param(100.75, None, (1, 1), (True, "reversal", 0.5 + 0.5 * 0.5), id="a low node within reach"),
        pytest.param(None, None, (1, 1), (True, "reversal", 0.5), id="no low node at all"),
        pytest.param(109.0, 101.5, (1, 3), (True, "continuation", 0.75), id="a rising POC and a high node near"),
        pytest.param(109.0, 101.5, (1, 2), (False, "none", None), id="the POC must move by more than half an ATR"),
        pytest.param(109.0, 103.0, (1, 3), (False, "none", None), id="the high node is too far"),
    ],
)
def test_a_long_signal_of_a_gap_and_a_profile(lvn, hvn, pocs, expected):
    table = frame((100, 101, 99, 100), (100, 101, 99, 100), (100, 101, 99, 100))  # ATR 2: reach 0.5, shift above 1
    n = len(table)
    vp = {"poc_price": [*pocs[:1], *pocs], "nearest_lvn_price": [lvn] * n, "nearest_hvn_price": [hvn] * n}
    gaps = {name: [False] * n for name in ("FVG_bullish_signal", "FVG_bearish_signal")} | {
        "FVG_bullish_signal": [True] * n,
        "FVG_nearest_support_mid": [100.5] * n,
        "FVG_nearest_resistance_mid": [None] * n,
    }
    p = indicators.DEFAULTS["VPFVGSignal"] | {"atr_period": 1, "lookback_validation": 1}
    out = indicators.vpfvg_signal(table, p, vp, gaps)
    assert (out["vf_long"][2], out["signal_type"][2], out["signal_strength"][2]) == expected
    assert out["vf_short"][2] is False
    assert out["vf_long"][0] is None  # before its ATR


@pytest.fixture(scope="module")
def market():
    """A random walk with a start that only rises and a stretch without movement."""
    rng = np.random.default_rng(6)
    steps = rng.normal(0, 1, 600)
    steps[:40] = np.abs(steps[:40])
    steps[300:340] = 0
    close = 1000 + np.cumsum(steps)
    wiggle = np.where(steps == 0, 0, 1)
    high = np.maximum(close, close - steps) + wiggle * rng.random(600)
    low = np.minimum(close, close - steps) - wiggle * rng.random(600)
    return pd.DataFrame({"open": close - steps, "high": high, "low": low, "close": close, "volume": 1.0})


@pytest.fixture(scope="module")
def minutes(market):
    table = market.copy()
    table.insert(0, "open_time", np.arange(len(table)) * MINUTE)
    return table


CROSS = """
timeframes: {entry: 3m}
indicators: [{id: fast, type: EMA, timeframe: 3m, length: 3}, {id: slow, type: EMA, timeframe: 3m, length: 8}]
logic:
  entry_long: ["crosses_above(fast, slow)"]
  entry_short: ["crosses_below(fast, slow)"]
risk_management:
  position_size: {base_size: 0.9}
  stop_loss: {base_percent: 0.004}
  take_profit: {base_percent: 0.01, partial_exits: [{level: 0.003, percent: 0.4}]}
"""


def test_cash_and_all_nets_are_the_last_equity(minutes):
    result = backtest(CROSS, minutes, commands=[(590 * MINUTE, 1, "stop", {"close_position": True})])
    nets = sum(Decimal(trade["net_quote"]) for trade in result["trades"])
    assert len(result["trades"]) > 5
    assert Decimal(result["equity"][-1][1]) == 10_000 + nets


def test_the_future_never_changes_the_past(minutes):
    whole = backtest(CROSS, minutes)
    for length in (100, 301, 455):
        part = backtest(CROSS, minutes.head(length))
        for rows in ("fills", "trades", "equity"):
            assert part[rows] == whole[rows][: len(part[rows])]


@pytest.mark.parametrize("n", [2, 5, 14, 50])
@pytest.mark.parametrize("name", ["SMA", "EMA", "RSI", "ATR", "ADX", "PLUS_DI", "MINUS_DI"])
def test_it_agrees_with_talib_from_its_first_value(market, name, n):
    h, l, c = (market[column].to_numpy() for column in ("high", "low", "close"))
    ours = {
        "SMA": lambda: indicators.sma(c.tolist(), n),
        "EMA": lambda: indicators.ema(c.tolist(), n),
        "RSI": lambda: indicators.rsi(c.tolist(), n),
        "ATR": lambda: indicators.atr(market, n),
        "ADX": lambda: indicators.adx(market, n)[0],
        "PLUS_DI": lambda: indicators.adx(market, n)[1],
        "MINUS_DI": lambda: indicators.adx(market, n)[2],
    }[name]()
    function = getattr(talib, name)
    theirs = function(c, n) if name in ("SMA", "EMA", "RSI") else function(h, l, c, n)
    assert [value is None for value in ours] == np.isnan(theirs).tolist()
    np.testing.assert_allclose([np.nan if v is None else v for v in ours], theirs, rtol=1e-9, atol=1e-12)


def test_a_flat_market_gives_the_middle_of_the_range():
    assert indicators.rsi([5.0] * 5, 3) == [None, None, None, 50.0, 50.0]
