"""Event streams through the dashboard: as they come, bounded, and no reason to wait when it stops. Needs no browser."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import psutil
import pytest

from services.dashboard.views.events import MOST_LISTENERS, RETRY_S
from tests.browser.conftest import dashboard_of
from tests.support.api import ADMIN, FIRST_MS, Api

SMALL_MB = 60
FEW = 4  # people who watch; with every place taken it is some 4 MB more


@pytest.fixture
def session(api: Api) -> str:
    found: str = api.anybody.post("/api/v1/sessions", json={"token": ADMIN}).json()["id"]
    return found


@pytest.fixture
def visitor(dashboard: str, session: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=dashboard, cookies={"paperfold_session": session}, timeout=20) as found:
        yield found


def test_events_pass_through_as_they_come(visitor: httpx.Client, api: Api) -> None:
    api.upload()
    with visitor.stream("GET", "/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert next(line for line in lines if line.startswith("event:")) == "event: system"
        run = api.create()
        for line in lines:
            if line == "event: run":
                assert f'"id":{run["id"]},' in next(lines)
                return


def test_a_run_that_is_gone_is_no_stream(visitor: httpx.Client) -> None:
    assert visitor.get("/events?run=999").status_code == 404


def test_places_are_bounded_and_given_back(visitor: httpx.Client, api: Api) -> None:
    api.upload()
    with ExitStack() as held:
        for _ in range(MOST_LISTENERS):
            assert held.enter_context(visitor.stream("GET", "/events")).status_code == 200
        refused = visitor.get("/events")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, str(RETRY_S))
        assert visitor.get("/").status_code == 200  # pages have threads of their own
    deadline = time.monotonic() + 30
    while True:
        with visitor.stream("GET", "/events") as again:
            if again.status_code == 200:
                return
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_it_stops_at_once_with_listeners_and_is_small(api: Api, session: str) -> None:
    api.upload()
    run = api.create(start_at=FIRST_MS + 3_600_000)
    api.fold(run["id"])
    with dashboard_of(api.url) as url, ExitStack() as held:
        visitor = held.enter_context(httpx.Client(base_url=url, cookies={"paperfold_session": session}, timeout=20))
        for _ in range(FEW):
            held.enter_context(visitor.stream("GET", "/events"))
        for path in ("/", f"/runs/{run['id']}", f"/runs/{run['id']}?tab=statistics", "/strategies/fast-cross"):
            for _ in range(20):
                assert visitor.get(path).status_code == 200
        (process,) = [one for one in psutil.Process().children() if "services.dashboard" in " ".join(one.cmdline())]
        memory = process.memory_full_info()  # as budgets are measured: libraries' pages belong to all who use them
        size_mb = getattr(memory, "pss", memory.uss) / 2**20
        started = time.monotonic()
        process.terminate()
        psutil.wait_procs([process], timeout=20)
        assert time.monotonic() - started < 2
    assert size_mb <= SMALL_MB
