"""Orders that fill in parts, by hand: a tenth of each bar's volume, in the order of the bar (decision 0009)."""

import pytest

from shared.domain.decision import Trade
from shared.engine.bar import lots_of
from shared.engine.words import K_WORDS, PARTICIPATION, STEP_E8
from shared.kernel import vector_m
from tests.support.stories import Row, story, strategy, told

TENTH = "participation: 0.1"
SIZE = "position_size: {quote: 1000}"
STOP = f"{SIZE}, stop_loss: {{base_percent: 0.02}}"
ENTER: tuple[float, ...] = (100, 100.5, 100, 100, 1000)
LONG = {"long": "high == 100.5"}


def at(price: float, lots: int) -> Row:
    """A bar of one price that lets so many lots fill."""
    return (price, price, price, price, lots * 10)


# --- how many --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("volume", "step_e8", "share_ppm", "lots"),
    [
        (0.0, 1000, 100_000, 0),
        (1.0, 1000, 100_000, 10_000),
        (0.00009999, 1000, 1_000_000, 9),
        (0.30000000000000004, 10_000_000, 1_000_000, 3),
        (0.29999999, 10_000_000, 1_000_000, 2),
        (1e10, 100_000_000, 1_000_000, 10**10),
        (1e300, 100_000_000, 500_000, 5 * 10**9),
        (0.1 + 0.7, 100_000_000, 1, 0),
    ],
)
def test_a_bar_lets_fill_a_floor_of_its_share(volume: float, step_e8: int, share_ppm: int, lots: int) -> None:
    k = vector_m(K_WORDS)
    k[STEP_E8], k[PARTICIPATION] = step_e8, share_ppm
    assert lots_of(k, volume) == lots


# --- entries ---------------------------------------------------------------------------------------------------------


def test_a_market_entry_goes_on_at_the_next_opens() -> None:
    """Four at 100, three at 101: 703 / 7 = 100.43, whose stop is 98.42. The rest at 102: 1009 / 10 = 100.90."""
    text = strategy(**LONG, risk=STOP, execution=TENTH)
    assert story(text, [ENTER, at(100, 4), at(101, 3), at(101, 0), at(102, 9)])[1:] == [
        "1o a fill buy 4 @100.00 entry",
        "1o a partially_filled buy 4 @100.00 entry",
        "1o b submitted stop sell 4 @98.00 stop",
        "2o a fill buy 3 @101.00 entry",
        "2o a partially_filled buy 3 @101.00 entry",
        "2o b cancelled sell 0 replaced",
        "2o c submitted stop sell 7 @98.42 stop",
        "4o a fill buy 3 @102.00 entry",
        "4o c cancelled sell 0 replaced",
        "4o d submitted stop sell 10 @98.88 stop",
    ]


@pytest.mark.parametrize("wait", [1, 3])
def test_an_order_that_finds_nothing_does_nothing(wait: int) -> None:
    """No rejection either: cash and minimum are asked when there is something to fill."""
    text = strategy(**LONG, execution=TENTH)
    bars: list[Row | float] = [ENTER, *[(100, 100, 100, 100, 9)] * wait, at(100, 10)]
    assert story(text, bars, cash="50")[1:] == [f"{wait + 1}o a rejected market buy 10 @100.00 insufficient_cash"]


def test_target_and_ladder_are_laid_anew_for_the_whole() -> None:
    text = strategy(
        **LONG, execution=TENTH,
        risk=f"{STOP}, take_profit: {{r_multiple: 2, partial_exits: [{{level: 0.01, percent: 0.5}}]}}",
    )  # fmt: skip
    assert story(text, [ENTER, at(100, 2), at(101, 20)])[3:] == [
        "1o b submitted stop sell 2 @98.00 stop",
        "1o c submitted limit sell 2 @104.00 target",
        "1o d submitted limit sell 1 @101.00 partial_1",
        "2o a fill buy 8 @101.00 entry",
        "2o b cancelled sell 0 replaced",
        "2o c cancelled sell 0 replaced",
        "2o d cancelled sell 0 replaced",
        "2o e submitted stop sell 10 @98.78 stop",
        "2o f submitted limit sell 10 @104.84 target",
        "2o g submitted limit sell 5 @101.81 partial_1",
    ]


def test_a_limit_entry_rests_on_and_lapses() -> None:
    text = strategy(**LONG, execution=f"{TENTH}, order_type: limit, expire_bars: 3")
    bars: list[Row | float] = [
        ENTER,
        (100, 100, 99, 99, 40),
        (101, 101, 101, 101, 40),
        (99.5, 99.5, 99, 99, 30),
        at(90, 9),
    ]
    assert story(text, bars)[1:] == [
        "1c a fill buy 4 @100.00 maker entry",
        "1c a partially_filled buy 4 @100.00 entry",
        "3o a fill buy 3 @99.50 maker entry",
        "3o a partially_filled buy 3 @99.50 entry",
        "3c a expired buy 3 @100.00 expired",
    ]


def test_a_triggered_stop_entry_goes_on_at_the_opens_and_does_not_lapse() -> None:
    text = strategy(**LONG, execution=f"{TENTH}, order_type: stop, stop_offset_bps: 100")
    assert story(text, [ENTER, (100, 101, 100, 101, 40), at(99, 1), at(98, 0), at(97, 9)])[1:] == [
        "1c a fill buy 4 @101.00 entry",
        "1c a partially_filled buy 4 @101.00 entry",
        "2o a fill buy 1 @99.00 entry",
        "2o a partially_filled buy 1 @99.00 entry",
        "4o a fill buy 4 @97.00 entry",
    ]


def test_a_trigger_touched_in_vain_rests_on() -> None:
    text = strategy(**LONG, execution=f"{TENTH}, order_type: stop, stop_offset_bps: 100, expire_bars: 2")
    assert story(text, [ENTER, (100, 105, 100, 100, 9), at(99, 9), at(105, 9)])[1:] == [
        "2c a expired buy 9 @101.00 expired"
    ]


def test_each_part_is_lowered_to_what_cash_covers() -> None:
    """Ten at 100 are covered by 1005; after four, 605 cover five of the six at 110; then 55 cover none."""
    text = strategy(**LONG, execution=TENTH)
    assert story(text, [ENTER, at(100, 4), at(110, 2), at(200, 9)], cash="1005")[1:] == [
        "1o a fill buy 4 @100.00 entry",
        "1o a partially_filled buy 4 @100.00 entry",
        "2o a amended buy 5 insufficient_cash",
        "2o a fill buy 2 @110.00 entry",
        "2o a partially_filled buy 2 @110.00 entry",
        "3o a amended buy 1 insufficient_cash",
        "3o a fill buy 1 @200.00 entry",
    ]
    assert story(text, [ENTER, at(100, 4), at(110, 5), at(200, 9)], cash="1005")[-1] == "2o a fill buy 5 @110.00 entry"


def test_no_cash_for_one_more_lot_cancels_the_rest() -> None:
    text = strategy(**LONG, execution=TENTH)
    assert story(text, [ENTER, at(100, 4), at(700, 9)], cash="1005")[3:] == ["2o a cancelled buy 6 insufficient_cash"]


def test_the_minimum_notional_is_asked_of_the_order_and_once() -> None:
    """A part of 0.60 of an order of 1.20: the minimum of 1.00 is met; the second part is not asked."""
    text = strategy(long="high == 1", risk="position_size: {quote: 1.20}", execution=TENTH)
    assert story(text, [(0.6, 1, 0.6, 0.6), at(0.6, 1), at(0.4, 1)])[1:] == [
        "1o a fill buy 1 @0.60 entry",
        "1o a partially_filled buy 1 @0.60 entry",
        "2o a fill buy 1 @0.40 entry",
    ]


def test_a_moved_stop_stays_where_it_is_tighter() -> None:
    """Break-even at 100.00 is tighter than 98.29 of the new price 100.30; at 103.00 the new 100.94 is."""
    text = strategy(**LONG, risk=f"{SIZE}, stop_loss: {{base_percent: 0.02, breakeven_at_r: 0.5}}", execution=TENTH)
    assert story(text, [ENTER, (100, 101, 100, 101, 40), at(101, 2), at(100, 0)])[3:] == [
        "1o b submitted stop sell 4 @98.00 stop",
        "1c b amended sell 4 @100.00 breakeven",
        "2o a fill buy 2 @101.00 entry",
        "2o a partially_filled buy 2 @101.00 entry",
        "2o b cancelled sell 0 replaced",
        "2o c submitted stop sell 6 @100.00 breakeven",
    ]
    assert story(text, [ENTER, (100, 101, 100, 101, 10), at(108, 9)])[5:] == [
        "2o a fill buy 9 @108.00 entry",
        "2o b cancelled sell 0 replaced",
        "2o c submitted stop sell 10 @105.06 stop",
    ]


def test_a_stop_that_is_invalid_anew_stays_as_it_is() -> None:
    """The deciding close's stop of 99.50 lies above the new price 98.80; the target keeps that distance of 0.70."""
    text = strategy(
        **LONG, execution=TENTH, risk=f'{SIZE}, stop_loss: {{price: "close - 0.5"}}, take_profit: {{r_multiple: 1}}'
    )
    assert story(text, [ENTER, at(100, 4), at(98, 8)])[3:] == [
        "1o b submitted stop sell 4 @99.50 stop",
        "1o c submitted limit sell 4 @100.50 target",
        "2o a fill buy 6 @98.00 entry",
        "2o b cancelled sell 0 replaced",
        "2o c cancelled sell 0 replaced",
        "2o d submitted stop sell 10 @99.50 stop",
        "2o e submitted limit sell 10 @99.50 target",
        "2o d fill sell 2 @98.00 stop",
        "2o d partially_filled sell 2 @98.00 stop",
    ]


def test_bars_and_prices_begin_with_the_first_part() -> None:
    """Parts at 100.00 and 90.00; the second one's price counts by its bar's range only, exits by their own."""
    text = strategy(**LONG, leave_long="bars_held == 2", execution=TENTH)
    fold, rows = told(text, [ENTER, at(100, 4), at(90, 9), at(95, 20)])
    (trade,) = (row for row in rows if isinstance(row, Trade))
    assert fold.position() is None
    assert (trade.entry_ms, trade.quantity, trade.worst, trade.best) == (rows[2].ts_ms, 10, 9_000, 10_000)


# --- exits -----------------------------------------------------------------------------------------------------------


def test_a_close_goes_on_at_the_next_opens() -> None:
    text = strategy(**LONG, leave_long="bars_held == 1", risk=STOP, execution=TENTH)
    assert story(text, [ENTER, at(100, 10), at(99, 4), at(98, 0), at(97, 9)])[3:] == [
        "1c c submitted market sell 10 exit",
        "2o c fill sell 4 @99.00 exit",
        "2o c partially_filled sell 4 @99.00 exit",
        "4o c fill sell 6 @97.00 exit",
        "4o trade long 10 net -22 exit",
        "4o b cancelled sell 0 position_closed",
    ]


def test_a_stop_that_is_not_filled_whole_becomes_the_close() -> None:
    """Its rest is taken at opens, whether the price has come back or not; it trails no more."""
    text = strategy(
        **LONG, risk=f"{SIZE}, stop_loss: {{base_percent: 0.02, trailing: {{percent: 0.02}}}}", execution=TENTH
    )
    assert story(text, [ENTER, at(100, 10), (100, 100, 97, 99, 40), at(110, 5), at(111, 5)])[3:] == [
        "2c b fill sell 4 @98.00 stop",
        "2c b partially_filled sell 4 @98.00 stop",
        "3o b fill sell 5 @110.00 stop",
        "3o b partially_filled sell 5 @110.00 stop",
        "4o b fill sell 1 @111.00 stop",
        "4o trade long 10 net 53 stop",
    ]


def test_an_exit_decided_meanwhile_leaves_it() -> None:
    text = strategy(**LONG, leave_long="close == 99", risk=STOP, execution=TENTH)
    lines = story(text, [ENTER, at(100, 10), (100, 100, 97, 99, 40), at(99, 10)])
    assert lines[5:] == ["3o b fill sell 6 @99.00 stop", "3o trade long 10 net -14 stop"]


def test_a_stop_touched_in_vain_rests_on() -> None:
    text = strategy(**LONG, risk=STOP, execution=TENTH)
    assert story(text, [ENTER, at(100, 10), (100, 100, 97, 100, 9), at(99, 9)])[3:] == []


def test_rungs_and_target_rest_on_with_what_is_left() -> None:
    text = strategy(
        **LONG, execution=TENTH,
        risk=f"{SIZE}, take_profit: {{base_percent: 0.02, partial_exits: [{{level: 0.01, percent: 0.5}}]}}",
    )  # fmt: skip
    bars: list[Row | float] = [ENTER, at(100, 10), (100, 101.5, 100, 100, 30), (100, 103, 100, 103, 40), at(102.5, 9)]
    assert story(text, bars)[4:] == [
        "2c c fill sell 3 @101.00 maker partial_1",
        "2c c partially_filled sell 3 @101.00 partial_1",
        "3c c fill sell 2 @101.00 maker partial_1",
        "3c b fill sell 2 @102.00 maker target",
        "3c b partially_filled sell 2 @102.00 target",
        "4o b fill sell 3 @102.50 maker target",
        "4o trade long 10 net 16.5 target",
    ]


def test_a_fill_that_reduces_cancels_the_rest_of_the_entry() -> None:
    text = strategy(**LONG, risk=f"{STOP}, take_profit: {{base_percent: 0.01}}", execution=TENTH)
    assert story(text, [ENTER, (100, 100, 97, 97, 60), at(96, 9), at(96, 9)])[3:] == [
        "1o b submitted stop sell 6 @98.00 stop",
        "1o c submitted limit sell 6 @101.00 target",
        "2o a fill buy 4 @96.00 entry",
        "2o b cancelled sell 0 replaced",
        "2o c cancelled sell 0 replaced",
        "2o d submitted stop sell 10 @96.43 stop",
        "2o e submitted limit sell 10 @99.38 target",
        "2o d fill sell 5 @96.00 stop",
        "2o d partially_filled sell 5 @96.00 stop",
        "3o d fill sell 5 @96.00 stop",
        "3o trade long 10 net -24 stop",
        "3o e cancelled sell 0 position_closed",
    ]
    limits = strategy(**LONG, execution=f"{TENTH}, order_type: limit, limit_offset_bps: 100, expire_bars: 5",
                      risk=f"{SIZE}, take_profit: {{base_percent: 0.01}}")  # fmt: skip
    assert story(limits, [ENTER, (100, 100, 98, 99, 60), (100, 100, 98, 98, 20)])[4:] == [
        "2o b fill sell 2 @100.00 maker target",
        "2o b partially_filled sell 2 @100.00 target",
        "2o a cancelled buy 4 @99.00 position_reduced",
    ]


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        pytest.param({"leave_long": "bars_held == 1"}, "exit", id="a rule"),
        pytest.param({"risk": f"{SIZE}, time_exit: {{bars: 1}}"}, "time_exit", id="time"),
        pytest.param({"more": "equity_protection: {max_daily_loss: 0.000001}"}, "daily_loss", id="a day's loss"),
    ],
)
def test_a_close_cancels_the_rest_of_its_entry_first(how: dict[str, str], reason: str) -> None:
    bars: list[Row | float] = [ENTER, (100, 100, 100, 99, 40), at(99, 9)]
    lines = [line for line in story(strategy(**LONG, execution=TENTH, **how), bars) if "note" not in line]
    assert lines[3:6] == [
        f"1c a cancelled buy 6 {reason}",
        f"1c b submitted market sell 4 {reason}",
        f"2o b fill sell 4 @99.00 {reason}",
    ]


def test_a_command_to_close_cancels_the_rest_and_takes_lots_first() -> None:
    text = strategy(**LONG, execution=TENTH)
    assert story(text, [ENTER, at(100, 4), at(101, 3), at(102, 9)], [(2, "close")])[3:] == [
        "2o a cancelled buy 6 close_command",
        "2o b submitted market sell 4 close_command",
        "2o b fill sell 3 @101.00 close_command",
        "2o b partially_filled sell 3 @101.00 close_command",
        "3o b fill sell 1 @102.00 close_command",
        "3o trade long 4 net 5 close_command",
    ]


@pytest.mark.parametrize(("kind", "reason"), [("pause", "pause_command"), ("stop_keep", "stop_command")])
def test_commands_cancel_the_rest_and_leave_the_part(kind: str, reason: str) -> None:
    lines = story(strategy(**LONG, risk=STOP, execution=TENTH), [ENTER, at(100, 4), at(100, 9)], [(2, kind)])
    assert lines[4] == f"2o a cancelled buy 6 {reason}"
    assert not [line for line in lines[5:] if "fill" in line]


def test_taken_in_part_beyond_the_range_does_not_count() -> None:
    """Sold at 98.01 by costs of 1 % while the bar's low is 99.00; the last part at 97.02 does count."""
    text = strategy(**LONG, leave_long="bars_held == 1", execution=f"{TENTH}, slippage_bps: 100")
    bars = [ENTER, at(100, 10), at(99, 4), at(99, 6)]
    (trade,) = (row for row in told(text, bars)[1] if isinstance(row, Trade))
    assert (trade.worst, trade.best) == (9_801, 10_100)
    (trade,) = (row for row in told(text, [*bars[:3], at(99.5, 6)])[1] if isinstance(row, Trade))
    assert trade.worst == 9_850


# --- one bar, several orders -----------------------------------------------------------------------------------------

REVERSAL = {"long": "close == 100", "leave_long": "close < 100", "short": "close < 100", "leave_short": "close > 100"}


def test_what_the_close_leaves_is_the_entry_s() -> None:
    text = strategy(**REVERSAL, execution=TENTH)
    assert story(text, [100, (100, 100, 99, 99, 100), at(99, 4), at(98, 8), at(97, 20)])[1:] == [
        "1o a fill buy 10 @100.00 entry",
        "1c b submitted market sell 10 exit",
        "1c c submitted market sell 10 entry",
        "2o b fill sell 4 @99.00 exit",
        "2o b partially_filled sell 4 @99.00 exit",
        "2c c cancelled sell 10 replaced",
        "2c d submitted market sell 10 entry",
        "3o b fill sell 6 @98.00 exit",
        "3o trade long 10 net -16 exit",
        "3o d fill sell 2 @98.00 entry",
        "3o d partially_filled sell 2 @98.00 entry",
        "4o d fill sell 8 @97.00 entry",
    ]


def test_a_limit_of_the_other_side_rests_until_the_position_is_closed() -> None:
    text = strategy(**REVERSAL, execution=f"{TENTH}, order_type: limit, expire_bars: 9").replace(
        'entry_short: ["close < 100"]', 'entry_short: ["close == 99"]'
    )
    assert story(text, [100, (99.9, 100, 99, 99, 100), (105, 106, 98, 98, 40), (98, 106, 98, 98, 80)])[1:] == [
        "1o a fill buy 10 @99.90 maker entry",
        "1c b submitted market sell 10 exit",
        "1c c submitted limit sell 10 @99.00 entry",
        "2o b fill sell 4 @105.00 exit",
        "2o b partially_filled sell 4 @105.00 exit",
        "3o b fill sell 6 @98.00 exit",
        "3o trade long 10 net 9 exit",
        "3c c fill sell 2 @99.00 maker entry",
        "3c c partially_filled sell 2 @99.00 entry",
    ]


def test_entered_inside_the_stop_takes_what_is_left_of_the_bar() -> None:
    text = strategy(**LONG, risk=STOP, execution=f"{TENTH}, order_type: limit, limit_offset_bps: 100")
    assert story(text, [ENTER, (100, 100, 97, 97, 120), at(96, 8)])[3:] == [
        "1c b fill sell 2 @97.02 stop",
        "1c b partially_filled sell 2 @97.02 stop",
        "2o b fill sell 8 @96.00 stop",
        "2o trade long 10 net -27.96 stop",
    ]
    assert story(text, [ENTER, (100, 100, 97, 97, 40)])[3:] == [
        "1c b submitted stop sell 4 @97.02 stop",  # and nothing is left for it
        "1c a expired buy 6 @99.00 expired",
    ]


# --- runs that end ---------------------------------------------------------------------------------------------------


def test_a_run_is_stopped_when_its_close_is_done_and_nothing_else_is_heard() -> None:
    text = strategy(**LONG, risk=STOP, execution=TENTH)
    commands = [(2, "stop"), (3, "resume"), (3, "pause"), (3, "close"), (3, "stop_keep"), (4, "stop")]
    fold, _ = told(text, [ENTER, at(100, 10), at(100, 4), at(100, 4)], commands[:-1])
    assert (fold.status, fold.position() is None) == ("open", False)
    assert story(text, [ENTER, at(100, 10), at(100, 4), at(100, 4), at(100, 4), at(100, 4)], commands)[3:] == [
        "2o c submitted market sell 10 stop_command",
        "2o c fill sell 4 @100.00 stop_command",
        "2o c partially_filled sell 4 @100.00 stop_command",
        "3o c fill sell 4 @100.00 stop_command",
        "3o c partially_filled sell 4 @100.00 stop_command",
        "4o c fill sell 2 @100.00 stop_command",
        "4o trade long 10 net 0 stop_command",
        "4o b cancelled sell 0 position_closed",
        "4c note stopped",
    ]


def test_an_ending_run_goes_on_closing_and_trailing() -> None:
    text = strategy(
        **LONG, risk=f"{SIZE}, stop_loss: {{base_percent: 0.1, trailing: {{percent: 0.05}}}}", execution=TENTH,
        more="equity_protection: {drawdown_threshold: 0.9, max_drawdown_total: 0.001}",
    )  # fmt: skip
    assert story(text, [ENTER, at(100, 10), (100, 100, 99, 99, 100), at(110, 4), at(110, 9)])[3:] == [
        "1c b amended sell 10 @95.00 trailing",
        "2c c submitted market sell 10 protection",
        "3o c fill sell 4 @110.00 protection",
        "3o c partially_filled sell 4 @110.00 protection",
        "3c b amended sell 6 @104.50 trailing",
        "4o c fill sell 6 @110.00 protection",
        "4o trade long 10 net 100 protection",
        "4o b cancelled sell 0 position_closed",
        "4c note finished",
    ]
