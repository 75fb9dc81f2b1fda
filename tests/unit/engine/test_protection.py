"""Daily losses, losses in a row, and their order among each other, by hand (decision 0009).

Cash is 10000; 100 lots at 100 are all of it, so one point of price is one percent of equity.
"""

import pytest

from tests.support.stories import FIRST_MS, MINUTE_MS, Row, bars_of, story, strategy, told

ALL = "position_size: {base_size: 1}"
LATE_MS = FIRST_MS - 4 * MINUTE_MS  # bars 0 to 3 end a day, bar 4 begins the next
ENTER: tuple[float, ...] = (100, 100.5, 100, 100)


def daily(limit: str, more: str = "") -> str:
    return f"equity_protection: {{drawdown_threshold: 0.9, max_daily_loss: {limit}{more}}}"


def in_a_row(most: int, cooldown: str = "5m") -> str:
    return f"equity_protection: {{drawdown_threshold: 0.9, max_consecutive_losses: {most}, cooldown: {cooldown}}}"


# --- the day ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("low", "triggers"), [(95.01, False), (95.00, True)])
def test_a_day_s_loss_closes_at_the_next_open(low: float, triggers: bool) -> None:
    text = strategy(long="high == 100.5", risk=ALL, more=daily("0.05"))
    lines = story(text, [ENTER, 100, (100, 100, low, low), 96])
    wanted = [
        "2c note daily_loss",
        "2c b submitted market sell 100 daily_loss",
        "3o b fill sell 100 @96.00 daily_loss",
        "3o trade long 100 net -400 daily_loss",
    ]
    assert lines[2:] == (wanted if triggers else [])


def test_a_low_that_is_not_a_close_is_no_loss() -> None:
    text = strategy(long="high == 100.5", risk=ALL, more=daily("0.05"))
    assert story(text, [ENTER, 100, (100, 100, 90, 100), 96])[2:] == []


def test_it_is_measured_from_the_last_close_of_the_day_before() -> None:
    """The first day begins with 10000 and ends with 9300; of these 8 % are 744, so the second day bears 85.57."""
    text = strategy(long="high == 100.5", risk=ALL, more=daily("0.08"))
    bars = bars_of([ENTER, 100, 95, 93, 86, 85.57, 85.56], LATE_MS)
    assert story(text, bars)[2:] == ["6c note daily_loss", "6c b submitted market sell 100 daily_loss"]


def test_no_entry_before_midnight_and_then_again() -> None:
    """Triggered at 23:57:59.999; the close of 23:59 is the last that decides nothing."""
    text = strategy(long="close == 100 or close == 90", risk=ALL, more=daily("0.05"))
    bars = bars_of([100, (100, 100, 94, 94), 90, 90, 90, 90], LATE_MS)
    assert story(text, bars)[2:] == [
        "1c note daily_loss",
        "1c b submitted market sell 100 daily_loss",
        "2o b fill sell 100 @90.00 daily_loss",
        "2o trade long 100 net -1000 daily_loss",
        "4c c submitted market buy 100 entry",
        "5o c fill buy 100 @90.00 entry",
    ]


def test_it_triggers_once_a_day() -> None:
    text = strategy(long="high == 100.5", risk=ALL, more=daily("0.05"))
    lines = story(text, [ENTER, 100, 95, 60, 50, 40])
    assert len([line for line in lines if "daily_loss" in line and "note" in line]) == 1


def test_its_note_names_midnight() -> None:
    text = strategy(long="high == 100.5", risk=ALL, more=daily("0.05"))
    notes = [row.value for row in told(text, [ENTER, 100, 95])[1] if hasattr(row, "code")]
    assert notes == [FIRST_MS + 86_400_000]


def test_it_cancels_what_rests_when_flat() -> None:
    """The close at 93.00 takes 5.555 %; the short that rests since its decision goes at that bar's close."""
    text = strategy(
        long="high == 100.5", leave_long="close == 98", short="close == 98", risk=ALL, more=daily("0.05"),
        execution="order_type: limit, limit_offset_bps: 100, expire_bars: 9",
    )  # fmt: skip
    assert story(text, [ENTER, (98.5, 98.5, 98, 98), 93, 100])[2:] == [
        "1c b submitted market sell 101 exit",
        "1c c submitted limit sell 100 @98.98 entry",
        "2o b fill sell 101 @93.00 exit",
        "2o trade long 101 net -555.5 exit",
        "2c note daily_loss",
        "2c c cancelled sell 100 @98.98 daily_loss",
    ]


def test_it_is_measured_while_drawdown_suspends() -> None:
    """At 97 the drawdown triggers; the close at the open of 90 takes 10 %, and the day triggers too."""
    text = strategy(
        long="high == 100.5", risk=ALL,
        more="equity_protection: {drawdown_threshold: 0.03, max_daily_loss: 0.05, cooldown: 1h}",
    )  # fmt: skip
    assert story(text, [ENTER, 100, 97, 90])[2:] == [
        "2c note suspended",
        "2c b submitted market sell 100 protection",
        "3o b fill sell 100 @90.00 protection",
        "3o trade long 100 net -1000 protection",
        "3c note daily_loss",
    ]


def test_both_at_once_close_for_the_first_reason() -> None:
    text = strategy(
        long="high == 100.5", risk=ALL,
        more="equity_protection: {drawdown_threshold: 0.03, max_daily_loss: 0.03, cooldown: 1m}",
    )  # fmt: skip
    assert story(text, [ENTER, 100, 97])[2:] == [
        "2c note suspended",
        "2c b submitted market sell 100 protection",
        "2c note daily_loss",
    ]


def test_a_run_that_is_ending_triggers_nothing_more() -> None:
    text = strategy(
        long="high == 100.5", risk=ALL,
        more="equity_protection: {drawdown_threshold: 0.9, max_drawdown_total: 0.03, max_daily_loss: 0.03,"
        " max_consecutive_losses: 1}",
    )  # fmt: skip
    assert story(text, [ENTER, 100, 97, 96, 95])[2:] == [
        "2c b submitted market sell 100 protection",
        "3o b fill sell 100 @96.00 protection",
        "3o trade long 100 net -400 protection",
        "3c note finished",
    ]


def test_a_stop_that_takes_the_whole_day_s_loss_triggers_nothing() -> None:
    text = strategy(long="high == 100.5", risk=ALL, more=daily("0.03"))
    assert story(text, [ENTER, 100, 90], [(2, "stop")])[2:] == [
        "2o b submitted market sell 100 stop_command",
        "2o b fill sell 100 @90.00 stop_command",
        "2o trade long 100 net -1000 stop_command",
        "2c note stopped",
    ]


# --- losses in a row -------------------------------------------------------------------------------------------------

IN_AND_OUT = {"long": "close > 0", "leave_long": "bars_held == 1", "risk": "position_size: {quote: 1000}"}


def entries_of(lines: list[str]) -> list[int]:
    return [int(line.split("c ")[0]) for line in lines if "submitted market buy" in line]


def test_losses_in_a_row_suspend_entries_for_the_cooldown() -> None:
    """Bought at the opens of 1 and 3, sold at those of 2 and 4, each without gain; 5 minutes from the close of 4."""
    lines = story(strategy(**IN_AND_OUT, more=in_a_row(2)), [100] * 14)
    assert entries_of(lines) == [0, 2, 9, 11]
    assert [line for line in lines if "note consecutive" in line] == [
        "4c note consecutive_losses",
        "13c note consecutive_losses",
    ]


def test_a_gain_begins_the_count_anew() -> None:
    bars: list[Row | float] = [100, 100, 100, 100, 101, 101, 101, 101, 101, 101]
    lines = story(strategy(**IN_AND_OUT, more=in_a_row(2)), bars)
    assert [line for line in lines if line.endswith("note consecutive_losses")] == ["8c note consecutive_losses"]


def test_nothing_is_closed_and_what_rests_is_cancelled() -> None:
    """The long ends inside bar 2 at its stop, while the short that its exit rule let in rests already."""
    text = strategy(
        long="high == 100.5", leave_long="close == 99", short="close == 99",
        risk="position_size: {quote: 1000}", execution="order_type: limit, limit_offset_bps: 100, expire_bars: 9",
        more=in_a_row(1),
    )  # fmt: skip
    lines = story(text, [ENTER, (99.5, 99.5, 98.9, 99), (98, 99, 98, 98), 110])
    assert lines[3:] == [
        "1c c submitted limit sell 10 @99.99 entry",
        "2o b fill sell 10 @98.00 exit",
        "2o trade long 10 net -10 exit",
        "2c note consecutive_losses",
        "2c c cancelled sell 10 @99.99 consecutive_losses",
    ]


def test_the_count_is_forgotten_at_the_end_of_the_pause() -> None:
    """One loss suspends; the next one, after the pause, is the first of a new count."""
    text = strategy(
        long="high == 100.5 or high == 99.5", leave_long="close == 98 or close == 97",
        risk="position_size: {quote: 1000}", more=in_a_row(1, "3m"),
    )  # fmt: skip
    bars: list[Row | float] = [ENTER, 100, 98, 97.5, 97.5, 97.5, (97.5, 99.5, 97.5, 97.5), 97.5, 97, 96]
    notes = [line for line in story(text, bars) if "note" in line]
    assert notes == ["3c note consecutive_losses", "9c note consecutive_losses"]


def test_liquidation_comes_before_all() -> None:
    text = strategy(short="high == 100.5", risk=ALL, more=daily("0.01", ", max_drawdown_total: 0.01"))
    assert story(text, [ENTER, 100, 210, 200])[2:] == [
        "2c b submitted market buy 100 liquidation",
        "3o b fill buy 100 @200.00 liquidation",
        "3o trade short 100 net -10000 liquidation",
        "3c note finished",
    ]
