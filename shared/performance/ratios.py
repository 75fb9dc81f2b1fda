"""Ratios over daily returns and over whole periods, each a number or the reason why there is none.

Conventions: 365 days a year (markets never close), risk-free rate 0, sample deviation (ddof 1), Sortino over all days.
Sources disagree on each of these; docs/api.md states ours.
"""

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
CAGR_DAYS = 30  # below, one lucky day would print 5e28 %
_POWERS = Context(prec=34)  # decimal powers are the same on every machine; libm's are not


@dataclass(frozen=True, slots=True)
class Daily:
    """Ratios of the daily equity series; `n` is its number of returns."""

    n: int
    sharpe: Value
    sortino: Value
    volatility: Value


def daily(cash: int, days: list[int]) -> Daily:
    """Ratios of the last equities of consecutive UTC days, the first measured against `cash`. All in units."""
    values = [cash, *days]
    n = len(days)
    if min(values[:-1]) <= 0:
        return Daily(n, "non_positive_equity", "non_positive_equity", "non_positive_equity")
    if n < 2:
        return Daily(n, "insufficient_data", "insufficient_data", "insufficient_data")
    returns = [(after - before) / before for before, after in pairwise(values)]
    mean = fsum(returns) / n
    deviation = sqrt(fsum((r - mean) * (r - mean) for r in returns) / (n - 1))
    downside = sqrt(fsum(r * r for r in returns if r < 0.0) / n)
    year = sqrt(DAYS_A_YEAR)
    return Daily(
        n,
        sharpe=mean / deviation * year if deviation > 0.0 else "zero_variance",
        sortino=mean / downside * year if downside > 0.0 else "no_losing_days",
        volatility=deviation * year,
    )


def cagr(cash: int, final: int, elapsed_ms: int) -> Value:
    """(final / cash) ^ (365 days / elapsed) - 1; not before 30 days."""
    if elapsed_ms < CAGR_DAYS * DAY_MS:
        return "insufficient_data"
    if final <= 0:
        return "non_positive_equity"
    growth = _POWERS.divide(Decimal(final), Decimal(cash))
    years = _POWERS.divide(Decimal(DAYS_A_YEAR * DAY_MS), Decimal(elapsed_ms))
    return float(_POWERS.power(growth, years) - 1)


def sqn(n: int, total: int, squares: int) -> Value:
    """sqrt(n) x mean / deviation (ddof 1) of n whole numbers with this sum and sum of squares."""
    if n < 2:
        return "insufficient_data"
    spread = n * squares - total * total
    return total / sqrt(spread / (n - 1)) if spread > 0 else "zero_variance"
