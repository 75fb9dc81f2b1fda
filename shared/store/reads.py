"""Read models for screens that no other file here owns: the health of feeds."""

from dataclasses import dataclass

from sqlalchemy import Connection

from shared.store import statements

_SQL = statements.load("reads")


@dataclass(frozen=True, slots=True)
class Feed:
    """How far an instrument's record reaches; None where there is none."""

    instrument_id: int
    instrument: str
    status: str
    covered_until_ms: int | None
    last_open_ms: int | None
    received_ms: int | None  # wall clock of ingest


def feeds(conn: Connection) -> list[Feed]:
    """All instruments by name."""
    return [Feed(*row) for row in conn.execute(_SQL["feeds"])]
