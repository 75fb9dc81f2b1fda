"""The record of a running system: its database, opened for a command."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from services.cli.system import find_database
from shared.store import database, schema_version


@contextmanager
def opened(data_dir: Path | None, *, statement_s: float = 60.0, transaction_s: float = 60.0) -> Iterator[Engine]:
    """The database of the system that is meant. Raises UnavailableError when it is not there or has another schema."""
    url = find_database(data_dir)
    engine = database.connect(url, "paperfold-cli", pool_size=1, statement_s=statement_s, transaction_s=transaction_s)
    try:
        with database.begin(engine) as conn:
            schema_version.check(conn)
        yield engine
    finally:
        engine.dispose()
