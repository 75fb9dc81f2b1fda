"""How often each rule was evaluated, held, and was not ready: for people who ask why a run does not trade."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from shared.store import tables


class Counts(NamedTuple):
    evaluated: int
    held: int
    not_ready: int


def write(conn: Connection, counters: Mapping[int, Mapping[str, Counts]]) -> None:
    """Counts of rules by run, as totals since the start of the run."""
    t = tables.run_counters
    rows = [{"run_id": run_id, "rule": rule, **counts._asdict()} for run_id, rules in counters.items()
            for rule, counts in rules.items()]  # fmt: skip
    if rows:
        statement = insert(t).values(rows)
        newer = {name: statement.excluded[name] for name in Counts._fields}
        conn.execute(statement.on_conflict_do_update(index_elements=[t.c.run_id, t.c.rule], set_=newer))


def read(conn: Connection, run_id: int) -> dict[str, Counts]:
    """Counts of a run's rules by rule."""
    t = tables.run_counters.c
    rows = conn.execute(select(t.rule, t.evaluated, t.held, t.not_ready).where(t.run_id == run_id).order_by(t.rule))
    return {rule: Counts(*counts) for rule, *counts in rows}
