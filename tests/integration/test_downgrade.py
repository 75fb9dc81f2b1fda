"""A release that finds a database of a newer one says so, and changes nothing."""

import pytest
from sqlalchemy import text

from services.cli.__main__ import main
from shared.domain.errors import UnavailableError
from shared.store import database as db
from shared.store import migrate, schema_version
from tests.support.store import a_run, engine_of

NEWER = "9999"


@pytest.fixture
def newer(database: str) -> str:
    """A database with a run in it, as a later release left it."""
    with engine_of(database) as engine, db.begin(engine) as conn:
        a_run(conn)
        conn.execute(text("update alembic_version set version_num = :newer"), {"newer": NEWER})
    return database


def test_a_newer_schema_is_not_touched_and_the_way_back_is_named(
    newer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PAPERFOLD__DATABASE__URL", newer)
    monkeypatch.delenv("PAPERFOLD_DATA_DIR", raising=False)
    assert main(["db", "migrate"]) == 1
    said = capsys.readouterr().err
    assert f"it is of schema {NEWER}, this release knows those up to {schema_version.newest()}" in said
    assert "restore a backup" in said
    with pytest.raises(UnavailableError):
        migrate.upgrade(newer)
    with engine_of(newer) as engine, db.begin(engine) as conn:
        assert conn.scalar(text("select version_num from alembic_version")) == NEWER
        assert conn.scalar(text("select count(*) from v_runs")) == 1


def test_services_say_which_of_the_two_is_newer(newer: str) -> None:
    with engine_of(newer) as engine, db.begin(engine) as conn:
        with pytest.raises(UnavailableError, match=f"{NEWER}.*by a newer release"):
            schema_version.check(conn)
        conn.execute(text("update alembic_version set version_num = '0001'"))
        with pytest.raises(UnavailableError, match=r"0001, expected .*migrate"):
            schema_version.check(conn)
