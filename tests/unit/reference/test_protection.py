"""The reference's protection of equity, and the ends that it leads to."""

from tests.support.by_hand import FREE, MINUTE, backtest, bars, reasons, strategy, told


def test_protection_closes_bars_entries_and_starts_from_a_new_peak():
    text = strategy(
        "risk_management: {position_size: {base_size: 1}}",
        "equity_protection: {drawdown_threshold: 0.1, cooldown: 3m}",
        FREE,
    )
    # 10 % below the peak at the close of minute 2: trigger at 179_999, suspended before 359_999
    result = backtest(text, bars(100, 100, 90, 90, 100, 100, 100, 100, 90, 90))
    assert [fill[::4] for fill in told(result)] == [
        ("entry", 1 * MINUTE),
        ("protection", 3 * MINUTE),
        ("entry", 6 * MINUTE),  # decided at 359_999; 299_999 was still suspended
        ("protection", 9 * MINUTE),
    ]


def test_protection_measures_the_mean_of_its_window():
    text = strategy(
        "risk_management: {position_size: {base_size: 1}}",
        "equity_protection: {drawdown_threshold: 0.1, smoothing_window: 3}",
        FREE,
    )
    result = backtest(text, bars(100, 100, 90, 89, 89, 88))
    # means over 3 closes: 10000, 10000, 9667, 9300, 8933: the peak is 10000, the trigger the close of minute 4
    assert told(result)[1:] == [("protection", "sell", "100.00000", "88.00", 5 * MINUTE)]


def test_the_total_drawdown_ends_the_run_once_flat():
    text = strategy(
        "risk_management: {position_size: {base_size: 1}}",
        "equity_protection: {drawdown_threshold: 0.9, max_drawdown_total: 0.1}",
        FREE,
    )
    result = backtest(text, bars(100, 100, 90, 90, 100, 100))
    assert reasons(result) == ["entry", "protection"]
    assert (result["status"], result["equity"][-1][0]) == ("finished", 239_999)


def test_a_short_without_equity_is_liquidated_and_the_run_finished():
    text = strategy("risk_management: {position_size: {base_size: 1}}", FREE, logic="entry_short: ['close == 100']")
    result = backtest(text, bars(100, 100, 200, 201, 202))
    assert told(result)[-1] == ("liquidation", "buy", "100.00000", "201.00", 3 * MINUTE)
    assert (result["status"], result["equity"][-1]) == ("finished", [239_999, "-100.00000000"])
