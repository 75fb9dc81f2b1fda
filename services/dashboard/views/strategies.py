"""A strategy: its text, what it means, its versions and runs; and the form to check and upload one."""

from typing import Any
from urllib.parse import quote

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as Answer

from services.dashboard.client import Json, RefusedError
from services.dashboard.sessions import api, person
from services.dashboard.views.frame import page

pages = Blueprint("strategies", __name__)

RUNS_SHOWN = 50
EMPTY: Json = {"valid": None, "problems": [], "notes": [], "explain": None}


@pages.get("/strategies/<name>")
def strategy(name: str) -> str:
    session = person().session
    found = api().get(session, f"/strategies/{_part(name)}")
    runs = api().get(session, "/runs", {"strategy": name, "limit": RUNS_SHOWN})
    return page("strategy.html", strategy=found, runs=runs["items"], total=runs["total"])


@pages.get("/editor")
def editor() -> str:
    """An empty form, or the text of a strategy to make its next version of."""
    name = request.args.get("from") or ""
    text = "" if not name else api().get(person().session, f"/strategies/{_part(name)}")["text"]
    return _editor(name, text, EMPTY)


@pages.post("/editor")
def check_or_save() -> Answer | tuple[str, int]:
    name = request.form.get("name", "").strip()
    text = request.form.get("text", "").replace("\r\n", "\n")
    body: dict[str, Any] = {"text": text} | ({"name": name} if name else {})
    session = person().session
    if not text.strip():
        return _editor(name, text, EMPTY, problem="Paste a strategy first."), 422
    if request.form.get("do") != "save":
        return _editor(name, text, api().post(session, "/strategies/validate", body)), 200
    try:
        saved = api().post(session, "/strategies", body)
    except RefusedError as error:
        if error.status != 422:
            raise
        found = EMPTY | {"valid": False, "problems": error.problems}
        return _editor(name, text, found, problem=None if error.problems else error.detail), 422
    return redirect(url_for("strategies.strategy", name=saved["name"], said="saved"), 303)


def _editor(name: str, text: str, found: Json, problem: str | None = None) -> str:
    return page("editor.html", name=name, text=text, found=found, problem=problem)


def _part(name: str) -> str:
    """A name as one part of a path, whatever is in it."""
    return quote(name, safe="")
