"""Round trips add up by hand: quote amounts below are units of 1e-8 USDT, written in whole USDT."""

from math import sqrt

import pytest

from shared.domain.decision import REASONS, Trade
from shared.performance.statistics import statistics
from tests.support.instruments import RULES

USDT = 10**8
CASH = 10_000 * USDT
HOUR = 3_600_000


def trade(net: int, side: int = 1, hours: int = 1, fees: int = 1, seq: int = 1) -> Trade:
    """1,000 USDT bought and sold for `net` USDT after `fees`."""
    gross = (net + fees) * USDT
    entry = 1000 * USDT
    return Trade(
        seq, side, 0, hours * HOUR, 5_000_000, entry, entry + side * gross, gross, fees * USDT, 2_000, 2_000,
        REASONS.index("exit"),
    )  # fmt: skip


def of(*trades: Trade) -> dict[str, object]:
    return statistics(trades, cash=CASH, rules=RULES, start_ms=0, end_ms=24 * HOUR)


def test_wins_losses_and_what_they_are_worth():
    stats = of(trade(30), trade(-10, hours=3), trade(20, hours=2), trade(0), trade(-20, hours=5))
    assert {k: stats[k] for k in ("trade_count", "wins", "draws", "losses")} == {
        "trade_count": 5, "wins": 2, "draws": 1, "losses": 2,
    }  # fmt: skip
    assert stats["winrate"] == 0.4
    assert stats["profit_closed_abs"] == "20.00000000"
    assert stats["profit_closed_ratio"] == 0.002
    assert stats["gross_profit_abs"] == "50.00000000"
    assert stats["gross_loss_abs"] == "30.00000000"
    assert stats["profit_factor"] == 50 / 30
    assert stats["payoff_ratio"] == 25 / 15
    assert stats["expectancy_abs"] == "4.00000000"
    assert stats["expectancy_ratio"] == pytest.approx((1 + 25 / 15) * 0.4 - 1, rel=1e-15)
    assert stats["avg_profit_ratio"] == pytest.approx(0.004, rel=1e-15)
    assert stats["avg_win_abs"] == "25.00000000"
    assert stats["avg_loss_abs"] == "15.00000000"
    assert (stats["best_trade_abs"], stats["worst_trade_abs"]) == ("30.00000000", "-20.00000000")
    assert (stats["best_trade_ratio"], stats["worst_trade_ratio"]) == (0.03, -0.02)
    assert (stats["avg_duration_s"], stats["min_duration_s"], stats["max_duration_s"]) == (8640.0, 3600.0, 18000.0)


def test_every_ratio_says_over_how_many_trades():
    n = of(trade(30), trade(-10))["n"]
    assert n["winrate"] == n["profit_factor"] == n["expectancy_ratio"] == n["sqn"] == 2
    assert (n["avg_win_abs"], n["avg_loss_abs"]) == (1, 1)


def test_streaks_are_broken_by_the_other_kind_and_by_a_draw():
    stats = of(*(trade(net) for net in (1, 1, -1, 1, 0, 1, 1, 1, -1, -1)))
    assert (stats["max_consecutive_wins"], stats["max_consecutive_losses"]) == (3, 2)


def test_sqn_is_root_n_times_mean_over_the_sample_deviation():
    nets = (30, -10, 20, 0, -20)
    mean = sum(nets) / 5
    deviation = sqrt(sum((net - mean) ** 2 for net in nets) / 4)
    assert of(*map(trade, nets))["sqn"] == pytest.approx(sqrt(5) * mean / deviation, rel=1e-14)


def test_the_middle_trade_is_the_mean_of_two_when_they_are_even():
    # returns on 1,000 USDT: -2 %, -1 %, 0, 2 %, 3 %; held 1, 2, 3, 4, 10 hours
    odd = (trade(30, hours=10), trade(-10, hours=1), trade(20, hours=4), trade(0, hours=2), trade(-20, hours=3))
    assert of(*odd)["median_profit_ratio"] == 0.0
    assert of(*odd)["median_duration_s"] == 3 * 3600.0
    even = of(*odd, trade(10, hours=2))  # -2, -1, 0, 1, 2, 3 %: (0 + 1) / 2; 1, 2, 2, 3, 4, 10 h: 2.5
    assert even["median_profit_ratio"] == 0.005
    assert even["median_duration_s"] == 2.5 * 3600


def test_kelly_is_the_share_that_grows_fastest():
    # W = 3/5, payoff = (60 / 3) / (20 / 2) = 2: 0.6 - 0.4 / 2
    assert of(*map(trade, (10, 20, 30, -5, -15)))["kelly"] == pytest.approx(0.4, rel=1e-15)
    # a draw is no win: W = 1/3, payoff 1: 1/3 - 2/3
    assert of(*map(trade, (10, 0, -10)))["kelly"] == pytest.approx(-1 / 3, rel=1e-15)


def test_winners_and_losers_are_held_differently():
    stats = of(
        trade(1, hours=2), trade(1, hours=4), trade(1, hours=9), trade(-1, hours=1), trade(-1, hours=2), trade(0)
    )
    assert [stats[f"{which}_duration_winners_s"] for which in ("min", "avg", "max")] == [7200.0, 18_000.0, 32_400.0]
    assert [stats[f"{which}_duration_losers_s"] for which in ("min", "avg", "max")] == [3600.0, 5400.0, 7200.0]
    assert (stats["n"]["avg_duration_winners_s"], stats["n"]["avg_duration_losers_s"]) == (3, 2)


def test_wins_and_losses_as_fractions_of_their_stakes():
    stats = of(trade(30), trade(10), trade(-20), trade(-40), trade(0))
    assert stats["avg_win_ratio"] == pytest.approx(0.02, rel=1e-15)  # (3 % + 1 %) / 2
    assert stats["avg_loss_ratio"] == pytest.approx(0.03, rel=1e-15)  # (2 % + 4 %) / 2, an amount as avg_loss_abs is
    assert stats["avg_stake_abs"] == "1000.00000000"
    assert stats["trades_per_day"] == 5.0  # of() is one day long
    two_days = statistics([trade(1), trade(2), trade(3)], cash=CASH, rules=RULES, start_ms=0, end_ms=48 * HOUR)
    assert (two_days["trades_per_day"], two_days["long"]["trades_per_day"]) == (1.5, 1.5)


def test_excursions_are_averaged_with_their_signs():
    # entry 20.00: long down to 19.00 and up to 24.00; short up to 21.00 and down to 18.00
    long = trade(5)._replace(worst=1_900, best=2_400)
    short = trade(5, side=-1)._replace(worst=2_100, best=1_800)
    stats = of(long, short)
    assert stats["avg_mae_ratio"] == pytest.approx((-1 / 20 - 1 / 20) / 2, rel=1e-15)
    assert stats["avg_mfe_ratio"] == pytest.approx((4 / 20 + 2 / 20) / 2, rel=1e-15)


def test_gross_less_fees_is_net():
    stats = of(trade(30, fees=2), trade(-10, fees=3))
    assert (stats["closed_gross_abs"], stats["closed_fees_abs"]) == ("25.00000000", "5.00000000")
    assert stats["profit_closed_abs"] == "20.00000000"


def test_the_streak_that_runs_is_signed():
    assert of(*map(trade, (-1, 1, 1)))["current_streak"] == 2
    assert of(*map(trade, (1, -1, -1, -1)))["current_streak"] == -3
    assert of(*map(trade, (1, 0)))["current_streak"] == 0


def test_long_and_short_are_split():
    stats = of(trade(30), trade(-10, side=-1), trade(5, side=-1))
    long, short = stats["long"], stats["short"]
    assert (long["trade_count"], long["profit_closed_abs"]) == (1, "30.00000000")
    assert (short["trade_count"], short["wins"], short["profit_closed_abs"]) == (2, 1, "-5.00000000")
    assert short["profit_factor"] == 0.5
    assert long["reasons"]["profit_factor"] == "no_losing_trades"


@pytest.mark.parametrize(
    ("nets", "name", "reason"),
    [
        pytest.param((), "winrate", "no_trades", id="no trade: no win rate"),
        pytest.param((), "expectancy_abs", "no_trades", id="no trade: nothing to expect"),
        pytest.param((), "best_trade_abs", "no_trades", id="no trade: none is best"),
        pytest.param((), "avg_duration_s", "no_trades", id="no trade: no duration"),
        pytest.param((), "avg_win_abs", "no_trades", id="no trade: no average win"),
        pytest.param((), "kelly", "no_trades", id="no trade: no bet"),
        pytest.param((), "median_profit_ratio", "no_trades", id="no trade: no middle"),
        pytest.param((), "median_duration_s", "no_trades", id="no trade: no middle duration"),
        pytest.param((), "avg_duration_winners_s", "no_trades", id="no trade: no winner"),
        pytest.param((), "avg_stake_abs", "no_trades", id="no trade: no stake"),
        pytest.param((), "avg_mae_ratio", "no_trades", id="no trade: no excursion"),
        pytest.param((), "sqn", "insufficient_data", id="no trade: no quality"),
        pytest.param((3,), "sqn", "insufficient_data", id="one trade has no deviation"),
        pytest.param((3, 3), "sqn", "zero_variance", id="equal trades have no deviation"),
        pytest.param((3,), "profit_factor", "no_losing_trades", id="nothing lost"),
        pytest.param((3,), "kelly", "no_losing_trades", id="nothing lost: no bet that could be lost"),
        pytest.param((-3,), "kelly", "no_winning_trades", id="nothing won: no bet"),
        pytest.param((3,), "avg_loss_ratio", "no_losing_trades", id="nothing lost: no mean loss"),
        pytest.param((3,), "avg_duration_losers_s", "no_losing_trades", id="nothing lost: no duration of losses"),
        pytest.param((-3,), "avg_win_ratio", "no_winning_trades", id="nothing won: no mean win"),
        pytest.param((-3,), "max_duration_winners_s", "no_winning_trades", id="nothing won: no longest win"),
        pytest.param((3,), "payoff_ratio", "no_losing_trades", id="nothing lost: no payoff"),
        pytest.param((-3,), "payoff_ratio", "no_winning_trades", id="nothing won: no payoff"),
        pytest.param((3,), "expectancy_ratio", "no_losing_trades", id="nothing lost: no ratio"),
        pytest.param((3,), "avg_loss_abs", "no_losing_trades", id="nothing lost: no average"),
        pytest.param((-3,), "avg_win_abs", "no_winning_trades", id="nothing won: no average"),
    ],
)
def test_what_is_undefined_is_null_and_says_why(nets: tuple[int, ...], name: str, reason: str):
    stats = of(*map(trade, nets))
    assert stats[name] is None
    assert stats["reasons"][name] == reason


def test_only_losses_expect_to_lose_everything_they_risk():
    stats = of(trade(-3), trade(-5))
    assert stats["profit_factor"] == 0.0
    assert stats["expectancy_ratio"] == -1.0
