"""Numbers over runs: sums by quote currency, runs that wait, and how many runners they miss."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil
from typing import Any

from services.dashboard.words import ENDED, TROUBLED

Json = Mapping[str, Any]

# Filter of the overview -> which statuses it shows; None: all
FILTERS: dict[str, tuple[str, ...] | None] = {
    "active": ("pending", "warming", "running", "paused", "stopping"),
    "running": ("running",),
    "paused": ("paused",),
    "waiting": ("pending", "warming"),
    "ended": ENDED,
    "failed": TROUBLED,
    "all": None,
}

# Head of a column of the table -> what its runs are sorted by
SORTS: dict[str, Callable[[Json], Any]] = {
    "run": lambda run: run["id"],
    "equity": lambda run: Decimal(run["equity_quote"]),
    "pnl": lambda run: run["pnl_ratio"],
    "trades": lambda run: run["trade_count"],
}
NEWEST = "run"


@dataclass(slots=True)
class Sum:
    """Active paper runs that count in one currency."""

    quote: str
    runs: int = 0
    open_positions: int = 0
    cash: Decimal = field(default_factory=Decimal)
    equity: Decimal = field(default_factory=Decimal)
    pnl: Decimal = field(default_factory=Decimal)
    unrealised: Decimal = field(default_factory=Decimal)

    @property
    def pnl_ratio(self) -> float | None:
        return None if self.cash == 0 else float(self.pnl / self.cash)


@dataclass(frozen=True, slots=True)
class Places:
    """Runs that wait for a runner, and where they could go."""

    runners: int
    capacity: int
    taken: int
    waiting: int

    @property
    def missing(self) -> int:
        """Runners still to be started, each as large as those that there are."""
        short = self.waiting - max(0, self.capacity - self.taken)
        each = self.capacity // self.runners if self.runners else 1
        return max(0, ceil(short / max(1, each)))


def sums(runs: Iterable[Json]) -> list[Sum]:
    """One sum per quote currency; amounts of different currencies never meet. Backtests are nobody's money."""
    found: dict[str, Sum] = {}
    for run in runs:
        if run["mode"] != "paper" or run["status"] in ENDED:
            continue
        total = found.setdefault(run["quote"], Sum(run["quote"]))
        total.runs += 1
        total.open_positions += run["position"]["side"] != "flat"
        total.cash += Decimal(run["cash"])
        total.equity += Decimal(run["equity_quote"])
        total.pnl += Decimal(run["pnl_quote"])
        total.unrealised += Decimal(run["unrealised_quote"] or 0)
    return sorted(found.values(), key=lambda total: (-total.runs, total.quote))


def places(runs: Iterable[Json], system: Json) -> Places:
    waiting = sum(run["health"] == "waiting_for_runner" and run["status"] not in ENDED for run in runs)
    runners: Sequence[Json] = system["runners"]
    return Places(len(runners), sum(one["capacity"] for one in runners), sum(one["runs"] for one in runners), waiting)


def shown(runs: Iterable[Json], wanted: str) -> list[Json]:
    """Those that a filter of the overview lets through."""
    statuses = FILTERS.get(wanted)
    return [run for run in runs if statuses is None or run["status"] in statuses]


def ordered(runs: Sequence[Json], wanted: str) -> list[Json]:
    """Largest first, with a minus before the name smallest first; newer ones before older ones that are equal."""
    key = SORTS[wanted.removeprefix("-")]
    newest_first = sorted(runs, key=SORTS[NEWEST], reverse=True)
    return sorted(newest_first, key=key, reverse=not wanted.startswith("-"))


def counts(runs: Sequence[Json]) -> dict[str, int]:
    """How many runs each filter shows."""
    return {name: len(shown(runs, name)) for name in FILTERS}
