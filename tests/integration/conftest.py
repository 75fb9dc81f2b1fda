"""Stores as most tests here ask for them: a database's engine, a transaction that commits, a person at a terminal."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from shared.store import database as store
from tests.support.cli import Shell, shell_of
from tests.support.store import engine_of


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    with engine_of(database) as engine:
        yield engine


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    with store.begin(engine) as conn:
        yield conn


@pytest.fixture
def shell(
    database: str,
    redis_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Shell]:
    with shell_of(database, redis_url, tmp_path, capsys, monkeypatch) as shell:
        yield shell
