"""Strategies, runs as people ask for them, keys, sessions and what was done; what people with psql see of it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

import pytest
from sqlalchemy import Connection, text

from shared.domain.decision import Decision, EquityPoint, Fill, OrderEvent
from shared.domain.errors import InputError
from shared.domain.timeframe import DAY_MS
from shared.store import auth, bars, market, reads, roles, runs, strategies, tables
from shared.store.auth import Key
from shared.store.decisions import write_decisions
from tests.support.instruments import RULES
from tests.support.store import START, M, a_bar, a_run, a_runner, an_instrument, span

# -------------------------------------------------------------------------------------------------------- strategies


def test_a_version_is_named_by_its_text(conn: Connection) -> None:
    first, made = strategies.put(conn, "s", "name: s\n", "ada")
    assert made
    assert first.sha256 == sha256(b"name: s\n").hexdigest()
    assert strategies.put(conn, "s", "name: s\n", "bob") == (first, False)
    assert strategies.get_version(conn, first.sha256) == first


def test_the_text_that_was_put_last_is_current(conn: Connection) -> None:
    old, _ = strategies.put(conn, "s", "old", "ada")
    strategies.put(conn, "s", "new", "ada")
    strategies.put(conn, "s", "old", "ada")  # a step back is a step
    found = strategies.find(conn, "s")
    assert found is not None
    assert (found.current, found.versions, found.active_runs) == (old, 2, 0)
    assert {version.text for version in strategies.versions(conn, "s")} == {"old", "new"}


def test_a_text_belongs_to_one_strategy(conn: Connection) -> None:
    strategies.put(conn, "s", "same", "ada")
    with pytest.raises(InputError, match="another text than that of strategy s"):
        strategies.put(conn, "t", "same", "ada")


def test_an_archived_strategy_is_not_listed(conn: Connection) -> None:
    a_run(conn)
    strategies.put(conn, "b", "b", "ada")
    assert [(s.name, s.active_runs) for s in strategies.list_strategies(conn)] == [("a-strategy", 1), ("b", 0)]
    strategies.archive(conn, "a-strategy")
    assert [s.name for s in strategies.list_strategies(conn)] == ["b"]


def test_a_version_that_is_not_there(conn: Connection) -> None:
    assert strategies.find(conn, "nothing") is None
    with pytest.raises(InputError, match="a version that exists"):
        strategies.get_version(conn, "0" * 64)


# -------------------------------------------------------------------------------------------------------------- runs


def test_the_same_key_makes_one_run(conn: Connection) -> None:
    first = a_run(conn, key="k")
    assert a_run(conn, key="k") == first
    assert a_run(conn).id != first.id
    assert [entry.event for entry in runs.read_log(conn, first.id)[0]] == ["created"]


def test_a_new_run_waits_for_a_runner(conn: Connection) -> None:
    run = a_run(conn)
    assert (run.status, run.health, run.position_ms, run.digest) == ("pending", "waiting_for_runner", None, None)
    assert (run.strategy, run.instrument, run.rules.instrument) == ("a-strategy", "BTC/USDT", "BTC/USDT")
    assert not run.has_ended


def test_runs_are_listed_newest_first_by_what_they_are(conn: Connection) -> None:
    made = [a_run(conn), a_run(conn, mode="backtest"), a_run(conn)]
    runs.stop_unclaimed(conn, made[0].id)
    ids = [run.id for run in made]
    assert [run.id for run in runs.list_runs(conn)[0]] == ids[::-1]
    assert [run.id for run in runs.list_runs(conn, status=("pending", "running"))[0]] == [ids[2], ids[1]]
    assert [run.id for run in runs.list_runs(conn, mode="paper", strategy="a-strategy")[0]] == [ids[2], ids[0]]
    assert runs.list_runs(conn, strategy="other") == ([], 0)
    page, total = runs.list_runs(conn, limit=1, offset=1)
    assert ([run.id for run in page], total) == ([ids[1]], 3)


def test_a_run_that_is_not_there(conn: Connection) -> None:
    assert runs.find(conn, 77) is None
    with pytest.raises(InputError, match="a run that exists, was 77"):
        runs.get(conn, 77)


def test_needs_and_feeds(conn: Connection) -> None:
    run = a_run(conn)
    a_run(conn, mode="backtest")
    an_instrument(conn, "ETH/USDT")
    assert market.needs(conn) == [
        market.Need(run.instrument_id, "BTC/USDT", START - 1440 * M, live=True, end_ms=START + 1000 * M)
    ]
    bars.record(conn, run.instrument_id, [], span(0, 3), "rest", 1)
    first, second = reads.feeds(conn)
    assert (first.instrument, first.covered_until_ms, first.last_open_ms) == ("BTC/USDT", START + 3 * M, None)
    assert (second.instrument, second.covered_until_ms) == ("ETH/USDT", None)


# ------------------------------------------------------------------------------------------------ keys and sessions


def test_a_token_is_known_by_its_hash_only(conn: Connection) -> None:
    auth.put_key(conn, "ada", "token-1", "trader")
    assert auth.find_key(conn, "token-1") == Key("ada", "trader")
    assert auth.find_key(conn, "token-2") is None
    assert "token-1" not in str(conn.execute(text("select * from api_keys")).all())


def test_another_token_replaces_the_first_and_ends_its_sessions(conn: Connection) -> None:
    auth.put_key(conn, "ada", "token-1", "admin")
    auth.open_session(conn, "session-1", "token-1", "csrf", 60)
    auth.put_key(conn, "ada", "token-1", "admin")  # a restart changes nothing
    assert auth.find_session(conn, "session-1") is not None
    auth.put_key(conn, "ada", "token-2", "admin")
    assert auth.find_key(conn, "token-1") is None
    assert auth.find_session(conn, "session-1") is None
    with pytest.raises(InputError, match="another token than that of ada"):
        auth.put_key(conn, "bob", "token-2", "viewer")


def test_a_session_has_its_key_s_role_and_ends(conn: Connection) -> None:
    auth.put_key(conn, "ada", "token-1", "viewer")
    assert auth.open_session(conn, "s1", "nobody's", "csrf", 60) is None
    opened = auth.open_session(conn, "s1", "token-1", "csrf", 60)
    assert opened is not None
    assert auth.find_session(conn, "s1") == opened
    assert (opened.name, opened.role, opened.csrf_token) == ("ada", "viewer", "csrf")
    auth.open_session(conn, "s2", "token-1", "csrf", -1)
    assert auth.find_session(conn, "s2") is None
    auth.end_session(conn, "s1")
    assert auth.find_session(conn, "s1") is None


def test_a_revoked_key_ends_its_sessions(conn: Connection) -> None:
    auth.put_key(conn, "ada", "token-1", "viewer")
    auth.touch_key(conn, "token-1")
    auth.open_session(conn, "s1", "token-1", "csrf", 60)
    assert auth.revoke_key(conn, "ada")
    assert not auth.revoke_key(conn, "ada")
    assert auth.find_key(conn, "token-1") is None
    assert auth.find_session(conn, "s1") is None
    (key,) = auth.list_keys(conn)
    assert key.is_revoked
    assert key.last_used_ms is not None


def test_the_audit_is_read_newest_first(conn: Connection) -> None:
    auth.note(conn, "ada", "run_started", "run 1", {"cash": "10000"})
    auth.note(conn, "bob", "run_stopped", "run 1")
    newest, oldest = auth.read_audit(conn)
    assert (newest.who, oldest.detail) == ("bob", {"cash": "10000"})
    assert auth.read_audit(conn, before_id=newest.id) == [oldest]


# ------------------------------------------------------------------------------------------------- people with psql

SECRETS = ("sha256", "token", "secret", "password", "csrf")  # parts of names of columns that are nobody's business
PUBLIC_HASHES = {("strategy_versions", "sha256"), ("snapshots", "plan_sha256"), ("strategies", "current_sha256")}
VIEW_COLUMNS = text("""
    select c.relname as view, a.attname as name, format_type(a.atttypid, null) as type,
        col_description(c.oid, a.attnum) as comment
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    where c.relkind = 'v' and c.relnamespace = 'public'::regnamespace
    order by c.relname, a.attnum
""")


def test_the_analyst_reads_every_table_and_view_but_those_with_secrets(conn: Connection) -> None:
    roles.create_roles(conn)
    conn.execute(text("set role analyst"))
    columns = conn.execute(
        text("select table_name, column_name from information_schema.columns where table_schema = 'public'")
    )
    readable: dict[str, set[str]] = {}
    for table, column in columns:  # information_schema shows what the current role may read
        readable.setdefault(table, set()).add(column)
    assert set(tables.metadata.tables) - set(readable) == set(roles.SECRET_TABLES)
    views = {row.view for row in conn.execute(VIEW_COLUMNS)}
    assert views <= set(readable)
    named = {(table, name) for table, names in readable.items() for name in names if any(s in name for s in SECRETS)}
    assert named == PUBLIC_HASHES


def test_analysts_leave_room_for_services(conn: Connection) -> None:
    roles.create_roles(conn)
    limit = conn.scalar(text("select rolconnlimit from pg_roles where rolname = 'analyst'"))
    assert limit == roles.CONNECTIONS
    assert 1 < limit < conn.scalar(text("select current_setting('max_connections')::int")) / 2


def test_what_people_did_is_written_down_without_their_tokens(conn: Connection) -> None:
    auth.put_key(conn, "ada", "token-1", "admin")
    auth.open_session(conn, "session-1", "token-1", "csrf-1", 60)
    auth.note(conn, "ada", "session_opened")
    roles.create_roles(conn)
    conn.execute(text("set role analyst"))
    for table in tables.metadata.tables.keys() - set(roles.SECRET_TABLES):
        rows = str(conn.execute(text(f"select * from {table}")).all())
        for secret in ("token-1", "session-1", "csrf-1"):
            assert secret not in rows
            assert auth.hashed(secret) not in rows


def test_every_column_of_every_view_says_what_it_is(conn: Connection) -> None:
    columns = conn.execute(VIEW_COLUMNS).all()
    assert {row.view for row in columns} >= {
        "v_runs", "v_trades", "v_orders", "v_open_positions", "v_equity_daily", "v_daily_pnl", "v_feed_health",
    }  # fmt: skip
    assert [(row.view, row.name) for row in columns if not row.comment] == []
    by_view: dict[str, dict[str, str]] = {}
    for row in columns:
        by_view.setdefault(row.view, {})[row.name] = row.type
    amounts = ("_quote", "_price", "quantity", "_ratio", "_pct", "_s")
    for view, types in by_view.items():
        for name, type_ in types.items():
            place = f"{view}.{name}"
            if name.endswith(amounts) or name == "price":
                assert type_ == "numeric", place
            if name.endswith("_ms"):
                assert type_ == "bigint", place
            if name.endswith("_at") or "time" in type_:
                assert (type_, types.get(name.removesuffix("_at") + "_ms")) == ("timestamp with time zone", "bigint"), (
                    place
                )


def test_a_run_whose_runner_is_gone_waits_for_one_in_the_view_as_in_the_api(conn: Connection) -> None:
    serve = text("update runs set runner_id = :runner, health = 'ok' where id = :run")
    kept, lost, ended = a_run(conn), a_run(conn), a_run(conn)
    conn.execute(serve, {"runner": a_runner(conn), "run": kept.id})
    conn.execute(serve, {"runner": a_runner(conn, lease_s=-1.0), "run": lost.id})
    runs.stop_unclaimed(conn, ended.id)
    found = conn.execute(text("select run_id, health, runner from v_runs order by 1")).all()
    assert found == [(kept.id, "ok", "test-host"), (lost.id, "waiting_for_runner", None), (ended.id, "ok", None)]
    assert [(run.id, run.health) for run in reversed(runs.list_runs(conn)[0])] == [row[:2] for row in found]


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Tokyo"])
def test_days_are_utc_days_wherever_the_reader_is(conn: Connection, zone: str) -> None:
    run = a_run(conn)
    noon = START - START % DAY_MS + DAY_MS // 2
    minutes = [noon - DAY_MS, noon - DAY_MS // 2 - 1, noon - DAY_MS // 2, noon + DAY_MS // 2 - 1]
    rows: list[Decision] = [EquityPoint(k, ms, 10**12 + k, 10**12, 0) for k, ms in enumerate(minutes, 1)]
    write_decisions(conn, [(run.id, RULES, rows)])
    conn.execute(text(f"set local timezone = '{zone}'"))
    days = conn.execute(text("select day, ts_ms, round(pnl_quote * 100000000) from v_daily_pnl "
                             "join v_equity_daily using (run_id, day) order by day")).all()  # fmt: skip
    today = datetime.fromtimestamp(noon / 1000, UTC).date()
    assert days == [(today - timedelta(days=1), minutes[1], 2), (today, minutes[3], 2)]


def test_a_position_without_a_stop_has_no_known_risk(conn: Connection) -> None:
    bought = OrderEvent(1, 1, START, 1, 1, 1, 25_000, 0, 1)
    entry = Fill(2, 1, START, 1, 25_000, 10_001, 2_500_250, 0, 1, 0, 9_998)
    stop = OrderEvent(3, 3, START, 1, -1, 2, 25_000, 9_900, 3)
    looked = text("select stop_price, at_risk_quote, unrealised_quote from v_open_positions order by run_id")
    without, with_stop = a_run(conn), a_run(conn)
    write_decisions(conn, [(without.id, RULES, [bought, entry]), (with_stop.id, RULES, [bought, entry, stop])])
    conn.execute(text("update runs set quantity = 0.25, position_ms = :at, digest = ''"), {"at": START})
    bars.record(conn, without.instrument_id, [a_bar(0, 101.0)], span(0, 1), "rest", 1)
    assert conn.execute(looked).all() == [
        (None, None, Decimal("0.2475")), (Decimal("99.00"), Decimal("0.5"), Decimal("0.2475")),
    ]  # fmt: skip
