"""How often each condition held: which of them keeps the strategy out of the market."""

from itertools import groupby
from typing import TYPE_CHECKING

from services.cli.html_report.forms import DASH, count, percent, words
from services.cli.html_report.markup import Html, el
from services.cli.html_report.material import Material
from services.cli.times import when

if TYPE_CHECKING:
    from services.cli.rules_table import RuleLine

HEADS = ("Condition", "Evaluated", "True", "Not ready", "Share true", "")


def counters(of: Material) -> Html:
    if not of.rules:
        return el("p", "The strategy has no rules.", class_="empty")
    body = [_side(side, list(lines)) for side, lines in groupby(of.rules, key=lambda line: line.side)]
    head = el("tr", [el("th", name, class_="num" if name not in ("Condition", "") else None) for name in HEADS])
    until = (
        "nothing was counted yet" if of.counted_until_ms is None else f"up to the bar of {when(of.counted_until_ms)}"
    )
    note = (
        f"Evaluated at every close of the entry timeframe, warmup included, with and without a position; {until}. "
        "Not ready: something in it had no value. Marked is the condition that a side cannot do without and that held "
        "least often."
    )
    table = el("table", el("thead", head), body, class_="rules")
    return el("div", el("div", table, class_="scroll"), el("p", note, class_="note"))


def rarest(lines: "list[RuleLine]") -> "RuleLine | None":
    """The condition that all others of a side wait for; None when there is none to compare it with."""
    needed = [line for line in lines if line.is_required and line.evaluated > 0]
    return min(needed, key=_share) if len(needed) > 1 else None


def _share(line: "RuleLine") -> float:
    return line.held / line.evaluated if line.evaluated > 0 else 0.0


def _side(side: str, lines: "list[RuleLine]") -> Html:
    least = rarest(lines)
    title = el("tr", el("th", words(side).capitalize(), colspan=str(len(HEADS)), scope="rowgroup"), class_="group")
    return el("tbody", title, [_line(line, line is least) for line in lines])


def _line(line: "RuleLine", is_least: bool) -> Html:
    share = _share(line)
    bar = el("span", el("i", style=f"width: {100 * share:.2f}%"), class_="bar")
    tags = [
        el("span", line.place, class_="tag") if not line.is_required else None,
        el("span", "holds least often", class_="tag warn") if is_least else None,
    ]
    return el(
        "tr",
        el("td", el("code", line.text), tags, class_="wrap"),
        [el("td", count(value), class_="num") for value in (line.evaluated, line.held, line.not_ready)],
        el("td", percent(share) if line.evaluated > 0 else DASH, class_="num"),
        el("td", bar),
    )
