"""The overview: strategies, each with a button that starts it; runs, live; sums; the feed and the runners."""

import json
from functools import partial
from math import ceil
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as Answer

from services.dashboard import summary
from services.dashboard.client import Json, Params, RefusedError
from services.dashboard.formats import iso, plain
from services.dashboard.sessions import api, person
from services.dashboard.views.frame import page
from services.dashboard.words import ENDED

pages = Blueprint("overview", __name__)

PAGE = 500  # the most that the API gives at once
MOST_ACTIVE = 5000
ROWS = 100  # runs on a page of the table
OPTIONS = ("variant", "instrument", "cash", "version_sha256")


@pages.get("/")
def overview() -> str:
    """`?again=7`: with the options of run 7 filled in; `&mode=backtest`: over the time that it has run."""
    again = request.args.get("again", type=int)
    return _overview(given=None if again is None else _options_of(api().get(person().session, f"/runs/{again}")))


@pages.post("/runs")
def start() -> Answer | tuple[str, int]:
    """Start a run: of a button alone with every default, of its options with what was filled in."""
    wanted = _wanted(request.form.to_dict())
    try:
        run = api().post(person().session, "/runs", wanted)
    except RefusedError as error:
        if error.status not in (404, 409, 422):
            raise
        problem = f"{wanted['strategy']} was not started: {error.detail}"
        return _overview(problem, given=request.form.to_dict()), error.status
    return redirect(url_for("runs.run", run_id=run["id"], said="started"), 303)


def _options_of(run: Json) -> dict[str, str]:
    """What the form would have held that starts the same run."""
    mode = request.args.get("mode") or run["mode"]
    given = {
        "strategy": run["strategy"],
        "mode": mode,
        "variant": run["variant"] or "",
        "version_sha256": run["version_sha256"],
        "instrument": run["instrument"],
        "cash": plain(run["cash"]),
        "params": ", ".join(f"{name}={value}" for name, value in run["params"].items()),
    }
    if mode == "backtest":
        given |= {"start_at": minute(run["start_ms"]), "end_at": minute(run["last_bar_ms"])}
    return given


def minute(ms: int | None) -> str:
    """As a field for a date and a time wants it; empty without a time."""
    return "" if ms is None else iso(ms)[:16]


def _wanted(form: dict[str, str]) -> dict[str, Any]:
    given = {name: text.strip() for name, text in form.items() if text.strip()}
    mode = "backtest" if given.get("mode") == "backtest" else "paper"
    body: dict[str, Any] = {"strategy": given.get("strategy", ""), "mode": mode}
    body |= {name: given[name] for name in OPTIONS if name in given}
    times = {"from": "start_at", "to": "end_at"} if mode == "backtest" else {"start_at": "start_at"}
    body |= {name: given[field] for name, field in times.items() if field in given}
    if "params" in given:
        body["params"] = _params(given["params"])
    if "form_key" in given:
        body["idempotency_key"] = given["form_key"]
    return body


def _params(text: str) -> dict[str, str | int | float | bool]:
    """`fast.length=12, slow.length=30` by name; what is not a number stays text, for the API to judge."""
    pairs = (part.partition("=") for part in text.replace(";", ",").replace("\n", ",").split(",") if part.strip())
    return {name.strip(): _value(value.strip()) for name, _, value in pairs}


def _value(text: str) -> str | int | float | bool:
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, int | float | bool | str) else text


def _overview(problem: str | None = None, given: dict[str, str] | None = None) -> str:
    session = person().session
    runs, total = _runs(session)
    system = api().get(session, "/system")
    wanted = request.args.get("show", "active")
    wanted = wanted if wanted in summary.FILTERS else "active"
    strategy = request.args.get("strategy") or None
    items = [run for run in runs if strategy is None or run["strategy"] == strategy]
    sort = request.args.get("sort", summary.NEWEST)
    sort = sort if sort.removeprefix("-") in summary.SORTS else summary.NEWEST
    rows = summary.ordered(summary.shown(items, wanted), sort)
    number = min(max(1, request.args.get("page", 1, type=int)), max(1, ceil(len(rows) / ROWS)))
    return page(
        "overview.html",
        system=system,
        strategies=api().get(session, "/strategies", {"limit": PAGE})["items"],
        runs=rows[(number - 1) * ROWS : number * ROWS],
        number=number,
        pages=ceil(len(rows) / ROWS),
        counts=summary.counts(items),
        shown=wanted,
        sort=sort,
        address=partial(_address, show=wanted, strategy=strategy, sort=sort),
        strategy=strategy,
        hidden=total - len(runs),
        sums=summary.sums(runs),
        places=summary.places(runs, system),
        wanted={run["instrument"] for run in runs if run["status"] not in ENDED},
        problem=problem,
        given=given or {},
    )


def _address(**given: str | int | None) -> str:
    """This page with other choices; what is as without a choice is left out."""
    usual = {"show": "active", "sort": summary.NEWEST, "page": 1}
    chosen: dict[str, Any] = {name: one for name, one in given.items() if usual.get(name) != one}
    return url_for("overview.overview", **chosen)


def _runs(session: str) -> tuple[list[Json], int]:
    """The newest runs and every active one, newest first; and how many runs there are."""
    newest = api().get(session, "/runs", {"limit": PAGE})
    found: dict[int, Json] = {run["id"]: run for run in newest["items"]}
    total = int(newest["total"])
    offset = 0
    while len(found) < total and offset < MOST_ACTIVE:
        asked: Params = {"limit": PAGE, "offset": offset, "status": summary.FILTERS["active"]}
        items = api().get(session, "/runs", asked)["items"]
        found |= {run["id"]: run for run in items}
        if len(items) < PAGE:
            break
        offset += PAGE
    return sorted(found.values(), key=lambda run: -int(run["id"])), total
