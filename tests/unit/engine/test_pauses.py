"""Time exits and cooldowns, by hand: what closes are counted, and what may still happen meanwhile (decision 0009)."""

import pytest

from tests.support.stories import Row, story, strategy

SIZE = "position_size: {quote: 1000}"
ENTER: tuple[float, ...] = (100, 100.5, 100, 100)


# --- time exit -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bars", [1, 2, 4])
def test_a_position_is_closed_after_its_bars(bars: int) -> None:
    text = strategy(long="high == 100.5", risk=f"{SIZE}, time_exit: {{bars: {bars}}}")
    calm: list[Row | float] = [100] * 6
    assert story(text, [ENTER, *calm])[2:] == [
        f"{bars}c b submitted market sell 10 time_exit",
        f"{bars + 1}o b fill sell 10 @100.00 time_exit",
        f"{bars + 1}o trade long 10 net 0 time_exit",
    ]


def test_its_bars_are_entry_bars_and_the_one_of_the_fill_is_the_first() -> None:
    text = strategy(long="high == 100.5", risk=f"{SIZE}, time_exit: {{bars: 2}}", entry="3m")
    calm: list[Row | float] = [100] * 8
    assert story(text, [100, 100, ENTER, *calm])[1:3] == [
        "3o a fill buy 10 @100.00 entry",
        "8c b submitted market sell 10 time_exit",
    ]


def test_an_exit_rule_of_the_same_close_wins() -> None:
    text = strategy(long="high == 100.5", leave_long="bars_held == 2", risk=f"{SIZE}, time_exit: {{bars: 2}}")
    assert story(text, [ENTER, 100, 100])[2:] == ["2c b submitted market sell 10 exit"]


def test_it_makes_room_for_the_other_side() -> None:
    text = strategy(long="high == 100.5", short="close == 101", risk=f"{SIZE}, time_exit: {{bars: 1}}")
    assert story(text, [ENTER, 101, 102])[2:] == [
        "1c b submitted market sell 10 time_exit",
        "1c c submitted market sell 9 entry",
        "2o b fill sell 10 @102.00 time_exit",
        "2o trade long 10 net 10 time_exit",
        "2o c fill sell 9 @102.00 entry",
        "2c d submitted market buy 9 time_exit",
    ]


# --- cooldown --------------------------------------------------------------------------------------------------------

ALWAYS = "close > 0"


@pytest.mark.parametrize("bars", [1, 2, 5])
def test_no_entry_for_some_closes_after_a_trade(bars: int) -> None:
    """The trade ends at the open of bar 3; the close of bar 3 is the first that decides nothing."""
    text = strategy(long=ALWAYS, leave_long="bars_held == 2", risk=f"{SIZE}, cooldown: {{bars: {bars}}}")
    calm: list[Row | float] = [100] * 9
    lines = story(text, calm)
    assert lines[2:5] == [
        "2c b submitted market sell 10 exit",
        "2c note same_side_dropped",
        "3o b fill sell 10 @100.00 exit",
    ]
    assert lines[6] == f"{3 + bars}c c submitted market buy 10 entry"


@pytest.mark.parametrize(
    ("exit_at", "after", "waits"),
    [
        pytest.param(99, "loss", True, id="a loss"),
        pytest.param(100, "loss", True, id="neither gain nor loss counts as one"),
        pytest.param(101, "loss", False, id="a gain"),
        pytest.param(101, "any", True, id="a gain, after any"),
    ],
)
def test_it_may_follow_losses_only(exit_at: float, after: str, waits: bool) -> None:
    text = strategy(long=ALWAYS, leave_long="bars_held == 1", risk=f"{SIZE}, cooldown: {{bars: 2, after: {after}}}")
    lines = story(text, [100, 100, exit_at, exit_at, exit_at])
    entries = [line[0] for line in lines if "submitted market buy" in line]
    assert entries == ["0", "4" if waits else "2"]


def test_fees_make_a_loss() -> None:
    text = strategy(long=ALWAYS, leave_long="bars_held == 1", risk=f"{SIZE}, cooldown: {{bars: 9, after: loss}}",
                    execution="commission_taker: 0.01")  # fmt: skip
    lines = story(text, [100, 100, 101, 101, 101])
    assert [line[0] for line in lines if "submitted market buy" in line] == ["0"]


def test_it_begins_with_the_close_of_the_bar_that_ended_the_trade() -> None:
    """Stopped inside bar 1: its own close is the first of two."""
    text = strategy(long=ALWAYS, risk=f"{SIZE}, stop_loss: {{base_percent: 0.01}}, cooldown: {{bars: 2}}")
    lines = story(text, [100, (100, 100, 98, 98), 98, 98])
    assert lines[3:] == [
        "1c b fill sell 10 @99.00 stop",
        "1c trade long 10 net -10 stop",
        "3c c submitted market buy 10 entry",
    ]


def test_the_other_side_of_a_reversal_is_not_touched() -> None:
    """It was decided before the trade ended; what it leads to is another matter."""
    text = strategy(long="close > 100", leave_long="close <= 100", short="close <= 100",
                    risk=f"{SIZE}, cooldown: {{bars: 3}}", execution="order_type: limit, expire_bars: 3")  # fmt: skip
    lines = story(text, [101, (100.5, 101, 100, 100), (100, 100, 99, 99), (99, 101, 99, 100.5), 100.5])
    assert lines[2:] == [
        "1c b submitted market sell 9 exit",
        "1c c submitted limit sell 10 @100.00 entry",
        "2o b fill sell 9 @100.00 exit",
        "2o trade long 9 net -4.5 exit",
        "3c c fill sell 10 @100.00 maker entry",
    ]


def test_nothing_is_noted_meanwhile_and_exits_go_on() -> None:
    text = strategy(
        long=ALWAYS, short="close == 100", leave_long="bars_held == 1", risk=f"{SIZE}, cooldown: {{bars: 3}}"
    )
    assert [line for line in story(text, [101, 101, 100, 100, 100, 101]) if line[0] > "2"] == [
        "5c c submitted market buy 9 entry"
    ]
