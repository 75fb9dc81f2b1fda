"""Is the database's schema the one that this code expects? Asked without Alembic, which only migrations need."""

from pathlib import Path

from sqlalchemy import Connection, text

from shared.domain.errors import UnavailableError

VERSIONS = Path(__file__).parent / "migrations" / "versions"

_TABLE = text("select to_regclass('alembic_version')")
_CURRENT = text("select version_num from alembic_version")


def newest() -> str:
    """The newest schema: migrations are files named by their number."""
    return max(file.stem.partition("_")[0] for file in VERSIONS.glob("[0-9]*.py"))


def check(conn: Connection) -> None:
    """Raises UnavailableError while the schema is another one: `migrate` has not run yet, or a newer release has."""
    refuse_newer(conn)
    found = _found(conn)
    if found != newest():
        raise UnavailableError(f"database: its schema is {found or 'none'}, expected {newest()}, which migrate makes")


def refuse_newer(conn: Connection) -> None:
    """Raises UnavailableError when a newer release has been here: there is no way from its schema to ours."""
    found = _found(conn)
    if found is not None and found > newest():
        raise UnavailableError(
            f"database: it is of schema {found}, this release knows those up to {newest()}: it was brought there by a "
            "newer release; start that one again, or restore a backup that was taken before (docs/operations.md)"
        )


def _found(conn: Connection) -> str | None:
    return conn.scalar(_CURRENT) if conn.scalar(_TABLE) is not None else None
