"""A commit: one statement that moves runs forward, writes what they decided, and gives their commands a minute.

The statement is a function in the database (sql/functions.sql). A client that freezes or dies holds no lock between its
parts, for there is nothing between them: either the server has the whole statement, or none of it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Connection

from shared.domain.command import Command
from shared.store import statements
from shared.store.arrays import rows
from shared.store.decisions import Batch, divergence, literals
from shared.store.ownership import Progress

_SQL = statements.load("commits")


@dataclass(frozen=True, slots=True)
class Committed:
    """What came of a commit; every run that is not lost was moved."""

    lost: set[int] = field(default_factory=set)  # runs that belong to someone else, or stand elsewhere: recover them
    assigned: dict[int, list[Command]] = field(default_factory=dict)  # by run, in the order of their ids


def commit(conn: Connection, runner_id: UUID, steps: Sequence[Progress], batch: Batch = ()) -> Committed:
    """Move runs forward, those whose owner, epoch, position and digest are still the old ones, with their decisions.

    Commands of these runs that have no minute yet are given theirs. The rows of the runs stay locked until the end of
    the transaction. Raises DivergenceError where another row stands under a key.
    """
    if not steps:
        return Committed()
    lost: set[int] = set()
    assigned: dict[int, list[Command]] = defaultdict(list)
    given = {"runner_id": runner_id, "steps": rows(steps), **literals(batch)}
    with divergence():
        for row in conn.execute(_SQL["commit"], given):
            if row.command_id is None:
                lost.add(row.run_id)
            else:
                assigned[row.run_id].append(Command(row.command_id, row.kind, row.effective_ms, row.close_position))
    return Committed(lost, dict(assigned))
