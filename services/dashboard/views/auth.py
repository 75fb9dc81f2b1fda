"""Login and logout. A token is sent once, to open a session in the API; the browser keeps the session's id alone."""

import time
from contextlib import suppress
from math import ceil

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from services.dashboard import csrf
from services.dashboard.client import NotLoggedInError, RefusedError
from services.dashboard.login_limit import LoginLimit
from services.dashboard.sessions import COOKIE, api, clear_cookie, person, sessions, set_cookie
from shared.domain.errors import UnavailableError

pages = Blueprint("auth", __name__)

LONGEST_TOKEN = 500


@pages.get("/login")
def login() -> Answer:
    try:
        person()
    except (NotLoggedInError, UnavailableError):
        return _form()
    return redirect(safe_next(request.args.get("next")))


@pages.post("/login")
def log_in() -> Answer:
    limit: LoginLimit = current_app.extensions["login_limit"]
    address = request.remote_addr or "?"
    wait_s = limit.wait_s(address, time.monotonic())
    if wait_s > 0:
        refused = _form(f"Too many wrong tokens. Try again in {ceil(wait_s)} s.", 429)
        refused.headers["Retry-After"] = str(ceil(wait_s))
        return refused
    key: bytes = current_app.extensions["login_key"]
    if not csrf.is_login_token(key, int(time.time()), request.form.get("csrf_token")):
        return _form("The form was too old. Please try again.", 403)
    token = request.form.get("token", "").strip()
    if not token or len(token) > LONGEST_TOKEN:
        return _form("Enter a token.", 422)
    try:
        opened = api().post(None, "/sessions", {"token": token})
    except RefusedError as error:
        if error.status not in (401, 403, 422):
            raise
        limit.failed(address, time.monotonic())
        return _form("No such token.", 401)
    answer = redirect(safe_next(request.form.get("next")), 303)
    set_cookie(answer, str(opened["id"]), max(0, int(opened["expires_ms"] / 1000 - time.time())))
    return answer


@pages.post("/logout")
def logout() -> Answer:
    session = request.cookies.get(COOKIE, "")
    with suppress(NotLoggedInError):  # it has ended already
        api().delete(session, f"/sessions/{session}")
    sessions().forget(session)
    answer = redirect(url_for("auth.login", said="logged-out"), 303)
    clear_cookie(answer)
    return answer


def safe_next(wanted: str | None) -> str:
    """An address of our own, or the overview."""
    if not wanted or not wanted.startswith("/") or wanted.startswith("//"):
        return "/"
    return "/" if any(char in wanted for char in "\\\r\n\t") else wanted


def _form(problem: str | None = None, status: int = 200) -> Response:
    key: bytes = current_app.extensions["login_key"]
    page = render_template(
        "login.html",
        problem=problem,
        token=csrf.login_token(key, int(time.time())),
        next=request.values.get("next", ""),
        api_is_up=api().is_ready(),
        api_url=api().url,
    )
    return Response(page, status)
