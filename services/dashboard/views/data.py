"""Data for the charts: the API's answers as they are, from a list of addresses and parameters that pages need."""

from collections.abc import Sequence

from flask import Blueprint, Response, request

from services.dashboard.sessions import api, person

pages = Blueprint("data", __name__, url_prefix="/data")


@pages.get("/system")
def system() -> Response:
    return _pass("/system", ())


@pages.get("/bars")
def bars() -> Response:
    return _pass("/bars", ("instrument", "timeframe", "from_ms", "to_ms", "limit"))


@pages.get("/runs/<int:run_id>/fills")
def fills(run_id: int) -> Response:
    return _pass(f"/runs/{run_id}/fills", ("limit", "offset", "order"))


@pages.get("/runs/<int:run_id>/equity")
def equity(run_id: int) -> Response:
    return _pass(f"/runs/{run_id}/equity", ("points", "from_ms", "to_ms"))


@pages.get("/runs/<int:run_id>/position")
def position(run_id: int) -> Response:
    return _pass(f"/runs/{run_id}/position", ())


def _pass(path: str, allowed: Sequence[str]) -> Response:
    params = {name: request.args[name] for name in allowed if name in request.args}
    return Response(api().raw(person().session, path, params), mimetype="application/json")
