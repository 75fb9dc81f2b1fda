"""A run as one HTML file: everything is in it, and nothing in it asks a network.

Data stands in the page as JSON, which no browser executes; what is executed is plotly's script and ours, and the
page's own policy names their hashes, so that nothing else can be. Equal material gives equal bytes.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib import resources

from services.cli.html_report import plotly_js
from services.cli.html_report.axes import Figure
from services.cli.html_report.figures import calendar, costs, equity, price, returns, scatter, underwater
from services.cli.html_report.markup import Child, Html, el
from services.cli.html_report.material import Material
from services.cli.html_report.parts import breakdowns, header, key_figures, months, rules, trades

NO_TRADES = "No trade was closed in this window. The table of conditions below says how often each of them held."

# Name -> figure, by what it needs.
ALWAYS: dict[str, Callable[[Material], Figure]] = {"price": price.figure}
OF_FILLS: dict[str, Callable[[Material], Figure]] = {
    "equity": equity.figure,
    "underwater": underwater.figure,
    "days": returns.of_days,
    "costs": costs.figure,
}
OF_TRADES: dict[str, Callable[[Material], Figure]] = {
    "scatter": scatter.figure,
    "returns": returns.of_trades,
    "hours": calendar.hours,
    "weekdays": calendar.weekdays,
    "months": calendar.months,
}


def figures(of: Material) -> dict[str, Figure]:
    """Those that have something to show."""
    chosen = {**ALWAYS, **(OF_FILLS if of.has_filled else {}), **(OF_TRADES if of.doc["trades"] else {})}
    return {name: draw(of) for name, draw in chosen.items()}


def page(of: Material) -> str:
    """The file's text. Raises InputError where plotly's script is not installed."""
    drawn = figures(of)
    ours = _own("page.js")
    theirs = plotly_js.read()
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=_policy(theirs, ours)),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("link", rel="icon", href="data:,"),
        el("title", f"{of.doc['strategy']['name']} · {of.doc['instrument']['name']} · Paperfold"),
        el("style", Html(_own("page.css"))),
    )
    body = el(
        "body",
        header.header(of),
        el("main", list(_main(of, drawn))),
        el(
            "footer",
            "Charts: plotly.js, © Plotly, Inc., MIT licence. Past results of a model say little of the future.",
        ),
        el("script", Html(_data(drawn)), type="application/json", id="figures"),
        el("script", Html(theirs)),
        el("script", Html(ours)),
    )
    return f"<!DOCTYPE html>\n{el('html', head, body, lang='en')}\n"


def _main(of: Material, drawn: dict[str, Figure]) -> Iterator[Html]:
    """The cards of the page, from what most people look at first to what few ask for."""
    traded = bool(of.doc["trades"])
    yield key_figures.headline(of)
    if not traded:
        yield el("p", NO_TRADES, class_="message warn")
    yield card("Key figures", key_figures.grid(of))
    yield card(f"Price and fills, {of.doc['instrument']['name']}", plot(drawn, "price"), trades.left_open(of))
    if of.has_filled:
        yield card("Equity", plot(drawn, "equity"), el("h3", "Underwater"), plot(drawn, "underwater"))
        yield card("Returns by month", months.heatmap(of))
    if traded:
        yield card("Excursions and returns", plot(drawn, "scatter"))
        yield two(card("Returns of trades", plot(drawn, "returns")), card("Returns of days", plot(drawn, "days")))
    yield card("Conditions", rules.counters(of))
    if traded:
        yield from _breakdowns(of, drawn)
        yield card("Trades", trades.table(of))
    elif of.has_filled:
        yield two(card("Costs", plot(drawn, "costs")), card("Returns of days", plot(drawn, "days")))
    if of.text is not None:
        yield el("details", el("summary", "The strategy's text"), el("pre", of.text), class_="card")


def _breakdowns(of: Material, drawn: dict[str, Figure]) -> Iterator[Html]:
    yield two(card("Costs", plot(drawn, "costs")), card("By month of the exit, UTC", plot(drawn, "months")))
    yield card("By side", breakdowns.by_side(of))
    yield card("By reason of the exit", breakdowns.by_exit_reason(of))
    hours = card("By hour of the exit, UTC", plot(drawn, "hours"))
    yield two(hours, card("By weekday of the exit, UTC", plot(drawn, "weekdays")))


def plot(drawn: dict[str, Figure], name: str) -> Child:
    """A figure's place, as high as it will be, and its note."""
    one = drawn[name]
    height = f"height: {one.layout['height']}px"
    place = el("div", id=name, class_="plot", role="img", aria_label=one.label, style=height)
    return place, el("p", one.note, class_="note") if one.note else None


def two(*cards: Html) -> Html:
    """Beside each other where there is room."""
    return el("div", cards, class_="two")


def card(title: str, *children: Child) -> Html:
    return el("section", el("h2", title), children, class_="card")


def _data(drawn: dict[str, Figure]) -> str:
    """JSON that cannot end its element: no < stands in it as such."""
    found = {name: one.json() for name, one in drawn.items()}
    text = json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _policy(*scripts: str) -> str:
    hashes = " ".join(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _own(name: str) -> str:
    return resources.files("services.cli.html_report").joinpath(name).read_text(encoding="utf-8")
