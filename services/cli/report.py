"""A run's document as tables for people, in the order that users of freqtrade know: trades by side and by exit, what
is left open, breakdowns that were asked for, summary metrics; and how often each rule held.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from services.cli.rules_table import RuleLine, rules_table
from services.cli.summary import SECTIONS, count, duration, money, number, percent, price
from services.cli.tables import console
from services.cli.times import when
from shared.performance.document import Json

Row = Mapping[str, Any]

# Name of a breakdown -> title, and the head of its first column.
TITLES = {
    "side": ("BACKTESTING REPORT", "Side"),
    "exit_reason": ("EXIT REASON STATS", "Exit reason"),
    "hour": ("HOUR BREAKDOWN (UTC, of the exit)", "Hour"),
    "weekday": ("WEEKDAY BREAKDOWN (UTC, of the exit)", "Weekday"),
    "day": ("DAY BREAKDOWN (UTC)", "Day"),
    "week": ("WEEK BREAKDOWN (UTC)", "Week"),
    "month": ("MONTH BREAKDOWN (UTC)", "Month"),
}
ALWAYS = ("side", "exit_reason")
# Columns behind the first: name -> head, cell. `{quote}` is the quote currency.
COLUMNS: dict[str, tuple[str, Callable[[Row], str]]] = {
    "trades": ("Trades", lambda row: count(row["trade_count"])),
    "net": ("Net\n{quote}", lambda row: money(row["net_abs"])),
    "costs": ("Fees +\nslippage", lambda row: money(float(row["fees_abs"]) + float(row["slippage_abs"]))),
    "factor": ("Profit\nfactor", lambda row: _or_dash(row, "profit_factor", number)),
    "profit": ("Avg\nprofit", lambda row: _or_dash(row, "avg_profit_ratio", percent)),
    "results": ("Win Draw Loss", lambda row: f"{row['wins']:,} {row['draws']:>4,} {row['losses']:>4,}"),
    "winrate": ("Win %", lambda row: _or_dash(row, "winrate", lambda ratio: f"{100 * ratio:.1f}")),
    "duration": ("Avg\nduration", lambda row: _or_dash(row, "avg_duration_s", duration)),
    "equity": ("Equity", lambda row: _or_dash(row, "equity_change_ratio", percent)),
}
LEAVING = ("costs", "factor", "duration", "winrate")  # the first to go where the terminal is narrow
OF_TRADES = tuple(name for name in COLUMNS if name != "equity")
OF_PERIODS = tuple(name for name in COLUMNS if name != "duration")
# Figures of a row, as the statistics call them.
TOTALS = {"net_abs": "profit_closed_abs", "fees_abs": "closed_fees_abs", "slippage_abs": "closed_slippage_abs"}


def print_report(
    doc: Json, asked: Sequence[str] = (), out: Console | None = None, rules: Sequence[RuleLine] = ()
) -> None:
    """All tables, on stdout unless told."""
    out = out or console()
    strategy, bars, stats = (_map(doc[key]) for key in ("strategy", "bars", "stats"))
    instrument = _map(doc["instrument"])["name"]
    quote = str(instrument).partition("/")[2]
    out.print(
        f"[bold]{strategy['name']}[/bold] on {instrument}, {when(bars['first_open_ms'])} to "
        f"{when(bars['last_open_ms'])} UTC, {bars['count']:,} bars, {len(bars['gaps'])} gaps"
    )
    breakdowns = _map(doc["breakdowns"])
    for name in (*ALWAYS, *(name for name in TITLES if name in asked and name not in ALWAYS)):
        rows = list(breakdowns[name])
        total = stats if name == "side" and len(rows) > 1 else None
        _print(out, fitting(out, partial(breakdown_table, name, rows, quote, total)))
    _print(out, open_table(doc["open_position"], quote))
    _print(out, summary_table(stats))
    _print(out, rules_table(rules))
    out.print(f"digest {str(doc['digest'])[:16]}  engine {doc['engine_version']}", style="dim")


def fitting(out: Console, table: Callable[[Sequence[str]], Table]) -> Table:
    """The table without as many of the columns that may leave as it takes to fit."""
    unbound = out.options.update(max_width=10_000)
    for leaving in range(len(LEAVING)):
        found = table(LEAVING[:leaving])
        if out.measure(found, options=unbound).maximum <= out.width:
            return found
    return table(LEAVING)


def breakdown_table(name: str, rows: Sequence[Row], quote: str, total: Row | None, left_out: Sequence[str]) -> Table:
    """Of trades and, for periods, of equity. `total`: the statistics that a last line sums up."""
    title, head = TITLES[name]
    of_periods = bool(rows) and "equity_change_ratio" in rows[0]
    columns = [name for name in (OF_PERIODS if of_periods else OF_TRADES) if name not in left_out]
    table = _table(title, head, *(COLUMNS[name][0].format(quote=quote) for name in columns))
    for row in rows:
        table.add_row(str(row["key"]), *(COLUMNS[name][1](row) for name in columns))
    if total is not None:
        summed = {**total, **{name: total[known] for name, known in TOTALS.items()}}
        table.add_section()
        table.add_row("TOTAL", *(COLUMNS[name][1](summed) for name in columns))
    return table


def open_table(position: object, quote: str) -> Table:
    """What is left open at the end, marked at the last equity point."""
    table = _table("LEFT OPEN", "Side", "Quantity", "Entered", "Entry", "Mark", f"Unrealised\n{quote}")
    if isinstance(position, dict):
        cells = (("entry_price", price), ("mark_price", price), ("unrealised_quote", money))
        prices = [_or_dash(position, key, write) for key, write in cells]
        table.add_row(position["side"], str(position["quantity"]), when(position["entry_ms"]), *prices)
    return table


def summary_table(stats: dict[str, Any]) -> Table:
    table = _table("SUMMARY METRICS", "Metric", "Value")
    for section in SECTIONS:
        for label, cell in section:
            table.add_row(label, cell(stats))
        table.add_section()
    return table


def _or_dash(row: Row, key: str, write: Any) -> str:
    return "-" if row.get(key) is None else str(write(row[key]))


def _table(title: str, head: str, *columns: str) -> Table:
    """The first column to the left, the others to the right; nothing is cut off or broken."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1))
    table.add_column(head, no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _print(out: Console, table: Table) -> None:
    if table.row_count > 0:
        out.print(table)


def _map(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"expected an object, was {value!r}")
    return value
