"""Strategies, runs as people ask for them, keys, sessions and what was done."""

from collections.abc import Iterator
from hashlib import sha256

import pytest
from sqlalchemy import Connection, text

from shared.domain.errors import InputError
from shared.store import auth, bars, market, reads, runs, strategies
from shared.store import database as store
from shared.store.auth import Key
from tests.support.store import START, M, a_run, an_instrument, engine_of, span


@pytest.fixture
def conn(database: str) -> Iterator[Connection]:
    with engine_of(database) as engine, store.begin(engine) as conn:
        yield conn


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
