"""Summary metrics: which figures of a run's statistics a terminal shows, in which order, and how they are written."""

from collections.abc import Callable
from typing import Any

from services.cli.times import when

Stats = dict[str, Any]
Write = Callable[[Any], str]
Row = tuple[str, Callable[[Stats], str]]

FEW = 30  # a ratio over fewer trades or days says more about luck than about the strategy


def money(value: Any) -> str:
    return f"{float(value):,.2f}"


def price(value: Any) -> str:
    """Its digits, at least two after the point: `57,643.30`, `0.07345`."""
    whole, _, fraction = f"{float(value):,.8f}".rstrip("0").partition(".")
    return f"{whole}.{fraction:0<2}"


def percent(value: Any) -> str:
    return f"{100 * value:.2f} %"


def number(value: Any) -> str:
    return f"{value:.2f}"


def count(value: Any) -> str:
    return f"{value:,}"


def duration(seconds: Any) -> str:
    """`4m`, `3h 04m`, `12d 3h`."""
    minutes = round(seconds) // 60
    hours, days = minutes // 60, minutes // 1440
    if days > 0:
        return f"{days:,}d {hours % 24}h"
    return f"{hours}h {minutes % 60:02d}m" if hours > 0 else f"{minutes}m"


def figure(stats: Stats, key: str, write: Write) -> str:
    """The value, or - with the reason why there is none; a ratio over little says over how much."""
    value = stats.get(key)
    if value is None:
        return f"- ({stats['reasons'].get(key, 'unknown').replace('_', ' ')})"
    n = stats["n"].get(key)
    few = write is number and n is not None and n < FEW
    return f"{write(value)} (over {n})" if few else write(value)


def one(key: str, write: Write) -> Callable[[Stats], str]:
    return lambda stats: figure(stats, key, write)


def several(*parts: tuple[str, Write]) -> Callable[[Stats], str]:
    """Values beside each other; what is missing is a dash."""
    return lambda stats: " / ".join("-" if stats.get(key) is None else write(stats[key]) for key, write in parts)


def sides(key: str, write: Write) -> Callable[[Stats], str]:
    return lambda stats: " / ".join("-" if stats[side][key] is None else write(stats[side][key]) for side in SIDES)


SIDES = ("long", "short")
SECTIONS: tuple[tuple[Row, ...], ...] = (
    (
        ("Backtesting from", one("start_ms", when)),
        ("Backtesting to", one("end_ms", when)),
        ("Days", one("days", number)),
        ("Total / daily avg trades", several(("trade_count", count), ("trades_per_day", number))),
        ("Long / short trades", sides("trade_count", count)),
    ),
    (
        ("Starting balance", one("starting_balance", money)),
        ("Final balance", one("final_balance", money)),
        ("Min / max balance", several(("min_balance", money), ("max_balance", money))),
        ("Absolute profit", one("profit_abs", money)),
        ("  of closed trades", one("profit_closed_abs", money)),
        ("  long / short", sides("profit_closed_abs", money)),
        ("Total profit %", one("profit_ratio", percent)),
        ("Market change", one("buy_and_hold_ratio", percent)),
        ("CAGR %", one("cagr", percent)),
        ("Profit before costs", one("profit_before_costs_abs", money)),
        ("  slippage / fees", several(("slippage_abs", money), ("fees_abs", money))),
        ("Total trade volume", one("volume_abs", money)),
        ("Avg. stake amount", one("avg_stake_abs", money)),
    ),
    (
        ("Sharpe", one("sharpe", number)),
        ("Sortino", one("sortino", number)),
        ("Calmar", one("calmar", number)),
        ("Omega", one("omega", number)),
        ("Volatility (year)", one("annual_volatility", percent)),
        ("VaR / CVaR 95 % (day)", several(("var_95", percent), ("cvar_95", percent))),
        ("Skew / kurtosis", several(("skew", number), ("kurtosis", number))),
        ("Alpha / beta", several(("alpha", percent), ("beta", number))),
    ),
    (
        ("Wins / draws / losses", several(("wins", count), ("draws", count), ("losses", count))),
        ("Win rate", one("winrate", percent)),
        ("Profit factor", one("profit_factor", number)),
        ("Payoff ratio", one("payoff_ratio", number)),
        ("Expectancy (ratio)", several(("expectancy_abs", money), ("expectancy_ratio", number))),
        ("SQN", one("sqn", number)),
        ("Kelly", one("kelly", number)),
        ("Avg. / median profit %", several(("avg_profit_ratio", percent), ("median_profit_ratio", percent))),
        ("Best / worst trade", several(("best_trade_ratio", percent), ("worst_trade_ratio", percent))),
        ("Avg. win / loss", several(("avg_win_abs", money), ("avg_loss_abs", money))),
        ("Avg. MAE / MFE", several(("avg_mae_ratio", percent), ("avg_mfe_ratio", percent))),
        ("Avg. / median duration", several(("avg_duration_s", duration), ("median_duration_s", duration))),
        (
            "Min/avg/max winners",
            several(*((f"{which}_duration_winners_s", duration) for which in ("min", "avg", "max"))),
        ),
        (
            "Min/avg/max losers",
            several(*((f"{which}_duration_losers_s", duration) for which in ("min", "avg", "max"))),
        ),
        (
            "Max consecutive wins / loss",
            several(("max_consecutive_wins", count), ("max_consecutive_losses", count)),
        ),
        ("Time in market", one("exposure_time_ratio", percent)),
    ),
    (
        ("Best day", several(("best_day_ratio", percent), ("best_day_abs", money))),
        ("Worst day", several(("worst_day_ratio", percent), ("worst_day_abs", money))),
        ("Days win / draw / lose", several(("days_win", count), ("days_draw", count), ("days_lose", count))),
        ("Rejected entries", one("rejected_orders", count)),
        ("Expired / cancelled entries", several(("expired_orders", count), ("cancelled_entries", count))),
    ),
    (
        ("Max drawdown", several(("max_drawdown_ratio", percent), ("max_drawdown_abs", money))),
        ("  from", one("max_drawdown_start_ms", when)),
        ("  low", one("max_drawdown_low_ms", when)),
        ("  recovered", one("max_drawdown_end_ms", when)),
        ("  duration", one("max_drawdown_duration_s", duration)),
        ("Drawdown now", several(("current_drawdown_ratio", percent), ("current_drawdown_abs", money))),
        ("Avg. drawdown", several(("avg_drawdown_ratio", percent), ("avg_drawdown_duration_s", duration))),
        ("Longest drawdown", one("longest_drawdown_duration_s", duration)),
        ("Recovery factor", one("recovery_factor", number)),
        ("Ulcer index", one("ulcer_index", percent)),
    ),
)
