"""What the reference decides at a close, and in which order."""

from tests.support.by_hand import FREE, MINUTE, backtest, bars, notes, reasons, strategy, told


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
