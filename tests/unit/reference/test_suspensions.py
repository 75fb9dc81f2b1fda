"""The reference's suspensions by hand: in at 100, without costs."""

import pytest

from tests.support.by_hand import FREE, MINUTE, NO_COSTS, backtest, bars, flat, notes, orders, reasons, strategy, told

DAY_MS = 86_400_000


def test_a_daily_loss_closes_and_suspends_until_midnight():
    text = strategy(
        FREE,
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
        FREE,
        "risk_management: {position_size: {base_size: 1}}",
        "equity_protection: {max_daily_loss: 0.1, drawdown_threshold: 1}",
    )
    table = bars(*[100] * 1439, 94, 86, 84.6, 84.6, missing=range(3, 1438))
    # 100 units: 9400 at the last close of the first day, 8600 lost too little of it, 8460 is 10 % down
    assert notes(backtest(text, table)) == [(DAY_MS + 2 * MINUTE - 1, "daily_loss", 2 * DAY_MS)]


def test_losses_in_a_row_suspend_and_the_count_restarts():
    text = strategy(
        FREE,
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
        FREE,
        "equity_protection: {max_consecutive_losses: 1, cooldown: 2m}",
        logic="entry_long: ['close == 100'], exit_long: ['close == 101']",
    )
    result = backtest(text, bars(100, (100, 101, 100, 101), (100, 101, 100, 101)))
    assert notes(result) == [(3 * MINUTE - 1, "consecutive_losses", 5 * MINUTE - 1)]


def test_triggers_of_one_close_are_told_in_their_order():
    text = strategy(
        FREE,
        "risk_management: {position_size: {base_size: 1}, stop_loss: {base_percent: 0.06}}",
        "equity_protection: {drawdown_threshold: 0.05, max_daily_loss: 0.05, max_consecutive_losses: 1}",
    )
    result = backtest(text, bars(100, (100, 100, 94, 94)))
    assert [note for _, note, _ in notes(result)] == ["suspended", "daily_loss", "consecutive_losses"]


def test_a_run_that_is_ending_triggers_nothing_more():
    text = strategy(
        FREE,
        "risk_management: {position_size: {base_size: 1}, stop_loss: {base_percent: 0.1}}",
        "equity_protection: {max_drawdown_total: 0.05, max_daily_loss: 0.05, max_consecutive_losses: 1}",
    )
    result = backtest(text, bars(100, 100, 94, 94))
    assert (reasons(result), notes(result)) == (["entry", "protection"], [(4 * MINUTE - 1, "finished", 0)])
    stopped = backtest(text, bars(100, (100, 100, 90, 90), 90))
    assert (reasons(stopped), notes(stopped)) == (["entry", "stop"], [(2 * MINUTE - 1, "finished", 0)])


def test_a_gain_between_losses_begins_the_count_anew():
    text = strategy(
        FREE,
        "risk_management: {stop_loss: {base_percent: 0.01}, take_profit: {base_percent: 0.01}}",
        "equity_protection: {max_consecutive_losses: 2}",
    )
    lost, won = (100, 100, 99, 100), (100, 101.5, 100, 100)
    assert notes(backtest(text, bars(100, lost, won, lost, won, lost))) == []


def test_two_triggers_at_one_close_are_both_told_and_the_first_names_the_close():
    text = strategy(
        f"execution: {{{NO_COSTS}, order_type: limit, expire_bars: 9}}",
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
        f"execution: {{{NO_COSTS}, order_type: limit, limit_offset_bps: 0, expire_bars: 9, participation: 0.5}}",
        "risk_management: {position_size: {base_size: 1}, stop_loss: {base_percent: 0.06}}",
        f"equity_protection: {protection}",
        logic=logic,
    )
    rows = (flat(100, 1), (100, 103, 99, 103, 1000), (103, 103, 90, 90, 100), (90, 90, 90, 90, 1000), flat(90, 1000))
    result = backtest(text, bars(*rows))
    cancelled = [order for order in orders(result, "limit", "sell") if order[0] == "cancelled"]
    assert [order[4] for order in cancelled] == [reason]
