"""Commands: recorded when a person gives them, effective at the minute that the run's owner assigns (decision 0003)."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from shared.domain.command import Command, CommandKind
from shared.store import market, statements, tables
from shared.store.arrays import array

_SQL = statements.load("commands")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A command as recorded; `effective_ms` is None until the run's owner has assigned it."""

    id: int
    run_id: int
    kind: CommandKind
    close_position: bool
    requested_by: str
    accepted_ms: int
    effective_ms: int | None


def add(
    conn: Connection,
    run_id: int,
    kind: CommandKind,
    requested_by: str,
    *,
    close_position: bool = False,
    idempotency_key: str | None = None,
) -> tuple[Recorded, bool] | None:
    """The command, and whether it was added now; None when the run has ended. Raises UnavailableError without a clock.

    The same key again gives the command that the first call added, also after the run has ended.
    """
    given = {
        "run_id": run_id, "kind": kind, "close_position": close_position, "requested_by": requested_by,
        "idempotency_key": idempotency_key, "accepted_ms": market.exchange_now(conn),
    }  # fmt: skip
    made = conn.scalar(_SQL["add"], given)
    t = tables.run_commands.c
    if made is not None:
        return _read(conn, t.id == made)[0], True
    if idempotency_key is None:
        return None
    known = _read(conn, (t.run_id == run_id) & (t.idempotency_key == idempotency_key))
    return (known[0], False) if known else None


def assigned(conn: Connection, run_id: int) -> list[Command]:
    """Inputs of the run's fold: commands that have their minute, by id."""
    t = tables.run_commands.c
    rows = _read(conn, (t.run_id == run_id) & t.effective_ms.is_not(None))
    return [
        Command(row.id, row.kind, row.effective_ms, row.close_position) for row in rows if row.effective_ms is not None
    ]


def list_commands(conn: Connection, run_id: int) -> list[Recorded]:
    """All commands of a run, by id."""
    return _read(conn, tables.run_commands.c.run_id == run_id)


def has_waiting(conn: Connection, run_ids: Iterable[int]) -> set[int]:
    """Those of the runs that have a command without a minute."""
    return set(conn.scalars(_SQL["waiting"], {"run_ids": array(run_ids)}))


def _read(conn: Connection, condition: object) -> list[Recorded]:
    t = tables.run_commands.c
    wanted = select(t.id, t.run_id, t.kind, t.close_position, t.requested_by, t.accepted_ms, t.effective_ms)
    return [Recorded(*row) for row in conn.execute(wanted.where(condition).order_by(t.id))]  # type: ignore[arg-type]
