"""What people ask of a run: recorded with the exchange's time; its owner assigns the minute (decision 0003)."""

from fastapi import APIRouter

from services.api import schemas, views
from services.api.context import Context, Ctx, Trader
from services.api.errors import WrongStateError
from services.api.responses import problems
from services.api.routes.runs import IdempotencyKey, RunId, find
from shared.bus.codec import Control
from shared.domain.command import CommandKind
from shared.store import auth, commands, runs

router = APIRouter(prefix="/runs/{run_id}", tags=["commands"], responses=problems(401, 403, 404, 409))


@router.post("/stop", status_code=202, summary="End a run, with or without closing what is open")
def stop(
    run_id: RunId, ctx: Ctx, who: Trader, asked: schemas.Stop | None = None, idempotency_key: IdempotencyKey = None
) -> schemas.Accepted:
    """A run that no runner ever claimed is stopped at once: nothing was folded."""
    asked = asked or schemas.Stop(close_position=False)
    return give(ctx, run_id, "stop", who.name, asked.idempotency_key or idempotency_key, asked.close_position)


@router.post("/pause", status_code=202, summary="No new entries; stops and targets stay")
def pause(
    run_id: RunId, ctx: Ctx, who: Trader, asked: schemas.Ask | None = None, idempotency_key: IdempotencyKey = None
) -> schemas.Accepted:
    return give(ctx, run_id, "pause", who.name, (asked and asked.idempotency_key) or idempotency_key)


@router.post("/resume", status_code=202, summary="Entries again")
def resume(
    run_id: RunId, ctx: Ctx, who: Trader, asked: schemas.Ask | None = None, idempotency_key: IdempotencyKey = None
) -> schemas.Accepted:
    return give(ctx, run_id, "resume", who.name, (asked and asked.idempotency_key) or idempotency_key)


@router.post("/close", status_code=202, summary="Close what is open; the run goes on")
def close(
    run_id: RunId, ctx: Ctx, who: Trader, asked: schemas.Ask | None = None, idempotency_key: IdempotencyKey = None
) -> schemas.Accepted:
    return give(ctx, run_id, "close_position", who.name, (asked and asked.idempotency_key) or idempotency_key)


def give(
    ctx: Context, run_id: int, kind: CommandKind, who: str, key: str | None, close_position: bool = False
) -> schemas.Accepted:
    """Record a command. Raises NotFoundError, WrongStateError when the run has ended."""
    with ctx.writing() as conn:
        run = find(conn, run_id)
        given = commands.add(conn, run_id, kind, who, close_position=close_position, idempotency_key=key)
        if given is None:
            raise WrongStateError(f"run {run_id} has ended: it is {run.status}")
        command, made = given
        if (command.kind, command.close_position) != (kind, close_position):
            raise WrongStateError(f"the idempotency key {key!r} gave command {command.id}, which is another one")
        if made:
            runs.log(conn, run_id, f"command_{kind}", who, "close the position first" if close_position else None)
            auth.note(conn, who, f"run_{kind}", str(run_id), {"command": command.id, "close_position": close_position})
        if made and kind == "stop" and runs.stop_unclaimed(conn, run_id):
            runs.log(conn, run_id, "stopped", who, "no runner had claimed it")
        answer = {
            "command": views.command_json(command),
            "run": views.run_json(conn, ctx.ledgers, find(conn, run_id)),
        }
    if made:
        ctx.tell(Control("command", run_id))
    return schemas.Accepted.model_validate(answer)
