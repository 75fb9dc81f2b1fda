"""Trailing and break-even, by hand: when the stop moves, where to, and what it says when it fills (decision 0009).

Every long is entered at 100.00 at the open of bar 1 with its stop at 98.00: the first risk is 2.00.
"""

import pytest

from tests.support.stories import Row, story, strategy

SIZE = "position_size: {quote: 1000}"
TRUE_RANGE = "indicators: [{id: atr, type: ATR, timeframe: 1m, period: 1}]"
ENTER: tuple[float, ...] = (100, 100.5, 100, 100)
START = [
    "0c a submitted market buy 10 entry",
    "1o a fill buy 10 @100.00 entry",
    "1o b submitted stop sell 10 @98.00 stop",
]


def stop(inside: str) -> str:
    return strategy(long="high == 100.5", risk=f"{SIZE}, stop_loss: {{base_percent: 0.02, {inside}}}")


def short_stop(inside: str) -> str:
    return strategy(short="high == 100.5", risk=f"{SIZE}, stop_loss: {{base_percent: 0.02, {inside}}}")


def after_entry(text: str, *bars: Row) -> list[str]:
    lines = story(text, [ENTER, *bars])
    assert lines[:3] == START
    return lines[3:]


def test_it_follows_the_highest_high_and_acts_from_the_next_bar() -> None:
    """103.00 x 0.99 = 101.97, above the low of its own bar."""
    lines = after_entry(stop("trailing: {percent: 0.01}"), (100, 103, 99, 102.5), (102.5, 102.6, 101.97, 102))
    assert lines == [
        "1c b amended sell 10 @101.97 trailing",
        "2c b fill sell 10 @101.97 trailing",
        "2c trade long 10 net 19.7 trailing",
    ]


def test_it_never_loosens_and_moves_only_when_strictly_tighter() -> None:
    lines = after_entry(
        stop("trailing: {percent: 0.01}"), (100, 103, 100, 103), (102.9, 103, 102, 102.5), (102.5, 103.01, 102, 103)
    )
    assert lines == ["1c b amended sell 10 @101.97 trailing", "3c b amended sell 10 @101.98 trailing"]


def test_a_gap_through_it_fills_at_the_open_under_its_reason() -> None:
    lines = after_entry(stop("trailing: {percent: 0.01}"), (100, 103, 100, 103), (90, 91, 89, 90))
    assert lines[1:] == ["2o b fill sell 10 @90.00 trailing", "2o trade long 10 net -100 trailing"]


@pytest.mark.parametrize(
    ("high", "level"),
    [
        pytest.param(100.5, "99.50", id="100.50 x 0.99 = 99.495, a tie to the even tick"),
        pytest.param(101.5, "100.48", id="101.50 x 0.99 = 100.485, a tie to the even tick"),
        pytest.param(101.51, "100.49", id="101.51 x 0.99 = 100.4949"),
    ],
)
def test_a_percentage_is_rounded_once_to_the_nearest_tick(high: float, level: str) -> None:
    text = strategy(long="close == 100 and high == 102", risk=f"{SIZE}, stop_loss: {{base_percent: 0.02, "
                    "trailing: {percent: 0.01}}")  # fmt: skip
    assert story(text, [(100, 102, 100, 100), (100, high, 100, 100.1)])[3:] == [
        f"1c b amended sell 10 @{level} trailing"
    ]


@pytest.mark.parametrize(("high", "moves"), [(101.99, False), (102.00, True)])
def test_it_waits_for_its_first_risks(high: float, moves: bool) -> None:
    lines = after_entry(stop("trailing: {percent: 0.01, activate_at_r: 1}"), (100, high, 100, 101))
    assert lines == (["1c b amended sell 10 @100.98 trailing"] if moves else [])


def test_once_active_it_stays_so() -> None:
    """The best price so far counts, not the last bar's."""
    text = stop("trailing: {atr: {id: atr, mult: 1}, activate_at_r: 1}").replace("indicators: []", TRUE_RANGE)
    bars = [(100, 101, 99, 100), ENTER, (100, 102.5, 100, 101), (101, 101, 100.9, 101), (101, 101.1, 101, 101)]
    assert story(text, bars)[3:] == [
        "2c b amended sell 10 @102.00 trailing",
        "3o b fill sell 10 @101.00 trailing",
        "3o trade long 10 net 10 trailing",
    ]


@pytest.mark.parametrize(("high", "moves"), [(102.99, False), (103.00, True)])
def test_break_even_puts_the_stop_at_the_entry_price(high: float, moves: bool) -> None:
    lines = after_entry(stop("breakeven_at_r: 1.5"), (100, high, 99, 101), (101, 110, 100, 101))
    wanted = [
        "1c b amended sell 10 @100.00 breakeven",
        "2c b fill sell 10 @100.00 breakeven",
        "2c trade long 10 net 0 breakeven",
    ]
    assert lines == (wanted if moves else ["2c b amended sell 10 @100.00 breakeven"])


def test_the_tighter_of_both_is_told_in_one_row() -> None:
    """At 102.00: break-even gives 100.00, 3 % behind gives 98.94; at 104.00 it gives 100.88."""
    text = stop("trailing: {percent: 0.03}, breakeven_at_r: 1")
    assert after_entry(text, (100, 101.9, 100, 101), (101, 102, 100.5, 101), (101, 104, 101, 103)) == [
        "1c b amended sell 10 @98.84 trailing",
        "2c b amended sell 10 @100.00 breakeven",
        "3c b amended sell 10 @100.88 trailing",
    ]
    assert after_entry(text, (100, 104, 100, 103)) == ["1c b amended sell 10 @100.88 trailing"]


def test_a_short_mirrors_it() -> None:
    """Entered at 100.00, stop 102.00; 97.00 x 1.01 = 97.97."""
    lines = story(
        short_stop("trailing: {percent: 0.01}, breakeven_at_r: 1"),
        [ENTER, (100, 101, 98, 99), (98, 98.5, 97, 97.5), (97.5, 97.97, 97.2, 97.5)],
    )
    assert lines[2:] == [
        "1o b submitted stop buy 10 @102.00 stop",
        "1c b amended buy 10 @98.98 trailing",
        "2c b amended buy 10 @97.97 trailing",
        "3c b fill buy 10 @97.97 trailing",
        "3c trade short 10 net 20.3 trailing",
    ]


def test_an_atr_counts_as_it_stood_before_the_bar_s_own_closes() -> None:
    """True ranges of bars 1 to 4: 0.50, 3.00, 1.00, 0.70. Bar 2 trails by 1.5 x 0.50, bar 5 by 1.5 x 0.70."""
    text = stop("trailing: {atr: {id: atr, mult: 1.5}}").replace("indicators: []", TRUE_RANGE)
    bars = [(100, 101, 99, 100), ENTER, (100, 102.5, 99.5, 102.2), (102.2, 103, 102, 102.5), (103, 103.2, 102.7, 103)]
    assert story(text, [*bars, (103, 104, 103, 104)])[3:] == [
        "2c b amended sell 10 @101.75 trailing",
        "5c b amended sell 10 @102.95 trailing",
    ]


def test_an_atr_that_is_not_ready_or_leads_below_zero_moves_nothing() -> None:
    indicator = "indicators: [{id: atr, type: ATR, timeframe: 1m, period: 3}]"
    text = stop("trailing: {atr: {id: atr, mult: 1}}").replace("indicators: []", indicator)
    assert after_entry(text, (100, 110, 100, 110)) == []
    text = stop("trailing: {atr: {id: atr, mult: 100}}").replace("indicators: []", indicator)
    bars = [*[(100, 101, 99, 100)] * 4, ENTER, (100, 110, 100, 110)]
    assert len(story(text, bars)) == 3


def test_of_the_bar_of_an_entry_inside_only_the_close_counts() -> None:
    """Entered at 99.00 with a stop of 97.02: the close 101.00 counts, the high 110.00 does not."""
    text = strategy(
        long="high == 100.5", execution="order_type: limit, limit_offset_bps: 100",
        risk=f"{SIZE}, stop_loss: {{base_percent: 0.02, trailing: {{percent: 0.01}}}}",
    )  # fmt: skip
    lines = story(text, [ENTER, (100, 110, 98.5, 101), (101, 102, 100.5, 101)])
    assert lines[2:] == [
        "1c b submitted stop sell 10 @97.02 stop",
        "1c b amended sell 10 @99.99 trailing",
        "2c b amended sell 10 @100.98 trailing",
    ]
    assert story(text, [ENTER, (100, 110, 98.5, 98.6)])[3:] == ["1c b amended sell 10 @98.01 trailing"]


def test_the_fill_price_counts_at_first() -> None:
    """Bought at 102.00 by costs of 2 %, above the bar's high of 101.00: 102.00 x 0.99 = 100.98."""
    text = stop("trailing: {percent: 0.01}").replace("slippage_bps: 0", "slippage_bps: 200")
    assert story(text, [ENTER, (100, 101, 100, 101)])[1:] == [
        "1o a fill buy 10 @102.00 of 100.00 entry",
        "1o b submitted stop sell 10 @99.96 stop",
        "1c b amended sell 10 @100.98 trailing",
    ]


def test_what_is_left_is_named() -> None:
    text = strategy(
        long="high == 100.5",
        risk=f"{SIZE}, stop_loss: {{base_percent: 0.02, trailing: {{percent: 0.01}}}}, "
        "take_profit: {partial_exits: [{level: 0.02, percent: 0.3}]}",
    )
    assert story(text, [ENTER, (100, 103, 100, 103)])[4:] == [
        "1c c fill sell 3 @102.00 maker partial_1",
        "1c b amended sell 7 @101.97 trailing",
    ]


def test_a_minute_without_trades_moves_it_too() -> None:
    """Marking is at every base close; what cannot be there is a fill."""
    bars = [(100, 100, 100, 100), (103, 103, 103, 103, 0), (90, 90, 90, 90, 0)]
    assert after_entry(stop("trailing: {percent: 0.01}"), *bars) == [
        "1c b amended sell 10 @99.00 trailing",
        "2c b amended sell 10 @101.97 trailing",
    ]


def test_it_moves_in_a_run_that_is_paused() -> None:
    lines = story(stop("trailing: {percent: 0.01}"), [ENTER, 100, (100, 103, 100, 103)], [(2, "pause")])
    assert lines[-2:] == ["2o note paused", "2c b amended sell 10 @101.97 trailing"]


def test_r_multiple_stays_on_the_first_stop() -> None:
    text = strategy(
        long="high == 100.5",
        leave_long="r_multiple == 1.5",
        risk=f"{SIZE}, stop_loss: {{base_percent: 0.02, trailing: {{percent: 0.01}}}}",
    )
    assert after_entry(text, (100, 102, 100, 102), (102, 103, 102, 103))[1:] == [
        "2c b amended sell 10 @101.97 trailing",
        "2c c submitted market sell 10 exit",
    ]
