"""When which run was folded again from its first bar: entries of its log, so that a restart forgets none."""

from uuid import UUID

from sqlalchemy import Connection

from shared.store import runs, statements

_SQL = statements.load("audits")


def due(conn: Connection, runner_id: UUID, engine_version: str, every_s: float) -> int | None:
    """The live run of this runner whose last audit, or start, is longest ago; None when none is `every_s` ago."""
    given = {"runner_id": runner_id, "engine_version": engine_version, "every_s": every_s}
    found: int | None = conn.scalar(_SQL["due"], given)
    return found


def note_equal(conn: Connection, run_id: int, runner_id: UUID, detail: str) -> None:
    """Every decision is what a second fold gave."""
    runs.log(conn, run_id, "audited", str(runner_id), detail)


def note_failed(conn: Connection, run_id: int, runner_id: UUID, detail: str) -> None:
    """The second fold came to no end, and says nothing of the run."""
    runs.log(conn, run_id, "audit_failed", str(runner_id), detail)
