"""The servers that a worker of the tests keeps: embedded, or in containers. Tests see the same two kinds of object."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from services.cli.up.layout import Stores, make_stores
from services.cli.up.postgres import Postgres
from services.cli.up.processes import LineLog
from services.cli.up.valkey import Valkey

# Test databases lose nothing that matters when the machine fails, and are faster so.
UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "1GB"}

Fixture = Callable[[str], Any]  # name -> what that fixture gives


class PostgresServer(Protocol):
    """A server with a superuser `paperfold`."""

    def url(self, database: str = ...) -> str:
        """Where clients reach a database, password included."""

    def create_database(self, name: str, template: str = ...) -> None:
        """Make a database."""

    def drop_database(self, name: str) -> None:
        """Drop a database and the sessions in it."""


class RedisServer(Protocol):
    """A Redis-compatible server."""

    def url(self, number: int = ...) -> str:
        """Where clients reach it, password included."""

    def flush(self) -> None:
        """Forget everything."""


@contextmanager
def postgres(in_container: bool, fixture: Fixture) -> Iterator[PostgresServer]:
    """A PostgreSQL that ends with the session, and with this process should that be killed."""
    if in_container:
        from tests.support.container_stores import postgres_in_container

        with postgres_in_container(fixture("removed"), UNSAFE_BUT_FAST) as server:
            yield server
    else:
        folder, stores = _embedded(fixture)
        embedded = Postgres(stores.home, stores.sockets, "test-password", stores.owner, UNSAFE_BUT_FAST)
        log = folder / "postgres.log"
        child = embedded.start(LineLog(log))
        fixture("watched")(child)
        try:
            yield embedded
        finally:
            child.stop()
        said = log.read_text(encoding="utf-8", errors="replace").splitlines()
        assert not [line for line in said if "terminated by signal" in line], "a process of the server was killed"


@contextmanager
def redis(in_container: bool, fixture: Fixture) -> Iterator[RedisServer]:
    """A Redis-compatible server that ends as the PostgreSQL does."""
    if in_container:
        from tests.support.container_stores import redis_in_container

        with redis_in_container(fixture("removed")) as server:
            yield server
    else:
        folder, stores = _embedded(fixture)
        embedded = Valkey(stores.home, stores.sockets, stores.owner)
        child = embedded.start(LineLog(folder / "valkey.log"))
        fixture("watched")(child)
        try:
            yield embedded
        finally:
            child.stop()


def _embedded(fixture: Fixture) -> tuple[Path, Stores]:
    folder: Path = fixture("stores_folder")
    return folder, make_stores(folder)
