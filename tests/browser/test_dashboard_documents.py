"""Documents through the dashboard: passed on as they come, broken off where the API breaks off. Needs no browser."""

import httpx
import psutil
import pytest

from services.api import exports
from tests.browser.conftest import dashboard_of
from tests.support.api import ADMIN, FIRST_MS, Api
from tests.support.long_runs import lengthen, writers

MB = 1_000_000


@pytest.fixture
def session(api: Api) -> dict[str, str]:
    return {"paperfold_session": api.anybody.post("/api/v1/sessions", json={"token": ADMIN}).json()["id"]}


@pytest.fixture
def run(api: Api, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(exports, "MANY", 100)
    api.upload()
    run_id = int(api.create(start_at=FIRST_MS + 3_600_000)["id"])
    api.fold(run_id)
    return run_id


def taken(url: str, session: dict[str, str], run: int) -> tuple[bytes, int]:
    """The document, and the most that the dashboard held meanwhile."""
    [process] = [one for one in psutil.Process().children() if "services.dashboard" in one.cmdline()]
    document, held = bytearray(), 0
    with httpx.stream("GET", f"{url}/runs/{run}/export.json", cookies=session, timeout=60) as answer:
        assert answer.headers["content-disposition"] == f'attachment; filename="run-{run}.json"'
        for at, block in enumerate(answer.iter_raw()):
            document += block
            if at % 8 == 0:
                held = max(held, process.memory_info().rss)
    return bytes(document), held


def test_a_document_passes_through_and_nothing_is_kept(api: Api, session: dict[str, str], run: int):
    with dashboard_of(api.url) as url:
        short, before = taken(url, session, run)
        lengthen(api.engine, run, 240_000)
        long, held = taken(url, session, run)
    assert long == api.viewer.get(f"/api/v1/runs/{run}/export").content
    assert len(long) - len(short) > 36 * MB
    assert held - before < 12 * MB


def broken_off(url: str, session: dict[str, str], run: int) -> None:
    """Read a document whose child is killed half way."""
    with httpx.stream("GET", f"{url}/runs/{run}/export.json", cookies=session, timeout=60) as answer:
        blocks = answer.iter_raw()
        next(blocks)
        for one in writers():
            one.kill()
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
            list(blocks)


def test_a_document_that_breaks_off_is_not_ended_well(api: Api, session: dict[str, str], run: int):
    lengthen(api.engine, run)
    with pytest.raises(AssertionError, match="Exception while serving"), dashboard_of(api.url) as url:  # said aloud
        broken_off(url, session, run)


def test_a_document_that_is_not_there_is_a_page_that_says_so(api: Api, session: dict[str, str]):
    with dashboard_of(api.url) as url:
        answer = httpx.get(f"{url}/runs/77/export.json", cookies=session)
    assert answer.status_code == 404
