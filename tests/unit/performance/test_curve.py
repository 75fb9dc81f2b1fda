"""Drawdowns and daily ratios by hand."""

from decimal import Decimal
from math import sqrt

import pytest

from shared.domain.decision import EquityPoint
from shared.domain.instrument import InstrumentRules
from shared.domain.timeframe import DAY_MS
from shared.performance.equity import Curve
from shared.performance.statistics import statistics

RULES = InstrumentRules("BTC/USDT", Decimal("0.01"), Decimal("0.00001"), Decimal("0.00001"), Decimal(10))
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
