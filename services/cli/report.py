"""A run's document as tables for people."""

from typing import Any

from rich.console import Console
from rich.table import Table

from services.cli.times import when
from shared.performance.document import Json

# label, key, how it reads
ROWS: tuple[tuple[str, str, str], ...] = (
    ("Starting balance", "starting_balance", "money"),
    ("Final balance", "final_balance", "money"),
    ("Profit", "profit_all_abs", "money"),
    ("Profit %", "profit_all_ratio", "ratio"),
    ("Closed profit", "profit_closed_abs", "money"),
    ("Fees", "fees_abs", "money"),
    ("Volume", "volume_abs", "money"),
    ("Trades", "trade_count", "count"),
    ("Wins / draws / losses", "wins", "outcomes"),
    ("Win rate", "winrate", "ratio"),
    ("Profit factor", "profit_factor", "number"),
    ("Expectancy", "expectancy_abs", "money"),
    ("Payoff ratio", "payoff_ratio", "number"),
    ("Best / worst trade", "best_trade_ratio", "extremes"),
    ("Average duration", "avg_duration_s", "duration"),
    ("Time in market", "exposure_time_ratio", "ratio"),
    ("Max drawdown", "max_drawdown_ratio", "ratio"),
    ("Max drawdown", "max_drawdown_abs", "money"),
    ("Sharpe", "sharpe", "number"),
    ("Sortino", "sortino", "number"),
    ("Volatility (year)", "volatility", "ratio"),
    ("CAGR", "cagr", "ratio"),
    ("Calmar", "calmar", "number"),
    ("SQN", "sqn", "number"),
)


def print_report(doc: Json) -> None:
    """Header, statistics, and what is left open, on stdout."""
    console = Console()
    strategy, bars, instrument = (_map(doc[key]) for key in ("strategy", "bars", "instrument"))
    console.print(
        f"[bold]{strategy['name']}[/bold] on {instrument['name']}, {when(bars['first_open_ms'])} to "
        f"{when(bars['last_open_ms'])} UTC, {bars['count']:,} bars, {len(bars['gaps'])} gaps"
    )
    stats = _map(doc["stats"])
    table = Table("", "value", box=None, show_header=False, pad_edge=False)
    table.columns[1].justify = "right"
    for label, key, kind in ROWS:
        table.add_row(label, _cell(stats, key, kind))
    console.print(table)
    position = doc["open_position"]
    if isinstance(position, dict):
        console.print(f"Open: {position['side']} {position['quantity']} at {position['entry_price']}")
    console.print(f"digest {str(doc['digest'])[:16]}  engine {doc['engine_version']}", style="dim")


def _cell(stats: dict[str, Any], key: str, kind: str) -> str:
    value = stats.get(key)
    if value is None:
        return f"- ({stats['reasons'].get(key, 'unknown')})"
    match kind:
        case "money":
            return f"{float(value):,.2f}"
        case "ratio":
            return f"{100 * value:.2f} %"
        case "number":
            return f"{value:.2f}"
        case "outcomes":
            return f"{stats['wins']} / {stats['draws']} / {stats['losses']}"
        case "extremes":
            return f"{100 * value:.2f} % / {100 * stats['worst_trade_ratio']:.2f} %"
        case "duration":
            minutes = int(value) // 60
            return f"{minutes // 60}h {minutes % 60:02d}m"
        case _:
            return f"{value:,}"


def _map(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"expected an object, was {value!r}")
    return value
