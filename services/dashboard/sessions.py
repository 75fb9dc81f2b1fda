"""Who is asking: the session cookie, looked up in the API, where sessions live. The dashboard keeps none.

What the API said is believed for a few seconds, so that a page with ten requests asks once. Every request to the API
carries the session anyway: believing too long shows a button too many, never more.
"""

import hashlib
import re
import time
from dataclasses import dataclass
from threading import Lock

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as Answer

from services.dashboard import csrf
from services.dashboard.client import Api, NotLoggedInError, RefusedError
from services.dashboard.security import is_https

COOKIE = "paperfold_session"
BELIEVED_S = 10.0
MOST_BELIEVED = 500
_ID = re.compile(r"[A-Za-z0-9_-]{32,128}")


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever opened the session."""

    session: str
    name: str
    role: str
    csrf_token: str

    @property
    def may_trade(self) -> bool:
        return self.role in ("trader", "admin")


class Sessions:
    """Sessions as the API knows them."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._lock = Lock()
        self._believed: dict[bytes, tuple[float, Person]] = {}

    def person(self, session: str) -> Person:
        """Raises NotLoggedInError, UnavailableError."""
        if not _ID.fullmatch(session):
            raise NotLoggedInError("no session")
        key, now_s = hashlib.sha256(session.encode()).digest(), time.monotonic()
        with self._lock:
            known = self._believed.get(key)
        if known is not None and now_s < known[0]:
            return known[1]
        try:
            found = self._api.get(session, f"/sessions/{session}")
        except RefusedError as error:
            self.forget(session)
            if error.status == 404:
                raise NotLoggedInError("the session has ended") from None
            raise
        person = Person(session, str(found["name"]), str(found["role"]), str(found["csrf_token"]))
        with self._lock:
            if len(self._believed) >= MOST_BELIEVED:
                self._believed.clear()
            self._believed[key] = (now_s + BELIEVED_S, person)
        return person

    def forget(self, session: str) -> None:
        with self._lock:
            self._believed.pop(hashlib.sha256(session.encode()).digest(), None)


def api() -> Api:
    """This application's connection to the API."""
    found: Api = current_app.extensions["api"]
    return found


def sessions() -> Sessions:
    found: Sessions = current_app.extensions["sessions"]
    return found


def person() -> Person:
    """Who is asking. Raises NotLoggedInError."""
    if "person" not in g:
        g.person = sessions().person(request.cookies.get(COOKIE, ""))
    found: Person = g.person
    return found


def set_cookie(answer: Answer, session: str, max_age_s: int) -> None:
    answer.set_cookie(
        COOKIE, session, max_age=max_age_s, path="/", httponly=True, samesite="Strict", secure=is_https(request)
    )


def clear_cookie(answer: Answer) -> None:
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="Strict", secure=is_https(request))


def wants_page() -> bool:
    """Whether a person is waiting for a page, not a script for data."""
    return not request.path.startswith(("/data/", "/events"))


def install(app: Flask) -> None:
    """Send those without a session to the login page, and refuse forms that are not ours."""

    @app.before_request
    def refuse_foreign_forms() -> None:
        if request.method != "POST" or request.endpoint in (None, "auth.log_in"):
            return
        if not csrf.is_valid(person().csrf_token, request.form.get("csrf_token")):
            abort(403, "The form is too old or not ours. Load the page again.")

    @app.errorhandler(NotLoggedInError)
    def login_first(_error: NotLoggedInError) -> Answer:
        if not wants_page() or "X-Refresh" in request.headers:
            return Response("log in first", 401, mimetype="text/plain")
        back = request.full_path.rstrip("?") if request.method == "GET" else "/"
        answer = redirect(url_for("auth.login", next=None if back == "/" else back))
        if COOKIE in request.cookies:
            clear_cookie(answer)
        return answer
