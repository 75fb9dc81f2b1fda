"""Is the process alive, can it serve, what has it done: for supervisors and Prometheus. No token."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from services.api import neighbours
from services.api.context import Ctx
from services.api.metrics import CONTENT_TYPE

router = APIRouter(tags=["health"])


@router.get(
    "/livez",
    response_class=PlainTextResponse,
    summary="The process answers",
    responses={503: {"description": "A part of it has died for good: replace the process"}},
)
async def livez(ctx: Ctx) -> PlainTextResponse:
    dead = ctx.watch.failure
    return PlainTextResponse("ok\n" if dead is None else f"dead: {dead}\n", 200 if dead is None else 503)


@router.get(
    "/readyz",
    response_class=PlainTextResponse,
    summary="Its neighbours answer",
    responses={503: {"description": "One of them does not; `?verbose` says which and why"}},
)
def readyz(request: Request, ctx: Ctx) -> Response:
    """Ready when start-up is complete and the database takes writes. Without Redis it serves, with older screens."""
    database, redis = neighbours.database(ctx), neighbours.redis(ctx)
    checks = [("database", database, True), ("redis", redis, False), ("start", ctx.not_started, True)]
    ready = not any(reason for _, reason, needed in checks if needed)
    lines = [_line(name, reason, needed) for name, reason, needed in checks]
    verbose = "verbose" in request.query_params or not ready
    body = "\n".join([*lines, "ready" if ready else "not ready"]) if verbose else "ready"
    return PlainTextResponse(body + "\n", 200 if ready else 503)


@router.get("/metrics", response_class=PlainTextResponse, summary="Prometheus")
def metrics(ctx: Ctx) -> Response:
    return Response(ctx.metrics.text(), media_type=CONTENT_TYPE)


def _line(name: str, reason: str | None, needed: bool) -> str:
    if reason is None:
        return f"[+]{name} ok"
    return f"[-]{name} failed: {reason}" if needed else f"[!]{name} degraded: {reason}"
