"""Trades by side and by the reason of their exit, as tables with bars of their nets."""

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

HEADS = ("Trades", "Net", "", "Gross", "Fees", "Slippage", "Win rate", "Profit factor", "Avg return", "Avg duration")


def by_side(of: Material) -> Html:
    return _table(of, "side", "Side")


def by_exit_reason(of: Material) -> Html:
    return _table(of, "exit_reason", "Exit reason")


def _table(of: Material, name: str, first: str) -> Html:
    rows: list[Json] = of.doc["breakdowns"][name]
    largest = max((abs(float(row["net_abs"])) for row in rows), default=0.0)
    head = el("tr", el("th", first), [el("th", head, class_="num" if head else None) for head in HEADS])
    table = el("table", el("thead", head), el("tbody", [_row(row, largest) for row in rows]))
    return el("div", table, class_="scroll")


def _row(row: Json, largest: float) -> Html:
    net = float(row["net_abs"])
    width = f"width: {100 * abs(net) / largest:.2f}%" if largest > 0.0 else None
    cells = (
        money(row["gross_abs"]), money(row["fees_abs"]), money(row["slippage_abs"]),
        or_dash(row["winrate"], percent),
        or_dash(row["profit_factor"], number), or_dash(row["avg_profit_ratio"], signed_percent),
        or_dash(row["avg_duration_s"], duration),
    )  # fmt: skip
    return el(
        "tr",
        el("th", words(row["key"]), scope="row"),
        el("td", count(row["trade_count"]), class_="num"),
        el("td", signed_money(row["net_abs"]), class_=f"num {tone(net) or ''}".strip()),
        el("td", el("span", el("i", style=width), class_=f"bar {tone(net) or ''}".strip())),
        [el("td", cell, class_="num") for cell in cells],
    )
