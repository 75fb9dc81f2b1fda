"""How often each condition held: which of them keeps the strategy out of the market."""

from itertools import groupby
from typing import TYPE_CHECKING

from services.cli.html_report.forms import count, percent, words
from services.cli.html_report.markup import Html, el
from services.cli.html_report.material import Material

if TYPE_CHECKING:
    from shared.engine.fold import RuleCount  # the engine's form is chosen when it is imported

HEADS = ("Condition", "Evaluated", "Not ready", "True", "Of those ready", "")


def counters(of: Material) -> Html:
    if of.rules is None:
        return el("p", "Nobody counted the rules of this run.", class_="empty")
    if not of.rules:
        return el("p", "The strategy has no rules.", class_="empty")
    body = [
        _side(side, list(lines)) for side, lines in groupby(of.rules, key=lambda line: line.side)
    ]  # in the order of the strategy's file
    head = el("tr", [el("th", name, class_="num" if name not in ("Condition", "") else None) for name in HEADS])
    note = (
        "Rules are evaluated at every close of the entry timeframe, warmup included, with and without a position. "
        "Not ready: something in it had no value. Marked is the condition that a side cannot do without and that held "
        "least often."
    )
    table = el("table", el("thead", head), body, class_="rules")
    return el("div", el("div", table, class_="scroll"), el("p", note, class_="note"))


def rarest(lines: "list[RuleCount]") -> "RuleCount | None":
    """The condition that all others wait for; None when there is none to compare it with."""
    needed = [line for line in lines if line.is_required and line.evaluated > line.not_ready]
    return min(needed, key=_share) if len(needed) > 1 else None


def _share(line: "RuleCount") -> float:
    ready = line.evaluated - line.not_ready
    return line.held / ready if ready > 0 else 0.0


def _side(side: str, lines: "list[RuleCount]") -> Html:
    least = rarest(lines)
    title = el("tr", el("th", words(side).capitalize(), colspan=str(len(HEADS)), scope="rowgroup"), class_="group")
    return el("tbody", title, [_line(line, line is least) for line in lines])


def _line(line: "RuleCount", is_least: bool) -> Html:
    share = _share(line)
    bar = el("span", el("i", style=f"width: {100 * share:.2f}%"), class_="bar")
    tags = [
        el("span", line.place, class_="tag") if not line.is_required else None,
        el("span", "holds least often", class_="tag warn") if is_least else None,
    ]
    return el(
        "tr",
        el("td", el("code", line.text), tags, class_="wrap"),
        [el("td", count(value), class_="num") for value in (line.evaluated, line.not_ready, line.held)],
        el("td", percent(share), class_="num"),
        el("td", bar),
    )
