"""Statistics of a run with many decisions: added up by a child, once for all who ask, and right whatever fails."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from services.api import adders, ledger
from shared.domain.decision import OrderEvent
from shared.domain.errors import DivergenceError
from shared.domain.timeframe import DAY_MS, MINUTE_MS
from shared.performance.orders import OrderCounts
from shared.store import database, decisions, runs, tables
from tests.support.api import FAST, FIRST_MS, VIEWER, Api, served

START = FIRST_MS + DAY_MS
EARLIER = START + 300 * MINUTE_MS


@pytest.fixture
def api(database: str, redis_url: str) -> Iterator[Api]:
    with served(database, redis_url) as found:
        found.upload()
        yield found


# orders that wait, and come to nothing in every way; some wait in the end
WAITING = (
    FAST.replace("fast-cross", "waiting")
    + """
execution: { order_type: limit, limit_offset_bps: 4, expire_bars: 2 }
"""
)


@pytest.fixture
def long(api: Api, monkeypatch: pytest.MonkeyPatch) -> int:
    """A run that is too long to be added up in between."""
    monkeypatch.setattr(adders, "MANY", 100)
    run_id = int(api.create(start_at=START)["id"])
    assert len(api.fold(run_id)) > 1_000
    return run_id


def added_up(api: Api) -> float:
    """How often a child was asked and has answered."""
    found: float = api.app.state.context.metrics.added_up._value.get()
    return found


def alone(api: Api, run_id: int) -> object:
    """The statistics as somebody adds them up who has nothing at hand and waits."""
    with database.begin(api.engine) as conn:
        return json.loads(json.dumps(ledger.Ledgers().statistics(conn, runs.get(conn, run_id))))


@pytest.mark.parametrize("path", ["", "/stats", "/breakdowns"])
def test_a_child_adds_up_a_long_run_and_it_is_kept(api: Api, long: int, path: str):
    first = api.get(f"/runs/{long}{path}")
    assert added_up(api) == 1
    assert api.get(f"/runs/{long}{path}") == first
    assert api.get(f"/runs/{long}/stats") == alone(api, long)
    assert api.get(f"/runs/{long}/breakdowns") == api.get(f"/runs/{long}/export")["breakdowns"]
    assert added_up(api) == 1


@pytest.mark.parametrize("size", ["0.5", "0.00001"], ids=["filled and expired", "rejected"])
def test_orders_are_counted_by_the_child_as_one_by_one(api: Api, monkeypatch: pytest.MonkeyPatch, size: str):
    monkeypatch.setattr(adders, "MANY", 100)
    api.upload(WAITING.replace("base_size: 0.5", f"base_size: {size}"))
    run_id = int(api.create(strategy="waiting", start_at=START)["id"])
    made = [one for one in api.fold(run_id) if isinstance(one, OrderEvent)]
    assert {one.order_seq for one in made} == {one.seq for one in made if one.seq == one.order_seq}  # as pages count
    assert api.get(f"/runs/{run_id}/stats") == alone(api, run_id)
    assert added_up(api) == 1
    by_one, waited = OrderCounts(), 0
    with database.begin(api.engine) as conn:
        for event in made[:400]:
            by_one.step(event)
            waited += len(by_one.waiting)
            assert OrderCounts(*decisions.order_counts(conn, run_id, event.seq)) == by_one, event
    assert by_one.rejected + by_one.expired > 10
    assert waited > 10 or by_one.rejected > 10


def test_a_short_one_needs_no_child(api: Api):
    run_id = int(api.create(start_at=START)["id"])
    api.fold(run_id)
    assert api.get(f"/runs/{run_id}/stats") == alone(api, run_id)
    assert added_up(api) == 0


def test_what_comes_later_is_added_to_what_a_child_has_found(api: Api, monkeypatch: pytest.MonkeyPatch):
    run_id = int(api.create(start_at=START)["id"])
    runner = api.claim()
    made = len(api.fold(run_id, EARLIER, runner))
    monkeypatch.setattr(adders, "MANY", made - 1)
    before = api.get(f"/runs/{run_id}/stats")
    api.fold(run_id, EARLIER + 30 * MINUTE_MS, runner)
    after = api.get(f"/runs/{run_id}/stats")
    assert after == alone(api, run_id) != before
    assert added_up(api) == 1


def test_all_who_ask_at_once_wait_for_one_child(api: Api, long: int):
    def ask(_: int) -> object:
        with httpx.Client(base_url=api.url, headers={"Authorization": f"Bearer {VIEWER}"}, timeout=60) as client:
            return client.get(f"/api/v1/runs/{long}/stats").json()

    with ThreadPoolExecutor(40) as many:  # more than the server has threads
        answers = list(many.map(ask, range(40)))
    assert answers == [alone(api, long)] * 40
    assert added_up(api) == 1


def test_without_a_child_the_request_adds_up_itself(api: Api, long: int):
    context = api.app.state.context
    context.adders._children._url = "postgresql://nobody@127.0.0.1:1/nothing"
    assert api.get(f"/runs/{long}/stats") == alone(api, long)
    assert added_up(api) == 0


def test_an_error_half_way_makes_nothing_count_twice(api: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(decisions, "CHUNK", 50)
    run_id = int(api.create(start_at=START)["id"])
    api.fold(run_id)
    ledgers, fee = ledger.Ledgers(), tables.fills.c.fee
    late = tables.fills.c.run_id == run_id, tables.fills.c.seq > 600
    with database.begin(api.engine) as conn:
        run = runs.get(conn, run_id)
        conn.execute(tables.fills.update().where(*late).values(fee=fee + 1e-9))
    with database.begin(api.engine) as conn, pytest.raises(DivergenceError, match="fee was not written by a fold"):
        ledgers.statistics(conn, run)
    with database.begin(api.engine) as conn:
        assert ledgers._wholes[run_id].tally.trades.group.count > 0, "it came some way"
        conn.execute(tables.fills.update().where(*late).values(fee=fee - 1e-9))
    with database.begin(api.engine) as conn:
        assert json.loads(json.dumps(ledgers.statistics(conn, run))) == alone(api, run_id)
