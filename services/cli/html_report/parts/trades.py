"""The round trips, one a line, and what is still open."""

from services.cli.html_report.forms import (
    count,
    duration,
    money,
    or_dash,
    price,
    signed_money,
    signed_percent,
    tone,
    words,
)
from services.cli.html_report.markup import Html, el
from services.cli.html_report.material import Json, Material
from services.cli.times import when

MOST = 1_000  # a browser scrolls these without waiting; the document has all

# Head, how a click sorts it.
HEADS = (
    ("#", "number"), ("Side", "text"), ("Entered", "text"), ("Exited", "text"), ("Held", "held"), ("Exit by", "text"),
    ("Net", "number"), ("Return", "number"), ("MAE", "number"), ("MFE", "number"), ("Quantity", "number"),
    ("Entry", "number"), ("Exit", "number"), ("Gross", "number"), ("Fees", "number"),
)  # fmt: skip
LEFT = ("Side", "Entered", "Exited", "Exit by")


def table(of: Material) -> Html:
    trades: list[Json] = of.doc["trades"]
    first = max(0, len(trades) - MOST)
    heads = [
        el("th", el("button", name, type="button", data_sort=kind), class_=None if name in LEFT else "num")
        for name, kind in HEADS
    ]
    rows = [_row(number, trade) for number, trade in enumerate(trades[first:], first + 1)]
    listing = el("table", el("thead", el("tr", heads)), el("tbody", rows), class_="trades", id="trades")
    few = (
        f"The newest {count(MOST)} of {count(len(trades))} trades. All of them are in the document that --json writes. "
        if first > 0
        else ""
    )
    note = f"{few}Times are UTC, amounts {of.quote}, quantities {of.base}. A click on a head sorts."
    return el("div", el("div", listing, class_="scroll tall"), el("p", note, class_="note"))


def left_open(of: Material) -> Html | None:
    position = of.doc["open_position"]
    if position is None:
        return None
    held = f"{position['side']} {position['quantity']} {of.base} since {when(position['entry_ms'])} UTC"
    facts = [
        f"{held} at {price(position['entry_price'])} {of.quote}",
        f"marked at {or_dash(position['mark_price'], price)}",
        f"unrealised {or_dash(position['unrealised_quote'], money)} {of.quote} before the costs of leaving",
        f"stop {or_dash(position['stop'], price)}, target {or_dash(position['target'], price)}",
    ]
    return el("p", el("strong", "Left open: "), "; ".join(facts), ".", class_="message")


def _row(place: int, trade: Json) -> Html:
    held_s = (trade["exit_ms"] - trade["entry_ms"]) / 1000
    side = el("td", trade["side"], class_=f"side {trade['side']}")
    result = tone(trade["net_quote"]) or ""
    return el(
        "tr",
        _num(count(place)),
        side,
        [el("td", when(trade[name])) for name in ("entry_ms", "exit_ms")],
        el("td", duration(held_s), class_="num", data_value=f"{held_s:.0f}"),
        el("td", words(trade["exit_reason"])),
        [_num(text, result) for text in (signed_money(trade["net_quote"]), signed_percent(trade["return_ratio"]))],
        [_num(signed_percent(trade[name])) for name in ("mae_ratio", "mfe_ratio")],
        [_num(text) for text in (trade["quantity"], price(trade["entry_price"]), price(trade["exit_price"]),
                                 signed_money(trade["gross_quote"]), money(trade["fees_quote"]))],
    )  # fmt: skip


def _num(text: str, tone: str = "") -> Html:
    return el("td", text, class_=f"num {tone}".strip())
