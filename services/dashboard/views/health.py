"""Is the process alive, can it serve: for supervisors. No session."""

from flask import Blueprint, Response

from services.dashboard.sessions import api

pages = Blueprint("health", __name__)


@pages.get("/livez")
def livez() -> Response:
    return Response("ok\n", mimetype="text/plain")


@pages.get("/readyz")
def readyz() -> Response:
    if api().is_ready():
        return Response("[+]api ok\nready\n", mimetype="text/plain")
    return Response("[-]api failed: it does not answer\nnot ready\n", 503, mimetype="text/plain")


@pages.get("/favicon.ico")
def favicon() -> Response:
    return Response(status=204)
