"""Runs side by side: what they were started with, and which figures of /stats each came to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.dashboard import figures, formats

Json = Mapping[str, Any]

# What is best of a figure that stands on enough; of all others nothing is
BEST: dict[str, Callable[[Sequence[float]], float]] = {
    "profit_ratio": max, "profit_factor": max, "winrate": max, "expectancy_ratio": max, "sharpe": max, "sortino": max,
    "calmar": max, "recovery_factor": max, "max_drawdown_ratio": min, "avg_drawdown_ratio": min, "ulcer_index": min,
}  # fmt: skip
SETUP: tuple[tuple[str, Callable[[Json], str]], ...] = (
    ("Mode", lambda run: run["mode"]),
    ("Instrument", lambda run: run["instrument"]),
    ("Timeframe", lambda run: run["entry_timeframe"]),
    ("Variant", lambda run: run["variant"] or formats.DASH),
    ("Version", lambda run: run["version_sha256"][:12]),
    ("Engine", lambda run: run["engine_version"]),
    ("Cash", lambda run: f"{formats.money(run['cash'])} {run['quote']}"),
    ("From, UTC", lambda run: formats.stamp(run["start_ms"])),
    ("Last bar, UTC", lambda run: formats.stamp(run["last_bar_ms"])),
)


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    title: str = ""
    faint: bool = False
    tone: str = "even"
    best: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One row: a cell for each run; `differs` when not all say the same."""

    label: str
    cells: list[Cell]
    title: str = ""

    @property
    def differs(self) -> bool:
        return len({cell.text for cell in self.cells}) > 1


def setup(runs: Sequence[Json]) -> list[Line]:
    """What the runs were started with; a parameter that one of them sets is a row of its own."""
    names = sorted({name for run in runs for name in run["params"]})
    found = [Line(label, [Cell(write(run)) for run in runs]) for label, write in SETUP]
    set_ = [Line(name, [Cell(str(run["params"].get(name, "as in the file"))) for run in runs]) for name in names]
    return found + set_


def results(stats: Sequence[Json]) -> list[tuple[str, list[Line]]]:
    """The grid of statistics, group by group, a column for each run."""
    return [(title, [_line(stats, row) for row in rows]) for title, rows in figures.GROUPS]


def _line(stats: Sequence[Json], row: figures.Row) -> Line:
    key, label, _, meaning = row
    found: list[tuple[figures.Figure, Any]] = [(figures.figure(one, row), one.get(key)) for one in stats]
    begun = [bool(one.get("days")) for one in stats]
    firm = [float(value) for (cell, value), has in zip(found, begun, strict=True) if has and not cell.faint]
    best = BEST[key](firm) if key in BEST and len(set(firm)) > 1 else None
    cells = [
        Cell(cell.text, cell.title, cell.faint, cell.tone, has and not cell.faint and best == float(value))
        for (cell, value), has in zip(found, begun, strict=True)
    ]
    return Line(label, cells, meaning)
