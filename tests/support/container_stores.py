"""PostgreSQL and Redis in containers, under their official tags, for the tests that otherwise run on embedded servers.

They listen on loopback, keep their data in memory, and end with this process: by its own hand, or, when it is killed,
by that of a second one that holds the other end of a pipe (the reaper of testcontainers is an image of its own, which
not every machine has).
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg2
import redis
from testcontainers.core.config import ConnectionMode, testcontainers_config
from testcontainers.core.container import DockerContainer

from tests.support.remover import FAREWELL, LABEL

ROOT = Path(__file__).resolve().parents[2]
USER, PASSWORD = "paperfold", "test-password"
POSTGRES_IMAGE = os.environ.get("POSTGRES_IMAGE", "postgres:18-bookworm")
REDIS_IMAGE = os.environ.get("REDIS_IMAGE", "redis:7-bookworm")
READY_S = 90.0
# as Compose starts it (deploy/compose/postgres/roles.sh): text sorts by code point, whatever the image's language is
LIKE_OURS = "encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'"


class ContainedPostgres:
    """A server whose databases are made and dropped by name."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, database: str = USER) -> str:
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def ready(self) -> bool:
        try:
            psycopg2.connect(self.url(), connect_timeout=3).close()
        except psycopg2.OperationalError:
            return False
        return True

    def create_database(self, name: str, template: str = "template0") -> None:
        self._run(f'create database "{name}" template "{template}" {LIKE_OURS if template == "template0" else ""}')

    def drop_database(self, name: str) -> None:
        self._run(f'drop database if exists "{name}" with (force)')

    def _run(self, statement: str) -> None:
        session = psycopg2.connect(self.url("postgres"), connect_timeout=3)
        session.autocommit = True
        try:
            with session.cursor() as cursor:
                cursor.execute(statement)
        finally:
            session.close()


class ContainedRedis:
    """A server that can be emptied."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, number: int = 0) -> str:
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/{number}"

    def ready(self) -> bool:
        try:
            with redis.Redis.from_url(self.url()) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def flush(self) -> None:
        with redis.Redis.from_url(self.url()) as client:
            client.flushall()


@contextmanager
def remover() -> Iterator[str]:
    """A word for the label of containers; all that carry it are removed when this process is no more."""
    word = uuid4().hex
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.remover", word],
        cwd=ROOT, stdin=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        yield word
    finally:
        process.communicate(FAREWELL, 60.0)


@contextmanager
def postgres_in_container(word: str, settings: dict[str, str]) -> Iterator[ContainedPostgres]:
    """A server with the database `paperfold`; `settings` as on its command line."""
    options = [text for key, value in settings.items() for text in ("-c", f"{key}={value}")]
    container = (
        DockerContainer(POSTGRES_IMAGE)
        .with_env("POSTGRES_USER", USER)
        .with_env("POSTGRES_PASSWORD", PASSWORD)
        .with_command(["postgres", "-c", "max_connections=200", "-c", "timezone=UTC", *options])
        .with_tmpfs_mount("/var/lib/postgresql", "mode=0777")
    )
    with _started(container, 5432, word) as port:
        server = ContainedPostgres(port)
        _wait(server.ready, container)
        yield server


@contextmanager
def redis_in_container(word: str) -> Iterator[ContainedRedis]:
    """An empty server that asks for a password and writes nothing."""
    command = ["redis-server", "--requirepass", PASSWORD, "--save", "", "--appendonly", "no"]
    container = DockerContainer(REDIS_IMAGE).with_command(command).with_tmpfs_mount("/data", "mode=0777")
    with _started(container, 6379, word) as port:
        server = ContainedRedis(port)
        _wait(server.ready, container)
        yield server


@contextmanager
def _started(container: DockerContainer, port: int, word: str) -> Iterator[int]:
    """The loopback port under which a container's port is reached."""
    testcontainers_config.ryuk_disabled = True
    testcontainers_config.connection_mode_override = ConnectionMode.docker_host
    container.ports[f"{port}/tcp"] = ("127.0.0.1", None)  # type: ignore[assignment]  # as the engine's client takes it
    with container.with_kwargs(labels={LABEL: word}):
        yield int(container.get_exposed_port(port))


def _wait(ready: Callable[[], bool], container: DockerContainer) -> None:
    deadline = time.monotonic() + READY_S
    while not ready():
        said = b"".join(container.get_logs()).decode("utf-8", "replace")[-2000:]
        assert time.monotonic() < deadline, f"{container.image} is not ready after {READY_S:.0f} s: {said}"
        assert container.get_wrapped_container().status != "exited", f"{container.image} ended: {said}"
        time.sleep(0.1)
