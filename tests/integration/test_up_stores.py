"""The embedded stores: made, started, found again after every kind of death; no folder's permissions are widened."""

import os
import shutil
import signal
import stat
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from services.cli.up import owner as owners
from services.cli.up.layout import make_data, make_stores, secret
from services.cli.up.owner import can_enter, can_run, make_private, runnable, store_owner
from services.cli.up.postgres import Postgres
from services.cli.up.processes import Child, LineLog, start_until_ready
from services.cli.up.valkey import Valkey
from shared.domain.errors import UnavailableError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short folder that any user can pass through."""
    place = Path(tempfile.mkdtemp(prefix="paperfold-up-", dir="/tmp"))
    place.chmod(0o711)
    yield place
    shutil.rmtree(place)


@pytest.fixture
def postgres(folder: Path) -> Postgres:
    stores = make_stores(folder)
    return Postgres(stores.home, stores.sockets, "secret/1", stores.owner)


@pytest.fixture
def log(folder: Path) -> LineLog:
    return LineLog(folder / "child.log")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def remember(postgres: Postgres, text: str) -> None:
    with psycopg2.connect(postgres.url()) as session, session.cursor() as cursor:
        cursor.execute("create table if not exists memory (word text)")
        cursor.execute("insert into memory values (%s)", (text,))
    session.close()


def remembered(postgres: Postgres) -> list[str]:
    with psycopg2.connect(postgres.url()) as session, session.cursor() as cursor:
        cursor.execute("select word from memory")
        words = [row[0] for row in cursor.fetchall()]
    session.close()
    return words


def test_postgres_keeps_what_was_committed_when_it_is_killed(postgres: Postgres, log: LineLog) -> None:
    child = postgres.start(log)
    try:
        remember(postgres, "committed")
        child.kill()
        start_until_ready(child, postgres.ready)
        assert remembered(postgres) == ["committed"]
    finally:
        child.stop()


def test_postgres_keeps_its_data_between_starts(postgres: Postgres, log: LineLog) -> None:
    for word in ("first", "second"):
        child = postgres.start(log)
        try:
            remember(postgres, word)
        finally:
            child.stop()
    child = postgres.start(log)
    try:
        assert remembered(postgres) == ["first", "second"]
    finally:
        child.stop()


def test_an_orphan_that_still_runs_is_ended_and_its_data_taken_over(postgres: Postgres, log: LineLog) -> None:
    orphan = postgres.start(log)
    remember(postgres, "from the orphan")
    successor = postgres.start(log)
    try:
        assert orphan.wait(5.0)
        assert remembered(postgres) == ["from the orphan"]
    finally:
        successor.stop()
        orphan.stop()


def test_backends_that_outlived_their_postmaster_are_ended(postgres: Postgres, log: LineLog) -> None:
    child = postgres.start(log)
    session = psycopg2.connect(postgres.url())
    backend = session.info.backend_pid
    os.kill(backend, signal.SIGSTOP)  # it cannot notice the postmaster's death
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.wait(5.0)
    start_until_ready(child, postgres.ready)
    try:
        assert not psutil.pid_exists(backend) or psutil.Process(backend).status() == psutil.STATUS_ZOMBIE
    finally:
        session.close()
        child.stop()


def test_a_pid_file_that_names_a_stranger_keeps_nobody_from_starting_and_harms_nobody(
    postgres: Postgres, log: LineLog
) -> None:
    postgres.start(log).stop()
    owner = postgres.owner
    stranger = subprocess.Popen(
        ["sleep", "60"], user=None if owner is None else owner.uid, group=None if owner is None else owner.gid
    )
    try:
        file = postgres.data / "postmaster.pid"
        file.write_text(f"{stranger.pid}\n{postgres.data}\n1\n5432\n\n\n\n", encoding="utf-8")
        postgres.start(log).stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_interrupted_initdb_is_done_again(postgres: Postgres, log: LineLog) -> None:
    half = postgres.data.with_name("postgres.new")
    make_private(half, postgres.owner)
    (half / "PG_VERSION").write_text("18\n", encoding="utf-8")
    postgres.start(log).stop()
    assert (postgres.data / "base").is_dir()


def test_postgres_asks_a_password_on_a_private_socket_and_has_no_port(postgres: Postgres, log: LineLog) -> None:
    child = postgres.start(log)
    try:
        with pytest.raises(psycopg2.OperationalError, match="password"):
            psycopg2.connect(postgres.url().replace("secret", "guess"))
        assert mode(postgres.sockets) == 0o700
        assert mode(postgres.data) == 0o700
        assert child.identity is not None
        process = child.identity.process()
        assert process is not None
        assert [c for c in process.net_connections() if c.family.name != "AF_UNIX"] == []
    finally:
        child.stop()


def test_a_password_that_does_not_fit_is_said_at_once(postgres: Postgres, folder: Path, log: LineLog) -> None:
    postgres.start(log).stop()
    other = Postgres(postgres.data.parent, postgres.sockets, "other", postgres.owner)
    child = Child(other.recipe(), log)
    try:
        with pytest.raises(UnavailableError, match="password file does not fit"):
            start_until_ready(child, other.ready)
    finally:
        child.stop()


def test_the_redis_compatible_server_forgets_everything_when_it_is_killed(folder: Path, log: LineLog) -> None:
    stores = make_stores(folder)
    valkey = Valkey(stores.home, stores.sockets, stores.owner)
    child = valkey.start(log)
    try:
        assert valkey.ask(b"SET a 1") == b"+OK"
        child.kill()
        start_until_ready(child, valkey.ready)
        assert valkey.ask(b"GET a") == b"$-1"
        assert list(valkey.folder.iterdir()) == []
    finally:
        child.stop()


@pytest.mark.parametrize("existing", [0o755, 0o750, 0o700], ids=oct)
def test_permissions_of_folders_that_existed_stay_as_they_were(
    folder: Path, existing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owners, "PUBLIC_FOLDERS", (folder / "public",))
    given = folder / "given"
    given.mkdir()
    given.chmod(existing)
    (given / "deep").mkdir(mode=0o700)
    before = {path: mode(path) for path in (given / "deep", given, folder, folder.parent)}
    for data in (given, given / "deep", given / "new" / "data"):
        stores = make_stores(make_data(data))
        postgres = Postgres(stores.home, stores.sockets, "pw", stores.owner)
        postgres.start(LineLog(folder / "log")).stop()
        assert mode(stores.home) == mode(stores.sockets) == 0o700
    assert {path: mode(path) for path in before} == before


@pytest.mark.needs("root")
def test_a_data_folder_that_the_stores_user_cannot_enter_sends_them_to_a_public_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owners, "PUBLIC_FOLDERS", (folder / "public",))
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    umask = os.umask(0o077)
    try:
        first = make_stores(make_data(closed / "data"))
    finally:
        os.umask(umask)
    assert first.home.parent == folder / "public"
    assert first == make_stores(closed / "data"), "the same place at every start"
    assert can_enter(first.owner, first.home)
    shutil.rmtree(closed / "data")
    assert make_stores(make_data(closed / "data")).home != first.home, "a folder made anew begins anew"


@pytest.mark.needs("root")
def test_programs_that_the_stores_user_cannot_reach_are_copied_with_their_libraries(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owners, "PUBLIC_FOLDERS", (folder / "public",))
    package = folder / "closed" / "wheel"
    program = package / "bin" / "run"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o700)
    library = folder / "closed" / "wheel.libs" / "lib.so"
    library.parent.mkdir()
    library.touch(mode=0o600)
    (folder / "closed").chmod(0o700)
    owner = store_owner()
    copied = runnable(package, "bin/run", owner)
    assert copied != program
    assert can_run(owner, copied)
    assert mode(copied.parents[2] / "wheel.libs" / "lib.so") == 0o644
    assert runnable(package, "bin/run", owner) == copied
    assert mode(program) == 0o700


@pytest.mark.needs("root")
def test_a_folder_in_a_public_place_that_someone_else_made_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owners, "PUBLIC_FOLDERS", (folder / "public",))
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    home = make_stores(closed).home
    os.chown(home, 0, 0)
    with pytest.raises(UnavailableError, match="not a folder of the user"):
        make_stores(closed)


def test_a_secret_is_made_once_and_only_we_can_read_it(folder: Path) -> None:
    umask = os.umask(0)
    try:
        made = secret(folder / "token")
    finally:
        os.umask(umask)
    assert len(made) >= 40
    assert secret(folder / "token") == made
    assert mode(folder / "token") == 0o600


@pytest.mark.needs("ordinary_user")
def test_the_stores_start_for_an_ordinary_user(folder: Path, anyones_python: Path) -> None:
    program = """
import sys
from pathlib import Path
from services.cli.up.layout import make_data, make_stores
from services.cli.up.postgres import Postgres
from services.cli.up.processes import LineLog
from services.cli.up.valkey import Valkey
data = make_data(Path(sys.argv[1]))
stores = make_stores(data)
assert stores.owner is None
for store in (Postgres(stores.home, stores.sockets, "pw"), Valkey(stores.home, stores.sockets)):
    store.start(LineLog(data / "log")).stop()
print(oct(data.stat().st_mode & 0o777))
"""
    owner = store_owner()
    home = folder / "home"
    home.mkdir(mode=0o700)
    as_user: dict[str, object] = {}
    if owner is not None:
        os.chown(home, owner.uid, owner.gid)
        as_user = {"user": owner.uid, "group": owner.gid, "extra_groups": []}
    done = subprocess.run(
        [anyones_python, "-c", program, str(home / "a" / "data")],
        cwd=ROOT,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(home),
            "PYTHONPATH": os.pathsep.join((str(ROOT), sysconfig.get_path("platlib"))),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        **as_user,  # type: ignore[call-overload]
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "0o700"
