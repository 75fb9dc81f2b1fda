"""Forms, logins, hosts and headers: what the dashboard refuses before it asks the API anything."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.dashboard import csrf, security
from services.dashboard.app import create_app
from services.dashboard.login_limit import MOST_ADDRESSES, TRIES, TRIES_OF_ALL, LoginLimit
from services.dashboard.views.auth import safe_next
from services.dashboard.views.events import Listeners
from shared.settings import Dashboard, Settings

KEY = b"k" * 32


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_app(Settings(dashboard=Dashboard(api_url="http://127.0.0.1:9")))  # the discard port: nobody answers


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_a_login_form_is_good_for_an_hour_and_for_us_only() -> None:
    token = csrf.login_token(KEY, 1000)
    assert csrf.is_login_token(KEY, 1000, token)
    assert csrf.is_login_token(KEY, 1000 + 3600, token)
    assert not csrf.is_login_token(KEY, 1000 + 3601, token)
    assert not csrf.is_login_token(KEY, 999, token)
    assert not csrf.is_login_token(b"x" * 32, 1000, token)


@pytest.mark.parametrize("token", [None, "", ".", "1000", "1000.", "1000.é", "²." + "0" * 64, "9" * 4000 + ".x"])
def test_anything_else_is_no_login_form(token: str | None) -> None:
    assert not csrf.is_login_token(KEY, 1000, token)


def test_an_empty_session_token_is_never_met() -> None:
    assert csrf.is_valid("abc", "abc")
    assert not csrf.is_valid("", "")
    assert not csrf.is_valid("abc", None)
    assert not csrf.is_valid("abc", "abcé")


def test_wrong_tokens_are_slowed_down_by_address() -> None:
    limit = LoginLimit()
    for second in range(TRIES):
        assert limit.wait_s("a", second) == 0
        limit.failed("a", second)
    assert limit.wait_s("a", 10) == 50
    assert limit.wait_s("b", 10) == 0
    assert limit.wait_s("a", 60) == 0


def test_wrong_tokens_are_slowed_down_altogether_and_forgotten_in_time() -> None:
    limit = LoginLimit()
    for number in range(TRIES_OF_ALL):
        limit.failed(f"address {number}", 0.0)
    assert limit.wait_s("a new one", 1.0) == 59
    for number in range(3 * MOST_ADDRESSES):
        limit.failed(f"other {number}", 100.0 + number)
    assert len(limit._failures) <= MOST_ADDRESSES


def test_listeners_are_counted_and_bounded() -> None:
    listeners = Listeners(most=2)
    assert [listeners.enter() for _ in range(3)] == [True, True, False]
    listeners.leave()
    assert listeners.enter()


@pytest.mark.parametrize(
    ("wanted", "address"),
    [
        (None, "/"), ("", "/"), ("/runs/7?tab=log", "/runs/7?tab=log"), ("//evil.example", "/"),
        ("/\\evil.example", "/"), ("https://evil.example", "/"), ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x", "/"), ("/\t/evil.example", "/"),
    ],
)  # fmt: skip
def test_a_login_leads_to_our_own_pages_only(wanted: str | None, address: str) -> None:
    assert safe_next(wanted) == address


def test_every_answer_has_the_headers(client: FlaskClient) -> None:
    for path in ("/login", "/livez", "/nothing", "/static/x/css/base.css"):
        answer = client.get(path)
        assert security.HEADERS.items() <= dict(answer.headers).items(), path
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_policy_allows_nothing_inline() -> None:
    policy = security.HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")


def test_another_name_is_refused(client: FlaskClient) -> None:
    assert client.get("/livez", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/livez", headers={"Host": "LOCALHOST:8080"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://localhost:8081"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/login", "/runs", "/runs/1/stop", "/logout", "/editor"])
def test_a_form_of_another_site_is_refused(client: FlaskClient, path: str, headers: dict[str, str]) -> None:
    assert client.post(path, headers=headers).status_code == 403


def test_without_a_session_every_page_leads_to_the_login(client: FlaskClient) -> None:
    for path in ("/", "/runs/1", "/runs/1?tab=log", "/strategies/x", "/editor", "/runs/1/trades.csv"):
        answer = client.get(path)
        assert answer.status_code == 302, path
        assert answer.headers["Location"].startswith("/login")
    for path in ("/data/system", "/data/bars", "/events", "/data/runs/1/fills"):
        assert client.get(path).status_code == 401, path
    for path in ("/runs", "/runs/1/stop", "/editor", "/logout"):
        answer = client.post(path, data={"csrf_token": ""})
        assert answer.headers["Location"].startswith("/login"), path


def test_a_cookie_that_is_no_session_id_is_not_passed_on(client: FlaskClient) -> None:
    for value in ("../system", "a" * 31, "a" * 200, "x" * 40 + "/../system"):
        client.set_cookie("paperfold_session", value)
        assert client.get("/").headers["Location"].startswith("/login")


def test_an_api_that_is_away_is_said_so(client: FlaskClient) -> None:
    assert "does not answer yet" in client.get("/login").text
    client.set_cookie("paperfold_session", "s" * 43)
    answer = client.get("/")
    assert answer.status_code == 503
    assert "The API does not answer" in answer.text
    assert "data-retry" in answer.text
    assert client.get("/readyz").status_code == 503
    assert client.get("/livez").status_code == 200


def test_no_page_has_anything_inline(client: FlaskClient) -> None:
    for path in ("/login", "/nothing"):
        text = client.get(path).text
        assert not re.search(r"<style|<script(?![^>]* src=)| style=| on[a-z]+=|javascript:", text), path
