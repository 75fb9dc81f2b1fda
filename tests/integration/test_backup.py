"""A backup is taken while everything runs; what is restored from it goes on as if nothing had happened."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import Connection, text

from services.cli import backup as backups
from services.cli import backup_seal
from services.cli.__main__ import main
from services.cli.client_programs import connection
from services.cli.stores import started
from services.cli.up.postgres import Postgres
from services.cli.up.valkey import Valkey
from shared.domain.errors import InputError, UnavailableError
from shared.store import auth, market, migrate, schema_version
from shared.store import database as db
from tests.support.desk import BUSY, ROOT, Desk, walk
from tests.support.store import a_run, engine_of

DECISIONS = ("orders", "fills", "trades", "equity", "run_notes")
QUIET = BUSY.replace("name: busy", "name: quiet").replace("close > mean", "close > 2 * mean")
SKIPPED = frozenset({150, 151, 190, 191, 192})
_numbers = count(1)


@pytest.fixture
def fresh(postgres_server: Postgres) -> Iterator[Callable[[], str]]:
    """Makes databases without a table."""
    names: list[str] = []

    def make() -> str:
        names.append(f"restored_{next(_numbers)}")
        postgres_server.create_database(names[-1])
        return postgres_server.url(names[-1])

    yield make
    for name in names:
        postgres_server.drop_database(name)


@pytest.fixture
def paperfold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """The command, against the database that is named."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "nothing-runs-here"))
    monkeypatch.delenv("PAPERFOLD_DATA_DIR", raising=False)

    def run(url: str, *arguments: object) -> int:
        monkeypatch.setenv("PAPERFOLD__DATABASE__URL", url)
        return main([str(one) for one in arguments])

    return run


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short folder that the stores' user can pass through."""
    place = Path(tempfile.mkdtemp(prefix="paperfold-backup-", dir="/tmp"))
    place.chmod(0o711)
    yield place
    shutil.rmtree(place)


def rows(desk: Desk, table: str) -> list[tuple[object, ...]]:
    order = "open_ms" if table == "bars" else "from_ms" if table == "coverage" else "run_id, seq"
    return desk.sql(f"select * from {table} order by {order}")


def contents(conn: Connection) -> dict[str, object]:
    """Every row of every table."""
    names = conn.scalars(
        text("select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace")
    )
    return {name: conn.execute(text(f"select * from {name}")).all() for name in names.all()}


def where_runs_stand(desk: Desk) -> list[tuple[object, ...]]:
    return desk.sql("""
        select id, status, position_ms, seq, encode(digest, 'hex'), equity, quantity, warmup_from_ms, engine_version
        from runs order by id
    """)


def busy_market(database: str, redis_url: str) -> Desk:
    """Runs of every kind: going on, paused, quiet, stopped by a command, and a backtest."""
    desk = Desk(database, redis_url, walk(600, skipped=SKIPPED))
    desk.history(120)
    desk.runner()
    going, paused, stopped = desk.start(), desk.start(), desk.start()
    desk.start(QUIET)
    test = desk.backtest(start_ms=desk.first_ms + 20 * 60_000, end_ms=desk.first_ms + 110 * 60_000)
    desk.minutes(25)
    desk.level(going, paused, stopped)
    desk.command(paused, "pause")
    desk.command(stopped, "stop", close=True)
    desk.until(lambda: not desk.sql("select from run_commands where effective_ms is null"))
    desk.minutes(3)
    desk.until(lambda: desk.run(stopped).has_ended and desk.run(test).status == "finished", 60.0, (stopped, test))
    return desk


def backed_up_while_minutes_close(desk: Desk, file: Path) -> int:
    """`paperfold db backup`, with bars and commits all the while; minutes that passed."""
    command = [sys.executable, "-m", "services.cli", "db", "backup", str(file)]
    names = os.environ | {"PAPERFOLD__DATABASE__URL": desk.database_url, "XDG_DATA_HOME": str(file.parent)}
    with subprocess.Popen(
        command, cwd=ROOT, env=names, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        before = desk.at
        while process.poll() is None:
            desk.minutes(1)
        assert process.returncode == 0, process.stdout and process.stdout.read()
    return desk.at - before


def test_what_is_restored_goes_on_as_if_nothing_had_happened(
    database: str, valkey_server: Valkey, fresh: Callable[[], str], paperfold: Callable[..., int], tmp_path: Path
) -> None:
    valkey_server.flush()
    first = busy_market(database, valkey_server.url())
    file, there = tmp_path / "all.backup", fresh()
    try:
        assert backed_up_while_minutes_close(first, file) > 5
        first.minutes(30)
        live = [int(str(row[0])) for row in first.sql("select id from runs where ended_at is null")]
        assert len(live) == 3
        first.level(*live)
        assert first.processes[0].stop() == 0
        assert paperfold(there, "db", "restore", file) == 0

        valkey_server.flush()
        second = Desk(there, valkey_server.url(), first.day)
        try:
            second.at = (int(str(second.sql("select max(to_ms) from coverage")[0][0])) - first.first_ms) // 60_000
            assert 148 < second.at < first.at
            assert [run[0] for run in second.sql("select id from runs order by id")] == [1, 2, 3, 4, 5]
            for run_id in (1, 2, 3, 4, 5):
                verdict = second.parity(run_id)
                assert verdict.equal, verdict.difference
                assert verdict.bars > 0
            second.runner()
            second.minutes(first.at - second.at)
            second.level(*live, timeout_s=60.0)
            assert where_runs_stand(second) == where_runs_stand(first)
            for table in (*DECISIONS, "bars", "coverage"):
                found = rows(second, table)
                assert found, table
                assert found == rows(first, table), table
            second.assert_parity(*live)
        finally:
            second.close()
    finally:
        first.close()


@pytest.fixture
def filled(database: str, tmp_path: Path) -> tuple[str, Path]:
    """A database with a run, a key and a session; and its backup."""
    with engine_of(database) as engine, db.begin(engine) as conn:
        market.claim_market(conn, "sim", "ab12")
        market.set_clock(conn, 1_740_000_000_000, rate=60.0)
        a_run(conn)
        auth.put_key(conn, "ada", "token-1", "trader")
        auth.open_session(conn, "session-1", "token-1", "csrf", 3600)
    file = tmp_path / "one.backup"
    backups.backup(database, file)
    return database, file


def test_a_backup_says_what_it_is_of_and_is_for_our_eyes_only(filled: tuple[str, Path]) -> None:
    url, file = filled
    assert backups.read(file) == backups.Manifest(schema_version.newest(), ("sim", "ab12"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    with pytest.raises(InputError, match="a file that does not exist yet"):
        backups.backup(url, file)


def test_the_password_is_not_on_the_command_line() -> None:
    dsn, environment = connection("postgresql+psycopg2://ada:it%27s%20secret@/books?host=/run/here&sslmode=disable")
    assert "secret" not in dsn
    assert environment["PGPASSWORD"] == "it's secret"
    assert {"user=ada", "dbname=books", "host=/run/here", "sslmode=disable"} <= set(dsn.split())


def test_keys_come_back_sessions_do_not_and_what_was_done_is_written_down(
    filled: tuple[str, Path], fresh: Callable[[], str]
) -> None:
    url = fresh()
    backups.restore(url, filled[1], "grace")
    with engine_of(url) as engine, db.begin(engine) as conn:
        schema_version.check(conn)
        assert auth.find_key(conn, "token-1") == auth.Key("ada", "trader")
        assert auth.find_session(conn, "session-1") is None
        entry = auth.read_audit(conn)[0]
        assert (entry.who, entry.action, entry.subject) == ("grace", "database_restored", "sim ab12")
        assert market.clock(conn) is None, "it was another server's, and ran on while nothing did"
        a_run(conn)  # ids go on behind those that came back
        assert conn.execute(text("select run_id from v_runs order by 1")).scalars().all() == [1, 2]


def test_a_database_that_was_prepared_and_never_used_is_empty(
    filled: tuple[str, Path], fresh: Callable[[], str]
) -> None:
    url = fresh()
    migrate.upgrade(url)
    with engine_of(url) as engine, db.begin(engine) as conn:
        market.claim_market(conn, "sim", "ab12")
    backups.restore(url, filled[1], "grace")
    with engine_of(url) as engine, db.begin(engine) as conn:
        assert conn.scalar(text("select strategy from v_runs")) == "a-strategy"


# What stands in the database that is asked to take a backup -> words of the refusal.
REFUSED = {
    "another market": ("insert into market (market, fingerprint) values ('binance-us', '')", "one of market sim ab12"),
    "another simulated market": ("insert into market (market, fingerprint) values ('sim', 'cd')", "was sim cd"),
    "another schema": ("update alembic_version set version_num = '0005'", "was schema 0005"),
    "rows": ("insert into instruments (name, symbol) values ('A/B', 'AB')", "there are rows in instruments"),
    "other people's tables": ("create table books (title text)", "it holds books"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_not_restored_over(filled: tuple[str, Path], fresh: Callable[[], str], what: str) -> None:
    url = fresh()
    migrate.upgrade(url)
    change, words = REFUSED[what]
    with engine_of(url) as engine, db.begin(engine) as conn:
        conn.execute(text(change))
        before = contents(conn)
    with pytest.raises(InputError, match=words):
        backups.restore(url, filled[1], "grace")
    with engine_of(url) as engine, db.begin(engine) as conn:
        assert contents(conn) == before


def test_the_database_that_was_backed_up_is_not_restored_over(filled: tuple[str, Path]) -> None:
    with pytest.raises(InputError, match="there are rows in"):
        backups.restore(*filled, "grace")


def test_a_backup_of_a_newer_release_is_refused(
    filled: tuple[str, Path], fresh: Callable[[], str], tmp_path: Path
) -> None:
    with engine_of(filled[0]) as engine, db.begin(engine) as conn:
        conn.execute(text("update alembic_version set version_num = '9999'"))
    newer = tmp_path / "newer.backup"
    assert backups.backup(filled[0], newer).schema == "9999"
    with pytest.raises(InputError, match="or older, was 9999"):
        backups.restore(fresh(), newer, "grace")


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_half_a_backup_restores_nothing(filled: tuple[str, Path], fresh: Callable[[], str], share: float) -> None:
    whole, url = filled[1].read_bytes(), fresh()
    filled[1].write_bytes(whole[: round(len(whole) * share)])
    with pytest.raises((InputError, UnavailableError)):
        backups.restore(url, filled[1], "grace")
    with engine_of(url) as engine, db.begin(engine) as conn:
        assert conn.scalar(text("select to_regclass('runs')")) is None


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_backup_with_a_byte_changed_touches_nothing(
    filled: tuple[str, Path], fresh: Callable[[], str], share: float
) -> None:
    url, file = fresh(), filled[1]
    migrate.upgrade(url)
    whole = bytearray(file.read_bytes())
    whole[round(len(whole) * share)] ^= 0x01
    file.write_bytes(whole)
    with pytest.raises(InputError, match=f"{file.name}"):
        backups.restore(url, file, "grace")
    with engine_of(url) as engine, db.begin(engine) as conn:
        assert conn.scalar(text("select to_regclass('runs')")) == "runs"


def test_a_backup_without_a_seal_is_one_of_an_older_release(filled: tuple[str, Path], fresh: Callable[[], str]) -> None:
    url, file = fresh(), filled[1]
    assert backup_seal.is_intact(file) is True
    file.write_bytes(file.read_bytes()[: -backup_seal.LENGTH])
    assert backup_seal.is_intact(file) is None
    assert backups.restore(url, file, "grace").schema == schema_version.newest()


@pytest.mark.parametrize("content", [b"", b"name: a-strategy\n"], ids=["empty", "text"])
def test_what_is_no_backup_is_said_to_be_none(
    content: bytes, tmp_path: Path, fresh: Callable[[], str], paperfold: Callable[..., int]
) -> None:
    (file := tmp_path / "x").write_bytes(content)
    assert paperfold(fresh(), "db", "restore", file) == 2


def test_a_database_of_something_else_is_no_backup_of_ours(fresh: Callable[[], str], tmp_path: Path) -> None:
    url = fresh()
    with psycopg2.connect(url) as session, session.cursor() as cursor:
        cursor.execute("create table books (title text)")
    session.close()
    with pytest.raises(InputError, match="no schema version in it"):
        backups.backup(url, tmp_path / "books.backup")
    assert list(tmp_path.iterdir()) == []


def test_a_backup_makes_a_data_folder(
    filled: tuple[str, Path], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PAPERFOLD__DATABASE__URL", raising=False)
    data = folder / "restored"
    assert main(["db", "restore", str(filled[1]), "--data-dir", str(data)]) == 0
    assert "market sim ab12: restored" in capsys.readouterr().out
    with started(data) as url:
        with engine_of(url) as engine, db.begin(engine) as conn:
            assert conn.scalar(text("select strategy from v_runs")) == "a-strategy"
        assert main(["db", "restore", str(filled[1]), "--data-dir", str(data)]) == 1
        assert "a system already runs on" in capsys.readouterr().err
    assert main(["db", "restore", str(filled[1]), "--data-dir", str(data)]) == 2
    assert "there are rows in" in capsys.readouterr().err
    (data / "market").write_text("binance-us\n", encoding="utf-8")
    assert main(["db", "restore", str(filled[1]), "--data-dir", str(data)]) == 2
    assert "a folder of market sim, was binance-us" in capsys.readouterr().err


def test_nobody_restores_without_saying_where_to(
    filled: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("PAPERFOLD__DATABASE__URL", "PAPERFOLD_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    assert main(["db", "restore", str(filled[1])]) == 2
    assert "say where to" in capsys.readouterr().err
