"""The reference's stops, targets and rungs by hand: entered at 100 without costs."""

import pytest

from tests.support.by_hand import FREE, MINUTE, backtest, bars, notes, reference_alone, strategy, told


@pytest.mark.parametrize(
    ("bar", "expected"),
    [
        pytest.param((98, 99, 97, 98), ("stop", "98.00", 2 * MINUTE), id="a gap through the stop fills at the open"),
        pytest.param((100, 103, 99, 100), ("stop", "99.00", 179_999), id="touched stop before target, at its price"),
        pytest.param((100, 102.01, 99.01, 100), ("target", "102.00", 179_999), id="traded through the target"),
        pytest.param((100, 102, 99.01, 100), None, id="touching the target is not enough"),
        pytest.param(
            (103, 104, 99, 100), ("target", "103.00", 2 * MINUTE), id="an open beyond the target, at the open"
        ),
        pytest.param((90, 110, 90, 100, 0), None, id="a minute without trades triggers nothing"),
    ],
)
def test_a_stop_and_a_target_meet_a_bar(bar, expected):
    risk = "risk_management: {stop_loss: {base_percent: 0.01}, take_profit: {base_percent: 0.02}}"
    fills = backtest(strategy(risk, FREE), bars(100, 100, bar))["fills"][1:]
    assert [(fill["reason"], fill["price"], fill["ts_ms"]) for fill in fills] == ([expected] if expected else [])


def test_a_stop_takes_and_a_target_makes():
    risk = "risk_management: {stop_loss: {base_percent: 0.01}, take_profit: {base_percent: 0.02}}"
    costs = "execution: {commission_maker: 0.0001, commission_taker: 0.001}"
    long, short = "entry_long: ['close == 100']", "entry_short: ['close == 100']"
    stopped = backtest(strategy(risk, costs, logic=long), bars(100, 100, (100, 100, 98, 98)))["fills"][1]
    # stop 99.03 (100.03 x 0.99 = 99.0297), sold at 99.03 x 0.9997 = 99.000291
    assert (stopped["price"], stopped["fee_quote"], stopped["liquidity"]) == ("99.00", "0.99000000", "taker")
    won = backtest(strategy(risk, costs, logic=short), bars(100, 100, (100, 100, 97, 98)))["fills"][1]
    # in at 99.97, target 97.97 (99.97 x 0.98 = 97.9706)
    assert (won["price"], won["fee_quote"], won["liquidity"]) == ("97.97", "0.09797000", "maker")


def test_a_stop_price_between_the_open_and_the_fill_is_reached_at_once():
    text = strategy("risk_management: {stop_loss: {price: 'close + 0.01'}}")
    assert told(backtest(text, bars(100, 100))) == [
        ("entry", "buy", "10.00000", "100.03", MINUTE),
        ("stop", "sell", "10.00000", "99.97", MINUTE),
    ]


def test_an_atr_stop_and_a_target_in_its_multiples():
    risk = "risk_management: {stop_loss: {atr: {id: ATR, mult: 1.5}}, take_profit: {r_multiple: 2}}"
    text = strategy(
        "indicators: [{id: ATR, type: ATR, timeframe: entry, period: 2}]",
        risk,
        FREE,
        logic="entry_long: ['close == 100']",
    )
    result = backtest(text, bars((101, 102, 100, 101), (101, 103, 101, 102), (102, 102, 100, 100), 100))
    position = result["open_position"]
    assert (position["stop"], position["target"]) == ("97.00", "106.00")  # ATR 2, so 3.00 below and 6.00 above


PROFILE = (
    # One bin, which only the reference takes: all levels are the bar's middle.
    "indicators: [{id: VP, type: VolumeProfile, lookback: 1, price_bins: 1, lag: 0}]"
)


@pytest.mark.parametrize(
    ("side", "low", "high", "buffer", "stop"),
    [
        pytest.param("long", 98, 100, "0.002", "98.80", id="a level within half and twice the base distance"),
        pytest.param("long", 96, 100, "0.002", "99.00", id="too far"),
        pytest.param("long", 99.6, 100, "0.002", "99.00", id="too near"),
        pytest.param("long", 96, 100, "0", "98.00", id="exactly twice as far"),
        pytest.param("long", 100, 104, "0", "99.00", id="on the wrong side"),
        pytest.param("short", 100, 102, "0.002", "101.20", id="a short's lies above"),
    ],
)
def test_a_profile_level_replaces_a_stop_of_one_percent(side, low, high, buffer, stop):
    risk = f"risk_management: {{stop_loss: {{base_percent: 0.01, use_vp_levels: true, vp_buffer: {buffer}}}}}"
    result = reference_alone(
        strategy(PROFILE, risk, FREE, logic=f"entry_{side}: ['close == 100']"), bars((100, high, low, 100), 100)
    )
    assert result["open_position"]["stop"] == stop


@pytest.mark.parametrize(("high", "target"), [(104, "102.00"), (104.02, "101.00"), (100.9, "101.00")])
def test_a_profile_level_replaces_a_target_of_one_percent(high, target):
    risk = "risk_management: {take_profit: {base_percent: 0.01, use_vp_targets: true}}"
    result = reference_alone(strategy(PROFILE, risk, FREE), bars((100, high, 100, 100), 100))
    assert result["open_position"]["target"] == target


def test_a_regime_that_is_not_ready_is_uncertain():
    risk = """risk_management:
  position_size: {base_size: 0.1, regime_adjustments: {trending: 3, uncertain: 0.5}}
  stop_loss: {base_percent: 0.01, adx_adjustments: {trending: 3, uncertain: 2}}"""
    result = backtest(strategy("indicators: [{id: ADX, type: ADX, timeframe: entry}]", risk, FREE), bars(100, 100))
    position = result["open_position"]
    assert (position["quantity"], position["stop"]) == ("5.00000", "98.00")


def test_a_ladder_sells_shares_of_what_is_left_and_the_target_the_rest():
    ladder = "[{level: 0.01, percent: 0.5}, {level: 0.02, percent: 0.5}, {level: 0.05, percent: 0.5}]"
    risk = f"risk_management: {{take_profit: {{base_percent: 0.03, partial_exits: {ladder}}}}}"
    result = backtest(strategy(risk, FREE), bars(100, 100, (100, 101.5, 100, 101), (101.5, 104, 101, 102)))
    assert told(result)[1:] == [
        ("partial_1", "sell", "5.00000", "101.00", 179_999),
        ("partial_2", "sell", "2.50000", "102.00", 239_999),
        ("target", "sell", "2.50000", "103.00", 239_999),
    ]
    assert notes(result) == [(MINUTE, "rung_beyond_target", 3)]
    (trade,) = result["trades"]
    assert (trade["exit_price"], trade["gross_quote"], trade["exit_reason"]) == (
        "101.75000000",
        "17.50000000",
        "target",
    )
    assert trade["mfe_ratio"] == 0.03  # the exit bar counts with its fills, not with its high


def test_an_open_beyond_all_rungs_fills_them_there():
    risk = "risk_management: {take_profit: {partial_exits: [{level: 0.01, percent: 0.5}, {level: 0.02, percent: 1}]}}"
    assert told(backtest(strategy(risk, FREE), bars(100, 100, (105, 106, 99, 100))))[1:] == [
        ("partial_1", "sell", "5.00000", "105.00", 2 * MINUTE),
        ("partial_2", "sell", "5.00000", "105.00", 2 * MINUTE),
    ]
