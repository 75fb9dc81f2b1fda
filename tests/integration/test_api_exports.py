"""Documents of long runs: written by a child, passed on as they come, cut short by nothing that looks like an end."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import httpx
import psutil
import pytest
from sqlalchemy import text

from services.api import exports
from shared.domain.timeframe import DAY_MS
from shared.store import database as store
from tests.support.api import ADMIN, FIRST_MS, ROOT, VIEWER, Api, served
from tests.support.long_runs import lengthen, writers
from tests.support.waiting import wait_for

START = FIRST_MS + DAY_MS
MB = 1_000_000


@pytest.fixture
def api(database: str, redis_url: str) -> Iterator[Api]:
    with served(database, redis_url) as found:
        found.upload()
        yield found


@pytest.fixture
def run(api: Api) -> int:
    """A run that is short."""
    run_id = int(api.create(start_at=START)["id"])
    api.fold(run_id)
    return run_id


@pytest.fixture
def long(api: Api, run: int) -> int:
    """One whose document cannot end while nobody reads it."""
    lengthen(api.engine, run)
    return run


def path(run_id: int) -> str:
    return f"/api/v1/runs/{run_id}/export"


@contextmanager
def asking(url: str, run_id: int, token: str = VIEWER) -> Iterator[Iterator[bytes]]:
    """An asker of his own: the document's bytes, the first of which are there."""
    with (
        httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client,
        client.stream("GET", path(run_id)) as answer,
    ):
        assert answer.status_code == 200, answer.read()
        yield answer.iter_raw()


def nobody_reads(api: Api) -> bool:
    """No child, and no session of one."""
    asked = text("select count(*) from pg_stat_activity where application_name = 'api-exporting'"
                 " and datname = current_database()")  # fmt: skip
    with store.begin(api.engine) as conn:
        return not writers() and conn.scalar(asked) == 0


@pytest.mark.parametrize("limit", ["MANY", "MANY_MINUTES"])
def test_a_child_writes_the_bytes_that_the_server_itself_would(
    api: Api, run: int, monkeypatch: pytest.MonkeyPatch, limit: str
):
    by_itself = api.viewer.get(path(run))
    monkeypatch.setattr(exports, limit, 100)
    by_child = api.viewer.get(path(run))
    assert by_child.content == by_itself.content
    assert api.app.state.context.metrics.exported._value.get() == 1
    same = ("content-type", "content-disposition", "cache-control", "x-content-type-options")
    assert [by_child.headers[name] for name in same] == [by_itself.headers[name] for name in same]
    assert ("content-length" in by_child.headers, by_child.headers["transfer-encoding"]) == (False, "chunked")
    assert nobody_reads(api)


@pytest.mark.parametrize("piece", [1, 7])
def test_pieces_of_any_size_are_the_same_document(api: Api, run: int, monkeypatch: pytest.MonkeyPatch, piece: int):
    whole = api.viewer.get(path(run)).content
    monkeypatch.setattr("services.api.export.PIECE", piece)
    assert api.viewer.get(path(run)).content == whole


def test_others_are_answered_while_a_document_is_under_way(api: Api, long: int):
    with asking(api.url, long) as document:
        taken = next(document)
        for _ in range(20):
            assert api.anybody.get("/readyz").status_code == 200
            assert api.get(f"/runs/{long}/fills")["total"] > 100
        assert len(writers()) == 1, "it could not end: nobody has read it"
        taken += b"".join(document)
    assert taken == api.viewer.get(path(long)).content


def test_a_run_that_goes_on_meanwhile_changes_nothing_in_it(api: Api, long: int):
    before = api.viewer.get(path(long)).content
    with asking(api.url, long) as document:
        taken = next(document)
        lengthen(api.engine, long, 1_000)
        taken += b"".join(document)
    assert taken == before != api.viewer.get(path(long)).content


def test_who_hangs_up_ends_the_child(api: Api, long: int):
    with asking(api.url, long) as document:
        next(document)
        assert len(writers()) == 1
    wait_for(lambda: nobody_reads(api))
    assert api.viewer.get(path(long)).json()["digest"]


def test_who_takes_nothing_ends_the_child(api: Api, long: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exports, "STALL_S", 0.1)
    with asking(api.url, long) as document:
        wait_for(lambda: nobody_reads(api))
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
            list(document)


def test_two_are_written_at_once_and_a_third_waits_for_its_turn(api: Api, long: int):
    with ThreadPoolExecutor(1) as other:
        with asking(api.url, long) as first, asking(api.url, long) as second:
            third = other.submit(api.viewer.get, path(long))
            wait_for(lambda: api.app.state.context.exports.children._waiting == 1)
            assert len(writers()) == exports.CHILDREN == 2
            one, two = b"".join(first), b"".join(second)
        assert one == two == third.result(60).content


def test_who_hangs_up_in_the_line_has_left_it(api: Api, long: int):
    waiting = api.app.state.context.exports.children
    with asking(api.url, long), asking(api.url, long):
        with socket.create_connection(("127.0.0.1", httpx.URL(api.url).port or 0)) as third:
            third.sendall(f"GET {path(long)} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                          f"Authorization: Bearer {VIEWER}\r\n\r\n".encode())  # fmt: skip
            wait_for(lambda: waiting._waiting == 1)
        wait_for(lambda: waiting._waiting == 0)
        assert len(writers()) == 2


@pytest.mark.parametrize("limit", ["_line", "_patience_s"])
def test_too_many_are_told_to_ask_again(api: Api, long: int, monkeypatch: pytest.MonkeyPatch, limit: str):
    monkeypatch.setattr(api.app.state.context.exports.children, limit, 0)
    with asking(api.url, long), asking(api.url, long):
        refused = api.viewer.get(path(long))
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.json()["detail"] == "too many long runs are being read at once: ask again"
    wait_for(lambda: nobody_reads(api))
    assert api.viewer.get(path(long)).status_code == 200


def test_a_child_that_dies_half_way_breaks_the_connection(api: Api, long: int):
    with asking(api.url, long) as document:
        next(document)
        for one in writers():
            one.kill()
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
            list(document)
    assert api.app.state.context.metrics.exported._value.get() == 0


def test_a_row_that_no_fold_has_written_breaks_the_connection(api: Api, long: int):
    with store.begin(api.engine) as conn:
        conn.execute(text("update fills set fee = fee + 1e-9 where run_id = :run"), {"run": long})
    with asking(api.url, long) as document, pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
        list(document)


def test_a_failure_before_the_first_byte_is_a_problem(api: Api, long: int, monkeypatch: pytest.MonkeyPatch):
    waiting = api.app.state.context.exports.children
    with monkeypatch.context() as patch:
        patch.setattr(waiting, "_url", "postgresql://nobody@127.0.0.1:1/nothing")
        away = api.viewer.get(path(long))
    assert (away.status_code, away.headers["retry-after"]) == (503, "1")
    assert away.json()["detail"].startswith("database: ")
    with monkeypatch.context() as patch:
        patch.setattr(waiting, "_module", "services.api.nothing")
        broken = api.viewer.get(path(long))
    assert (broken.status_code, broken.headers["content-type"]) == (500, "application/problem+json")
    with asking(api.url, long) as document:
        assert next(document)


# ------------------------------------------------------------------------------------------- the server as a process


@contextmanager
def process(database: str, redis_url: str) -> Iterator[tuple[psutil.Process, str]]:
    """`python -m services.api`, ready, and its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {
        "PAPERFOLD__DATABASE__URL": database, "PAPERFOLD__REDIS__URL": redis_url, "PAPERFOLD__API__PORT": str(port),
        "PAPERFOLD__EXCHANGE__MARKET": "sim", "PAPERFOLD__API__ADMIN_TOKEN": ADMIN,
    }  # fmt: skip
    silent, url = subprocess.DEVNULL, f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "services.api"], cwd=ROOT, env={**os.environ, **own}, stdout=silent, stderr=silent
    )

    def is_ready() -> bool:
        assert server.poll() is None
        try:
            return httpx.get(f"{url}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    try:
        wait_for(is_ready)
        yield psutil.Process(server.pid), url
    finally:
        server.kill()
        server.wait()


def peaks(server: psutil.Process, url: str, run_id: int) -> tuple[int, int, int]:
    """(bytes of the document, most that the server held, most that its child held) while it was passed on."""
    size = held = by_child = 0
    with asking(url, run_id, ADMIN) as document:
        [writer] = writers(server.pid)
        for at, block in enumerate(document):
            size += len(block)
            if at % 8 == 0:
                held = max(held, server.memory_info().rss)
                with suppress(psutil.NoSuchProcess):  # it has written all
                    by_child = max(by_child, writer.memory_info().rss)
    return size, held, by_child


def test_no_memory_grows_with_a_run(api: Api, run: int, database: str, redis_url: str):
    lengthen(api.engine, run, 15_000)
    with process(database, redis_url) as (server, url):
        short, before, by_child_before = peaks(server, url, run)
        lengthen(api.engine, run, 240_000)
        long, held, by_child = peaks(server, url, run)
    assert long - short > 36 * MB
    assert held - before < 12 * MB
    assert by_child - by_child_before < 12 * MB


def test_who_hangs_up_at_whatever_moment_leaves_nothing(api: Api, long: int, database: str, redis_url: str):
    def hang_up_after(seconds: float) -> None:
        with suppress(httpx.ReadTimeout):
            httpx.get(url + path(long), headers={"Authorization": f"Bearer {ADMIN}"}, timeout=seconds)

    def held() -> int:
        """Open files but connections to the stores, of which the pools keep more or fewer."""
        stores = [one for one in server.net_connections("all") if f":{getattr(one.laddr, 'port', 0)}" not in url]
        return server.num_fds() - len(stores)

    with process(database, redis_url) as (server, url), ThreadPoolExecutor(6) as askers:
        after: list[int] = []
        for _ in range(3):
            list(askers.map(hang_up_after, (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)))
            wait_for(lambda: not server.children())
            wait_for(lambda: not after or held() <= after[0], what=lambda: f"open after rounds: {after}; now {held()}")
            after.append(held())
        counted = httpx.get(f"{url}/metrics").text
    assert 'route="/api/v1/runs/{run_id}/export",status="499"' in counted
    assert 'route="/api/v1/runs/{run_id}/export",status="500"' not in counted


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_child_outlives_its_server(api: Api, long: int, database: str, redis_url: str, how: signal.Signals):
    with process(database, redis_url) as (server, url), asking(url, long, ADMIN) as document:
        next(document)
        [writer] = writers(server.pid)
        server.send_signal(how)
        server.wait(30)
        wait_for(lambda: not writer.is_running())
        with pytest.raises(httpx.TransportError):
            list(document)
    wait_for(lambda: nobody_reads(api))
