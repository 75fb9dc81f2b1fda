"""A run's rules by side, each with what is worth a word: which condition keeps the run from trading."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from services.dashboard.words import Word

Json = Mapping[str, Any]

TITLES = {
    "entry_long": "Enter long", "exit_long": "Exit long", "entry_short": "Enter short", "exit_short": "Exit short",
}  # fmt: skip
NEVER_READY = Word("never ready", "warn", "It had no value at any close; what asks for a position has none while flat.")
NEVER_HELD = Word("never held", "warn", "Its side needs this rule, and it has not held at any close so far.")


@dataclass(frozen=True, slots=True)
class Line:
    """One rule. `bar`: percent of the evaluations that held, and that were not ready."""

    rule: Json
    bar: tuple[float, float]
    word: Word | None


def sides(found: Json, may_short: bool) -> list[tuple[str, str, list[Line]]]:
    """(title, remark, rules) of each side that has rules, in the engine's order."""
    return [
        (TITLES.get(side, side), _remark(side, may_short), [_line(rule) for rule in rules])
        for side, rules in groupby(found["items"], itemgetter("side"))
    ]


def _remark(side: str, may_short: bool) -> str:
    if side == "entry_short" and not may_short:
        return "never acted on: shorts are not allowed"
    return "counted also while nothing is open" if side.startswith("exit") else ""


def _line(rule: Json) -> Line:
    shares = (rule["held_ratio"] or 0.0, rule["not_ready_ratio"] or 0.0)
    return Line(rule, (round(100 * shares[0], 3), round(100 * shares[1], 3)), _word(rule))


def _word(rule: Json) -> Word | None:
    if rule["evaluated"] == 0 or rule["held"] > 0:
        return None
    if rule["not_ready"] == rule["evaluated"]:
        return NEVER_READY
    return NEVER_HELD if rule["required"] else None
