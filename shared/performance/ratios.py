"""Ratios over daily returns and over whole periods, each a number or the reason why there is none.

Conventions: 365 days a year (markets never close), risk-free rate 0, sample deviation (ddof 1), Sortino over all days.
Sources disagree on each of these; docs/statistics.md states ours, and where others differ. No power and no logarithm of
libm, whose last bits depend on the machine: sums are exact (fsum), powers decimal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from itertools import pairwise
from math import fsum, sqrt
from typing import Literal

from shared.domain.timeframe import DAY_MS

Reason = Literal[
    "insufficient_data", "zero_variance", "no_trades", "no_losing_trades", "no_winning_trades", "no_losing_days",
    "no_drawdown", "not_recovered", "non_positive_equity",
]  # fmt: skip
Value = float | Reason

DAYS_A_YEAR = 365
YEAR = sqrt(DAYS_A_YEAR)
GROWTH_DAYS = 30  # fewer are not annualised: one lucky day would print 5e28 %
TAIL_DAYS = 20  # the worst of twenty days is the fewest that 5 % can mean
_POWERS = Context(prec=34)


@dataclass(frozen=True, slots=True)
class Returns:
    """Daily returns, their mean and sample deviation (0 where there are too few)."""

    values: tuple[float, ...]
    mean: float
    deviation: float

    @property
    def n(self) -> int:
        return len(self.values)

    @classmethod
    def of(cls, base: float, days: Sequence[float]) -> "Returns | Reason":
        """Of the last values of consecutive days, the first measured against `base`."""
        values = [base, *days]
        if min(values[:-1], default=base) <= 0:
            return "non_positive_equity"
        returns = tuple((after - before) / before for before, after in pairwise(values))
        n = len(returns)
        mean = fsum(returns) / n if n > 0 else 0.0
        squares = fsum((r - mean) * (r - mean) for r in returns)
        return cls(returns, mean, sqrt(squares / (n - 1)) if n > 1 else 0.0)


def sharpe(r: Returns) -> Value:
    """mean / deviation x sqrt(365)"""
    return _per_deviation(r, 2, lambda: r.mean / r.deviation * YEAR)


def sortino(r: Returns) -> Value:
    """mean / sqrt(sum of squared losses / n) x sqrt(365), n being all days"""
    if r.n < 2:
        return "insufficient_data"
    downside = sqrt(fsum(x * x for x in r.values if x < 0.0) / r.n)
    return r.mean / downside * YEAR if downside > 0.0 else "no_losing_days"


def omega(r: Returns) -> Value:
    """Sum of gains / sum of losses, around 0."""
    if r.n < 2:
        return "insufficient_data"
    lost = -fsum(x for x in r.values if x < 0.0)
    return fsum(x for x in r.values if x > 0.0) / lost if lost > 0.0 else "no_losing_days"


def annual_volatility(r: Returns) -> Value:
    """deviation x sqrt(365)"""
    return r.deviation * YEAR if r.n > 1 else "insufficient_data"


def mean_day(r: Returns) -> Value:
    return r.mean if r.n > 0 else "insufficient_data"


def skew(r: Returns) -> Value:
    """Third standardised moment, corrected for the sample's size (G1)."""
    n = r.n
    return _per_deviation(r, 3, lambda: n / ((n - 1) * (n - 2)) * _moment(r, lambda z: z * z * z))


def kurtosis(r: Returns) -> Value:
    """Excess over the normal's, corrected for the sample's size (G2)."""
    n = r.n
    return _per_deviation(r, 4, lambda: (
        n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) * _moment(r, lambda z: z * z * z * z)
        - 3 * (n - 1) * (n - 1) / ((n - 2) * (n - 3))
    ))  # fmt: skip


def var_95(r: Returns) -> Value:
    """The 5 % quantile of the days as they were, between its two neighbours in proportion; no normality assumed."""
    if r.n < TAIL_DAYS:
        return "insufficient_data"
    ordered = sorted(r.values)
    whole, rest = divmod(r.n - 1, 20)
    low, high = ordered[whole], ordered[whole + 1]
    return low + (high - low) * rest / 20


def cvar_95(r: Returns) -> Value:
    """Mean of the days at or below var_95."""
    limit = var_95(r)
    if isinstance(limit, str):
        return limit
    tail = [x for x in r.values if x <= limit]
    return fsum(tail) / len(tail)


def beta(r: Returns, market: Returns) -> Value:
    """Covariance with the market's days / their variance."""
    return _per_deviation(market, 2, lambda: _covariance(r, market) / (market.deviation * market.deviation))


def alpha(r: Returns, market: Returns) -> Value:
    """365 x (mean - beta x the market's mean)"""
    slope = beta(r, market)
    return slope if isinstance(slope, str) else DAYS_A_YEAR * (r.mean - slope * market.mean)


def ulcer_index(base: int, days: Sequence[int]) -> Value:
    """sqrt(mean of squared drawdowns) of the daily values below the highest so far, `base` included."""
    if not days:
        return "insufficient_data"
    peak, squares = base, []
    for value in days:
        peak = max(peak, value)
        fallen = (peak - value) / peak
        squares.append(fallen * fallen)
    return sqrt(fsum(squares) / len(squares))


def growth(cash: int, final: int, elapsed_ms: int) -> Value:
    """(final / cash) ^ (365 days / elapsed) - 1; not before 30 days."""
    if elapsed_ms < GROWTH_DAYS * DAY_MS:
        return "insufficient_data"
    if final <= 0:
        return "non_positive_equity"
    total = _POWERS.divide(Decimal(final), Decimal(cash))
    years = _POWERS.divide(Decimal(DAYS_A_YEAR * DAY_MS), Decimal(elapsed_ms))
    return float(_POWERS.power(total, years) - 1)


def sqn(n: int, total: int, squares: int) -> Value:
    """sqrt(n) x mean / deviation (ddof 1) of n whole numbers with this sum and sum of squares."""
    if n < 2:
        return "insufficient_data"
    spread = n * squares - total * total
    return total / sqrt(spread / (n - 1)) if spread > 0 else "zero_variance"


def kelly(winrate: float, payoff: float) -> float:
    """Share of the capital that maximises growth of such bets: W - (1 - W) / payoff. payoff > 0."""
    return winrate - (1.0 - winrate) / payoff


def _per_deviation(r: Returns, fewest: int, ratio: Callable[[], float]) -> Value:
    """A ratio that divides by the deviation, where there is one."""
    if r.n < fewest:
        return "insufficient_data"
    return ratio() if r.deviation > 0.0 else "zero_variance"


def _moment(r: Returns, power: Callable[[float], float]) -> float:
    return fsum(power((x - r.mean) / r.deviation) for x in r.values)


def _covariance(a: Returns, b: Returns) -> float:
    paired = zip(a.values, b.values, strict=True)
    return fsum((x - a.mean) * (y - b.mean) for x, y in paired) / (a.n - 1)
