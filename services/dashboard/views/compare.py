"""Runs side by side: their curves in one chart, their settings and figures in one table."""

from flask import Blueprint, request

from services.dashboard import comparison
from services.dashboard.sessions import api, person
from services.dashboard.views.frame import page

pages = Blueprint("compare", __name__)

MOST = 8  # as many curves as can be told apart


@pages.get("/compare")
def compare() -> str:
    """`?run=1&run=2`: from two to MOST runs, in the order asked for."""
    session = person().session
    asked = list(dict.fromkeys(request.args.getlist("run", type=int)))
    runs = [api().get(session, f"/runs/{run_id}") for run_id in asked[:MOST]]
    stats = [api().get(session, f"/runs/{run['id']}/stats") for run in runs]
    return page(
        "compare.html",
        runs=runs,
        dropped=len(asked) - len(runs),
        most=MOST,
        setup=comparison.setup(runs),
        results=comparison.results(stats),
    )
