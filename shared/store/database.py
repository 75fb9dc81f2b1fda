"""Connections: short timeouts everywhere, so that a frozen process is replaced within one lease.

Rule: every transaction goes through `begin`. It is the one place where the driver's errors become UnavailableError;
after one, forget what is in memory and recover.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import psycopg2
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared.domain.errors import UnavailableError

IDLE_IN_TRANSACTION_MS = 3_000
LONG_READ_S = 600.0
LOCK_MS = 3_000

# libpq: a peer that vanished without a word is noticed within about 10 s, in both directions
TCP = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 8_000,
}

# SQLSTATEs that psycopg2 does not file under OperationalError and that say "try again", by their beginning:
# 08 connection, 25006 read-only server, 25P03 and 25P04 idle or too long in a transaction, 40 deadlock, 53 full,
# 57 shutdown
_TRY_AGAIN = ("08", "25006", "25P03", "25P04", "40", "53", "57")


def connect(
    url: str, application_name: str, *, pool_size: int = 4, statement_s: float = 15.0, transaction_s: float = 30.0
) -> Engine:
    """A pool of connections to `url` (postgresql://...). Opens nothing yet."""
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg2"),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=5.0,
        pool_recycle=3600,
        connect_args={"application_name": application_name, **TCP},
    )

    @event.listens_for(engine, "connect")
    def limit(connection: Any, _: object) -> None:
        settings = {
            "statement_timeout": round(statement_s * 1000),
            "lock_timeout": LOCK_MS,
            "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_MS,
            "jit": "off",  # our statements are short; compiling them costs more than running them
            "timezone": "UTC",
        }
        if connection.server_version >= 17_00_00:
            settings["transaction_timeout"] = round(transaction_s * 1000)
        with connection.cursor() as cursor:
            for name, value in settings.items():
                cursor.execute("select set_config(%s, %s, false)", (name, str(value)))
        connection.commit()

    return engine


@contextmanager
def begin(engine: Engine, waits_for_disk: bool = True) -> Iterator[Connection]:
    """A transaction: committed at the end, rolled back on an exception. Raises UnavailableError.

    One that does not wait for the disk may be lost, as a whole, if the server crashes within the next second.
    """
    with unavailable(), engine.begin() as conn:
        if not waits_for_disk:
            conn.exec_driver_sql("set local synchronous_commit = off")
        yield conn


@contextmanager
def long_read(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads, and may compute between its statements: nobody waits for what it holds.

    A busy machine computes on a thousand rows for longer than a writer may be silent.
    """
    with begin(engine) as conn:
        conn.exec_driver_sql("set transaction read only")
        limits = {"idle_in_transaction_session_timeout": LONG_READ_S}
        if conn.dialect.server_version_info >= (17,):  # type: ignore[operator]
            limits |= {"transaction_timeout": LONG_READ_S}
            # One that runs already is not made longer by another value: it is ended, and begun
            conn.exec_driver_sql("set local transaction_timeout = 0")
        for name, seconds in limits.items():
            conn.exec_driver_sql(f"set local {name} = {round(seconds * 1000)}")
        yield conn


@contextmanager
def at_once(engine: Engine) -> Iterator[Connection]:
    """Statements that are each a transaction of their own: one way to the server instead of three. UnavailableError."""
    with unavailable(), engine.connect() as conn:
        yield conn.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def unavailable() -> Iterator[None]:
    """Errors of the database that trying again may mend, as UnavailableError."""
    try:
        yield
    except (DBAPIError, PoolTimeoutError, psycopg2.Error) as error:
        cause = getattr(error, "orig", None) or error
        if not _may_mend(error, cause):
            raise
        raise UnavailableError(f"database: {str(cause).strip().partition(chr(10))[0]}") from error


def copy_out(conn: Connection, statement: str, into: BinaryIO) -> None:
    """Run a COPY ... TO STDOUT inside the connection's transaction."""
    cursor: Any = conn.connection.cursor()
    try:
        cursor.copy_expert(statement, into)
    finally:
        cursor.close()


def _may_mend(error: Exception, cause: BaseException) -> bool:
    if isinstance(cause, PoolTimeoutError | psycopg2.OperationalError | psycopg2.InterfaceError):
        return True
    return getattr(error, "connection_invalidated", False) or (getattr(cause, "pgcode", "") or "").startswith(
        _TRY_AGAIN
    )
