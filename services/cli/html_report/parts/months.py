"""Returns by year and month as a table: the stronger the colour, the larger the month."""

from itertools import groupby
from math import sqrt

from services.cli.html_report.forms import counted, signed_money, signed_percent, tone
from services.cli.html_report.markup import Html, el
from services.cli.html_report.material import Json, Material

NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FULL = 70  # percent of colour in the largest month


def heatmap(of: Material) -> Html:
    rows: list[Json] = of.doc["breakdowns"]["month"]
    largest = max((abs(row["equity_change_ratio"] or 0.0) for row in rows), default=0.0)
    years = [(year, list(part)) for year, part in groupby(rows, key=lambda row: str(row["key"])[:4])]
    head = el("tr", el("th", "Year"), [el("th", name) for name in NAMES], el("th", "Year's return"))
    body = [_year(of, year, part, largest) for year, part in years]
    note = (
        "Change of the equity in each month, open positions included; below it the net of the trades that ended in it. "
        "The first and the last month may be parts."
    )
    table = el("table", el("thead", head), el("tbody", body), class_="heat")
    return el("div", el("div", table, class_="scroll"), el("p", note, class_="note"))


def _year(of: Material, year: str, rows: list[Json], largest: float) -> Html:
    by_month = {int(str(row["key"])[5:7]): row for row in rows}
    cells = [_month(of, by_month.get(month), largest) for month in range(1, 13)]
    return el("tr", el("th", year, scope="row"), cells, _total(rows))


def _month(of: Material, row: Json | None, largest: float) -> Html:
    if row is None:
        return el("td")
    ratio, trades = row["equity_change_ratio"], row["trade_count"]
    if ratio is None:
        return el("td", "–")
    title = f"{row['key']}: {signed_money(row['equity_change_abs'])} {of.quote}, {counted(trades, 'trade')}"
    # the root: one month beyond all others would leave them without any
    strength = f"--heat: {FULL * sqrt(abs(ratio) / largest):.0f}%" if largest > 0.0 else None
    return el(
        "td",
        signed_percent(ratio),
        el("small", signed_money(row["net_abs"]) if trades else "no trades"),
        class_=tone(ratio),
        style=strength,
        title=title,
    )


def _total(rows: list[Json]) -> Html:
    before = float(rows[0]["equity_abs"]) - float(rows[0]["equity_change_abs"])
    if before <= 0.0:
        return el("td", "–")
    ratio = float(rows[-1]["equity_abs"]) / before - 1.0
    net = sum(float(row["net_abs"]) for row in rows)
    return el("td", signed_percent(ratio), el("small", signed_money(net)), class_=f"total {tone(ratio) or ''}".strip())
