"""Databases of earlier schemas with rows in them: what an upgrade keeps, what becomes of runs of an older engine."""

import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event, text

from services.cli import backup
from services.cli.__main__ import main
from services.cli.client_programs import run as run_program
from services.cli.up.postgres import Postgres
from shared.engine.version import ENGINE_VERSION
from shared.store import auth, migrate, schema_version, statements, tables
from shared.store import database as db
from tests.support.desk import Desk, walk
from tests.support.store import engine_of

ENGINE_1 = Path(__file__).parents[1] / "data" / "backups" / "0004.backup"
FIRST = ("0001", "0002", "0003", "0004")  # made in one go, before there were rows: each adds tables to the one before
DECISIONS = ("orders", "fills", "trades", "equity", "run_notes")
TRADING, QUIET, STOPPED, TEST, UNCLAIMED = 1, 2, 3, 4, 5  # runs in the backups
_numbers = count(1)

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def fresh(postgres_server: Postgres) -> Iterator[Callable[[], str]]:
    """Makes databases without a table."""
    names: list[str] = []

    def make() -> str:
        names.append(f"upgraded_{next(_numbers)}")
        postgres_server.create_database(names[-1])
        return postgres_server.url(names[-1])

    yield make
    for name in names:
        postgres_server.drop_database(name)


# What makes a database of a schema one of the schema before it, rows included: the way back of each step.
WAY_BACK = {
    "0005": """
        alter table fills drop column reference;
    """,
    "0006": """
        create table older as
            select run_id, number || ': ' || text as rule, evaluated, held, not_ready from run_counters;
        drop table run_counters;
        alter table older rename to run_counters;
        alter table run_counters
            add constraint pk_run_counters primary key (run_id, rule),
            add constraint fk_run_counters_run_id foreign key (run_id) references runs (id) on delete cascade,
            alter evaluated set not null, alter held set not null, alter not_ready set not null;
    """,
    "0007": """
        alter table runs reset (fillfactor);
    """,
}


def stepped_back(url: str, schema: str) -> None:
    """Make a database of the newest schema one of an earlier."""
    with engine_of(url) as engine, db.begin(engine) as conn:
        statements.run_script(conn, "drop_views")
        for step in sorted(WAY_BACK, reverse=True):
            if step > schema:
                conn.exec_driver_sql(WAY_BACK[step])
        conn.execute(text("update alembic_version set version_num = :schema"), {"schema": schema})


def as_it_was(url: str) -> None:
    """The database as the last release of engine 1 left it."""
    run_program("pg_restore", url, "--exit-on-error", "--no-owner", "--no-privileges", str(ENGINE_1))


def prepared(url: str, schema: str) -> None:
    """A database of an early schema, which nothing was ever recorded in."""
    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    steps = ScriptDirectory.from_config(config).iterate_revisions(schema, "base")
    with engine_of(url) as engine, db.begin(engine) as conn:
        with Operations.context(MigrationContext.configure(conn)):
            for step in reversed(list(steps)):
                step.module.upgrade()
        conn.execute(text("create table alembic_version (version_num varchar(32) primary key)"))
        conn.execute(text("insert into alembic_version values (:schema)"), {"schema": schema})


def filled(url: str, schema: str) -> None:
    """A database of one of the first schemas, with the rows that its tables have in the backup."""
    prepared(url, schema)
    with engine_of(url) as engine, db.begin(engine) as conn:
        names = [name for name in table_names(conn) if name != "alembic_version"]
    chosen = [f"--table={name}" for name in names]
    run_program("pg_restore", url, "--data-only", "--disable-triggers", "--exit-on-error", *chosen,
                str(ENGINE_1))  # fmt: skip


def table_names(conn: Connection) -> list[str]:
    names = text(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1"
    )
    return list(conn.scalars(names))


def rows_of(url: str) -> Rows:
    """Every row of every table, but the version's."""
    with engine_of(url) as engine, db.begin(engine) as conn:
        return {
            name: [plain(row) for row in conn.execute(text(f"select * from {name}")).mappings()]
            for name in table_names(conn)
            if name != "alembic_version"
        }


def plain(row: Any) -> dict[str, Any]:
    return {name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items()}


def in_new_words(before: Rows) -> Rows:
    """What rows of an earlier schema are to say in the newest: the same, but for what two steps tell.

    0005: a fill of engine 1 did not say what it referred to, and gets its own price. 0006: a counter had its rule's
    number in front of its text, and was true after the newest snapshot of its run.
    """
    after = {name: [dict(row) for row in rows] for name, rows in before.items()}
    for fill in after.get("fills", []):
        fill.setdefault("reference", fill["price"])
    snapped: dict[int, int] = {}
    for snapshot in after.get("snapshots", []):
        snapped[snapshot["run_id"]] = max(snapshot["position_ms"], snapped.get(snapshot["run_id"], 0))
    for counter in after.get("run_counters", []):
        if "rule" in counter:
            number, _, words = counter.pop("rule").partition(": ")
            position_ms = snapped[counter["run_id"]]
            counter.update(number=int(number), text=words, side=None, place=None, position_ms=position_ms)
    return after


def assert_upgraded(url: str, before: Rows) -> None:
    after, wanted = rows_of(url), in_new_words(before)
    assert {name: rows for name, rows in after.items() if name not in wanted and rows} == {}
    for name, rows in wanted.items():
        assert by_value(after[name]) == by_value(rows), name
    with engine_of(url) as engine, db.begin(engine) as conn:
        schema_version.check(conn)
        assert compare_metadata(MigrationContext.configure(conn), tables.metadata) == []
        conn.execute(text("select * from v_runs")).all()


def by_value(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """In an order that does not depend on where columns or rows stand."""
    return sorted(rows, key=lambda row: str(sorted(row.items())))


def test_every_step_has_its_way_back() -> None:
    known = {file.stem.partition("_")[0] for file in schema_version.VERSIONS.glob("[0-9]*.py")}
    assert known - set(WAY_BACK) == set(FIRST)


@pytest.fixture
def lived_in(database: str, redis_url: str) -> Iterator[Desk]:
    """A market with runs that go on, one that was stopped, a backtest, keys, sessions, and what was done."""
    desk = Desk(database, redis_url, walk(300, skipped=frozenset({75, 76})))
    with db.begin(desk.engine) as conn:
        auth.put_key(conn, "ada", "token-1", "trader")
        auth.open_session(conn, "session-1", "token-1", "csrf", 3600)
        auth.note(conn, "ada", "run_created", "1")
    desk.history(90)
    runner = desk.runner()
    first, second = desk.start(), desk.start(start_ms=desk.first_ms + 30 * 60_000)
    test = desk.backtest(start_ms=desk.first_ms + 20 * 60_000, end_ms=desk.first_ms + 80 * 60_000)
    desk.minutes(20)
    desk.level(first, second)
    desk.command(second, "stop", close=True)
    desk.until(lambda: not desk.sql("select from run_commands where effective_ms is null"))
    desk.minutes(2)
    desk.until(lambda: desk.run(second).has_ended and desk.run(test).has_ended, 60.0, (second, test))
    assert runner.stop() == 0
    yield desk
    desk.close()


@pytest.mark.parametrize("schema", [*sorted(WAY_BACK)[:-1], "0004"])
def test_a_database_of_an_earlier_schema_keeps_every_row_and_its_runs_go_on(lived_in: Desk, schema: str) -> None:
    desk, url = lived_in, lived_in.database_url
    live, *ended = (int(str(row[0])) for row in desk.sql("select id from runs order by id"))
    newest = rows_of(url)
    stepped_back(url, schema)
    before = rows_of(url)
    assert all(before[name] for name in (*DECISIONS, "run_counters", "sessions", "run_log", "equity_levels"))
    migrate.upgrade(url)
    assert_upgraded(url, before)
    if schema >= "0005":  # whose fills said what they referred to
        after = rows_of(url)
        assert {name: by_value(after[name]) for name in DECISIONS} == {
            name: by_value(newest[name]) for name in DECISIONS
        }
        desk.assert_parity(live, *ended)
        desk.runner()
        desk.minutes(10)
        desk.level(live)
        desk.assert_parity(live, *ended)
        assert desk.run(live).status == "running"


@pytest.mark.parametrize(("schema", "full"), [("0001", "bars"), ("0002", "runs"), ("0003", "fills"), ("0004", "audit")])
def test_a_database_of_the_first_schemas_keeps_every_row(fresh: Callable[[], str], schema: str, full: str) -> None:
    url = fresh()
    filled(url, schema)
    before = rows_of(url)
    assert before[full]
    migrate.upgrade(url)
    assert_upgraded(url, before)


def test_an_upgrade_may_be_silent_for_longer_than_a_service(
    fresh: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It loads its steps between its statements; on a busy machine that takes seconds."""
    monkeypatch.setattr(db, "IDLE_IN_TRANSACTION_MS", 1000)
    url, slowed = fresh(), []

    def load_slowly(_: Connection, __: object, statement: str, *___: object) -> None:
        if "create table alembic_version" in statement.lower():
            slowed.append(statement)
            time.sleep(1.5)

    event.listen(Engine, "before_cursor_execute", load_slowly)
    try:
        migrate.upgrade(url)
    finally:
        event.remove(Engine, "before_cursor_execute", load_slowly)
    assert len(slowed) == 1
    assert "runs" in rows_of(url)


def test_a_backup_of_an_older_release_is_brought_to_this_one(
    fresh: Callable[[], str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url, beside = fresh(), fresh()
    monkeypatch.setenv("PAPERFOLD__DATABASE__URL", url)
    monkeypatch.delenv("PAPERFOLD_DATA_DIR", raising=False)
    assert main(["db", "restore", str(ENGINE_1)]) == 0
    assert f"brought to schema {schema_version.newest()}" in capsys.readouterr().out
    as_it_was(beside)
    before, after = rows_of(beside), rows_of(url)
    assert [row["action"] for row in after["audit"][len(before["audit"]) :]] == ["database_restored"]
    wanted = in_new_words(before)
    assert {name: by_value(after[name]) for name in DECISIONS} == {name: by_value(wanted[name]) for name in DECISIONS}
    prepared_only = fresh()
    prepared(prepared_only, "0004")  # as empty as the one above, and of the backup's schema
    backup.restore(prepared_only, ENGINE_1, "tests")
    assert by_value(rows_of(prepared_only)["fills"]) == by_value(after["fills"])


@pytest.fixture
def upgraded(fresh: Callable[[], str], redis_url: str) -> Iterator[Desk]:
    """The market of engine 1, upgraded, at the minute at which its backup was taken."""
    url = fresh()
    as_it_was(url)
    migrate.upgrade(url)
    desk = Desk(url, redis_url, walk(200, skipped=frozenset({75, 76})))
    desk.at = (int(str(desk.sql("select max(to_ms) from coverage")[0][0])) - desk.first_ms) // 60_000
    yield desk
    desk.close()


def decided(desk: Desk, run_id: int) -> list[list[tuple[object, ...]]]:
    """A run's decisions, table by table."""
    return [desk.sql(f"select * from {table} where run_id = :id order by seq", id=run_id) for table in DECISIONS]


def test_runs_of_engine_1_end_where_this_one_differs_and_those_that_folded_nothing_go_on(upgraded: Desk) -> None:
    """Its fills did not say what they referred to, and its digest is chained otherwise: rows that it decided cannot
    come out the same again, not even those of a run that never traded.
    """
    desk = upgraded
    assert desk.sql("select distinct engine_version from runs") == [("1",)]
    before = {run_id: (desk.run(run_id), decided(desk, run_id)) for run_id in (TRADING, QUIET, STOPPED, TEST)}
    assert not before[QUIET][1][DECISIONS.index("fills")]
    desk.runner()
    desk.minutes(10)
    desk.until(
        lambda: desk.sql("select id from runs where status = 'superseded' order by 1") == [(TRADING,), (QUIET,)], 120.0
    )
    desk.level(UNCLAIMED, timeout_s=60.0)

    first = desk.sql("select min(seq) from fills where run_id = :id", id=TRADING)[0][0]
    for run_id, where in ((TRADING, f"fills seq {first}: reference is recorded as"), (QUIET, "digest: recorded")):
        run, was = desk.run(run_id), before[run_id][0]
        assert (run.failure or "").startswith(f"engine {ENGINE_VERSION} folds it otherwise than 1: {where}")
        assert (run.engine_version, run.position_ms, run.seq, run.digest) == ("1", was.position_ms, was.seq, was.digest)
        assert last_events(desk, run_id, 1) == ["superseded"]
    for run_id in (TRADING, QUIET, STOPPED, TEST):  # nothing of what was decided is touched
        assert decided(desk, run_id) == before[run_id][1]
    for run_id in (STOPPED, TEST):  # what has ended stays what it was
        assert desk.run(run_id) == before[run_id][0]

    run = desk.run(UNCLAIMED)
    assert (run.status, run.engine_version) == ("running", ENGINE_VERSION)
    assert "moved" in last_events(desk, UNCLAIMED, 4)
    desk.assert_parity(UNCLAIMED)


def last_events(desk: Desk, run_id: int, most: int) -> list[object]:
    """What was done to a run last, newest first."""
    found = desk.sql("select event from run_log where run_id = :id order by id desc limit :most", id=run_id, most=most)
    return [event for (event,) in found]


def test_runs_of_a_newer_engine_wait_for_a_runner_of_theirs(lived_in: Desk) -> None:
    """After a step back to an older release: nobody judges a run whose engine he does not know."""
    desk = lived_in
    newer, other = desk.run(1), desk.start()
    desk.sql("update runs set engine_version = :newer where id = 1", newer=f"{ENGINE_VERSION}0")
    desk.runner()
    desk.minutes(5)
    desk.level(other)
    run = desk.run(1)
    assert (run.runner_id, run.health) == (None, "waiting_for_runner")
    assert (run.status, run.position_ms, run.epoch) == (newer.status, newer.position_ms, newer.epoch)
