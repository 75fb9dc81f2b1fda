"""Every answer that is not what was asked for, as application/problem+json (RFC 9457): one table, error -> status."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from services.api.export import NothingToExportError
from shared import log
from shared.domain.errors import InputError, PaperfoldError, UnavailableError
from shared.strategy.problems import Problem, StrategyError

TYPE = "urn:paperfold:problem:"
MEDIA = "application/problem+json"


class NotFoundError(PaperfoldError):
    """Nothing has this name."""


class WrongStateError(PaperfoldError):
    """It exists, and is not in a state in which this can be done."""


class UnauthorizedError(PaperfoldError):
    """No token, or one that nobody knows."""


class ForbiddenError(PaperfoldError):
    """The token's role is too low."""


class Kind(NamedTuple):
    status: int
    slug: str
    headers: Mapping[str, str] = {}


# In the order in which they are tried: a subclass stands before its base
ERROR_STATUS: dict[type[Exception], Kind] = {
    StrategyError: Kind(422, "invalid-strategy"),
    InputError: Kind(422, "invalid-input"),
    NotFoundError: Kind(404, "not-found"),
    WrongStateError: Kind(409, "wrong-state"),
    NothingToExportError: Kind(409, "wrong-state"),
    UnauthorizedError: Kind(401, "unauthorized", {"WWW-Authenticate": "Bearer"}),
    ForbiddenError: Kind(403, "forbidden"),
    UnavailableError: Kind(503, "unavailable", {"Retry-After": "1"}),
}
HTTP_SLUGS = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 429: "too-many-requests"}

_log = log.get("api")


class ProblemResponse(JSONResponse):
    """May quote what cannot be encoded: a lone surrogate goes back as the escape it came as."""

    media_type = MEDIA

    def render(self, content: object) -> bytes:
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def problem(
    status: int,
    slug: str,
    detail: str,
    instance: str,
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> JSONResponse:
    body = {
        "type": TYPE + slug,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": instance,
        **more,
    }
    return ProblemResponse(body, status, headers=dict(headers or {}))


def problem_json(found: Problem) -> dict[str, object]:
    """One finding in a strategy file."""
    return {
        "file": found.file,
        "line": found.line,
        "column": found.column,
        "severity": found.severity,
        "where": found.where,
        "message": found.message,
    }


def install(app: FastAPI) -> None:
    """Answer every error of this application as a problem."""
    for error in ERROR_STATUS:
        app.add_exception_handler(error, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _ours(request: Request, error: Exception) -> JSONResponse:
    kind = next(kind for family, kind in ERROR_STATUS.items() if isinstance(error, family))
    more: dict[str, object] = {}
    if isinstance(error, StrategyError):
        more["problems"] = [problem_json(found) for found in error.problems]
    if kind.status == 503:
        _log.warning("neighbour_unavailable", path=request.url.path, reason=str(error))
    return problem(kind.status, kind.slug, str(error), request.url.path, kind.headers, **more)


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - narrows; registered for nothing else
    errors = [invalid_part(part) for part in error.errors()]
    detail = "; ".join(f"{part['where']}: {part['rule']}" for part in errors)
    return problem(422, "invalid-request", detail, request.url.path, errors=errors)


def invalid_part(part: Mapping[str, object]) -> dict[str, object]:
    """One finding of the request's schema: where, the rule, and the value where it is short and harmless."""
    place = part.get("loc")
    where = ".".join(map(str, place)) if isinstance(place, Sequence) else str(place)
    found = part.get("input")
    shown = found if isinstance(found, str | int | float | bool) and len(str(found)) <= 100 else None
    return {"where": where, "rule": str(part.get("msg")), "found": shown}


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - narrows; registered for nothing else
    status = 422 if error.status_code == 400 else error.status_code  # a body that is not even JSON is invalid too
    slug = HTTP_SLUGS.get(status, "invalid-request")
    detail = str(error.detail)
    if error.status_code == 404 and detail == "Not Found":
        detail = "no such path"
    return problem(status, slug, detail, request.url.path, error.headers)


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    _log.error("request_failed", path=request.url.path, error=repr(error))
    return problem(500, "internal-error", "this is our fault; the log says more", request.url.path)
