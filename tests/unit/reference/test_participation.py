"""The reference's partial fills by hand: in at 100, an entry of 10, without costs."""

import pytest

from tests.support.by_hand import MINUTE, NO_COSTS, RULES, backtest, bars, flat, notes, orders, reasons, strategy, told
from tests.support.reference.backtest import run

LONG = "entry_long: ['close == 100'], exit_long: ['close == 105']"


def shared(*more, risk="", execution="", logic=LONG):
    """Half of each bar's volume may fill."""
    lines = (f"execution: {{{NO_COSTS}, participation: 0.5{execution}}}", f"risk_management: {{{risk}}}", *more)
    return strategy(*lines, logic=logic)


def test_an_entry_goes_on_at_the_next_opens():
    result = backtest(shared(), bars(flat(100, 1), flat(100, 8), flat(101, 8), flat(102, 8), flat(103, 8)))
    assert orders(result) == [
        ("submitted", MINUTE - 1, "10.00000", None, "entry"),
        ("partially_filled", MINUTE, "4.00000", "100.00", "entry"),
        ("partially_filled", 2 * MINUTE, "4.00000", "101.00", "entry"),
        ("filled", 3 * MINUTE, "2.00000", "102.00", "entry"),
    ]
    assert result["open_position"]["entry_price"] == "100.80000000"  # (400 + 404 + 204) / 10
    assert result["open_position"]["quantity"] == "10.00000"


def test_lots_are_floored_and_a_minute_without_volume_fills_nothing():
    result = backtest(shared(), bars(flat(100, 1), flat(100, 0), flat(101, 0.00003), flat(102, 0.00002)))
    assert told(result) == [
        ("entry", "buy", "0.00001", "101.00", 2 * MINUTE),
        ("entry", "buy", "0.00001", "102.00", 3 * MINUTE),
    ]


def test_volume_counts_up_to_ten_thousand_millions():
    risk = "position_size: {base_size: 10, max_position_pct: 10}"
    cheap = {**RULES, "lot_step": "1", "min_quantity": "1", "tick_size": "0.00000001"}
    text = shared(risk=risk, logic="entry_long: ['close == 0.0000001']").replace("0.5", "0.000001")
    result = run(text, bars(flat(1e-7, 1), flat(1e-7, 1e15)), cheap)
    assert [fill["quantity"] for fill in result["fills"]] == ["10000"]  # 1e10 x 1e-6


def test_with_each_part_the_exits_are_laid_anew_from_the_entry_price():
    ladder = "partial_exits: [{level: 0.05, percent: 0.5}]"
    risk = f"stop_loss: {{base_percent: 0.01}}, take_profit: {{base_percent: 0.1, {ladder}}}"
    result = backtest(shared(risk=risk), bars(flat(100, 1), flat(100, 8), flat(102, 100)))
    assert orders(result, side="sell") == [
        ("submitted", MINUTE, "4.00000", "99.00", "stop"),
        ("submitted", MINUTE, "4.00000", "110.00", "target"),
        ("submitted", MINUTE, "2.00000", "105.00", "partial_1"),
        ("cancelled", 2 * MINUTE, "0.00000", None, "replaced"),
        ("cancelled", 2 * MINUTE, "0.00000", None, "replaced"),
        ("cancelled", 2 * MINUTE, "0.00000", None, "replaced"),
        ("submitted", 2 * MINUTE, "10.00000", "100.19", "stop"),  # from 101.20 = (400 + 612) / 10: 100.188
        ("submitted", 2 * MINUTE, "10.00000", "111.32", "target"),
        ("submitted", 2 * MINUTE, "5.00000", "106.26", "partial_1"),
    ]


def test_a_stop_that_has_moved_stays_where_it_is_tighter():
    risk = "stop_loss: {base_percent: 0.05, trailing: {percent: 0.02}}"
    rows = (flat(100, 1), (100, 104, 100, 104, 8), flat(103, 100))
    assert orders(backtest(shared(risk=risk), bars(*rows)), "stop") == [
        ("submitted", MINUTE, "4.00000", "95.00", "stop"),
        ("amended", 2 * MINUTE - 1, "4.00000", "101.92", "trailing"),
        ("cancelled", 2 * MINUTE, "0.00000", None, "replaced"),
        ("submitted", 2 * MINUTE, "10.00000", "101.92", "trailing"),  # tighter than 95 % of 101.80
    ]


def test_a_stop_that_has_moved_gives_way_to_a_new_one_that_is_as_tight():
    """The best of 102 less 2 % is the entry price of 102 less 2 %: (500 + 520) / 10."""
    risk = "stop_loss: {base_percent: 0.02, trailing: {percent: 0.02}}"
    rows = (flat(100, 1), (100, 102, 100, 102, 10), flat(104, 100))
    assert orders(backtest(shared(risk=risk), bars(*rows)), "stop")[1:4] == [
        ("amended", 2 * MINUTE - 1, "5.00000", "99.96", "trailing"),
        ("cancelled", 2 * MINUTE, "0.00000", None, "replaced"),
        ("submitted", 2 * MINUTE, "10.00000", "99.96", "stop"),
    ]


def test_a_target_in_multiples_measures_from_the_first_stop_not_from_the_one_that_moved():
    risk = "stop_loss: {base_percent: 0.05, trailing: {percent: 0.02}}, take_profit: {r_multiple: 2}"
    result = backtest(shared(risk=risk), bars(flat(100, 1), (100, 104, 100, 104, 8), flat(103, 100)))
    # entry price (400 + 618) / 10 = 101.80; a first stop of 96.71, twice 5.09 away; the moved one stays at 101.92
    assert orders(result, side="sell")[-2:] == [
        ("submitted", 2 * MINUTE, "10.00000", "101.92", "trailing"),
        ("submitted", 2 * MINUTE, "10.00000", "111.98", "target"),
    ]


def test_a_stop_that_would_be_invalid_anew_stays():
    risk = "stop_loss: {price: '99'}"
    result = backtest(shared(risk=risk), bars(flat(100, 1), (100, 100, 99.5, 99.5, 8), flat(96.5, 100)))
    # entry price (400 + 579) / 10 = 97.90, under the stop at 99, which the same open has reached
    assert orders(result, "stop") == [
        ("submitted", MINUTE, "4.00000", "99.00", "stop"),
        ("cancelled", 2 * MINUTE, "0.00000", None, "replaced"),
        ("submitted", 2 * MINUTE, "10.00000", "99.00", "stop"),
        ("filled", 2 * MINUTE, "10.00000", "96.50", "stop"),
    ]


def test_a_stop_touched_when_the_bar_has_no_lots_left_rests_on():
    risk = "stop_loss: {base_percent: 0.01}"
    result = backtest(shared(risk=risk), bars(flat(100, 1), (100, 100, 98, 98, 8), flat(100, 4), flat(98, 100)))
    # minute 1: 4 in, the stop at 99 is touched in vain; minute 2: 2 more; minute 3: the last 4 in, then the stop
    assert [(fill["reason"], fill["quantity"], fill["price"]) for fill in result["fills"]] == [
        ("entry", "4.00000", "100.00"),
        ("entry", "2.00000", "100.00"),
        ("entry", "4.00000", "98.00"),
        ("stop", "10.00000", "98.00"),
    ]


def test_a_stop_that_is_not_filled_whole_becomes_the_close_that_waits():
    risk = "stop_loss: {base_percent: 0.01, trailing: {percent: 0.02}}, take_profit: {base_percent: 0.1}"
    rows = (flat(100, 1), flat(100, 20), (100, 100, 98, 98, 6), (120, 120, 118, 119, 6), flat(119, 60))
    result = backtest(shared(risk=risk), bars(*rows))
    assert orders(result, side="sell") == [
        ("submitted", MINUTE, "10.00000", "99.00", "stop"),
        ("submitted", MINUTE, "10.00000", "110.00", "target"),
        ("partially_filled", 3 * MINUTE - 1, "3.00000", "99.00", "stop"),
        (
            "partially_filled",
            3 * MINUTE,
            "3.00000",
            "120.00",
            "stop",
        ),  # takes all lots before the target, moves no more
        ("filled", 4 * MINUTE, "4.00000", "119.00", "stop"),
        ("cancelled", 4 * MINUTE, "0.00000", None, "position_closed"),
    ]
    assert result["trades"][0]["exit_price"] == "113.30000000"  # (297 + 360 + 476) / 10


def test_rungs_and_targets_rest_on_with_what_is_left():
    risk = "take_profit: {base_percent: 0.1, partial_exits: [{level: 0.05, percent: 0.5}]}"
    rows = (flat(100, 1), flat(100, 20), (100, 106, 100, 104, 6), (104, 106, 104, 104, 9), (112, 112, 111, 111, 6))
    result = backtest(shared(risk=risk), bars(*rows, flat(111, 6)))
    assert [order[:4] for order in orders(result, side="sell")[2:]] == [
        ("partially_filled", 3 * MINUTE - 1, "3.00000", "105.00"),
        ("filled", 4 * MINUTE - 1, "2.00000", "105.00"),
        ("partially_filled", 4 * MINUTE, "3.00000", "112.00"),
        ("filled", 5 * MINUTE, "2.00000", "111.00"),
    ]


def test_a_fill_that_reduces_the_position_cancels_the_rest_of_its_entry():
    execution = ", order_type: limit, limit_offset_bps: 100, expire_bars: 9"
    risk = "stop_loss: {base_percent: 0.01}"
    rows = (flat(100, 1), (100, 100, 98.5, 99, 8), (99.5, 99.5, 98, 98, 6), flat(98, 60))
    result = backtest(shared(risk=risk, execution=execution), bars(*rows))
    assert orders(result)[3:] == [
        ("partially_filled", 3 * MINUTE - 1, "3.00000", "98.01", "stop"),
        ("cancelled", 3 * MINUTE - 1, "6.10101", "99.00", "position_reduced"),
        ("filled", 3 * MINUTE, "1.00000", "98.00", "stop"),
    ]


def test_the_rest_of_a_limit_entry_expires():
    execution = ", order_type: limit, limit_offset_bps: 100, expire_bars: 2"
    result = backtest(
        shared(execution=execution), bars(flat(100, 1), (100, 100, 98, 101, 8), flat(101, 8), flat(90, 8))
    )
    assert orders(result)[1:] == [
        ("partially_filled", 2 * MINUTE - 1, "4.00000", "99.00", "entry"),
        ("expired", 3 * MINUTE - 1, "6.10101", "99.00", "expired"),
    ]


def test_the_rest_of_a_triggered_stop_entry_goes_on_at_the_next_opens_and_does_not_expire():
    execution = ", order_type: stop, stop_offset_bps: 100"
    rows = (flat(100, 1), (100, 102, 100, 102, 8), flat(101.5, 0), flat(99, 8), flat(98, 8))
    assert orders(backtest(shared(execution=execution), bars(*rows)))[1:] == [
        ("partially_filled", 2 * MINUTE - 1, "4.00000", "101.00", "entry"),
        ("partially_filled", 3 * MINUTE, "4.00000", "99.00", "entry"),
        ("filled", 4 * MINUTE, "1.90099", "98.00", "entry"),
    ]


@pytest.mark.parametrize(
    ("volume", "part", "rest"),
    [
        pytest.param(20, "10.00000", [("amended", "10.00000"), ("filled", "10.00000")], id="lowered to the cash left"),
        pytest.param(
            49.99998, "24.99999", [("cancelled", "0.00001")], id="cancelled where not one more lot is covered"
        ),
    ],
)
def test_a_further_part_is_lowered_to_cash(volume, part, rest):
    """100 wanted: 50 at 100 leave 5000, which cover 25 at 200; what that leaves is spent at 300."""
    rows = (flat(100, 1), flat(100, 100), flat(200, volume), flat(300, 100))
    result = backtest(shared(risk="position_size: {base_size: 1}"), bars(*rows))
    assert [(order[0], order[2]) for order in orders(result)[2:]] == [
        ("amended", "25.00000"),
        ("partially_filled", part),
        *rest,
    ]


def test_a_decided_close_cancels_the_rest_of_its_side_before_it_is_submitted():
    result = backtest(shared(), bars(flat(100, 1), flat(105, 8), flat(105, 6), flat(105, 60)))
    assert orders(result)[2:] == [
        ("cancelled", 2 * MINUTE - 1, "6.00000", None, "exit"),
        ("submitted", 2 * MINUTE - 1, "4.00000", None, "exit"),
        ("partially_filled", 2 * MINUTE, "3.00000", "105.00", "exit"),
        ("filled", 3 * MINUTE, "1.00000", "105.00", "exit"),
    ]


def test_an_entry_of_the_other_side_waits_until_the_position_is_flat():
    logic = "entry_long: ['close == 100'], exit_long: ['close == 105'], entry_short: ['close == 105']"
    result = backtest(
        shared(logic=logic), bars(flat(100, 1), flat(100, 20), flat(105, 1), flat(104, 6), flat(103, 100))
    )
    assert told(result)[1:] == [
        ("exit", "sell", "3.00000", "104.00", 3 * MINUTE),
        ("exit", "sell", "7.00000", "103.00", 4 * MINUTE),
        ("entry", "sell", "9.57142", "103.00", 4 * MINUTE),  # 10050 / 105: 10 % of the equity at its decision
    ]


def test_a_stop_of_the_run_that_fills_in_part_ends_it_where_it_is_flat():
    rows = (flat(100, 1), flat(100, 20), flat(101, 6), flat(100, 6), flat(102, 60), flat(103, 60))
    commands = [(2 * MINUTE, 1, "stop", {"close_position": True}), (3 * MINUTE, 2, "stop", {"close_position": False})]
    result = backtest(shared(), bars(*rows), commands=commands)
    assert reasons(result) == ["entry", "stop_command", "stop_command", "stop_command"]
    assert (result["status"], notes(result)) == ("stopped", [(5 * MINUTE - 1, "stopped", 0)])
