"""Daily returns by hand: what single days say, their shape, their tail, and the market beside them."""

from math import sqrt

import pytest

from shared.domain.bar import Bars
from shared.domain.decision import EquityPoint
from shared.domain.timeframe import DAY_MS, MINUTE_MS
from shared.performance.market import Market
from shared.performance.statistics import statistics
from tests.support.instruments import RULES

USDT = 10**8
CASH = 100 * USDT


def of(*values: float, prices: tuple[float, ...] = ()) -> dict[str, object]:
    """Statistics of one equity at the end of each UTC day, in USDT after 100; prices: the first open, then closes."""
    points = [EquityPoint(at + 1, (at + 1) * DAY_MS - 1, round(value * USDT), 0, 0) for at, value in enumerate(values)]
    market = None
    if prices:
        market = Market(0, prices[0])
        for at, close in enumerate(prices[1:]):
            market.step((at + 1) * DAY_MS - MINUTE_MS, close)
    return statistics(points, cash=CASH, rules=RULES, start_ms=0, end_ms=len(values) * DAY_MS, market=market)


def after(*returns: float) -> list[float]:
    """Equities that make these returns."""
    values = [100.0]
    for one in returns:
        values.append(values[-1] * (1 + one))
    return values[1:]


def test_days_are_counted_by_their_change():
    stats = of(110.0, 110.0, 99.0, 100.0)
    assert (stats["days_win"], stats["days_draw"], stats["days_lose"]) == (2, 1, 1)


def test_the_best_day_has_the_largest_return_and_says_when():
    # +10 USDT on 100 is 10 %; -11 on 110 is -10 %; +11 on 99 is 11.1 %; +20 on 110 is 18.2 %; -13 on 130 is -10 %
    stats = of(110.0, 99.0, 110.0, 130.0, 117.0)
    assert (stats["best_day_ratio"], stats["best_day_abs"]) == (20 / 110, "20.00000000")
    assert stats["best_day_ms"] == 3 * DAY_MS
    assert (stats["worst_day_ratio"], stats["worst_day_abs"]) == (-0.1, "-11.00000000")  # of equals the first
    assert stats["worst_day_ms"] == DAY_MS
    assert stats["n"]["best_day_ratio"] == 5


def test_omega_is_gains_over_losses():
    stats = of(110.0, 99.0, 108.9, 103.455)  # +10 %, -10 %, +10 %, -5 %
    assert stats["omega"] == pytest.approx(0.2 / 0.15, rel=1e-12)
    assert stats["avg_day_ratio"] == pytest.approx(0.05 / 4, rel=1e-12)


def test_skew_and_kurtosis_are_corrected_for_the_sample():
    # 1, 2, 2, 2, 8 %: mean 3, deviations -2, -1, -1, -1, 5; squares 32, cubes 114, fourths 644
    stats = of(*after(0.01, 0.02, 0.02, 0.02, 0.08))
    deviation = sqrt(32 / 4)
    assert stats["skew"] == pytest.approx(5 / (4 * 3) * 114 / deviation**3, rel=1e-7)
    fourth = 5 * 6 / (4 * 3 * 2) * 644 / deviation**4
    assert stats["kurtosis"] == pytest.approx(fourth - 3 * 16 / (3 * 2), rel=1e-7)


def test_the_tail_is_that_of_the_days_as_they_were():
    # 21 days: the second smallest stands at a twentieth of the way; of 22: a twentieth further
    worst = [-0.08, -0.06, -0.02]
    stats = of(*after(*worst, *[0.01] * 18))
    assert stats["var_95"] == pytest.approx(-0.06, rel=1e-7)
    assert stats["cvar_95"] == pytest.approx(-0.07, rel=1e-7)
    stats = of(*after(*worst, *[0.01] * 19))
    assert stats["var_95"] == pytest.approx(-0.06 + 0.04 / 20, rel=1e-7)
    assert stats["cvar_95"] == pytest.approx(-0.07, rel=1e-7)
    assert stats["n"]["var_95"] == 22
    stats = of(*after(*worst, *[0.01] * 17))  # 20 days, the fewest: 19 twentieths of the way to the second
    assert stats["var_95"] == pytest.approx(-0.08 + 0.02 * 19 / 20, rel=1e-7)
    assert stats["cvar_95"] == pytest.approx(-0.08, rel=1e-7)


def test_annual_return_counts_days_where_cagr_counts_time():
    values = [100.0] * 72 + [110.0]
    points = [EquityPoint(at + 1, (at + 1) * DAY_MS - 1, round(value * USDT), 0, 0) for at, value in enumerate(values)]
    # begun at noon: 73 days take part, 72.5 days have passed
    stats = statistics(points, cash=CASH, rules=RULES, start_ms=DAY_MS // 2, end_ms=73 * DAY_MS)
    assert stats["annual_return"] == pytest.approx(1.1**5 - 1, rel=1e-14)
    assert stats["cagr"] == pytest.approx(1.1 ** (365 / 72.5) - 1, rel=1e-14)


def test_buy_and_hold_is_from_the_first_open_to_the_last_close():
    assert of(100.0, 100.0, prices=(50.0, 60.0, 55.0))["buy_and_hold_ratio"] == pytest.approx(0.1, rel=1e-14)


def test_alpha_and_beta_are_the_line_through_the_days():
    # market +10 %, -10 %, +20 %, 0; equity half of it and 1 % more, each day
    market = (0.1, -0.1, 0.2, 0.0)
    prices = [100.0, *after(*market)]
    stats = of(*after(*(0.01 + m / 2 for m in market)), prices=tuple(prices))
    assert stats["beta"] == pytest.approx(0.5, rel=1e-7)
    assert stats["alpha"] == pytest.approx(365 * 0.01, rel=1e-7)
    assert stats["n"]["beta"] == 4


def test_beta_is_covariance_over_variance():
    # equity +2 %, 0, +1 %; market +1 %, +2 %, +3 %: deviations (1, -1, 0) and (-1, 0, 1): covariance -1/2, variance 1
    stats = of(*after(0.02, 0.0, 0.01), prices=(100.0, *after(0.01, 0.02, 0.03)))
    assert stats["beta"] == pytest.approx(-0.5, rel=1e-6)
    assert stats["alpha"] == pytest.approx(365 * (0.01 + 0.5 * 0.02), rel=1e-6)


def test_the_market_of_bars_is_its_first_open_and_the_last_close_of_each_day():
    times = [DAY_MS - 2 * MINUTE_MS, DAY_MS - MINUTE_MS, DAY_MS, 3 * DAY_MS, 3 * DAY_MS + MINUTE_MS]
    closes = [11.0, 12.0, 13.0, 14.0, 15.0]
    bars = Bars(times, [10.5, 0.0, 0.0, 0.0, 0.0], closes, closes, closes, closes)
    market = Market.of(bars, 0, 5)
    assert (market.start_ms, market.first) == (times[0], 10.5)
    assert market.days.until(3 * DAY_MS + 2 * MINUTE_MS) == [12.0, 13.0, 13.0, 15.0]
    assert Market.of(bars, 1, 4).days.until(3 * DAY_MS + 1) == [12.0, 13.0, 13.0, 14.0]


@pytest.mark.parametrize(
    ("values", "name", "reason"),
    [
        pytest.param((101.0,), "omega", "insufficient_data", id="one day has no gains against losses"),
        pytest.param((101.0, 102.0), "omega", "no_losing_days", id="nothing lost"),
        pytest.param((101.0, 99.0), "skew", "insufficient_data", id="two days have no skew"),
        pytest.param((101.0, 99.0, 98.0), "kurtosis", "insufficient_data", id="three days have no kurtosis"),
        pytest.param((100.0,) * 5, "skew", "zero_variance", id="a flat curve has no skew"),
        pytest.param((100.0,) * 5, "kurtosis", "zero_variance", id="a flat curve has no kurtosis"),
        pytest.param((99.0,) * 19, "var_95", "insufficient_data", id="19 days have no worst of twenty"),
        pytest.param((99.0,) * 19, "cvar_95", "insufficient_data", id="nor a mean of them"),
        pytest.param((101.0,), "annual_volatility", "insufficient_data", id="one day has no deviation"),
        pytest.param((101.0,) * 29, "annual_return", "insufficient_data", id="29 days are not annualised"),
        pytest.param((-1.0, 5.0), "best_day_ratio", "non_positive_equity", id="no return on debt"),
        pytest.param((-1.0, 5.0), "worst_day_abs", "non_positive_equity", id="so no worst day"),
        pytest.param((-1.0, 5.0), "worst_day_ms", "non_positive_equity", id="and no time of it"),
        pytest.param((101.0, 99.0), "beta", "insufficient_data", id="without prices nothing is said of the market"),
        pytest.param((101.0, 99.0), "buy_and_hold_ratio", "insufficient_data", id="nor what a holder made"),
    ],
)
def test_what_is_undefined_is_null_and_says_why(values: tuple[float, ...], name: str, reason: str):
    stats = of(*values)
    assert (stats[name], stats["reasons"][name]) == (None, reason)


def test_a_market_that_stands_still_explains_nothing():
    stats = of(101.0, 99.0, prices=(50.0, 50.0, 50.0))
    assert (stats["beta"], stats["reasons"]["beta"]) == (None, "zero_variance")
    assert stats["reasons"]["alpha"] == "zero_variance"
    assert stats["buy_and_hold_ratio"] == 0.0
