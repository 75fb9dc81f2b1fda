"""Limit and stop entries, by hand: where they rest, when they fill and at what, and what ends them (decision 0009)."""

from decimal import Decimal

import pytest

from shared.domain.decision import Trade
from shared.domain.instrument import InstrumentRules
from tests.support.stories import Row, story, strategy, told

LIMIT = "order_type: limit, limit_offset_bps: 100"
TRIGGER = "order_type: stop, stop_offset_bps: 100"
COSTS = "slippage_bps: 9, half_spread_bps: 1"
SIZE = "position_size: {quote: 1000}"
STOP = f"{SIZE}, stop_loss: {{base_percent: 0.02}}"
BOTH = f"{STOP}, take_profit: {{base_percent: 0.01}}"

# --- where it rests, and for how much --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "execution", "line"),
    [
        pytest.param("long", LIMIT, "a submitted limit buy 10 @99.00 entry", id="buys below"),
        pytest.param("short", LIMIT, "a submitted limit sell 9 @101.00 entry", id="sells above"),
        pytest.param("long", TRIGGER, "a submitted stop buy 9 @101.00 entry", id="buys above"),
        pytest.param("short", TRIGGER, "a submitted stop sell 10 @99.00 entry", id="sells below"),
        pytest.param("long", "order_type: limit", "a submitted limit buy 10 @100.00 entry", id="no offset"),
        pytest.param("long", "order_type: limit, limit_offset_bps: 0.51", "a submitted limit buy 10 @99.99 entry",
                     id="99.9949 is nearest 99.99"),
        pytest.param("long", "order_type: stop, stop_offset_bps: 0.5", "a submitted stop buy 10 @100.00 entry",
                     id="100.005 is a tie: 100.00"),
    ],
)  # fmt: skip
def test_it_rests_beside_the_deciding_close(side: str, execution: str, line: str) -> None:
    assert story(strategy(**{side: "close == 100"}, execution=execution), [100]) == [f"0c {line}"]


@pytest.mark.parametrize(
    ("risk", "lots"),
    [
        pytest.param("risk_pct: 0.0099, stop_loss: {base_percent: 0.02}", 50, id="99 over 1.98, not over 2.00"),
        pytest.param("position_size: {base_size: 0.5, max_position_pct: 0.0495}", 5, id="495 over 99.00"),
        pytest.param("position_size: {base_size: 0.0099}", 1, id="99 over 99.00"),
    ],
)
def test_its_price_stands_in_for_the_close(risk: str, lots: int) -> None:
    text = strategy(long="close == 100", execution=LIMIT, risk=risk)
    assert story(text, [100]) == [f"0c a submitted limit buy {lots} @99.00 entry"]


def test_the_minimum_notional_is_asked_of_its_price() -> None:
    text = strategy(
        long="true", risk="position_size: {quote: 1.01}", execution="order_type: limit, limit_offset_bps: 100"
    )
    assert story(text, [1.00]) == ["0c a rejected limit buy 1 @0.99 min_notional"]


def test_levels_of_stop_and_target_are_those_of_the_deciding_close() -> None:
    risk = f'{SIZE}, stop_loss: {{price: "low - 3"}}, take_profit: {{price: "high + 3"}}'
    bars: list[Row | float] = [(100, 101, 99, 100), (99.5, 110, 98, 99)]
    assert story(strategy(long="close == 100", execution=LIMIT, risk=risk), bars)[1:] == [
        "1c a fill buy 10 @99.00 maker entry",
        "1c b submitted stop sell 10 @96.00 stop",
        "1c c submitted limit sell 10 @104.00 target",
    ]


# --- what fills it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("execution", "bar", "line"),
    [
        pytest.param(LIMIT, (100, 100, 98.99, 100), "1c a fill buy 10 @99.00 maker entry", id="limit traded through"),
        pytest.param(LIMIT, (100, 100, 99, 100), None, id="limit touched"),
        pytest.param(LIMIT, (98.99, 99, 98, 99), "1o a fill buy 10 @98.99 maker entry", id="limit passed by the open"),
        pytest.param(LIMIT, (99, 99, 98.99, 99), "1c a fill buy 10 @99.00 maker entry", id="limit met by the open"),
        pytest.param(LIMIT, (99, 99, 99, 99), None, id="limit met by all of the bar"),
        pytest.param(LIMIT, (98, 98, 98, 98, 0), None, id="limit in a minute without trades"),
        pytest.param(TRIGGER, (100, 101, 100, 100), "1c a fill buy 9 @101.11 of 101.00 entry", id="trigger touched"),
        pytest.param(TRIGGER, (100, 100.99, 100, 100), None, id="trigger missed"),
        pytest.param(
            TRIGGER, (101, 101, 101, 101), "1o a fill buy 9 @101.11 of 101.00 entry", id="trigger at the open"
        ),
        pytest.param(TRIGGER, (103, 103, 90, 90), "1o a fill buy 9 @103.11 of 103.00 entry", id="trigger gapped"),
        pytest.param(TRIGGER, (103, 103, 103, 103, 0), None, id="trigger in a minute without trades"),
    ],
)
def test_a_buy_fills_where_the_market_reaches_it(execution: str, bar: Row, line: str | None) -> None:
    text = strategy(long="close == 100 and open == 100 and high == 100.5", execution=f"{execution}, {COSTS}")
    wanted = "1c a expired buy" if line is None else line
    assert story(text, [(100, 100.5, 100, 100), bar])[1].startswith(wanted)


@pytest.mark.parametrize(
    ("execution", "bar", "line"),
    [
        pytest.param(LIMIT, (100, 101.01, 100, 100), "1c a fill sell 9 @101.00 maker entry", id="limit traded through"),
        pytest.param(LIMIT, (100, 101, 100, 100), None, id="limit touched"),
        pytest.param(
            LIMIT, (102, 103, 102, 102), "1o a fill sell 9 @102.00 maker entry", id="limit passed by the open"
        ),
        pytest.param(TRIGGER, (100, 100, 99, 100), "1c a fill sell 10 @98.90 of 99.00 entry", id="trigger touched"),
        pytest.param(TRIGGER, (97, 98, 97, 97), "1o a fill sell 10 @96.90 of 97.00 entry", id="trigger gapped"),
        pytest.param(TRIGGER, (100, 100, 99.01, 100), None, id="trigger missed"),
    ],
)
def test_a_sell_fills_where_the_market_reaches_it(execution: str, bar: Row, line: str | None) -> None:
    text = strategy(short="high == 100.5", execution=f"{execution}, {COSTS}")
    wanted = "1c a expired sell" if line is None else line
    assert story(text, [(100, 100.5, 100, 100), bar])[1].startswith(wanted)


def test_a_limit_is_lowered_by_the_maker_s_rate() -> None:
    """1001.50 pays ten lots of 100 at 0.1 %, at 0.2 % only nine."""
    rates = "commission_maker: 0.001, commission_taker: 0.002"
    bars = [(100, 100.5, 100, 100), (100, 100, 99, 100)]
    text = strategy(long="high == 100.5", execution=f"order_type: limit, {rates}")
    assert story(text, bars, cash="1001.5")[1] == "1c a fill buy 10 @100.00 maker entry"
    text = strategy(long="high == 100.5", execution=f"order_type: stop, {rates}")
    assert story(text, bars, cash="1001.5")[1:3] == [
        "1o a amended buy 9 @100.00 insufficient_cash",
        "1o a fill buy 9 @100.00 entry",
    ]


@pytest.mark.parametrize(
    ("risk", "cash", "reason"),
    [
        pytest.param(SIZE, "50", "buy 10 @99.00 insufficient_cash", id="nothing left"),
        pytest.param(f'{SIZE}, stop_loss: {{price: "close - 0.5"}}', "10000", "buy 10 @99.00 invalid_stop", id="stop"),
    ],
)
def test_it_is_refused_at_its_fill_under_its_own_type(risk: str, cash: str, reason: str) -> None:
    text = strategy(long="high == 100.5", execution=LIMIT, risk=risk)
    assert story(text, [(100, 100.5, 100, 100), (100, 100, 98, 99)], cash=cash)[1:] == [f"1c a rejected limit {reason}"]


def test_a_fill_below_the_minimum_notional_is_refused() -> None:
    """Two lots at 0.60 were worth 1.20; gapped down to 0.45 they are worth 0.90."""
    text = strategy(long="high == 1", risk="position_size: {quote: 1.20}", execution="order_type: limit")
    assert story(text, [(0.6, 1, 0.6, 0.6), 0.45])[1:] == ["1o a rejected limit buy 2 @0.45 min_notional"]


@pytest.mark.parametrize("limits", ["", "order_type: limit"])
def test_a_price_of_no_tick_buys_nothing(limits: str) -> None:
    """0.004 is nearest to 0 ticks of 0.01; a minimum notional of zero lets it in no more than another."""
    free = InstrumentRules("BTC/USDT", Decimal("0.01"), Decimal(1), Decimal(0), Decimal(0))
    text = strategy(long="true", execution=limits)
    kind = "limit" if limits else "market"
    assert story(text, [0.004], rules=free) == [f"0c a rejected {kind} buy 0 min_quantity"]
    bars: list[Row | float] = [1, (0.004, 1, 0.004, 1)]
    assert story(text, bars, rules=free)[1] == f"1o a rejected {kind} buy 1000 min_notional"


# --- inside the bar of its fill --------------------------------------------------------------------------------------


def test_entered_inside_it_can_be_stopped_whatever_came_first() -> None:
    """The stop of 99.00 is 97.02; its fill goes by costs, the limit's does not."""
    text = strategy(long="high == 100.5", execution=f"{LIMIT}, {COSTS}", risk=BOTH)
    assert story(text, [(100, 100.5, 100, 100), (100, 105, 97, 104)])[1:] == [
        "1c a fill buy 10 @99.00 maker entry",
        "1c b submitted stop sell 10 @97.02 stop",
        "1c c submitted limit sell 10 @99.99 target",
        "1c b fill sell 10 @96.92 of 97.02 stop",
        "1c trade long 10 net -20.8 stop",
        "1c c cancelled sell 0 position_closed",
    ]


def test_entered_inside_it_takes_no_profit() -> None:
    text = strategy(long="high == 100.5", execution=LIMIT, risk=BOTH)
    lines = story(text, [(100, 100.5, 100, 100), (100, 105, 98, 104), (99.5, 99.99, 99, 99.5), (99.5, 100, 99, 99)])
    assert lines[4:] == ["3c c fill sell 10 @99.99 maker target", "3c trade long 10 net 9.9 target",
                         "3c b cancelled sell 0 position_closed"]  # fmt: skip


def test_entered_at_the_open_it_lives_the_bar() -> None:
    text = strategy(long="high == 100.5", execution=LIMIT, risk=BOTH)
    lines = story(text, [(100, 100.5, 100, 100), (98, 99, 97, 98)])
    assert lines[1] == "1o a fill buy 10 @98.00 maker entry"
    assert lines[4] == "1c c fill sell 10 @98.98 maker target"


def test_of_the_bar_of_an_entry_inside_only_the_close_counts() -> None:
    text = strategy(long="high == 100.5", execution=LIMIT, leave_long="close == 98.4")
    bars = [(100, 100.5, 100, 100), (100, 105, 95, 98.5), (98.6, 98.7, 98.3, 98.4), (98.8, 200, 1, 98)]
    (trade,) = (row for row in told(text, bars)[1] if isinstance(row, Trade))
    assert (trade.worst, trade.best) == (9_830, 9_900)


# --- what ends it ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bars", [1, 2, 5])
def test_it_lapses_after_its_bars(bars: int) -> None:
    text = strategy(long="high == 100.5", execution=f"{LIMIT}, expire_bars: {bars}")
    calm: list[Row | float] = [100] * 7
    assert story(text, [(100, 100.5, 100, 100), *calm])[1:] == [f"{bars}c a expired buy 10 @99.00 expired"]


def test_bars_of_its_life_are_entry_bars() -> None:
    text = strategy(long="high == 100.5", execution=LIMIT, entry="3m")
    calm: list[Row | float] = [100] * 6
    assert story(text, [100, 100, (100, 100.5, 100, 100), *calm])[1:] == ["5c a expired buy 10 @99.00 expired"]


def test_a_newer_decision_replaces_it() -> None:
    text = strategy(long="close > 99.5", short="close < 99.4", execution=f"{LIMIT}, expire_bars: 9")
    assert story(text, [100, 101, 99.3])[1:] == [
        "1c a cancelled buy 10 @99.00 replaced",
        "1c b submitted limit buy 10 @99.99 entry",
        "2o b fill buy 10 @99.30 maker entry",
    ]
    assert story(text, [101, (101, 101, 100, 100), (100, 100, 99.2, 99.3)])[1:] == [
        "1c a cancelled buy 10 @99.99 replaced",
        "1c b submitted limit buy 10 @99.00 entry",
        "2c b cancelled buy 10 @99.00 replaced",
        "2c c submitted limit sell 9 @100.29 entry",
    ]


def test_what_replaces_it_may_come_to_nothing() -> None:
    text = strategy(long="true", execution="order_type: stop, stop_offset_bps: 1000, expire_bars: 9")
    assert story(text, [900, 910, 300])[1:] == [
        "1c a cancelled buy 1 @990.00 replaced",
        "1c b rejected stop buy 0 @1001.00 min_quantity",
        "2c c submitted stop buy 3 @330.00 entry",
    ]


def test_it_lapses_before_the_rules_decide() -> None:
    text = strategy(long="close == 100", execution=LIMIT)
    assert story(text, [100, 100]) == [
        "0c a submitted limit buy 10 @99.00 entry",
        "1c a expired buy 10 @99.00 expired",
        "1c b submitted limit buy 10 @99.00 entry",
    ]


@pytest.mark.parametrize("side", ["long", "short"])
def test_an_exit_rule_of_its_side_cancels_it(side: str) -> None:
    leave = {f"leave_{side}": "close == 100.1"}
    other = {f"leave_{'short' if side == 'long' else 'long'}": "close == 100.05"}
    text = strategy(**{side: "close == 100"}, **leave, **other, execution=f"{LIMIT}, expire_bars: 9")
    what = "buy 10 @99.00" if side == "long" else "sell 9 @101.00"
    assert story(text, [100, 100.05, 100.1, 100.2])[1:] == [f"2c a cancelled {what} exit"]


def test_an_exit_rule_gives_way_to_an_entry_of_the_same_close() -> None:
    text = strategy(long="true", leave_long="close == 101", execution=f"{LIMIT}, expire_bars: 9")
    assert story(text, [100, 101])[1:] == [
        "1c a cancelled buy 10 @99.00 exit",
        "1c b submitted limit buy 10 @99.99 entry",
    ]


def test_both_sides_true_decide_nothing_and_it_stays() -> None:
    text = strategy(long="true", short="close == 101", execution=f"{LIMIT}, expire_bars: 9")
    assert story(text, [100, 101])[1:] == ["1c note both_sides"]


@pytest.mark.parametrize(
    ("kind", "reason", "note"), [("pause", "pause_command", "paused"), ("stop", "stop_command", "stopped")]
)
def test_commands_cancel_it(kind: str, reason: str, note: str) -> None:
    text = strategy(long="high == 100.5", execution=f"{LIMIT}, expire_bars: 9")
    lines = story(text, [(100, 100.5, 100, 100), 100, (90, 100, 90, 90)], [(2, kind)])
    assert lines[1:] == [f"2o a cancelled buy 10 @99.00 {reason}", f"2o note {note}"]


def test_a_command_to_close_leaves_it() -> None:
    text = strategy(long="high == 100.5", execution=f"{LIMIT}, expire_bars: 9")
    assert story(text, [(100, 100.5, 100, 100), 100, 90], [(1, "close")])[1:] == ["2o a fill buy 10 @90.00 maker entry"]


# --- reversal --------------------------------------------------------------------------------------------------------

REVERSAL = {"long": "close == 100", "leave_long": "close < 100", "short": "close < 100", "leave_short": "close > 100"}


def test_a_reversal_closes_at_the_open_and_rests() -> None:
    text = strategy(**REVERSAL, execution=f"order_type: limit, {COSTS}")
    bars = [100, (99.9, 100, 99, 99), (98, 100, 97, 98)]
    assert story(text, bars)[1:] == [
        "1o a fill buy 10 @99.90 maker entry",
        "1c b submitted market sell 10 exit",
        "1c c submitted limit sell 10 @99.00 entry",
        "2o b fill sell 10 @97.90 of 98.00 exit",
        "2o trade long 10 net -20 exit",
        "2c c fill sell 10 @99.00 maker entry",
    ]


def test_a_reversal_may_do_all_at_one_open() -> None:
    text = strategy(**REVERSAL, execution="order_type: stop")
    bars = [100, (100, 100, 99, 99), (98, 98, 97, 97)]
    assert story(text, bars)[1:6] == [
        "1o a fill buy 10 @100.00 entry",
        "1c b submitted market sell 10 exit",
        "1c c submitted stop sell 10 @99.00 entry",
        "2o b fill sell 10 @98.00 exit",
        "2o trade long 10 net -20 exit",
    ]
    assert story(text, bars)[6] == "2o c fill sell 10 @98.00 entry"


def test_an_entry_of_the_side_that_is_closing_is_dropped_and_replaces_nothing() -> None:
    """The market order of the other side waits for the open; the close at the same bar is late, so both close first."""
    text = strategy(long="close >= 100", leave_long="close == 101", risk=SIZE)
    assert story(text, [100, 101, 101])[1:] == [
        "1o a fill buy 10 @101.00 entry",
        "1c b submitted market sell 10 exit",
        "1c note same_side_dropped",
        "2o b fill sell 10 @101.00 exit",
        "2o trade long 10 net 0 exit",
        "2c c submitted market buy 9 entry",
    ]


# --- protection ------------------------------------------------------------------------------------------------------


def test_protection_cancels_what_rests() -> None:
    """From 10101 at bar 1 to 9747.50: the short that rests since then goes, and the long is gone already."""
    text = strategy(
        **REVERSAL, risk="position_size: {base_size: 1}", execution="order_type: limit, limit_offset_bps: 100",
        more="equity_protection: {drawdown_threshold: 0.02, cooldown: 1h}",
    )  # fmt: skip
    bars = [100, (98.5, 99.5, 98.5, 99.5), (96, 97, 96, 97)]
    assert story(text, bars)[-4:] == [
        "2o b fill sell 101 @96.00 exit",
        "2o trade long 101 net -252.5 exit",
        "2c note suspended",
        "2c c cancelled sell 100 @100.50 protection",
    ]
