"""The reference's partial fills, suspensions and sizing by volatility by hand: in at 100, without costs."""

from decimal import Decimal
from fractions import Fraction

import pytest

from tests.support.by_hand import MINUTE, RULES, backtest, bars, notes, orders, reasons, strategy, told
from tests.support.reference.backtest import run
from tests.support.reference.risk import over_root

NOTHING = "slippage_bps: 0, half_spread_bps: 0, commission_maker: 0, commission_taker: 0"
DAY_MS = 86_400_000
ATR = "type: ATR, period: 1"
LONG = "entry_long: ['close == 100'], exit_long: ['close == 105']"


def flat(price, volume):
    return (price, price, price, price, volume)


def shared(*more, risk="", execution="", logic=LONG):
    """Half of each bar's volume may fill."""
    lines = (f"execution: {{{NOTHING}, participation: 0.5{execution}}}", f"risk_management: {{{risk}}}", *more)
    return strategy(*lines, logic=logic)


# --- participation: an entry of 10


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


# --- next to nothing


@pytest.mark.parametrize(
    ("rows", "rejection"),
    [
        pytest.param((100, 0.004), ("rejected", 2 * MINUTE - 1, "0.00000", None, "min_quantity"), id="decided at"),
        pytest.param((100, 0.004), ("rejected", MINUTE, "10.00000", None, "min_notional"), id="filled at"),
    ],
)
def test_a_price_of_no_tick_buys_nothing(rows, rejection):
    text = strategy(f"execution: {{{NOTHING}}}", logic="entry_long: ['close > 0']")
    assert rejection in orders(backtest(text, bars(*rows)))


# --- sizing by volatility


@pytest.mark.parametrize(
    ("value", "radicand", "whole"),
    [(2, 4, 1), (3, 4, 2), (1, 4, 0), (5, 4, 2), (10, 3, 6), (10**20, 2, 70710678118654752440)],
)
def test_a_quotient_by_a_root_lands_on_the_nearest_whole_number(value, radicand, whole):
    assert over_root(Decimal(value), Fraction(radicand)) == whole


def test_volatility_sizes_by_the_range_of_a_bar():
    text = strategy(
        f"indicators: [{{id: ATR, {ATR}, timeframe: 1m}}]",
        f"execution: {{{NOTHING}}}",
        "risk_management: {position_size: {volatility_target: 0.5}}",
    )
    result = backtest(text, bars(100, (100, 101, 99, 100), 100))
    # ready one bar later; 0.5 / sqrt(525600) = 0.000689671684, of 10000 over a range of 2
    assert orders(result)[:2] == [
        ("rejected", MINUTE - 1, "0.00000", None, "not_ready"),
        ("submitted", 2 * MINUTE - 1, "3.44835", None, "entry"),
    ]


@pytest.mark.parametrize(
    ("more", "quantity"), [("", "13.35543"), (", atr: slow", "3.44835"), (", max_position_pct: 0.02", "2.00000")]
)
def test_volatility_is_that_of_its_atr_and_is_capped(more, quantity):
    text = strategy(
        f"indicators: [{{id: fast, {ATR}, timeframe: 15m}}, {{id: slow, {ATR}, timeframe: 1m}}]",
        f"risk_management: {{position_size: {{volatility_target: 0.5{more}}}}}",
        entry="1m",
    )
    rows = bars(*[(101, 102, 100, 101)] * 29, (100, 102, 100, 100))
    assert orders(backtest(text, rows))[0][2] == quantity  # 0.5 / sqrt(35040) = 0.002671086


def test_an_atr_of_nothing_is_not_ready():
    text = strategy(
        f"indicators: [{{id: ATR, {ATR}, timeframe: 1m}}]",
        "risk_management: {position_size: {volatility_target: 1}}",
    )
    assert orders(backtest(text, bars(100, 100)))[1][4] == "not_ready"


# --- suspensions


def test_a_daily_loss_closes_and_suspends_until_midnight():
    text = strategy(
        f"execution: {{{NOTHING}}}",
        "risk_management: {position_size: {base_size: 1}}",
        "equity_protection: {max_daily_loss: 0.05}",
    )
    table = bars(*[100] * 2, 95.01, 95, *[100] * 1439, missing=range(6, 1438))
    result = backtest(text, table)
    assert notes(result) == [(4 * MINUTE - 1, "daily_loss", DAY_MS)]
    assert [fill[::4] for fill in told(result)] == [
        ("entry", MINUTE),
        ("daily_loss", 4 * MINUTE),
        ("entry", DAY_MS + MINUTE),  # decided at the first close of the new day; that of 23:59 was still suspended
    ]


def test_a_day_is_measured_from_the_close_before_it():
    text = strategy(
        f"execution: {{{NOTHING}}}",
        "risk_management: {position_size: {base_size: 1}}",
        "equity_protection: {max_daily_loss: 0.1, drawdown_threshold: 1}",
    )
    table = bars(*[100] * 1439, 94, 86, 84.6, 84.6, missing=range(3, 1438))
    # 100 units: 9400 at the last close of the first day, 8600 lost too little of it, 8460 is 10 % down
    assert notes(backtest(text, table)) == [(DAY_MS + 2 * MINUTE - 1, "daily_loss", 2 * DAY_MS)]


def test_losses_in_a_row_suspend_and_the_count_restarts():
    text = strategy(
        f"execution: {{{NOTHING}}}",
        "risk_management: {stop_loss: {base_percent: 0.01}}",
        "equity_protection: {max_consecutive_losses: 2, cooldown: 2m}",
    )
    lost = (100, 100, 99, 100)
    result = backtest(text, bars(100, lost, lost, 100, 100, lost, 100, 100))
    # stopped in minutes 1 and 2; the closes of 2 and 3 are suspended, that of 4 is not; one loss in minute 5
    assert notes(result) == [(3 * MINUTE - 1, "consecutive_losses", 5 * MINUTE - 1)]
    assert [ms // MINUTE for reason, *_, ms in told(result) if reason == "entry"] == [1, 2, 5, 6]


def test_a_trade_without_gain_counts_as_a_loss():
    text = strategy(
        f"execution: {{{NOTHING}}}",
        "equity_protection: {max_consecutive_losses: 1, cooldown: 2m}",
        logic="entry_long: ['close == 100'], exit_long: ['close == 101']",
    )
    result = backtest(text, bars(100, (100, 101, 100, 101), (100, 101, 100, 101)))
    assert notes(result) == [(3 * MINUTE - 1, "consecutive_losses", 5 * MINUTE - 1)]


def test_triggers_of_one_close_are_told_in_their_order():
    text = strategy(
        f"execution: {{{NOTHING}}}",
        "risk_management: {position_size: {base_size: 1}, stop_loss: {base_percent: 0.06}}",
        "equity_protection: {drawdown_threshold: 0.05, max_daily_loss: 0.05, max_consecutive_losses: 1}",
    )
    result = backtest(text, bars(100, (100, 100, 94, 94)))
    assert [note for _, note, _ in notes(result)] == ["suspended", "daily_loss", "consecutive_losses"]


def test_a_run_that_is_ending_triggers_nothing_more():
    text = strategy(
        f"execution: {{{NOTHING}}}",
        "risk_management: {position_size: {base_size: 1}, stop_loss: {base_percent: 0.1}}",
        "equity_protection: {max_drawdown_total: 0.05, max_daily_loss: 0.05, max_consecutive_losses: 1}",
    )
    result = backtest(text, bars(100, 100, 94, 94))
    assert (reasons(result), notes(result)) == (["entry", "protection"], [(4 * MINUTE - 1, "finished", 0)])
    stopped = backtest(text, bars(100, (100, 100, 90, 90), 90))
    assert (reasons(stopped), notes(stopped)) == (["entry", "stop"], [(2 * MINUTE - 1, "finished", 0)])


def test_a_gain_between_losses_begins_the_count_anew():
    text = strategy(
        f"execution: {{{NOTHING}}}",
        "risk_management: {stop_loss: {base_percent: 0.01}, take_profit: {base_percent: 0.01}}",
        "equity_protection: {max_consecutive_losses: 2}",
    )
    lost, won = (100, 100, 99, 100), (100, 101.5, 100, 100)
    assert notes(backtest(text, bars(100, lost, won, lost, won, lost))) == []


def test_two_triggers_at_one_close_are_both_told_and_the_first_names_the_close():
    text = strategy(
        f"execution: {{{NOTHING}, order_type: limit, expire_bars: 9}}",
        "risk_management: {position_size: {base_size: 1}}",
        "equity_protection: {max_daily_loss: 0.05, drawdown_threshold: 0.05}",
    )
    result = backtest(text, bars(100, (99, 99, 99, 99), 90, 90))
    assert [note for _, note, _ in notes(result)] == ["suspended", "daily_loss"]
    assert reasons(result) == ["entry", "protection"]


@pytest.mark.parametrize(
    ("protection", "reason"),
    [
        ("{drawdown_threshold: 0.05}", "protection"),
        ("{max_daily_loss: 0.03}", "daily_loss"),
        ("{max_consecutive_losses: 1}", "consecutive_losses"),
    ],
)
def test_a_trigger_cancels_an_entry_that_rests(protection, reason):
    """A long of 100 units leaves at 103 and at 90, half at each open, while a short decided with its exit rests."""
    logic = "entry_long: ['close == 100'], exit_long: ['close == 103'], entry_short: ['close == 103']"
    text = strategy(
        f"execution: {{{NOTHING}, order_type: limit, limit_offset_bps: 0, expire_bars: 9, participation: 0.5}}",
        "risk_management: {position_size: {base_size: 1}, stop_loss: {base_percent: 0.06}}",
        f"equity_protection: {protection}",
        logic=logic,
    )
    rows = (flat(100, 1), (100, 103, 99, 103, 1000), (103, 103, 90, 90, 100), (90, 90, 90, 90, 1000), flat(90, 1000))
    result = backtest(text, bars(*rows))
    cancelled = [order for order in orders(result, "limit", "sell") if order[0] == "cancelled"]
    assert [order[4] for order in cancelled] == [reason]
