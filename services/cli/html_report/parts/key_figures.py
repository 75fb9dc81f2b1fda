"""Statistics in words: the headline, and the whole grid. Each with how many it was taken over; - with the reason."""

from collections.abc import Callable
from typing import Any

from services.cli.html_report.forms import (
    count,
    duration,
    money,
    number,
    or_dash,
    percent,
    signed_money,
    signed_percent,
    tone,
    words,
)
from services.cli.html_report.markup import Html, el
from services.cli.html_report.material import Json, Material
from services.cli.summary import FEW
from services.cli.times import when

Write = Callable[[Any], str]
Row = tuple[str, str, Write]  # statistic, label, how it is written

HEADLINE: tuple[Row, ...] = (
    ("profit_ratio", "Return", signed_percent),
    ("profit_abs", "Net profit", signed_money),
    ("buy_and_hold_ratio", "Buy and hold", signed_percent),
    ("max_drawdown_ratio", "Max drawdown", percent),
    ("sharpe", "Sharpe", number),
    ("profit_factor", "Profit factor", number),
    ("winrate", "Win rate", percent),
    ("trade_count", "Trades", count),
)
GROUPS: tuple[tuple[str, tuple[Row, ...]], ...] = (
    ("Balance", (
        ("starting_balance", "Starting balance", money),
        ("final_balance", "Final balance", money),
        ("profit_abs", "Net profit", signed_money),
        ("profit_closed_abs", "Of closed trades", signed_money),
        ("profit_ratio", "Return", signed_percent),
        ("cagr", "CAGR", signed_percent),
        ("min_balance", "Lowest balance", money),
        ("max_balance", "Highest balance", money),
        ("profit_before_costs_abs", "Before costs", signed_money),
        ("slippage_abs", "Slippage, spread", money),
        ("fees_abs", "Fees", money),
        ("volume_abs", "Volume traded", money),
        ("avg_stake_abs", "Average stake", money),
        ("exposure_time_ratio", "Time in market", percent),
    )),
    ("Risk", (
        ("max_drawdown_ratio", "Max drawdown", percent),
        ("max_drawdown_abs", "Max drawdown, abs.", money),
        ("max_drawdown_start_ms", "From", when),
        ("max_drawdown_low_ms", "Low", when),
        ("max_drawdown_end_ms", "Recovered", when),
        ("max_drawdown_duration_s", "Its duration", duration),
        ("avg_drawdown_ratio", "Average drawdown", percent),
        ("longest_drawdown_duration_s", "Longest drawdown", duration),
        ("current_drawdown_ratio", "Drawdown at end", percent),
        ("ulcer_index", "Ulcer index", percent),
        ("sharpe", "Sharpe", number),
        ("sortino", "Sortino", number),
        ("calmar", "Calmar", number),
        ("omega", "Omega", number),
        ("recovery_factor", "Recovery factor", number),
    )),
    ("Days and market", (
        ("days", "Days", number),
        ("days_win", "Days won", count),
        ("days_draw", "Days even", count),
        ("days_lose", "Days lost", count),
        ("best_day_ratio", "Best day", signed_percent),
        ("worst_day_ratio", "Worst day", signed_percent),
        ("annual_volatility", "Volatility, a year", percent),
        ("var_95", "VaR 95%, a day", signed_percent),
        ("cvar_95", "CVaR 95%, a day", signed_percent),
        ("skew", "Skew", number),
        ("kurtosis", "Kurtosis", number),
        ("buy_and_hold_ratio", "Buy and hold", signed_percent),
        ("alpha", "Alpha, a year", signed_percent),
        ("beta", "Beta", number),
    )),
    ("Trades", (
        ("trade_count", "Trades", count),
        ("trades_per_day", "Trades a day", number),
        ("winrate", "Win rate", percent),
        ("profit_factor", "Profit factor", number),
        ("payoff_ratio", "Payoff ratio", number),
        ("expectancy_abs", "Expectancy", signed_money),
        ("expectancy_ratio", "Expectancy ratio", number),
        ("kelly", "Kelly", number),
        ("sqn", "SQN", number),
        ("avg_profit_ratio", "Average return", signed_percent),
        ("median_profit_ratio", "Median return", signed_percent),
        ("best_trade_ratio", "Best trade", signed_percent),
        ("worst_trade_ratio", "Worst trade", signed_percent),
        ("avg_win_abs", "Average win", money),
        ("avg_loss_abs", "Average loss", money),
    )),
    ("Excursions, durations, orders", (
        ("avg_mae_ratio", "Average MAE", percent),
        ("avg_mfe_ratio", "Average MFE", percent),
        ("avg_duration_s", "Average duration", duration),
        ("median_duration_s", "Median duration", duration),
        ("avg_duration_winners_s", "Average of wins", duration),
        ("avg_duration_losers_s", "Average of losses", duration),
        ("max_consecutive_wins", "Wins in a row", count),
        ("max_consecutive_losses", "Losses in a row", count),
        ("fill_count", "Fills", count),
        ("rejected_orders", "Rejected entries", count),
        ("expired_orders", "Expired entries", count),
        ("cancelled_entries", "Cancelled entries", count),
    )),
)  # fmt: skip
TONED = frozenset({"profit_ratio", "profit_abs", "profit_closed_abs", "buy_and_hold_ratio", "cagr", "expectancy_abs"})
IN_QUOTE = ("_abs", "_balance")


def headline(of: Material) -> Html:
    return el("section", [_tile(of, row) for row in HEADLINE], class_="strip")


def grid(of: Material) -> Html:
    groups = [
        el("section", el("h3", title), el("dl", [_line(of.stats, row) for row in rows])) for title, rows in GROUPS
    ]
    note = (
        f"Amounts in {of.quote}. The small figure is the number of trades, days or points that a value was taken over; "
        f"values over fewer than {FEW} are faint: they say more about luck than about the strategy."
    )
    return el("div", el("div", groups, class_="figures"), el("p", note, class_="note"))


def _tile(of: Material, row: Row) -> Html:
    key, label, _ = row
    stats = of.stats
    value, unit = stats.get(key), of.quote if key.endswith(IN_QUOTE) else ""
    n = stats["n"].get(key)
    beneath = f"n = {count(n)}" if n is not None and value is not None else _beneath(stats, key) or unit
    big = "big" if value is None or key not in TONED else f"big {tone(value) or ''}".strip()
    return el(
        "div",
        el("h2", label),
        el("p", _written(stats, row), class_=big),
        el("p", beneath, class_="beneath"),
        class_="tile",
    )


def _line(stats: Json, row: Row) -> Html:
    key, label, _ = row
    value, n = stats.get(key), stats["n"].get(key)
    few = value is None or (n is not None and n < FEW)
    return el(
        "div",
        el("dt", label),
        el("dd", _written(stats, row), el("small", _beneath(stats, key)), class_="faint" if few else None),
    )


def _written(stats: Json, row: Row) -> str:
    key, _, write = row
    value = stats.get(key)
    return or_dash(value, write)


def _beneath(stats: Json, key: str) -> str:
    """Why there is no value, or over how many it was taken."""
    if stats.get(key) is None:
        return words(stats["reasons"].get(key, "not known"))
    n = stats["n"].get(key)
    return "" if n is None else count(n)
