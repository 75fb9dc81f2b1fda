"""Who may be silent inside a transaction: one that reads, and not one that may hold what others wait for."""

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from shared.domain.errors import UnavailableError
from shared.store import database as db

SILENCE_S, TRANSACTION_S = 0.2, 0.4


@pytest.fixture
def engine(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr(db, "IDLE_IN_TRANSACTION_MS", round(SILENCE_S * 1000))
    engine = db.connect(database, "test", transaction_s=TRANSACTION_S)
    yield engine
    engine.dispose()


def silent(engine: Engine) -> None:
    with db.begin(engine) as conn:
        conn.execute(text("select 1"))
        time.sleep(3 * SILENCE_S)


def test_a_writer_that_is_silent_is_cut_off(engine: Engine) -> None:
    with pytest.raises(UnavailableError):
        silent(engine)


def test_a_long_read_may_compute_between_its_statements(engine: Engine) -> None:
    with db.long_read(engine) as conn:
        conn.execute(text("select 1"))
        time.sleep(2 * TRANSACTION_S)
        assert conn.execute(text("select 2")).scalar_one() == 2


def test_a_long_read_writes_nothing(engine: Engine) -> None:
    with pytest.raises(UnavailableError, match="read-only"), db.long_read(engine) as conn:
        conn.execute(text("update runs set seq = 0"))


def test_what_a_long_read_may_ends_with_it(engine: Engine) -> None:
    with db.long_read(engine):
        pass
    with pytest.raises(UnavailableError):
        silent(engine)
