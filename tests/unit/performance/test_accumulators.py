"""Whatever a run does, and whenever somebody asks: the accumulators say what pandas says over all of it at once."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.decision import REASONS, Decision, EquityPoint, Fill, Trade
from shared.domain.timeframe import DAY_MS, MINUTE_MS
from shared.performance.breakdowns import BREAKDOWNS
from shared.performance.market import Market
from shared.performance.sample import Sample
from shared.performance.statistics import Tally
from tests.support.instruments import RULES

UNIT = 10  # 1e-8 USDT of a tick times a step
CASH = 100_000 * 10**8
START = 1_735_600_000_000 // MINUTE_MS * MINUTE_MS  # 2024-12-30
EXITS = ("exit", "stop", "target", "time_exit")


class Round(NamedTuple):
    """A round trip of one coin, or a fraction of it, after a pause."""

    pause: int  # minutes
    held: int  # minutes
    side: int
    steps: int
    entry: int  # ticks
    exit: int
    worst: int  # equity mark between them
    fee: int  # units, of each fill
    slip: int  # ticks, of each fill
    reason: str


PRICES = st.integers(900_000, 1_100_000)
ROUNDS = st.lists(
    st.builds(
        Round,
        pause=st.sampled_from((0, 1, 17, 600, 4000)),
        held=st.sampled_from((1, 30, 31, 1440, 3000)),
        side=st.sampled_from((1, -1)),
        steps=st.integers(1, 200_000),
        entry=PRICES,
        exit=PRICES,
        worst=PRICES,
        fee=st.integers(0, 10**8),
        slip=st.integers(0, 30),
        reason=st.sampled_from(EXITS),
    ),
    min_size=1,
    max_size=20,
)


def decisions(rounds: list[Round]) -> Iterator[Decision]:
    """What a run that trades so decides."""
    seq, now, cash = 0, START, CASH
    for one in rounds:
        begun = now + one.pause * MINUTE_MS
        ended = begun + one.held * MINUTE_MS
        entry, left = one.entry * one.steps * UNIT, one.exit * one.steps * UNIT
        gross, marked = one.side * (left - entry), one.side * (one.worst * one.steps * UNIT - entry)
        code = REASONS.index(one.reason)
        yield Fill(seq + 1, seq + 1, begun, one.side, one.steps, one.entry, one.fee, 0, 1, 0, one.entry - one.slip)
        yield EquityPoint(seq + 2, begun + MINUTE_MS - 1, cash - one.fee + marked, 0, one.steps)
        yield Fill(seq + 3, seq + 3, ended, -one.side, one.steps, one.exit, one.fee, 0, code, 0, one.exit + one.slip)
        yield Trade(seq + 4, one.side, begun, ended, one.steps, entry, left, gross, 2 * one.fee,
                    min(one.entry, one.exit, one.worst), max(one.entry, one.exit, one.worst), code)  # fmt: skip
        cash += gross - 2 * one.fee
        yield EquityPoint(seq + 5, ended + MINUTE_MS - 1, cash, 0, 0)
        seq, now = seq + 5, ended + MINUTE_MS


def market(end_ms: int) -> Market:
    """Closes that wander, one an hour."""
    found = Market(START, 100.0)
    for hour in range((end_ms - START) // 3_600_000 + 1):
        found.step(START + hour * 3_600_000, 100.0 + 7 * ((hour * hour) % 11) / (1 + hour % 5))
    return found


def end_of(rows: list[Decision]) -> int:
    last = rows[-1]
    assert isinstance(last, EquityPoint)
    return last.ts_ms + 1


@given(ROUNDS, st.sets(st.integers(0, 199)))
@settings(max_examples=60, deadline=None)
def test_asking_in_between_changes_no_answer(rounds: list[Round], asked: set[int]):
    rows = list(decisions(rounds))
    end = end_of(rows)
    asked_often, asked_once = Tally(RULES, CASH, START), Tally(RULES, CASH, START)
    for at, row in enumerate(rows):
        asked_often.step(row)
        asked_once.step(row)
        if at in asked:
            asked_often.report(end)
            asked_often.breakdown("week", end)
    assert asked_often.report(end) == asked_once.report(end)
    for name in BREAKDOWNS:
        assert asked_often.breakdown(name, end) == asked_once.breakdown(name, end)


@given(st.lists(st.lists(st.floats(-1e9, 1e9), max_size=150), min_size=1, max_size=5))
def test_a_sample_has_the_middle_of_all_it_took(parts: list[list[float]]):
    sample, all_of_it = Sample(), []
    for part in parts:
        for value in part:
            sample.step(value)
        all_of_it += part
        if all_of_it:
            assert sample.median() == pytest.approx(pd.Series(all_of_it).median(), rel=1e-15, abs=0)
        assert len(sample) == len(all_of_it)


# ------------------------------------------------------------------------------------------------- the same, by pandas


def frames(rounds: list[Round]) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Trades; equity by time; slippage of each trade. In USDT."""
    rows = list(decisions(rounds))
    trades = pd.DataFrame([row._asdict() for row in rows if isinstance(row, Trade)])
    trades["net"] = (trades.gross - trades.fees) / 1e8
    trades["ratio"] = (trades.gross - trades.fees) / trades.entry_notional
    trades["held"] = (trades.exit_ms - trades.entry_ms) / 1000
    trades["exit"] = pd.to_datetime(trades.exit_ms, unit="ms")
    trades["slippage"] = [2 * one.slip * one.steps * UNIT / 1e8 for one in rounds]
    points = [(row.ts_ms, row.equity / 1e8) for row in rows if isinstance(row, EquityPoint)]
    equity = pd.Series([CASH / 1e8, *(value for _, value in points)], index=[START, *(ms for ms, _ in points)])
    by_time = equity.set_axis(pd.to_datetime(equity.index, unit="ms"))
    return trades, equity, by_time.resample("1D").last().ffill()


def of_trades(trades: pd.DataFrame) -> dict[str, float]:
    wins, losses = trades[trades.net > 0], trades[trades.net < 0]
    sign = trades.net.map(lambda x: (x > 0) - (x < 0))
    runs = sign.groupby((sign != sign.shift()).cumsum()).agg(["first", "size"])
    found = {
        "trade_count": len(trades), "wins": len(wins), "losses": len(losses),
        "profit_closed_abs": trades.net.sum(), "closed_slippage_abs": trades.slippage.sum(),
        "closed_fees_abs": trades.fees.sum() / 1e8, "winrate": len(wins) / len(trades),
        "avg_profit_ratio": trades.ratio.mean(), "median_profit_ratio": trades.ratio.median(),
        "best_trade_ratio": trades.ratio.max(), "worst_trade_ratio": trades.ratio.min(),
        "avg_duration_s": trades.held.mean(), "median_duration_s": trades.held.median(),
        "max_consecutive_wins": runs.loc[runs["first"] == 1, "size"].max(),
        "max_consecutive_losses": runs.loc[runs["first"] == -1, "size"].max(),
        "max_duration_winners_s": wins.held.max(), "avg_duration_losers_s": losses.held.mean(),
        "avg_win_ratio": wins.ratio.mean(), "avg_loss_ratio": -losses.ratio.mean(),
    }  # fmt: skip
    if len(losses) > 0:
        found["profit_factor"] = wins.net.sum() / -losses.net.sum()
    if len(trades) > 2 and trades.net.std() > 1e-6:
        found["sqn"] = len(trades) ** 0.5 * trades.net.mean() / trades.net.std()
    return {name: value for name, value in found.items() if not pd.isna(value)}


def of_curve(equity: pd.Series) -> dict[str, float]:
    under = 1 - equity / equity.cummax()
    episode = (under == 0).cumsum()
    deep = under.groupby(episode).max()
    begun = pd.Series(equity.index, index=equity.index).groupby(episode.to_numpy()).first()
    ended = begun.shift(-1).fillna(equity.index[-1])
    fell = deep > 0
    lasted = (ended - begun)[fell] / 1000
    found = {
        "max_drawdown_ratio": under.max(), "current_drawdown_ratio": under.iloc[-1], "drawdown_count": fell.sum(),
        "min_balance": equity.min(), "max_balance": equity.max(),
        "longest_drawdown_duration_s": lasted.max() if fell.any() else 0.0,
    }  # fmt: skip
    if fell.any():
        found |= {"avg_drawdown_ratio": deep[fell].mean(), "avg_drawdown_duration_s": lasted.mean()}
    return found


def of_days(days: pd.Series, prices: pd.Series) -> dict[str, float]:
    values = pd.concat([pd.Series([CASH / 1e8]), days], ignore_index=True)
    returns = values.pct_change().dropna()
    moves = prices.pct_change().dropna()
    under = 1 - (values / values.cummax())[1:]
    found = {
        "days_win": (values.diff().dropna() > 0).sum(), "days_lose": (values.diff().dropna() < 0).sum(),
        "avg_day_ratio": returns.mean(), "best_day_ratio": returns.max(), "worst_day_ratio": returns.min(),
        "ulcer_index": (under**2).mean() ** 0.5, "buy_and_hold_ratio": prices.iloc[-1] / prices.iloc[0] - 1,
    }  # fmt: skip
    if returns.abs().max() < 1e-6:
        return found  # too little for floats to divide by; ours are quotients of exact integers
    if len(returns) > 3 and returns.std() > 1e-6:
        found |= {
            "sharpe": returns.mean() / returns.std() * 365**0.5, "annual_volatility": returns.std() * 365**0.5,
            "skew": returns.skew(), "kurtosis": returns.kurt(), "beta": returns.cov(moves) / moves.var(),
            "alpha": 365 * (returns.mean() - returns.cov(moves) / moves.var() * moves.mean()),
        }  # fmt: skip
    if len(returns) > 1 and returns.min() < -1e-6:
        lost = returns.clip(upper=0)
        found |= {
            "sortino": returns.mean() / ((lost**2).mean() ** 0.5) * 365**0.5,
            "omega": returns.clip(lower=0).sum() / -lost.sum(),
        }
    if len(returns) >= 20:
        limit = returns.quantile(0.05)
        found |= {"var_95": limit, "cvar_95": returns[returns <= limit].mean()}
    return found


def close(value: object) -> Any:
    return pytest.approx(value, rel=1e-7, abs=1e-9)


@given(ROUNDS)
@settings(max_examples=60, deadline=None)
def test_every_figure_is_what_pandas_says(rounds: list[Round]):
    trades, equity, days = frames(rounds)
    end = int(equity.index[-1]) + 1
    beside = market(end)
    tally = Tally(RULES, CASH, START, beside)
    for row in decisions(rounds):
        tally.step(row)
    stats = tally.report(end)
    prices = pd.Series([beside.first, *beside.days.until(end)])
    expected = of_trades(trades) | of_curve(equity) | of_days(days, prices)
    assert {name: float(stats[name]) for name in expected} == {name: close(value) for name, value in expected.items()}
    for side, sign in (("long", 1), ("short", -1)):
        some = trades[trades.side == sign]
        if len(some) > 0:
            expected = of_trades(some)
            found = {name: float(stats[side][name]) for name in expected}
            assert found == {name: close(value) for name, value in expected.items()}


KEYS = {
    "side": lambda t: t.side.map({1: "long", -1: "short"}),
    "exit_reason": lambda t: t.exit_reason.map(lambda code: REASONS[code]),
    "hour": lambda t: t.exit.dt.strftime("%H"),
    "weekday": lambda t: t.exit.dt.day_name().str.lower(),
    "day": lambda t: t.exit.dt.strftime("%Y-%m-%d"),
    "week": lambda t: t.exit.dt.strftime("%G-W%V"),
    "month": lambda t: t.exit.dt.strftime("%Y-%m"),
}


@given(ROUNDS)
@settings(max_examples=40, deadline=None)
def test_every_breakdown_is_what_pandas_groups(rounds: list[Round]):
    trades, equity, days = frames(rounds)
    end = int(equity.index[-1]) + 1
    tally = Tally(RULES, CASH, START)
    for row in decisions(rounds):
        tally.step(row)
    for name in BREAKDOWNS:
        rows = {str(row["key"]): row for row in tally.breakdown(name, end)}
        grouped = dict(iter(trades.groupby(KEYS[name](trades))))
        assert {key for key, row in rows.items() if row["trade_count"] != 0} == set(grouped)
        for key, part in grouped.items():
            expected = of_trades(part)
            row = rows[key]
            assert [row["trade_count"], row["wins"], row["losses"]] == [len(part), expected["wins"], expected["losses"]]
            assert float(row["net_abs"]) == close(expected["profit_closed_abs"])
            assert float(row["slippage_abs"]) == close(expected["closed_slippage_abs"])
            assert row["profit_factor"] == (close(expected["profit_factor"]) if expected["losses"] else None)
            assert row["avg_duration_s"] == close(expected["avg_duration_s"])
            assert row["avg_profit_ratio"] == close(expected["avg_profit_ratio"])
    monthly = days.groupby(days.index.strftime("%Y-%m")).last()
    changes = monthly.diff().fillna(monthly.iloc[0] - CASH / 1e8)
    found = {row["key"]: float(row["equity_change_abs"]) for row in tally.breakdown("month", end)}
    assert found == {key: close(value) for key, value in changes.items()}
    assert len(tally.breakdown("day", end)) == (end - 1) // DAY_MS - START // DAY_MS + 1
