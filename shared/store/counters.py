"""How often each rule was evaluated, held, and was not ready: for people who ask why a run does not trade.

A cache of the fold, outside parity: whoever folds the run again up to `position_ms` gets the same counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

from sqlalchemy import Connection

from shared.store import statements
from shared.store.arrays import CHUNK, array

_SQL = statements.load("counters")


@dataclass(frozen=True, slots=True)
class Counter:
    """One rule of a run: totals since the first bar folded, after the bar at `position_ms`."""

    run_id: int
    number: int  # from 1, in the order of the engine
    side: str
    place: str
    text: str
    evaluated: int
    held: int
    not_ready: int
    position_ms: int


class Counts(NamedTuple):
    evaluated: int
    held: int
    not_ready: int


def write(conn: Connection, counters: Sequence[Counter]) -> None:
    """Put these in the place of what is known of the same rules."""
    for start in range(0, len(counters), CHUNK):
        part = counters[start : start + CHUNK]
        columns = {field.name: array(getattr(one, field.name) for one in part) for field in fields(Counter)}
        conn.execute(_SQL["write"], columns)


def read(conn: Connection, run_id: int) -> tuple[int | None, dict[int, Counts]]:
    """Counts by the rules' numbers, and the position that they are true after: None while nothing was counted."""
    rows = conn.execute(_SQL["read"], {"run_id": run_id}).all()
    position_ms = max((row.position_ms for row in rows), default=None)
    return position_ms, {row.number: Counts(row.evaluated, row.held, row.not_ready) for row in rows}
