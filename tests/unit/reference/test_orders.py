"""The reference's resting entries and moving stops by hand: in at 100 or beside it, without costs."""

import pytest

from tests.support.by_hand import MINUTE, NO_COSTS, backtest, bars, notes, orders, reasons, strategy, told

CLOSE_0, CLOSE_1, CLOSE_2, CLOSE_3 = 59_999, 119_999, 179_999, 239_999


def entered(kind, *more, side="long", execution="", risk=""):
    """Enters after a close at 100, 100 bps away from it."""
    offset = "" if kind == "market" else f", {kind}_offset_bps: 100"
    return strategy(
        f"execution: {{{NO_COSTS}, order_type: {kind}{offset}{execution}}}",
        f"risk_management: {{{risk}}}",
        *more,
        logic=f"entry_{side}: ['close == 100'], exit_{side}: ['close == 105']",
    )


# --- entries that rest


@pytest.mark.parametrize(
    ("kind", "side", "bar", "fill"),
    [
        pytest.param("limit", "long", (100, 101, 99, 101), None, id="touching a limit is not enough"),
        pytest.param("limit", "long", (100, 101, 98.99, 101), ("99.00", CLOSE_1, "maker"), id="traded through"),
        pytest.param("limit", "long", (98, 101, 97, 101), ("98.00", MINUTE, "maker"), id="an open passes it"),
        pytest.param("limit", "long", (99, 101, 99, 101), None, id="an open on it does not"),
        pytest.param("limit", "long", (97, 99, 97, 98, 0), None, id="nothing rests in a minute without trades"),
        pytest.param("limit", "short", (100, 101.01, 99, 99), ("101.00", CLOSE_1, "maker"), id="a short's lies above"),
        pytest.param("stop", "long", (100, 100.99, 99, 99), None, id="a trigger that is not touched"),
        pytest.param("stop", "long", (100, 101, 99, 99), ("101.00", CLOSE_1, "taker"), id="touching it is enough"),
        pytest.param("stop", "long", (102, 103, 101, 99), ("102.00", MINUTE, "taker"), id="an open beyond it"),
        pytest.param("stop", "short", (100, 101, 99, 101), ("99.00", CLOSE_1, "taker"), id="a short's lies below"),
    ],
)
def test_an_entry_that_rests_meets_a_bar(kind, side, bar, fill):
    result = backtest(entered(kind, side=side), bars(100, bar))
    found = [(row["price"], row["ts_ms"], row["liquidity"]) for row in result["fills"]]
    assert found == ([fill] if fill else [])


def test_its_price_stands_in_for_the_close_in_its_quantity():
    limit, stop = (backtest(entered(kind), bars(100)) for kind in ("limit", "stop"))
    assert orders(limit) == [("submitted", CLOSE_0, "10.10101", "99.00", "entry")]  # 1000 / 99
    assert orders(stop) == [("submitted", CLOSE_0, "9.90099", "101.00", "entry")]


def test_it_is_sized_by_the_risk_that_its_price_would_run():
    risk = "position_size: {risk_pct: 0.01}, stop_loss: {base_percent: 0.02}"
    ((_, _, quantity, _, _),) = orders(backtest(entered("limit", risk=risk), bars(100)))
    assert quantity == "50.50505"  # 100 / (99 x 0.02)


def test_a_trigger_is_taken_with_costs_and_names_its_reference():
    text = strategy("execution: {order_type: stop, stop_offset_bps: 100}")
    (fill,) = backtest(text, bars(100, (100, 101, 100, 101)))["fills"]
    assert (fill["price"], fill["reference_price"], fill["liquidity"]) == ("101.04", "101.00", "taker")  # 101.0303, up


@pytest.mark.parametrize(
    ("lives", "ends"), [("", CLOSE_1), (", expire_bars: 1", CLOSE_1), (", expire_bars: 3", CLOSE_3)]
)
def test_it_ends_after_its_entry_closes(lives, ends):
    result = backtest(entered("limit", execution=lives), bars(100, 101, 101, 101, 90))
    assert orders(result)[1:] == [("expired", ends, "10.10101", "99.00", "expired")]


def test_entry_closes_are_counted_not_minutes():
    text = strategy(
        "execution: {order_type: limit, limit_offset_bps: 100, expire_bars: 2}",
        entry="3m",
        logic="entry_long: ['close == 100']",
    )
    result = backtest(text, bars(100, 100, 100, *[101] * 6, 90))
    assert [(event, at) for event, at, *_ in orders(result)] == [("submitted", CLOSE_2), ("expired", 9 * MINUTE - 1)]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        pytest.param(100, [("cancelled", "replaced"), ("submitted", "entry")], id="a newer decision replaces it"),
        pytest.param(105, [("cancelled", "exit")], id="an exit rule of its side cancels it"),
        pytest.param(104, [], id="anything else lets it rest"),
    ],
)
def test_a_later_close_meets_an_entry_that_rests(second, expected):
    result = backtest(entered("limit", execution=", expire_bars: 9"), bars(100, second))
    assert [(event, reason) for event, at, _, _, reason in orders(result)[1:] if at == CLOSE_1] == expected


def test_a_replaced_entry_is_gone_even_if_the_new_one_comes_to_nothing():
    risk = "stop_loss: {price: '99 if close < 101 else close[9]'}"
    text = entered("limit", execution=", expire_bars: 9", risk=risk).replace("['close == 100']", "['close > 0']")
    assert orders(backtest(text, bars(100, 102)))[1:] == [
        ("cancelled", CLOSE_1, "10.10101", "99.00", "replaced"),
        ("rejected", CLOSE_1, "0.00000", "100.98", "not_ready"),
    ]


def test_both_sides_at_once_let_it_rest():
    text = entered("limit", execution=", expire_bars: 9").replace(
        "entry_long: ['close == 100']", "entry_long: ['close > 0'], entry_short: ['close == 101']"
    )
    result = backtest(text, bars(100, 101))
    assert (len(orders(result)), notes(result)) == (1, [(CLOSE_1, "both_sides", 0)])


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("pause", None), "pause_command"),
        (("stop", {"close_position": True}), "stop_command"),
        (("stop", {"close_position": False}), "stop_command"),
        (("close_position", None), None),
    ],
)
def test_commands_and_an_entry_that_rests(command, reason):
    text = entered("limit", execution=", expire_bars: 9")
    result = backtest(text, bars(100, 101, 101, 98), commands=[(2 * MINUTE, 1, *command)])
    expected = ("filled", 3 * MINUTE, "10.10101", "98.00", "entry")
    if reason:
        expected = ("cancelled", 2 * MINUTE, "10.10101", "99.00", reason)
    assert orders(result)[1] == expected


# --- positions entered inside a bar


def test_its_stop_can_be_touched_in_the_bar_that_it_was_entered_in():
    result = backtest(entered("limit", risk="stop_loss: {base_percent: 0.01}"), bars(100, (100, 101, 98, 98.5)))
    assert told(result) == [
        ("entry", "buy", "10.10101", "99.00", CLOSE_1),
        ("stop", "sell", "10.10101", "98.01", CLOSE_1),
    ]
    (trade,) = result["trades"]
    assert (trade["mae_ratio"], trade["mfe_ratio"]) == (pytest.approx(-0.01, rel=1e-15), 0.0)


def test_it_takes_no_profit_in_that_bar():
    risk = "take_profit: {base_percent: 0.01}"
    result = backtest(entered("limit", risk=risk), bars(100, (99.5, 101, 98.5, 99.9), (99.9, 100.5, 99.9, 100.4)))
    assert told(result)[1:] == [("target", "sell", "10.10101", "99.99", CLOSE_2)]
    (trade,) = result["trades"]
    assert trade["mae_ratio"] == 0.0  # of the bar it was entered in only the close counts


def test_entered_at_an_open_it_lives_the_rest_of_the_bar():
    result = backtest(entered("limit", risk="take_profit: {base_percent: 0.01}"), bars(100, (98.5, 99.8, 98.4, 99)))
    assert told(result) == [
        ("entry", "buy", "10.10101", "98.50", MINUTE),
        ("target", "sell", "10.10101", "99.48", CLOSE_1),  # 99.485: ties to even
    ]


# --- stops that move: in at 100 at the open of minute 1, first stop 95, so a risk of 5


def moved(stop, *rows, side="long"):
    risk = f"stop_loss: {{base_percent: 0.05, {stop}}}"
    result = backtest(entered("market", risk=risk, side=side), bars(100, *rows))
    amended = [(at, price, reason) for event, at, _, price, reason in orders(result, "stop") if event == "amended"]
    return amended, result


def test_a_trailing_stop_follows_the_best_price_and_never_loosens():
    amended, result = moved(
        "trailing: {percent: 0.02}",
        (100, 103, 99, 102),
        (102, 104, 101, 103),
        (103, 103, 102, 102),
        (102, 102, 101, 101),
    )
    assert amended == [(CLOSE_1, "100.94", "trailing"), (CLOSE_2, "101.92", "trailing")]  # 98 % of 103, of 104
    assert told(result)[1:] == [("trailing", "sell", "10.00000", "101.92", 5 * MINUTE - 1)]


def test_of_a_short_it_comes_down():
    amended, result = moved("trailing: {percent: 0.02}", (100, 101, 97, 98), (99, 99, 97.5, 98), side="short")
    assert amended == [(CLOSE_1, "98.94", "trailing")]
    assert told(result)[1:] == [("trailing", "buy", "10.00000", "99.00", 2 * MINUTE)]  # the open is beyond it


@pytest.mark.parametrize(
    ("stop", "high", "expected"),
    [
        pytest.param("trailing: {percent: 0.02, activate_at_r: 1}", 104.99, [], id="short of one risk"),
        pytest.param(
            "trailing: {percent: 0.02, activate_at_r: 1}", 105, [(CLOSE_1, "102.90", "trailing")], id="at one risk"
        ),
        pytest.param("breakeven_at_r: 0.5", 102.49, [], id="short of half a risk"),
        pytest.param("breakeven_at_r: 0.5", 102.5, [(CLOSE_1, "100.00", "breakeven")], id="at half a risk"),
        pytest.param(
            "breakeven_at_r: 0.5, trailing: {percent: 0.02}",
            104,
            [(CLOSE_1, "101.92", "trailing")],
            id="trailing is tighter",
        ),
        pytest.param(
            "breakeven_at_r: 0.5, trailing: {percent: 0.04}",
            104,
            [(CLOSE_1, "100.00", "breakeven")],
            id="break-even is tighter",
        ),
        pytest.param("trailing: {percent: 0.05}", 100, [], id="as tight is not tighter"),
    ],
)
def test_what_moves_the_stop(stop, high, expected):
    assert moved(stop, (100, high, 100, 100))[0] == expected


def test_a_stop_that_is_as_tight_keeps_its_reason():
    _, result = moved("trailing: {percent: 0.05}", (100, 100, 100, 100), (96, 96, 95, 95))
    assert told(result)[1:] == [("stop", "sell", "10.00000", "95.00", CLOSE_2)]
    amended, _ = moved("breakeven_at_r: 1, trailing: {percent: 0.2}", (100, 125, 100, 125))
    assert amended == [(CLOSE_1, "100.00", "breakeven")]  # 80 % of 125 is the entry price too


def test_the_best_price_is_the_fill_at_first():
    text = strategy("risk_management: {stop_loss: {base_percent: 0.05, trailing: {percent: 0.02}}}")
    # in at 100.03 with costs, above the bar; 98 % of it is 98.0294
    assert orders(backtest(text, bars(100, 100)), "stop") == [
        ("submitted", MINUTE, "10.00000", "95.03", "stop"),
        ("amended", CLOSE_1, "10.00000", "98.03", "trailing"),
    ]


def test_a_stop_at_break_even_says_so():
    _, result = moved("breakeven_at_r: 0.5", (100, 103, 100, 102), (101, 101, 99, 99))
    assert told(result)[1:] == [("breakeven", "sell", "10.00000", "100.00", CLOSE_2)]


def test_of_the_bar_that_it_was_entered_in_only_the_close_counts():
    risk = "stop_loss: {base_percent: 0.05, trailing: {percent: 0.02}}"
    result = backtest(entered("limit", risk=risk), bars(100, (100, 110, 98, 102), (102, 102, 101, 101)))
    assert orders(result, "stop") == [
        ("submitted", CLOSE_1, "10.10101", "94.05", "stop"),
        ("amended", CLOSE_1, "10.10101", "99.96", "trailing"),  # 98 % of 102
    ]


def test_a_trailing_stop_keeps_the_distance_of_an_atr_from_before_the_bar():
    text = entered(
        "market",
        "indicators: [{id: ATR, type: ATR, timeframe: entry, period: 1}]",
        risk="stop_loss: {base_percent: 0.05, trailing: {atr: {id: ATR, mult: 1}}}",
    )
    # true ranges 2 (decides), 4, 2.5: at the close of minute 2 the 2 is known, at that of minute 3 the 4
    result = backtest(text, bars((99, 101, 98, 99), (99, 101, 99, 100), (100, 104, 100, 103), (103, 105, 102.5, 104)))
    assert orders(result, "stop")[1:] == [("amended", CLOSE_2, "10.00000", "102.00", "trailing")]


# --- ends by time


def test_a_time_exit_is_decided_at_the_close_where_the_bars_are_held():
    text = entered("market", risk="time_exit: {bars: 2}")
    assert told(backtest(text, bars(100, 101, 101, 102)))[1:] == [
        ("time_exit", "sell", "10.00000", "102.00", 3 * MINUTE)
    ]


def test_an_exit_rule_wins_over_it_at_the_same_close():
    text = entered("market", risk="time_exit: {bars: 2}")
    assert reasons(backtest(text, bars(100, 101, 105, 102))) == ["entry", "exit"]


def test_the_other_side_may_be_entered_where_it_ends():
    text = entered("market", risk="time_exit: {bars: 2}").replace(
        "entry_long", "entry_short: ['close == 101'], entry_long"
    )
    assert reasons(backtest(text, bars(100, 102, 101, 102))) == ["entry", "time_exit", "entry"]


@pytest.mark.parametrize(
    ("after", "exit_price", "entries"),
    [
        pytest.param("", 110, [1, 5], id="after any trade by default"),
        pytest.param(", after: any", 110, [1, 5], id="after any trade"),
        pytest.param(", after: loss", 110, [1, 3], id="not after a gain"),
        pytest.param(", after: loss", 90, [1, 5], id="after a loss"),
        pytest.param(", after: loss", 100, [1, 5], id="net 0 is a loss"),
    ],
)
def test_a_cooldown_bars_the_next_entry_closes(after, exit_price, entries):
    """Out at the open of minute 2; the closes of minutes 2 and 3 are the two that are barred."""
    text = entered("market", risk=f"cooldown: {{bars: 2{after}}}")
    result = backtest(text, bars(100, 105, (exit_price, exit_price, exit_price, 100), 100, 100, 100))
    assert [fill["ts_ms"] // MINUTE for fill in result["fills"] if fill["reason"] == "entry"] == entries


def test_a_cooldown_leaves_an_entry_that_rests_alone():
    text = strategy(
        f"execution: {{{NO_COSTS}, order_type: limit, limit_offset_bps: 100, expire_bars: 9}}",
        "risk_management: {cooldown: {bars: 5}, stop_loss: {base_percent: 0.01}}",
        logic="entry_long: ['close == 100'], entry_short: ['close == 99.5'], exit_long: ['close == 99.5']",
    )
    result = backtest(text, bars(100, (100, 100, 98.5, 99.5), (99, 99.2, 98.5, 99), (100, 100.6, 100, 100)))
    # long in at 99, out at the open of 99; the short of the same close rests at 100.50 (100.495, ties to even: 100.5)
    assert told(result) == [
        ("entry", "buy", "10.10101", "99.00", CLOSE_1),
        ("exit", "sell", "10.10101", "99.00", 2 * MINUTE),
        ("entry", "sell", "9.95527", "100.50", CLOSE_3),
    ]
