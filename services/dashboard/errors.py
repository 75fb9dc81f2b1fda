"""Pages for what went wrong: what happened, and what to do about it. Scripts get the same as plain text."""

from dataclasses import dataclass
from http import HTTPStatus

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Answer

from services.dashboard.client import RefusedError
from services.dashboard.sessions import api, wants_page
from shared.domain.errors import UnavailableError

ADVICE = {
    400: "The address or the form is not as this dashboard expects it.",
    403: "Somebody with a trader's or an admin's token can do this.",
    404: "It may have been named differently, or belong to another market's data.",
    405: "This address takes a form, and is not a page.",
    409: "Its state has changed since the page was loaded. Load the page again.",
    413: "A strategy file has at most 256 KB.",
    422: "Change what is named above, and send it again.",
    429: "Wait a moment, and try again.",
    500: "This is our fault. The dashboard's log says more.",
    503: "This page tries again by itself. `paperfold up --status` names what runs; the API's /readyz what it misses.",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One error as a page shows it."""

    status: int
    detail: str
    retry: bool = False

    @property
    def title(self) -> str:
        if self.status == 503:
            return "The API does not answer"
        return HTTPStatus(self.status).phrase

    @property
    def advice(self) -> str:
        return ADVICE.get(self.status, "")


def install(app: Flask) -> None:
    @app.errorhandler(RefusedError)
    def refused(error: RefusedError) -> Answer:
        return _answer(Trouble(error.status, error.detail))

    @app.errorhandler(UnavailableError)
    def unavailable(error: UnavailableError) -> Answer:
        answer = _answer(Trouble(503, str(error), retry=request.method == "GET"))
        answer.headers["Retry-After"] = "2"
        return answer

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Answer:
        if error.code is None or error.code < 400:  # a redirect
            return error.get_response()
        return _answer(Trouble(error.code, error.description or HTTPStatus(error.code).phrase))


def _answer(trouble: Trouble) -> Response:
    if not wants_page() or "X-Refresh" in request.headers:
        return Response(trouble.detail + "\n", trouble.status, mimetype="text/plain")
    api_url = api().url if trouble.status == 503 else None
    return Response(render_template("error.html", trouble=trouble, api_url=api_url), trouble.status)
