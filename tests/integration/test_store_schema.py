"""The schema: made by migrations, equal to the metadata, refused to another market, readable by people."""

from dataclasses import replace
from decimal import Decimal

import psycopg2
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, text

from shared.domain.errors import InputError, UnavailableError
from shared.store import counters, market, migrate, roles, schema_version, snapshots, tables
from shared.store import database as store
from shared.store.counters import Counts
from shared.store.ownership import Progress
from shared.store.snapshots import Snapshot
from tests.support.instruments import RULES
from tests.support.store import a_run, an_instrument, engine_of

VIEWS = (
    "v_runs", "v_trades", "v_fills", "v_orders", "v_open_positions", "v_equity_daily", "v_daily_pnl", "v_rules",
    "v_feed_health",
)  # fmt: skip

# everything that makes a schema, by names: columns with types and defaults, constraints, indexes, comments
CATALOG = text("""
    select c.relname as place, a.attname as name,
        concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull::text, a.attidentity,
            pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)) as what
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid and c.relkind = 'r' and c.relnamespace = cast(:schema as regnamespace)
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where a.attnum > 0 and not a.attisdropped
    union all
    select c.relname, k.conname, replace(pg_get_constraintdef(k.oid), :schema || '.', '')
    from pg_constraint k
    join pg_class c on c.oid = k.conrelid and c.relnamespace = cast(:schema as regnamespace)
    where k.contype <> 'n'  -- NOT NULL, named since PostgreSQL 18; columns say it
    union all
    select t.relname, i.relname, replace(pg_get_indexdef(x.indexrelid), :schema || '.', '')
    from pg_index x
    join pg_class i on i.oid = x.indexrelid
    join pg_class t on t.oid = x.indrelid and t.relnamespace = cast(:schema as regnamespace)
    union all
    select c.relname, unnest(array['', 'storage']), unnest(array[obj_description(c.oid), c.reloptions::text])
    from pg_class c where c.relkind = 'r' and c.relnamespace = cast(:schema as regnamespace)
""")


def catalog(conn: Connection, schema: str) -> set[tuple[str, str, str]]:
    return {tuple(row) for row in conn.execute(CATALOG, {"schema": schema}) if row.place != "alembic_version"}


def test_migrations_and_metadata_agree(database: str) -> None:
    with engine_of(database) as engine, engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_server_default": True})
        assert compare_metadata(context, tables.metadata) == []


def test_migrations_make_every_constraint_index_and_comment_of_the_metadata(database: str) -> None:
    with engine_of(database) as engine, engine.connect() as conn:
        conn.execute(text("create schema other"))
        conn.execute(text("set local search_path to other"))
        tables.metadata.create_all(conn)
        wanted = catalog(conn, "other")
        conn.execute(text("set local search_path to public"))
        assert catalog(conn, "public") == wanted


def test_upgrading_twice_changes_nothing(database: str) -> None:
    with engine_of(database) as engine:
        with engine.connect() as conn:
            before = catalog(conn, "public")
        migrate.upgrade(database)
        with engine.connect() as conn:
            assert catalog(conn, "public") == before
            schema_version.check(conn)


def test_counters_of_an_older_schema_keep_what_they_said(database: str) -> None:
    with engine_of(database) as engine:
        with store.begin(engine) as conn:
            one, two = a_run(conn).id, a_run(conn).id
            conn.execute(text("drop table run_counters cascade"))
            conn.execute(
                text("""
                create table run_counters (
                    run_id bigint not null constraint fk_run_counters_run_id references runs (id) on delete cascade,
                    rule text not null, evaluated bigint not null, held bigint not null, not_ready bigint not null,
                    constraint pk_run_counters primary key (run_id, rule)
                )
            """)
            )
            conn.execute(text("update alembic_version set version_num = '0005'"))
            conn.execute(
                text("insert into run_counters values (:one, '1: close > 1: 2', 9, 2, 1), (:one, '10: a', 9, 9, 0)"),
                {"one": one},
            )
            conn.execute(text("insert into run_counters values (:two, '1: b', 7, 0, 7)"), {"two": two})
            conn.execute(text("update runs set position_ms = 240000, digest = '' where id = :two"), {"two": two})
            snapshots.write(conn, [Snapshot(one, at_ms, "1", "p", 1, b"", b"", b"") for at_ms in (60_000, 120_000)])
        migrate.upgrade(database)
        with store.begin(engine) as conn:
            rows = conn.execute(text("select * from v_rules order by run_id, number")).mappings().all()
            assert [(row["run_id"], row["number"], row["side"], row["rule"], row["held"]) for row in rows] == [
                (one, 1, None, "close > 1: 2", 2), (one, 10, None, "a", 9), (two, 1, None, "b", 0),
            ]  # fmt: skip
            assert [row["counted_until_at"].timestamp() for row in rows] == [120, 120, 240]
            assert counters.read(conn, two) == (240_000, {1: Counts(7, 0, 7)})
    test_migrations_make_every_constraint_index_and_comment_of_the_metadata(database)


def test_rows_travel_in_the_order_of_their_columns(database: str) -> None:
    """Commits send rows as literals of these types (sql/functions.sql)."""
    ordered = text("""
        select a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relname = :name and a.attnum > 0 and not a.attisdropped order by a.attnum
    """)
    with engine_of(database) as engine, engine.connect() as conn:
        for name, table in tables.DECISIONS.items():
            assert list(conn.scalars(ordered, {"name": name})) == table.columns.keys()
        assert list(conn.scalars(ordered, {"name": "run_step"})) == list(Progress._fields)


def test_a_database_refuses_another_market(database: str) -> None:
    with engine_of(database) as engine, store.begin(engine) as conn:
        assert market.market_of(conn) is None
        market.claim_market(conn, "sim", "a" * 64)
        market.claim_market(conn, "sim", "a" * 64)
        for other in (("binance-us", ""), ("sim", "b" * 64)):
            with pytest.raises(InputError, match="belongs to market sim"):
                market.claim_market(conn, *other)


def test_the_market_table_has_one_row(database: str) -> None:
    with engine_of(database) as engine, engine.connect() as conn, pytest.raises(Exception, match="ck_market_singleton"):
        conn.execute(text("insert into market (singleton, market, fingerprint) values (false, 'sim', '')"))


def test_views_answer(database: str) -> None:
    with engine_of(database) as engine, store.begin(engine) as conn:
        run = a_run(conn)
        for view in VIEWS:
            conn.execute(text(f"select * from {view}")).all()
        assert conn.execute(text("select run_id, strategy, instrument from v_runs")).one() == (
            run.id, "a-strategy", "BTC/USDT",
        )  # fmt: skip


def test_exchange_time_runs_at_its_rate_from_its_anchor(database: str) -> None:
    with engine_of(database) as engine, store.begin(engine) as conn:
        with pytest.raises(UnavailableError, match="clock has not been measured"):
            market.exchange_now(conn)
        market.set_clock(conn, 1_000_000_000_000, rate=60.0, age_ms=1000)
        assert 1_000_000_060_000 <= market.exchange_now(conn) < 1_000_000_660_000
        clock = market.clock(conn)
        assert clock is not None
        assert (clock.anchor_exchange_ms, clock.rate) == (1_000_000_000_000, 60.0)


def test_rules_are_captured_only_when_they_changed(database: str) -> None:
    with engine_of(database) as engine, store.begin(engine) as conn:
        i = an_instrument(conn)
        shipped = market.put_rules(conn, i, RULES)
        assert market.put_rules(conn, i, replace(RULES, captured_ms=5, source="exchange-info")) == shipped
        finer = replace(RULES, tick_size=Decimal("0.001"), captured_ms=9, source="exchange-info")
        captured = market.put_rules(conn, i, finer)
        assert captured != shipped
        assert market.put_rules(conn, i, RULES) == captured  # shipped rules give way to captured ones
        assert market.latest_rules(conn, i) == (captured, finer)


def test_the_analyst_reads_everything_but_secrets(database: str) -> None:
    with engine_of(database) as engine:
        with store.begin(engine) as conn:
            roles.create_roles(conn)
        migrate.upgrade(database)  # makes the views anew
        with engine.connect() as conn:
            conn.execute(text("set role analyst"))
            for name in (*VIEWS, "bars", "fills"):
                conn.execute(text(f"select * from {name}")).all()
            for name in roles.SECRET_TABLES:
                with pytest.raises(Exception, match="permission denied"), conn.begin_nested():
                    conn.execute(text(f"select * from {name}"))
            with pytest.raises(Exception, match="permission denied"), conn.begin_nested():
                conn.execute(text("delete from bars"))


def test_an_analyst_with_a_password_may_log_in_and_write_nothing(database: str) -> None:
    password = "it's 100% \\ secret"
    with engine_of(database) as engine:
        with store.begin(engine) as conn:
            roles.create_roles(conn, password)
        parts = psycopg2.extensions.parse_dsn(engine.url.set(drivername="postgresql").render_as_string(False))
        other = psycopg2.connect(**{**parts, "user": "analyst", "password": password})
        try:
            with other.cursor() as cursor:
                cursor.execute("select * from v_runs")
                with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
                    cursor.execute("create temporary table t (a int)")
        finally:
            other.close()
        with store.begin(engine) as conn:
            conn.execute(text("alter role analyst nologin"))


def test_sessions_carry_their_timeouts(database: str) -> None:
    engine = store.connect(database, "tests")
    with engine.connect() as conn:
        shown = {name: conn.scalar(text(f"show {name}")) for name in (
            "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "timezone", "application_name",
        )}  # fmt: skip
    engine.dispose()
    assert shown == {
        "statement_timeout": "15s", "lock_timeout": "3s", "idle_in_transaction_session_timeout": "3s",
        "timezone": "UTC", "application_name": "tests",
    }  # fmt: skip


def test_a_database_that_is_not_there_is_unavailable() -> None:
    with (
        engine_of("postgresql://nobody@127.0.0.1:1/nothing") as engine,
        pytest.raises(UnavailableError, match=r"^database: "),
        store.begin(engine),
    ):
        pass


def test_a_lock_that_is_not_given_is_unavailable(database: str) -> None:
    def read(engine: Engine) -> None:
        with store.begin(engine) as conn:
            conn.execute(text("set local lock_timeout = '20ms'"))
            conn.execute(text("select * from bars"))

    with engine_of(database) as engine, store.begin(engine) as conn:
        conn.execute(text("lock table bars"))
        with pytest.raises(UnavailableError, match="lock timeout"):
            read(engine)


def test_a_mistake_of_ours_is_not_called_unavailable(database: str) -> None:
    with engine_of(database) as engine, pytest.raises(Exception, match="nonsense") as caught:  # noqa: SIM117
        with store.begin(engine) as conn:
            conn.execute(text("select nonsense"))
    assert not isinstance(caught.value, UnavailableError)


def test_a_connection_that_died_is_unavailable_and_the_next_one_works(database: str) -> None:
    def die(engine: Engine) -> None:
        with store.begin(engine) as conn:
            pid = conn.scalar(text("select pg_backend_pid()"))
            with store.begin(engine) as killer:
                killer.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})
            conn.execute(text("select 1"))

    with engine_of(database) as engine:
        with pytest.raises(UnavailableError):
            die(engine)
        with store.begin(engine) as conn:
            assert conn.scalar(text("select 1")) == 1
