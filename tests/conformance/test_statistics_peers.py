"""Where definitions agree, quantstats and backtesting.py say what we say; where they do not, the difference is known.

docs/statistics.md lists both kinds.
"""

import json
import random
import subprocess
from math import sqrt
from typing import Any

import pytest

from shared.domain.decision import REASONS, Decision, EquityPoint, Trade
from shared.domain.timeframe import DAY_MS
from shared.performance.market import Market
from shared.performance.statistics import statistics
from tests.conftest import PEERS, ROOT
from tests.support.instruments import RULES

pytestmark = pytest.mark.needs("peers")

USDT = 10**8
CASH, STAKE = 10_000, 2_000
DAYS, START = 400, 20_089 * DAY_MS  # 2025-01-01
EXIT = REASONS.index("exit")
Story = dict[str, Any]


def story() -> Story:
    """A year and a month: an equity and a price at the end of each day, and a trade of equal stake every five days."""
    chance = random.Random(11)
    equity, closes = [float(CASH), CASH * 1.01, CASH * 1.02], [40_000.0, 40_000.0, 40_500.0]
    while len(equity) <= DAYS:
        move = chance.gauss(0.0004, 0.02)
        closes.append(round(closes[-1] * (1 + move), 2))
        equity.append(round(equity[-1] * (1 + 0.4 * move + chance.gauss(0.0005, 0.01)), 2))
    trades = [(day, day + 1 + day % 4, STAKE, round(chance.gauss(4, 60), 2)) for day in range(1, DAYS - 5, 5)]
    return {"cash": CASH, "equity": equity, "closes": closes, "trades": trades}


def ours(of: Story) -> dict[str, Any]:
    decisions: list[Decision] = []
    market = Market(START, of["closes"][0])
    trades = {leave: (enter, stake, net) for enter, leave, stake, net in of["trades"]}
    for day in range(1, DAYS + 1):
        end = START + day * DAY_MS - 1
        if day in trades:
            enter, stake, net = trades[day]
            notional, gross = stake * USDT, round(net * USDT)
            entered = START + enter * DAY_MS - 1
            decisions.append(
                Trade(len(decisions) + 1, 1, entered, end, 1, notional, notional + gross, gross, 0, 0, 0, EXIT)
            )
        decisions.append(EquityPoint(len(decisions) + 1, end, round(of["equity"][day] * USDT), 0, 0))
        market.step(end, of["closes"][day])
    return statistics(
        decisions, cash=CASH * USDT, rules=RULES, start_ms=START, end_ms=START + DAYS * DAY_MS, market=market
    )


@pytest.fixture(scope="module")
def told() -> tuple[dict[str, Any], dict[str, float], dict[str, float]]:
    """Our statistics, quantstats', backtesting.py's."""
    run = story()
    done = subprocess.run(
        [PEERS, ROOT / "tests" / "support" / "statistics_peer.py"],
        input=json.dumps(run), capture_output=True, text=True, check=True,
    )  # fmt: skip
    theirs = json.loads(done.stdout)
    return ours(run), theirs["quantstats"], theirs["backtesting"]


@pytest.mark.parametrize(
    ("name", "their_name", "factor"),
    [
        ("sharpe", "sharpe", 1),
        ("sortino", "sortino", 1),
        ("omega", "omega", 1),
        ("annual_volatility", "volatility", 1),
        ("skew", "skew", 1),
        ("kurtosis", "kurtosis", 1),
        ("annual_return", "cagr", 1),  # their years are days / 365
        ("cagr", "cagr", 1),  # and this run begins and ends at midnight
        ("calmar", "calmar", 1),
        ("max_drawdown_ratio", "max_drawdown", -1),
        ("cvar_95", "historical_cvar", 1),
        ("alpha", "alpha", 1),
        ("beta", "beta", 1),
        ("best_day_ratio", "best", 1),
        ("worst_day_ratio", "worst", 1),
        ("ulcer_index", "ulcer_index", sqrt((DAYS - 1) / DAYS)),  # they divide by n - 1
    ],
)
def test_quantstats_agrees(told: Any, name: str, their_name: str, factor: float):
    stats, theirs, _ = told
    assert stats[name] == pytest.approx(theirs[their_name] * factor, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "their_name", "factor"),
    [
        ("profit_ratio", "Return [%]", 0.01),
        ("buy_and_hold_ratio", "Buy & Hold Return [%]", 0.01),
        ("annual_return", "Return (Ann.) [%]", 0.01),
        ("calmar", "Calmar Ratio", 1),
        ("max_drawdown_ratio", "Max. Drawdown [%]", -0.01),
        ("avg_drawdown_ratio", "Avg. Drawdown [%]", -0.01),
        ("longest_drawdown_duration_s", "Max. Drawdown Duration", 86_400),
        ("trade_count", "# Trades", 1),
        ("winrate", "Win Rate [%]", 0.01),
        ("best_trade_ratio", "Best Trade [%]", 0.01),
        ("worst_trade_ratio", "Worst Trade [%]", 0.01),
        ("avg_profit_ratio", "Expectancy [%]", 0.01),
        ("profit_factor", "Profit Factor", 1),  # theirs is of returns: the same where stakes are equal
        ("sqn", "SQN", 1),
        ("kelly", "Kelly Criterion", 1),
        ("max_duration_s", "Max. Trade Duration", 86_400),
    ],
)
def test_backtesting_py_agrees(told: Any, name: str, their_name: str, factor: float):
    stats, _, theirs = told
    assert stats[name] == pytest.approx(theirs[their_name] * factor, rel=1e-9)


def test_where_others_mean_something_else_we_know_it(told: Any):
    """A pin: should one of these begin to agree, its definition has changed, there or here."""
    stats, quantstats, backtesting = told
    assert stats["var_95"] != pytest.approx(quantstats["normal_var"], rel=1e-3)  # theirs is a normal's quantile
    assert stats["cagr"] != pytest.approx(backtesting["CAGR [%]"] / 100, rel=1e-5)  # years of 365.25 days
    assert stats["sharpe"] != pytest.approx(backtesting["Sharpe Ratio"], rel=1e-3)  # compounded over compounded
    assert stats["sortino"] != pytest.approx(backtesting["Sortino Ratio"], rel=1e-3)  # compounded mean
    assert stats["annual_volatility"] != pytest.approx(backtesting["Volatility (Ann.) [%]"] / 100, rel=1e-3)
    assert stats["beta"] != pytest.approx(backtesting["Beta"], rel=1e-4)  # logarithms, every bar
