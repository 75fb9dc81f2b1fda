"""Who may ask, how often, under which name; and that a refusal is a problem document that changed nothing."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from shared.store import auth, database
from tests.support.api import ADMIN, FAST, TRADER, VIEWER, Api, served

PROBLEM = {"type", "title", "status", "detail", "instance"}


@pytest.fixture
def api(database: str, redis_url: str) -> Iterator[Api]:
    with served(database, redis_url) as found:
        yield found


def is_problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert set(body) >= PROBLEM
    assert (body["status"], body["type"]) == (status, f"urn:paperfold:problem:{slug}")
    assert body["instance"] == answer.request.url.path
    return body


READS = ("/keys", "/strategies", "/strategies/x", "/runs", "/runs/1", "/runs/1/trades", "/runs/1/stats",
         "/runs/1/rules", "/runs/1/export", "/system", "/bars?instrument=BTC/USDT", "/events")  # fmt: skip
WRITES = ("/keys", "/strategies", "/runs", "/runs/1/stop", "/runs/1/pause", "/runs/1/resume", "/runs/1/close")


def test_without_a_token_nothing_is_told(api: Api):
    for path in READS:
        answer = api.anybody.get(f"/api/v1{path}")
        is_problem(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"
    for path in WRITES:
        is_problem(api.anybody.post(f"/api/v1{path}", json={"text": FAST, "strategy": "x"}), 401, "unauthorized")


@pytest.mark.parametrize(
    "header", ["Bearer wrong", "Bearer", "Basic dXNlcjpwYXNz", f"bearer{VIEWER}", VIEWER, "Bearer \xe4"]
)
def test_a_wrong_token_is_nobody(api: Api, header: str):
    answer = api.anybody.get("/api/v1/runs", headers={"Authorization": header.encode("latin-1")})
    is_problem(answer, 401, "unauthorized")


def test_a_viewer_changes_nothing(api: Api):
    before = api.rows()
    for path in WRITES:
        is_problem(api.viewer.post(f"/api/v1{path}", json={"text": FAST, "strategy": "x"}), 403, "forbidden")
    assert api.rows() == before
    assert api.viewer.post("/api/v1/strategies/validate", json={"text": FAST}).status_code == 200


def test_roles_contain_each_other(api: Api):
    for token in (VIEWER, TRADER, ADMIN):
        assert api.clients[token].get("/api/v1/runs").status_code == 200
    assert api.clients[ADMIN].post("/api/v1/strategies", json={"text": FAST}).status_code == 201


def test_a_revoked_token_is_nobody_within_seconds(api: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("services.api.auth.TRUSTED_S", 0.0)
    assert api.viewer.get("/api/v1/runs").status_code == 200
    with database.begin(api.engine) as conn:
        auth.revoke_key(conn, "vic")
    is_problem(api.viewer.get("/api/v1/runs"), 401, "unauthorized")


def test_tokens_are_stored_hashed(api: Api):
    with database.begin(api.engine) as conn:
        stored = " ".join(str(row) for table in ("api_keys", "sessions", "audit")
                          for row in conn.exec_driver_sql(f"select * from {table}"))  # fmt: skip
    for token in (ADMIN, TRADER, VIEWER):
        assert token not in stored
        assert auth.hashed(token) in stored


def test_an_administrator_gives_and_takes_keys(api: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("services.api.auth.TRUSTED_S", 0.0)
    admin, asked = api.clients[ADMIN], {"name": "uma@example.org", "role": "trader"}
    made = admin.post("/api/v1/keys", json=asked)
    assert made.status_code == 201
    token = made.json()["token"]
    assert made.json() == asked | {"token": token}
    assert len(token) >= 43  # 256 bits
    as_uma = {"Authorization": f"Bearer {token}"}
    assert api.anybody.post("/api/v1/strategies", json={"text": FAST}, headers=as_uma).status_code == 201
    session = api.anybody.post("/api/v1/sessions", json={"token": token}).json()
    is_problem(admin.post("/api/v1/keys", json=asked | {"role": "viewer"}), 409, "wrong-state")
    assert api.anybody.get("/api/v1/runs", headers=as_uma).status_code == 200

    listed = {one["name"]: one for one in admin.get("/api/v1/keys").json()["items"]}
    assert {name: one["role"] for name, one in listed.items()} == {
        "admin": "admin", "tess": "trader", "vic": "viewer", "uma@example.org": "trader",
    }  # fmt: skip
    assert listed["uma@example.org"]["last_used_ms"] >= listed["uma@example.org"]["created_ms"] > 1_700_000_000_000
    assert token not in str(listed)
    assert auth.hashed(token) not in str(listed)

    assert admin.delete("/api/v1/keys/uma@example.org").status_code == 204
    is_problem(api.anybody.get("/api/v1/runs", headers=as_uma), 401, "unauthorized")
    is_problem(api.anybody.get(f"/api/v1/sessions/{session['id']}"), 404, "not-found")
    is_problem(admin.delete("/api/v1/keys/uma@example.org"), 404, "not-found")
    assert {one["name"]: one["is_revoked"] for one in admin.get("/api/v1/keys").json()["items"]}["uma@example.org"]

    again = admin.post("/api/v1/keys", json=asked | {"role": "viewer"}).json()
    is_problem(api.anybody.get("/api/v1/runs", headers=as_uma), 401, "unauthorized")
    as_viewer = {"Authorization": f"Bearer {again['token']}"}
    assert api.anybody.get("/api/v1/runs", headers=as_viewer).status_code == 200
    is_problem(api.anybody.post("/api/v1/strategies", json={"text": FAST}, headers=as_viewer), 403, "forbidden")
    with database.begin(api.engine) as conn:
        noted = [(one.who, one.action, one.detail) for one in auth.read_audit(conn) if one.subject == asked["name"]]
    assert noted == [
        ("admin", "key_created", {"role": "viewer"}), ("admin", "key_revoked", {}),
        ("admin", "key_created", {"role": "trader"}),
    ]  # fmt: skip


def test_keys_are_an_administrators(api: Api):
    asked = {"name": "eve", "role": "admin"}
    for client in (api.clients[TRADER], api.viewer):
        is_problem(client.get("/api/v1/keys"), 403, "forbidden")
        is_problem(client.post("/api/v1/keys", json=asked), 403, "forbidden")
        is_problem(client.delete("/api/v1/keys/vic"), 403, "forbidden")
    is_problem(api.anybody.delete("/api/v1/keys/vic"), 401, "unauthorized")
    admin = api.clients[ADMIN]
    is_problem(admin.post("/api/v1/keys", json={"name": "admin", "role": "viewer"}), 409, "wrong-state")
    is_problem(admin.delete("/api/v1/keys/admin"), 409, "wrong-state")
    for wrong in ({"name": "eve"}, asked | {"role": "owner"}, asked | {"name": ""}, asked | {"name": "a b"},
                  asked | {"name": "<b>"}, asked | {"name": "e" * 65}, asked | {"token": "mine"}):  # fmt: skip
        is_problem(admin.post("/api/v1/keys", json=wrong), 422, "invalid-request")
    assert [one["name"] for one in admin.get("/api/v1/keys").json()["items"]] == ["admin", "tess", "vic"]


def test_a_session_stands_for_its_token_until_it_ends(api: Api):
    is_problem(api.anybody.post("/api/v1/sessions", json={"token": "wrong"}), 401, "unauthorized")
    opened = api.anybody.post("/api/v1/sessions", json={"token": VIEWER})
    assert opened.status_code == 201
    session = opened.json()
    assert (session["role"], session["name"]) == ("viewer", "vic")
    assert len(session["id"]) >= 43  # 256 bits
    assert len(session["csrf_token"]) >= 43
    shown = api.anybody.get(f"/api/v1/sessions/{session['id']}").json()
    assert shown == {name: value for name, value in session.items() if name != "id"}
    as_bearer = {"Authorization": f"Bearer {session['id']}"}
    assert api.anybody.get("/api/v1/runs", headers=as_bearer).status_code == 200
    is_problem(api.anybody.post("/api/v1/strategies", json={"text": FAST}, headers=as_bearer), 403, "forbidden")
    assert api.anybody.delete(f"/api/v1/sessions/{session['id']}").status_code == 204
    is_problem(api.anybody.get(f"/api/v1/sessions/{session['id']}"), 404, "not-found")
    is_problem(api.anybody.get("/api/v1/runs", headers=as_bearer), 401, "unauthorized")


def test_a_session_opens_no_session(api: Api):
    session = api.anybody.post("/api/v1/sessions", json={"token": VIEWER}).json()
    is_problem(api.anybody.post("/api/v1/sessions", json={"token": session["id"]}), 401, "unauthorized")


def test_only_names_of_this_server_are_answered(api: Api):
    for host in ("evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost@evil.example"):
        is_problem(api.viewer.get("/api/v1/runs", headers={"Host": host}), 400, "unknown-host")
        is_problem(api.viewer.get("/livez", headers={"Host": host}), 400, "unknown-host")
    assert api.viewer.get("/api/v1/runs", headers={"Host": "localhost:8000"}).status_code == 200


def test_the_address_that_was_asked_is_a_name_of_this_server(database: str, redis_url: str):
    """Who finds servers by their addresses need not be told of; another address is another server."""
    with served(database, redis_url, allowed_hosts=["localhost"]) as api:
        assert api.viewer.base_url.host == "127.0.0.1"
        assert api.anybody.get("/metrics").status_code == 200
        for host in ("127.0.0.2", "10.0.0.1:8000", "[::1]"):
            is_problem(api.anybody.get("/metrics", headers={"Host": host}), 400, "unknown-host")


def test_too_many_requests_are_told_when_to_come_back(database: str, redis_url: str):
    with served(database, redis_url, rate_per_s=2.0) as api:
        api.viewer.get("/api/v1/runs")  # from now on this token counts by itself
        answers = [api.viewer.get("/api/v1/runs") for _ in range(8)]
        assert [one.status_code for one in answers][:4] == [200] * 4
        refused = answers[-1]
        is_problem(refused, 429, "too-many-requests")
        assert int(refused.headers["retry-after"]) >= 1
        assert api.trader.get("/api/v1/runs").status_code == 200  # another token
        assert api.viewer.get("/readyz").status_code == 200  # supervisors are not counted
        guesses = [api.anybody.get("/api/v1/runs", headers={"Authorization": f"Bearer guess-{i}"}) for i in range(8)]
        assert guesses[-1].status_code == 429  # wrong tokens count by address


def test_every_answer_is_dressed(api: Api):
    for answer in (api.viewer.get("/api/v1/runs"), api.anybody.get("/api/v1/runs"), api.anybody.get("/nothing")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert "server" not in answer.headers


def test_unknown_paths_and_methods_are_problems(api: Api):
    is_problem(api.viewer.get("/nothing"), 404, "not-found")
    is_problem(api.viewer.get("/api/v1/nothing"), 404, "not-found")
    is_problem(api.viewer.get("/api/v1/runs/7"), 404, "not-found")
    is_problem(api.viewer.get("/api/v1/strategies/nobody"), 404, "not-found")
    is_problem(api.viewer.get("/api/v1/bars?instrument=DOGE/USDT"), 404, "not-found")
    answer = api.viewer.put("/api/v1/runs")
    is_problem(answer, 405, "method-not-allowed")
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/runs/abc", "/runs?limit=0", "/runs?limit=501", "/runs?limit=x", "/runs?offset=-1", "/runs?status=dead",
        "/runs?mode=live", "/bars", "/bars?instrument=BTC/USDT&timeframe=7m", "/bars?instrument=nonsense",
        "/bars?instrument=BTC/USDT&limit=5001", "/events?run=x", "/runs?offset=99999999999999999999999",
    ],
)  # fmt: skip
def test_a_request_that_cannot_be_read_says_what_is_wrong(api: Api, path: str):
    body = is_problem(api.viewer.get(f"/api/v1{path}"), 422, "invalid-input" if "7m" in path or "nonsense" in path else
                      "invalid-request")  # fmt: skip
    assert body["detail"]


@pytest.mark.parametrize("path", ["/runs?strategy=%00", "/strategies/%00", "/bars?instrument=%00BTC/USDT"])
def test_what_postgresql_cannot_hold_is_no_fault_of_ours(api: Api, path: str):
    is_problem(api.viewer.get(f"/api/v1{path}"), 422, "invalid-request")
    is_problem(api.trader.post("/api/v1/runs", json={"strategy": "a\x00b"}), 422, "invalid-request")


def test_a_body_that_is_too_large_is_refused(api: Api):
    answer = api.trader.post("/api/v1/strategies", json={"text": "x" * 1_100_000})
    is_problem(answer, 413, "too-large")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b'{"strategy": 1}', b"{}"])
def test_a_body_that_is_no_request_is_refused(api: Api, body: bytes):
    before = api.rows()
    for path in ("/strategies", "/runs"):
        answer = api.trader.post(f"/api/v1{path}", content=body, headers={"Content-Type": "application/json"})
        is_problem(answer, 422, "invalid-request")
    assert api.rows() == before
