"""PostgreSQL is put back to a copy taken earlier, under a live runner."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli.up.layout import make_stores
from services.cli.up.postgres import Postgres
from services.cli.up.processes import LineLog
from shared.store.migrate import upgrade
from tests.support.desk import Desk, walk


@pytest.fixture
def own_postgres(stores_folder: Path, tmp_path: Path) -> Iterator[tuple[Postgres, Path]]:
    """A server of this test's own, and its log."""
    folder = stores_folder / "restored"
    folder.mkdir()
    folder.chmod(0o711)
    stores = make_stores(folder)
    yield Postgres(stores.home, stores.sockets, "test-password", stores.owner), tmp_path / "postgres.log"
    shutil.rmtree(folder)


def test_a_database_put_back_a_minute_is_folded_again_to_the_same(
    own_postgres: tuple[Postgres, Path], redis_url: str
) -> None:
    server, log = own_postgres
    child = server.start(LineLog(log))
    server.create_database("restored")
    upgrade(server.url("restored"))
    desk = Desk(server.url("restored"), redis_url, walk(400))
    desk.history(60)
    run_id = desk.start()
    desk.runner()
    desk.minutes(20)
    desk.level(run_id)

    desk.engine.dispose()
    child.stop()
    copy = server.data.parent / "copy"
    shutil.copytree(server.data, copy, symlinks=True)
    keep_owner(server.data, copy)
    child = server.start(LineLog(log))
    desk.minutes(3)
    desk.level(run_id, timeout_s=30.0)
    further = desk.run(run_id)

    desk.engine.dispose()
    child.stop()
    shutil.rmtree(server.data)
    copy.rename(server.data)
    child = server.start(LineLog(log))
    try:
        assert (desk.run(run_id).position_ms or 0) < (further.position_ms or 0)
        desk.at -= 3  # ingest finds the minutes missing and records them again
        desk.minutes(10)
        desk.level(run_id, timeout_s=30.0)
        desk.assert_parity(run_id)
        assert desk.run(run_id).status == "running"
    finally:
        desk.close()
        child.stop()


def keep_owner(original: Path, copy: Path) -> None:
    """A copy made by root belongs to whom the original belongs to."""
    for path in [original, *original.rglob("*")]:
        there = copy / path.relative_to(original)
        if not there.is_symlink():
            status = path.stat()
            shutil.chown(there, status.st_uid, status.st_gid)
