"""The statistics grid: which figures of /stats are shown, in which order, how they are written, when they are faint."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.dashboard import formats
from services.dashboard.words import why_missing

FEW = 30  # below so many trades or days a ratio says more about luck than about the strategy

# key -> label, how it is written, what it means
Row = tuple[str, str, Callable[[Any], str], str]


def _signed_money(value: Any) -> str:
    return formats.money(value, signed=True)


def _signed_percent(value: Any) -> str:
    return formats.percent(value, signed=True)


def _days(value: Any) -> str:
    return formats.number(value, 1)


TRADES: tuple[Row, ...] = (
    ("trade_count", "Trades", formats.count, "Round trips, entry to flat"),
    ("wins", "Wins", formats.count, "Trades with a net above zero"),
    ("losses", "Losses", formats.count, "Trades with a net below zero"),
    ("winrate", "Win rate", formats.percent, "Wins per trade"),
    ("profit_factor", "Profit factor", formats.number, "Gross profit / gross loss"),
    ("payoff_ratio", "Payoff ratio", formats.number, "Average win / average loss"),
    ("expectancy_abs", "Expectancy", _signed_money, "Average net of a trade"),
    ("expectancy_ratio", "Expectancy ratio", formats.number, "(1 + average win / average loss) x win rate - 1"),
    ("kelly", "Kelly", formats.number, "Share of the capital that such bets deserve: W - (1 - W) / payoff"),
    ("trades_per_day", "Trades a day", formats.number, "Closed trades / days"),
    ("avg_profit_ratio", "Average return", _signed_percent, "Mean return of a trade on its notional"),
    ("median_profit_ratio", "Median return", _signed_percent, "Half of the trades made more, half less"),
    ("best_trade_ratio", "Best trade", _signed_percent, "Largest return of a trade"),
    ("worst_trade_ratio", "Worst trade", _signed_percent, "Smallest return of a trade"),
    ("avg_win_abs", "Average win", _signed_money, "Mean net of the wins"),
    ("avg_loss_abs", "Average loss", formats.money, "Mean net of the losses"),
    ("avg_mae_ratio", "Average MAE", formats.percent, "How far a trade went against its entry, in the mean"),
    ("avg_mfe_ratio", "Average MFE", formats.percent, "How far a trade went in its favour, in the mean"),
    ("avg_duration_s", "Average duration", formats.duration, "Entry to exit"),
    ("median_duration_s", "Median duration", formats.duration, "Entry to exit"),
    ("avg_duration_winners_s", "Average of wins", formats.duration, "Entry to exit of the wins"),
    ("avg_duration_losers_s", "Average of losses", formats.duration, "Entry to exit of the losses"),
    ("max_consecutive_wins", "Wins in a row", formats.count, "Longest streak"),
    ("max_consecutive_losses", "Losses in a row", formats.count, "Longest streak"),
    ("sqn", "SQN", formats.number, "sqrt(n) x mean / deviation of the nets"),
)
GROUPS: tuple[tuple[str, tuple[Row, ...]], ...] = (
    (
        "Balance",
        (
            ("starting_balance", "Starting balance", formats.money, "Cash at the start"),
            ("final_balance", "Balance now", formats.money, "With the open position"),
            ("profit_abs", "Profit", _signed_money, "With the open position, after fees"),
            ("profit_ratio", "Return", _signed_percent, "Profit / starting balance"),
            ("profit_closed_abs", "Closed profit", _signed_money, "Of closed trades, after fees"),
            ("profit_before_costs_abs", "Before costs", _signed_money, "Profit without slippage and fees"),
            (
                "slippage_abs",
                "Slippage",
                formats.money,
                "What fills cost beyond their reference prices, spread included",
            ),
            ("fees_abs", "Fees", formats.money, "Paid so far"),
            ("min_balance", "Lowest balance", formats.money, "With the open position"),
            ("max_balance", "Highest balance", formats.money, "With the open position"),
            ("volume_abs", "Volume", formats.money, "Sum of all fills"),
            ("fill_count", "Fills", formats.count, "Executions"),
            ("exposure_time_ratio", "Time in market", formats.percent, "Share of time with a position"),
            ("rejected_orders", "Rejected entries", formats.count, "Signals that could not be taken"),
            ("expired_orders", "Expired entries", formats.count, "Limit and stop entries that nothing reached in time"),
            ("cancelled_entries", "Cancelled entries", formats.count, "Entries that were withdrawn while they waited"),
            ("days", "Days", _days, "First to last bar"),
        ),
    ),
    (
        "Risk",
        (
            ("max_drawdown_ratio", "Max drawdown", formats.percent, "Deepest fall from a peak"),
            ("max_drawdown_abs", "Max drawdown, amount", formats.money, "In quote currency"),
            ("max_drawdown_duration_s", "Its duration", formats.duration, "Peak to recovery, or to now"),
            ("max_drawdown_recovery_s", "Its recovery", formats.duration, "From its low back to its peak"),
            ("avg_drawdown_ratio", "Average drawdown", formats.percent, "Mean depth of all falls from a peak"),
            ("longest_drawdown_duration_s", "Longest drawdown", formats.duration, "Peak to recovery, or to now"),
            ("current_drawdown_ratio", "Drawdown now", formats.percent, "Below the last peak"),
            ("recovery_factor", "Recovery factor", formats.number, "Profit / max drawdown"),
            ("ulcer_index", "Ulcer index", formats.percent, "Root mean square of the daily drawdowns"),
            ("sharpe", "Sharpe", formats.number, "Daily returns, risk-free rate 0, year of 365 days"),
            ("sortino", "Sortino", formats.number, "Daily returns, downside deviation over all days"),
            ("calmar", "Calmar", formats.number, "CAGR / max drawdown"),
            ("omega", "Omega", formats.number, "Sum of daily gains / sum of daily losses"),
        ),
    ),
    (
        "Days",
        (
            ("cagr", "CAGR", _signed_percent, "Growth a year; from 30 days on"),
            ("annual_volatility", "Volatility", formats.percent, "Deviation of daily returns, a year"),
            ("best_day_ratio", "Best day", _signed_percent, "Largest return of a UTC day"),
            ("worst_day_ratio", "Worst day", _signed_percent, "Smallest return of a UTC day"),
            ("days_win", "Days won", formats.count, "UTC days that ended above the day before"),
            ("days_lose", "Days lost", formats.count, "UTC days that ended below the day before"),
            ("var_95", "VaR 95%", _signed_percent, "One day of twenty was at or below this"),
            ("cvar_95", "CVaR 95%", _signed_percent, "Mean of those days"),
            ("skew", "Skew", formats.number, "Above 0: the large days are wins"),
            ("kurtosis", "Kurtosis", formats.number, "Above 0: more extreme days than a normal has"),
        ),
    ),
    (
        "Market",
        (
            ("buy_and_hold_ratio", "Buy and hold", _signed_percent, "First open to last close of the instrument"),
            ("alpha", "Alpha", _signed_percent, "Return a year that the market does not explain"),
            ("beta", "Beta", formats.number, "How much of the market's daily moves the equity makes"),
        ),
    ),
    ("Trades", TRADES),
)
SIDES = (("long", "Long"), ("short", "Short"))
ALWAYS_FIRM = frozenset({
    "best_trade_abs", "worst_trade_abs", "min_duration_s", "max_duration_s", "buy_and_hold_ratio", "best_day_ratio",
    "worst_day_ratio",
})  # fmt: skip
TONED = (
    "profit",
    "expectancy",
    "avg_profit",
    "median_profit",
    "cagr",
    "buy_and_hold",
    "best_day",
    "worst_day",
    "alpha",
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell: `faint` when it stands on little, with the reason in the tooltip."""

    key: str
    label: str
    text: str
    title: str
    faint: bool
    tone: str


def groups(stats: Mapping[str, Any]) -> list[tuple[str, list[Figure]]]:
    """The grid of a run's statistics, group by group."""
    found = [(title, [figure(stats, row) for row in rows]) for title, rows in GROUPS]
    for key, title in SIDES:
        side = stats.get(key)
        if isinstance(side, Mapping) and side.get("trade_count"):
            found.append((title, [figure(side, row) for row in TRADES]))
    return found


def figure(stats: Mapping[str, Any], row: Row) -> Figure:
    key, label, write, meaning = row
    value = stats.get(key)
    n = (stats.get("n") or {}).get(key)
    if value is None:
        reason = why_missing((stats.get("reasons") or {}).get(key))
        return Figure(key, label, formats.DASH, f"{meaning}. None: {reason}.", True, "even")
    few = n is not None and n < FEW and key not in ALWAYS_FIRM
    over = "" if n is None else f" Over {n:,}." if not few else f" Over {n:,} only: little to stand on."
    tone = formats.tone(value) if key.startswith(TONED) and key != "profit_factor" else "even"
    return Figure(key, label, write(value), f"{meaning}.{over}", few, tone)
