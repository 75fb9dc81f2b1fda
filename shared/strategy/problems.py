"""Problems: what is wrong or worth knowing in a strategy file, each with its line, found all at once.

An `error` keeps the file from running; a `note` says how something was read that its author may not expect.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from shared.domain.errors import InputError

Severity = Literal["error", "note"]
LONGEST_SHOWN = 60


class Place(NamedTuple):
    """A position in a file, both counted from 1."""

    line: int
    column: int


START = Place(1, 1)


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `where` is the path of the key, as in `indicators[2].length`."""

    file: str
    line: int
    column: int
    severity: Severity
    where: str
    rule: str
    found: str = ""  # the value, as the file spells it
    allowed: str = ""
    suggestion: str = ""  # what was probably meant

    @property
    def message(self) -> str:
        """Place, rule, value found, what is allowed, what was probably meant."""
        text = f"{self.where}: {self.rule}" if self.where else self.rule
        if self.found:
            text += f", found {self.found}"
        if self.allowed:
            text += f"; allowed: {self.allowed}"
        if self.suggestion:
            text += f"; did you mean {self.suggestion}?"
        return text

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.severity}: {self.message}"


class Problems:
    """Collects the findings of one file. The same finding at the same place counts once: variants re-read the base."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: dict[tuple[object, ...], Problem] = {}

    def error(
        self, place: Place, where: str, rule: str, *, found: str = "", allowed: str = "", suggestion: str = ""
    ) -> None:
        self._add(Problem(self.file, *place, "error", where, rule, found, allowed, suggestion))

    def note(self, place: Place, where: str, rule: str, *, found: str = "") -> None:
        self._add(Problem(self.file, *place, "note", where, rule, found))

    def has_errors(self) -> bool:
        return self.count() > 0

    def count(self) -> int:
        """Errors found so far."""
        return sum(problem.severity == "error" for problem in self._found.values())

    def __contains__(self, where: str) -> bool:
        """True when a key has an error."""
        return any(problem.where == where and problem.severity == "error" for problem in self._found.values())

    def sorted(self) -> tuple[Problem, ...]:
        """In the order of the file."""
        return tuple(sorted(self._found.values(), key=lambda problem: (problem.line, problem.column)))

    def _add(self, problem: Problem) -> None:
        key = (problem.line, problem.column, problem.severity, problem.rule, problem.found, problem.suggestion)
        self._found.setdefault(key, problem)


class StrategyError(InputError):
    """A strategy, or what was asked of it, is wrong. Carries every problem."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        super().__init__(f"{first.file}:{first.line}:{first.column}", first.message + more)


def shown(value: str) -> str:
    """A value of the file as one short quoted piece of text."""
    return repr(value if len(value) <= LONGEST_SHOWN else value[: LONGEST_SHOWN - 3] + "...")


def nearest(word: str, known: Iterable[str], within: int = 2) -> str:
    """The known word with the smallest edit distance to `word`, at most `within`; "" when there is none."""
    best, best_distance = "", within + 1
    for candidate in known:
        if (found := distance(word, candidate, best_distance)) < best_distance:
            best, best_distance = candidate, found
    return best


def probably(word: str, known: Iterable[str]) -> str:
    """What a name in a rule was probably meant to be: other case, a typing error, or a part that is missing."""
    known = list(known)
    folded = {name.lower(): name for name in reversed(known)}
    if word.lower() in folded:
        return folded[word.lower()]
    close = nearest(word, known, max(1, min(3, len(word) // 2)))
    return close or next((name for name in known if len(word) >= 3 and name.endswith("_" + word)), "")


def distance(a: str, b: str, limit: int) -> int:
    """Levenshtein's edit distance, or `limit` as soon as it cannot be less."""
    if abs(len(a) - len(b)) >= limit:
        return limit
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        corner, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (left != right))
        if min(row) >= limit:
            return limit
    return min(row[-1], limit)
