"""The process: what it says about itself, what it needs, and that it stays when a neighbour fails."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import make_url, text

from services.api.app import create_app
from shared.bus import client as bus
from shared.settings import Settings
from shared.store import database as store
from shared.store import migrate
from tests.support.api import ADMIN, FAST, ROOT, Api, served, server_of


@pytest.fixture
def api(database: str, redis_url: str) -> Iterator[Api]:
    with served(database, redis_url) as found:
        yield found


def test_it_is_alive_and_ready(api: Api):
    assert (api.anybody.get("/livez").status_code, api.anybody.get("/livez").text) == (200, "ok\n")
    assert api.anybody.get("/readyz").text == "ready\n"
    assert api.anybody.get("/readyz?verbose").text == "[+]database ok\n[+]redis ok\n[+]start ok\nready\n"


def test_metrics_count_by_route_and_never_by_path(api: Api):
    api.viewer.get("/api/v1/runs/12345")
    api.viewer.get("/no/such/path")
    shown = api.anybody.get("/metrics")
    assert shown.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'paperfold_http_requests_total{method="GET",route="/api/v1/runs/{run_id}",status="404"} 1.0' in shown.text
    assert 'paperfold_http_requests_total{method="GET",route="none",status="404"} 1.0' in shown.text
    assert "paperfold_http_request_seconds_bucket" in shown.text
    assert "paperfold_build_info" in shown.text
    assert "12345" not in shown.text


def test_the_contract_is_an_openapi_document_with_examples(api: Api):
    document = api.anybody.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    paths = document["paths"]
    for path, methods in {
        "/api/v1/strategies": {"get", "post"}, "/api/v1/strategies/validate": {"post"},
        "/api/v1/strategies/{name}": {"get"},
        "/api/v1/runs": {"get", "post"}, "/api/v1/runs/{run_id}": {"get"}, "/api/v1/runs/{run_id}/stop": {"post"},
        "/api/v1/runs/{run_id}/export": {"get"}, "/api/v1/runs/{run_id}/rules": {"get"},
        "/api/v1/bars": {"get"}, "/api/v1/events": {"get"},
        "/api/v1/sessions": {"post"}, "/api/v1/sessions/{session_id}": {"get", "delete"}, "/api/v1/system": {"get"},
        "/livez": {"get"}, "/readyz": {"get"}, "/metrics": {"get"},
    }.items():  # fmt: skip
        assert set(paths[path]) == methods, path
    names: list[str] = []
    for methods in paths.values():
        for operation in methods.values():
            names.append(operation["operationId"])
            assert operation["summary"]
            for status, answer in operation["responses"].items():
                if int(status) >= 400 and "content" in answer and "/livez" not in operation["operationId"]:
                    assert list(answer["content"]) in (["application/problem+json"], ["text/plain"]), operation
    assert len(names) == len(set(names))
    assert document["components"]["schemas"]["NewRun"]["examples"]
    assert document["components"]["securitySchemes"]
    for reference in _references(document):
        place = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def test_the_page_of_the_contract_needs_nothing_from_elsewhere(api: Api):
    page = api.anybody.get("/docs")
    assert "/api/v1/runs/{run_id}/export" in page.text
    assert "<script" not in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "script-src" not in page.headers["content-security-policy"]


def test_a_database_that_takes_no_writes_is_told_and_still_read(api: Api, database: str):
    api.upload()
    name = make_url(database).database
    with api.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text(f"alter database {name} set default_transaction_read_only = on"))
    api.app.state.context.engine.dispose()  # connections that come now are read-only
    refused = api.trader.post("/api/v1/runs", json={"strategy": "fast-cross"})
    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert "read-only" in refused.json()["detail"]
    ready = api.anybody.get("/readyz")
    assert ready.status_code == 503
    assert "[-]database failed: read-only" in ready.text
    assert api.anybody.get("/livez").status_code == 200
    assert api.viewer.get("/api/v1/strategies").status_code == 200
    with api.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("set default_transaction_read_only = off"))
        conn.execute(text(f"alter database {name} reset default_transaction_read_only"))
    api.app.state.context.engine.dispose()
    assert api.trader.post("/api/v1/runs", json={"strategy": "fast-cross"}).status_code == 201
    assert api.anybody.get("/readyz").status_code == 200


def test_a_write_that_failed_is_told_until_one_succeeds(api: Api):
    context = api.app.state.context
    context.refused_write = (time.monotonic(), "database: could not extend file: No space left on device")
    ready = api.anybody.get("/readyz")
    assert ready.status_code == 503
    assert "No space left" in ready.text
    api.upload()
    assert api.anybody.get("/readyz").status_code == 200


def test_without_redis_it_serves_and_says_so(database: str):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{nobody.getsockname()[1]}/0"
    with served(database, url) as api:
        api.upload()
        assert api.create()["status"] == "pending"
        assert api.get("/bars?instrument=BTC/USDT&limit=1")["items"]
        ready = api.anybody.get("/readyz?verbose")
        assert ready.status_code == 200
        assert "[!]redis degraded" in ready.text


def test_it_waits_for_its_database(redis_url: str):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"postgresql://x:x@127.0.0.1:{nobody.getsockname()[1]}/x"
    with serving_nothing(url, redis_url) as client:
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert "[-]database failed: database: " in ready.text
        assert client.get("/livez").status_code == 200
        answer = client.get("/api/v1/runs", headers={"Authorization": "Bearer x"})
        assert answer.status_code == 503
        assert answer.json()["type"].endswith("unavailable")


def test_it_waits_for_the_schema(postgres_server, redis_url: str):  # type: ignore[no-untyped-def]
    postgres_server.create_database("api_without_schema")
    url = postgres_server.url("api_without_schema")
    with serving_nothing(url, redis_url) as client:
        assert "its schema is none" in client.get("/readyz").text
        answer = client.get("/api/v1/runs", headers={"Authorization": "Bearer x"})
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        migrate.upgrade(url)
        deadline = time.monotonic() + 20
        while client.get("/readyz").status_code != 200 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert client.get("/api/v1/runs", headers={"Authorization": "Bearer x"}).status_code == 401
        assert client.get("/livez").status_code == 200
    postgres_server.drop_database("api_without_schema")


@contextmanager
def serving_nothing(url: str, redis_url: str) -> Iterator[httpx.Client]:
    """The API over a database that has nothing in it, or is not there."""
    app = create_app(
        Settings(), store.connect(url, "api"), bus.connect(redis_url, "api"), bus.connect_async(redis_url, "e")
    )
    with server_of(app) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        yield client


def environment(database: str, redis_url: str, **more: str) -> dict[str, str]:
    names = {
        "PAPERFOLD__DATABASE__URL": database, "PAPERFOLD__REDIS__URL": redis_url, "PAPERFOLD__EXCHANGE__MARKET": "sim",
        "PAPERFOLD__API__ADMIN_TOKEN": ADMIN, "PAPERFOLD__API__STRATEGIES_DIR": str(ROOT / "strategies"), **more,
    }  # fmt: skip
    return {**os.environ, **names}


def test_the_process_starts_serves_and_stops_on_sigterm(database: str, redis_url: str):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "services.api"], cwd=ROOT, stderr=subprocess.PIPE, text=True,
        env=environment(database, redis_url, PAPERFOLD__API__PORT=str(port)),
    )  # fmt: skip
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {ADMIN}"}) as client:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                try:
                    if client.get("/readyz").status_code == 200:
                        break
                except httpx.TransportError:
                    time.sleep(0.1)
            shipped = sorted(path.stem for path in (ROOT / "strategies").glob("*.yaml"))
            assert [one["name"] for one in client.get("/api/v1/strategies").json()["items"]] == shipped
            assert client.post("/api/v1/strategies", json={"text": FAST}).status_code == 201
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=15)
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in said
    assert ADMIN not in said


def test_a_database_of_another_market_is_refused(database: str, redis_url: str):
    engine = store.connect(database, "test")
    with store.begin(engine) as conn:
        conn.execute(text("insert into market (market, fingerprint) values ('binance-us', '')"))
    engine.dispose()
    ended = subprocess.run(
        [sys.executable, "-m", "services.api"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env=environment(database, redis_url, PAPERFOLD__API__PORT="0"),
    )  # fmt: skip
    assert ended.returncode != 0
    assert "belongs to market binance-us" in ended.stderr


def test_it_needs_no_numpy():
    code = "import sys, services.api.serve; sys.exit(any(m in sys.modules for m in ('numpy', 'numba', 'alembic')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
