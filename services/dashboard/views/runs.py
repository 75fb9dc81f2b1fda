"""The page of one run: figures, charts, trades, orders, notes, log; and the forms that command it."""

import csv
import io
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from flask import Blueprint, Response, abort, current_app, redirect, request, stream_with_context, url_for
from werkzeug.wrappers import Response as Answer

from services.dashboard import figures
from services.dashboard.client import Json, Params, RefusedError
from services.dashboard.formats import iso
from services.dashboard.rules import sides
from services.dashboard.sessions import api, person
from services.dashboard.views.events import Listeners, Passed
from services.dashboard.views.frame import page

pages = Blueprint("runs", __name__)

PAGE_ROWS = 50
CSV_ROWS = 500  # as many as the API gives at once
TABS = {
    "trades": "Trades", "statistics": "Statistics", "breakdowns": "Breakdowns", "orders": "Orders", "fills": "Fills",
    "notes": "Notes", "log": "Log", "strategy": "Strategy",
}  # fmt: skip
PAGED = ("trades", "orders", "fills", "notes", "log")
VERBS = ("stop", "pause", "resume", "close")
# Name -> its title, and the head of its first column.
BREAKDOWNS = {
    "side": ("By side", "Side"), "exit_reason": ("By exit", "Exit by"), "month": ("By month", "Month"),
    "week": ("By week", "Week"), "day": ("By day", "Day"), "weekday": ("By weekday", "Weekday"),
    "hour": ("By hour of exit", "Hour, UTC"),
}  # fmt: skip
NEWEST = 31  # days, weeks, months that are shown
TIMEFRAMES = ("1m", "5m", "15m", "1h", "4h", "1d")
CSV_COLUMNS = (
    "seq", "side", "entry_at", "exit_at", "entry_ms", "exit_ms", "quantity", "entry_price", "exit_price",
    "gross_quote", "fees_quote", "net_quote", "return_ratio", "mae_ratio", "mfe_ratio", "exit_reason",
)  # fmt: skip


@pages.get("/runs/<int:run_id>")
def run(run_id: int) -> str:
    return _run(run_id)


@pages.post("/runs/<int:run_id>/<verb>")
def command(run_id: int, verb: str) -> Answer | tuple[str, int]:
    if verb not in VERBS:
        abort(404)
    body: dict[str, Any] = {"idempotency_key": request.form.get("form_key") or None}
    if verb == "stop":
        body["close_position"] = request.form.get("close_position") == "yes"
    try:
        api().post(person().session, f"/runs/{run_id}/{verb}", body)
    except RefusedError as error:
        if error.status not in (409, 422):
            raise
        return _run(run_id, problem=error.detail), error.status
    return redirect(url_for("runs.run", run_id=run_id, said=verb), 303)


@pages.get("/runs/<int:run_id>/export.json")
def export(run_id: int) -> Answer:
    listeners: Listeners = current_app.extensions["listeners"]
    with ExitStack() as held:
        stream = held.enter_context(api().stream(person().session, f"/runs/{run_id}/export"))
        held.enter_context(listeners.listening(stream))
        document = Passed(stream.whole(), held.pop_all())
    return Response(document, mimetype="application/json", headers=_download(f"run-{run_id}.json"))


@pages.get("/runs/<int:run_id>/trades.csv")
def trades_csv(run_id: int) -> Answer:
    session = person().session
    first = _trades(session, run_id, 0)
    rows = stream_with_context(_csv(session, run_id, first))
    return Response(rows, mimetype="text/csv", headers=_download(f"run-{run_id}-trades.csv"))


def _run(run_id: int, problem: str | None = None) -> str:
    session = person().session
    found = api().get(session, f"/runs/{run_id}")
    tab = request.args.get("tab", "trades")
    tab = tab if tab in TABS else "trades"
    number = max(1, request.args.get("page", 1, type=int))
    entry = found["entry_timeframe"]
    return page(
        "run.html",
        run=found,
        position=api().get(session, f"/runs/{run_id}/position"),
        tabs=TABS,
        tab=tab,
        number=number,
        rows_per_page=PAGE_ROWS,
        timeframes=TIMEFRAMES if entry in TIMEFRAMES else (entry, *TIMEFRAMES),
        problem=problem,
        **_panel(session, found, tab, number),
    )


def _panel(session: str, run: Json, tab: str, number: int) -> dict[str, Any]:
    """What the chosen tab shows."""
    path = f"/runs/{run['id']}"
    if tab in PAGED:
        asked: Params = {"limit": PAGE_ROWS, "offset": (number - 1) * PAGE_ROWS, "order": "desc"}
        return {"listed": api().get(session, f"{path}/{tab}", asked)}
    if tab == "statistics":
        return {"groups": figures.groups(api().get(session, f"{path}/stats"))}
    if tab == "breakdowns":
        return {
            "newest": NEWEST,
            "breakdowns": _breakdowns(api().get(session, f"{path}/breakdowns", {"newest": NEWEST})),
        }
    strategy, rules = api().get(session, f"/strategies/{run['strategy']}"), api().get(session, f"{path}/rules")
    is_newest = strategy["version_sha256"] == run["version_sha256"]
    return {"strategy": strategy, "is_newest": is_newest, "rules": rules, "sides": sides(rules, run["synthetic_short"])}


def _breakdowns(found: Json) -> list[tuple[str, str, list[Json]]]:
    """(title, head of the first column, rows); periods newest first."""
    tables = []
    for name, (title, head) in BREAKDOWNS.items():
        rows = found[name]
        tables.append((title, head, rows[::-1] if rows and "from_ms" in rows[0] else rows))
    return tables


def _trades(session: str, run_id: int, offset: int) -> list[Json]:
    asked: Params = {"limit": CSV_ROWS, "offset": offset, "order": "asc"}
    items: list[Json] = api().get(session, f"/runs/{run_id}/trades", asked)["items"]
    return items


def _csv(session: str, run_id: int, items: list[Json]) -> Iterator[str]:
    """Lines of the file, a page of the API at a time; oldest first, so that a trade that comes meanwhile is last."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    offset = 0
    while True:
        for trade in items:
            times = {"entry_at": iso(trade["entry_ms"]), "exit_at": iso(trade["exit_ms"])}
            writer.writerow([(trade | times).get(column) for column in CSV_COLUMNS])
        yield text.getvalue()
        text.seek(0)
        text.truncate()
        if len(items) < CSV_ROWS:
            return
        offset += CSV_ROWS
        items = _trades(session, run_id, offset)


def _download(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
