"""Runs: create, list, show. Creating one writes a row; whoever folds finds it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response
from sqlalchemy import Connection

from services.api import creation, schemas, views
from services.api.context import Ctx, Trader, Viewer
from services.api.errors import NotFoundError, WrongStateError
from services.api.responses import problems
from services.api.times import iso
from shared.bus.codec import Control
from shared.domain.run import RunMode, RunStatus
from shared.store import auth, commands, runs

router = APIRouter(prefix="/runs", tags=["runs"])

LARGEST_ID = 2**63 - 1
Limit = Annotated[int, Query(ge=1, le=500)]
Offset = Annotated[int, Query(ge=0, le=LARGEST_ID)]
RunId = int
Order = Literal["asc", "desc"]
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]


@router.get("", summary="Runs, newest first", responses=problems(401, 403))
def list_all(
    ctx: Ctx,
    _: Viewer,
    status: Annotated[list[RunStatus] | None, Query(description="may be repeated")] = None,
    strategy: Annotated[str | None, Query(max_length=200)] = None,
    mode: RunMode | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> schemas.Listed[schemas.Run]:
    with ctx.reading() as conn:
        found, total = runs.list_runs(
            conn, status=status or (), strategy=strategy, mode=mode, limit=limit, offset=offset
        )
        items = views.runs_json(conn, ctx.ledgers, found)
    return schemas.Listed[schemas.Run].model_validate(
        {"items": items, "total": total, "limit": limit, "offset": offset}
    )


@router.post(
    "",
    status_code=201,
    summary="Start a run",
    responses={
        200: {"model": schemas.Run, "description": "The idempotency key was known: the run it made"},
        **problems(401, 403, 404, 409),
    },
)
def create(
    asked: schemas.NewRun, response: Response, ctx: Ctx, who: Trader, idempotency_key: IdempotencyKey = None
) -> schemas.Run:
    """Fix everything that the fold will need, and write it down. The run is `pending` until a runner has it."""
    key = asked.idempotency_key or idempotency_key
    with ctx.writing() as conn:
        run, made = runs.create(conn, creation.new_run(conn, asked, who.name), key)
        if not made and not creation.is_what_was_asked(run, asked):
            raise WrongStateError(f"the idempotency key {key!r} made run {run.id}, which is another one")
        if made:
            detail = {"strategy": run.strategy, "version": run.strategy_version, "mode": run.mode}
            auth.note(conn, who.name, "run_created", str(run.id), detail)
        answer = views.run_json(conn, ctx.ledgers, run)
    if made:
        ctx.tell(Control("run", run.id))
    else:
        response.status_code = 200
    response.headers["Location"] = f"/api/v1/runs/{run.id}"
    return schemas.Run.model_validate(answer)


@router.get(
    "/{run_id}", summary="One run, with its headline statistics and commands", responses=problems(401, 403, 404)
)
async def show(run_id: RunId, ctx: Ctx, _: Viewer) -> schemas.RunDetail:
    def ask(most: int | None) -> schemas.RunDetail:
        with ctx.reading() as conn:
            run = find(conn, run_id)
            answer = views.run_json(conn, ctx.ledgers, run)
            answer["stats"] = views.headline(ctx.ledgers.statistics(conn, run, most))
            answer["commands"] = [views.command_json(one) for one in commands.list_commands(conn, run_id)]
        return schemas.RunDetail.model_validate(answer)

    return await ctx.adders.patiently(ask)


@router.get("/{run_id}/log", summary="What runners and people did", responses=problems(401, 403, 404))
def log(run_id: RunId, ctx: Ctx, _: Viewer, limit: Limit = 200, offset: Offset = 0) -> schemas.Listed[schemas.LogEntry]:
    with ctx.reading() as conn:
        find(conn, run_id)
        entries, total = runs.read_log(conn, run_id, limit, offset)
    items = [
        {"at_ms": one.at_ms, "at": iso(one.at_ms), "event": one.event, "who": one.who, "detail": one.detail}
        for one in entries
    ]
    return schemas.Listed[schemas.LogEntry].model_validate(
        {"items": items, "total": total, "limit": limit, "offset": offset}
    )


def find(conn: Connection, run_id: int) -> runs.Run:
    """The run. Raises NotFoundError."""
    run = runs.find(conn, run_id) if 0 < run_id <= LARGEST_ID else None
    if run is None:
        raise NotFoundError(f"run {run_id} does not exist")
    return run
