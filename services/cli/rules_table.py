"""How often each rule held, as a table: which condition keeps a strategy from trading."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from rich import box
from rich.table import Table
from rich.text import Text

from services.cli.summary import count, percent

if TYPE_CHECKING:
    from shared.engine.fold import RuleCount  # the engine's form is chosen when it is imported

NEVER = "yellow"  # of a rule that its side needs, and that has not held once


class RuleLine(NamedTuple):
    """One rule, of a fold or of the API's answer."""

    side: str
    place: str
    is_required: bool
    text: str
    evaluated: int
    held: int
    not_ready: int

    @classmethod
    def of_fold(cls, one: "RuleCount") -> "RuleLine":
        return cls(*(getattr(one, name) for name in cls._fields))

    @classmethod
    def of_api(cls, one: Mapping[str, object]) -> "RuleLine":
        return cls(*(one["required" if name == "is_required" else name] for name in cls._fields))  # type: ignore[arg-type]


def rules_table(lines: Sequence[RuleLine], title: str | None = "RULES") -> Table:
    """Rules by side, in the order of the strategy's file; texts go on in the next line, nothing is cut off."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1))
    table.add_column("Rule", overflow="fold")
    table.add_column("Place")
    for name in ("Evaluated", "True", "Not ready", "Share true"):
        table.add_column(name, justify="right", no_wrap=True)
    for side, members in groupby(lines, attrgetter("side")):
        table.add_row(Text(side.replace("_", " "), "bold"))
        for one in members:
            table.add_row(Text("  " + one.text), one.place, *_counts(one), style=NEVER if _is_shut(one) else None)
        table.add_section()
    return table


def _counts(one: RuleLine) -> tuple[str, str, str, str]:
    share = "-" if one.evaluated == 0 else percent(one.held / one.evaluated)
    return count(one.evaluated), count(one.held), count(one.not_ready), share


def _is_shut(one: RuleLine) -> bool:
    return one.is_required and one.evaluated > 0 and one.held == 0
