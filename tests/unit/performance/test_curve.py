"""Drawdowns and daily ratios by hand."""

from math import sqrt

import pytest

from shared.domain.decision import EquityPoint
from shared.domain.timeframe import DAY_MS
from shared.performance.equity import Curve
from shared.performance.statistics import statistics
from tests.support.instruments import RULES

USDT = 10**8
CASH = 100 * USDT


def of(*points: tuple[int, float], end_ms: int = 0, start_ms: int = 0) -> dict[str, object]:
    """Statistics of equity points (time, USDT) that start with 100 USDT."""
    equity = [EquityPoint(seq, ts_ms, round(usdt * USDT), 0, 0) for seq, (ts_ms, usdt) in enumerate(points, 1)]
    end = end_ms or points[-1][0] + 1
    return statistics(equity, cash=CASH, rules=RULES, start_ms=start_ms, end_ms=end)


def daily(*values: float) -> dict[str, object]:
    """Statistics of one value at the end of each UTC day."""
    return of(*(((day + 1) * DAY_MS - 1, value) for day, value in enumerate(values)))


def test_the_balance_counts_what_is_open():
    stats = of((1, 110.0), (2, 97.5))
    assert stats["starting_balance"] == "100.00000000"
    assert stats["final_balance"] == "97.50000000"
    assert stats["profit_abs"] == stats["profit_all_abs"] == "-2.50000000"
    assert stats["profit_ratio"] == -0.025
    assert (stats["profit_closed_abs"], stats["profit_closed_ratio"]) == ("0.00000000", 0.0)


def test_the_worst_drawdown_is_the_deepest_relative_one():
    # 100 -> 80 (20 %) recovered at 200; 200 -> 170 is 30 USDT but 15 %
    stats = of((1000, 90.0), (2000, 80.0), (3000, 95.0), (4000, 200.0), (5000, 170.0))
    assert stats["max_drawdown_abs"] == "20.00000000"
    assert stats["max_drawdown_ratio"] == 0.2
    assert stats["max_drawdown_start_ms"] == 0
    assert stats["max_drawdown_low_ms"] == 2000
    assert stats["max_drawdown_end_ms"] == 4000
    assert stats["max_drawdown_duration_s"] == 4.0
    assert stats["current_drawdown_abs"] == "30.00000000"
    assert stats["current_drawdown_ratio"] == 0.15
    assert stats["current_drawdown_start_ms"] == 4000


def test_an_open_drawdown_lasts_until_now():
    stats = of((1000, 120.0), (2000, 60.0), (9000, 90.0))
    assert stats["max_drawdown_ratio"] == 0.5
    assert stats["max_drawdown_end_ms"] is None
    assert stats["reasons"]["max_drawdown_end_ms"] == "not_recovered"
    assert stats["max_drawdown_duration_s"] == 8.0


def test_a_later_equal_fall_does_not_replace_the_first():
    stats = of((1, 80.0), (2, 100.0), (3, 80.0))
    assert stats["max_drawdown_low_ms"] == 1
    assert stats["max_drawdown_end_ms"] == 2


def test_without_a_fall_there_is_no_drawdown():
    stats = of((1, 100.0), (2, 101.0))
    assert stats["max_drawdown_ratio"] == 0.0
    assert stats["max_drawdown_abs"] == "0.00000000"
    assert stats["reasons"]["max_drawdown_start_ms"] == "no_drawdown"
    assert stats["reasons"]["current_drawdown_start_ms"] == "no_drawdown"


def test_all_drawdowns_are_averaged_the_open_one_included():
    # 100 -> 90 (10 %, 0 s to 2 s), 120 -> 90 (25 %, 3 s to 7 s), 130 -> 117 (10 %, from 8 s, now 9 s)
    stats = of((1000, 90), (2000, 100), (3000, 120), (4000, 90), (5000, 110), (7000, 121), (8000, 130), (9000, 117))
    assert stats["drawdown_count"] == 3
    assert stats["avg_drawdown_ratio"] == pytest.approx((0.1 + 0.25 + 0.1) / 3, rel=1e-15)
    assert stats["avg_drawdown_duration_s"] == pytest.approx((2 + 4 + 1) / 3, rel=1e-15)
    assert stats["longest_drawdown_duration_s"] == 4.0
    assert stats["n"]["avg_drawdown_ratio"] == 3
    assert stats["current_drawdown_duration_s"] == 1.0
    assert stats["max_drawdown_recovery_s"] == 3.0  # low at 4 s, 121 at 7 s
    assert stats["recovery_factor"] == pytest.approx(17 / 30, rel=1e-15)  # made 17, fell by 30
    assert (stats["min_balance"], stats["max_balance"]) == ("90.00000000", "130.00000000")


def test_the_longest_drawdown_may_be_the_open_one():
    stats = of((1000, 90), (2000, 100), (9000, 99))
    assert stats["longest_drawdown_duration_s"] == 7.0


def test_the_cash_is_the_lowest_when_nothing_fell_below_it():
    assert (of((1, 110), (2, 105))["min_balance"], of((1, 90))["max_balance"]) == ("100.00000000", "100.00000000")


def test_the_ulcer_index_is_the_root_mean_square_of_daily_drawdowns():
    # 110: 0; 99: 10 %; 88: 20 %; 121: 0. Falls inside a day are not seen
    stats = daily(110.0, 99.0, 88.0, 121.0)
    assert stats["ulcer_index"] == pytest.approx(sqrt((0.1**2 + 0.2**2) / 4), rel=1e-15)
    assert daily(90.0, 95.0)["ulcer_index"] == pytest.approx(sqrt((0.1**2 + 0.05**2) / 2), rel=1e-15)  # below the cash
    assert daily(100.0)["ulcer_index"] == 0.0


@pytest.mark.parametrize(
    ("values", "name", "reason"),
    [
        pytest.param((101.0, 102.0), "avg_drawdown_ratio", "no_drawdown", id="nothing fell: no mean"),
        pytest.param((101.0, 102.0), "avg_drawdown_duration_s", "no_drawdown", id="nothing fell: no duration"),
        pytest.param((101.0, 102.0), "recovery_factor", "no_drawdown", id="nothing fell: nothing to recover from"),
        pytest.param((101.0, 102.0), "max_drawdown_recovery_s", "no_drawdown", id="nothing fell: no recovery"),
        pytest.param((101.0, 99.0), "max_drawdown_recovery_s", "not_recovered", id="still down: no recovery yet"),
    ],
)
def test_drawdowns_that_are_undefined_say_why(values: tuple[float, ...], name: str, reason: str):
    stats = daily(*values)
    assert (stats[name], stats["reasons"][name]) == (None, reason)


def test_days_without_points_repeat_the_value_before_them():
    curve = Curve(CASH, DAY_MS // 2)
    curve.step(DAY_MS - 1, 101)
    curve.step(DAY_MS * 3 + 5, 102)
    curve.step(DAY_MS * 3 + 6, 103)
    assert curve.days.until(DAY_MS * 4) == [101, 101, 101, 103]
    assert curve.days.until(DAY_MS * 5 + 1) == [101, 101, 101, 103, 103, 103]


def test_a_run_that_has_not_marked_yet_holds_its_cash():
    assert Curve(CASH, 0).days.until(2 * DAY_MS) == [CASH, CASH]


def test_sharpe_sortino_and_volatility_are_of_daily_returns():
    stats = daily(110.0, 99.0, 108.9)  # +10 %, -10 %, +10 %
    mean = 0.1 / 3
    deviation = sqrt((2 * (0.1 - mean) ** 2 + (-0.1 - mean) ** 2) / 2)
    assert stats["sharpe"] == pytest.approx(mean / deviation * sqrt(365), rel=1e-12)
    assert stats["sortino"] == pytest.approx(mean / sqrt(0.01 / 3) * sqrt(365), rel=1e-12)
    assert stats["annual_volatility"] == pytest.approx(deviation * sqrt(365), rel=1e-12)
    assert stats["n"]["sharpe"] == stats["n"]["sortino"] == 3


@pytest.mark.parametrize(
    ("values", "name", "reason"),
    [
        pytest.param((101.0,), "sharpe", "insufficient_data", id="one day has no deviation"),
        pytest.param((100.0, 100.0), "sharpe", "zero_variance", id="a flat curve has no Sharpe"),
        pytest.param((101.0, 103.0), "sortino", "no_losing_days", id="no day lost"),
        pytest.param((101.0,) * 29, "cagr", "insufficient_data", id="29 days are not annualised"),
        pytest.param((101.0,) * 29, "calmar", "insufficient_data", id="nor is their Calmar"),
        pytest.param((101.0,) * 30, "calmar", "no_drawdown", id="nothing fell"),
        pytest.param((50.0, -1.0, 5.0), "sharpe", "non_positive_equity", id="returns on debt mean nothing"),
        pytest.param((*(100.0,) * 30, -1.0), "cagr", "non_positive_equity", id="nor does growth into debt"),
    ],
)
def test_what_is_undefined_is_null_and_says_why(values: tuple[float, ...], name: str, reason: str):
    stats = daily(*values)
    assert stats[name] is None
    assert stats["reasons"][name] == reason


def test_growth_is_annualised_over_365_days():
    stats = daily(*(100.0,) * 72, 110.0)  # 73 days: a fifth of a year
    assert stats["cagr"] == pytest.approx(1.1**5 - 1, rel=1e-14)
    assert stats["days"] == 73.0


def test_calmar_is_growth_over_the_worst_drawdown():
    stats = daily(*(100.0,) * 71, 80.0, 110.0)
    assert stats["calmar"] == pytest.approx((1.1**5 - 1) / 0.2, rel=1e-14)
