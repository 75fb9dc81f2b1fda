"""What changes, as server-sent events."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from services.api.context import Ctx, Viewer
from services.api.events import MOST_CLIENTS, Client, EventStream
from services.api.responses import problems
from services.api.routes.runs import find
from shared.domain.errors import UnavailableError
from shared.store.runs import Run

router = APIRouter(tags=["events"])


@router.get(
    "/events",
    summary="Runs, bars, ticks and the system, as they change",
    response_class=EventStream,
    responses={200: {"content": {"text/event-stream": {}}}, **problems(401, 403, 404)},
)
async def events(
    ctx: Ctx, _: Viewer, run: Annotated[int | None, Query(description="only this run")] = None
) -> EventStream:
    """A new stream begins with the state of what it watches."""
    if len(ctx.watch.clients) >= MOST_CLIENTS:
        raise UnavailableError(f"{MOST_CLIENTS} event streams are open")
    client = Client()
    first = [await run_in_threadpool(ctx.watch.read_system)]
    if run is not None:
        found = await run_in_threadpool(_find, ctx, run)
        client = Client(found.id, found.instrument)
        first += await run_in_threadpool(ctx.watch.read_runs, [run])
    return EventStream(client, ctx.watch.clients, first)


def _find(ctx: Ctx, run_id: int) -> Run:
    with ctx.reading() as conn:
        return find(conn, run_id)
