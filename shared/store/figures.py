"""What the record says of itself in a few numbers, for Prometheus: what a process counts is gone with the process."""

from dataclasses import dataclass
from typing import get_args

from sqlalchemy import Connection

from shared.domain.run import RunHealth, RunMode, RunStatus
from shared.store import ownership, statements

_SQL = statements.load("figures")


@dataclass(frozen=True, slots=True)
class Figures:
    """The system at one moment. Every word of a vocabulary is a key: what is not there is 0."""

    runs: dict[tuple[str, str], int]  # by mode and status, ended ones included
    live: dict[str, int]  # paper runs that have not ended, by health
    behind_ms: int  # of the slowest live run that is folded: recorded minutes that it has not committed
    runners_missing: int  # live runs that find no free slot
    size_bytes: int  # of the database


def read(conn: Connection) -> Figures:
    """Raises UnavailableError."""
    runs = {(mode, status): 0 for mode in get_args(RunMode) for status in get_args(RunStatus)}
    runs |= {(row.mode, row.status): row.runs for row in conn.execute(_SQL["runs"])}
    live = conn.execute(_SQL["live"]).all()
    health = dict.fromkeys(get_args(RunHealth), 0) | {row.health: row.runs for row in live}
    free = sum(max(0, runner.capacity - runner.runs) for runner in ownership.runners(conn))
    return Figures(
        runs=runs,
        live=health,
        behind_ms=max([0, *(row.behind_ms for row in live if row.behind_ms is not None)]),
        runners_missing=max(0, health["waiting_for_runner"] - free),
        size_bytes=int(conn.scalar(_SQL["size"]) or 0),
    )
