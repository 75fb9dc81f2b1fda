"""What a run has done: trades, fills, orders, notes, equity, position, statistics, rules, the whole as one document."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from services.api import export, schemas, views
from services.api.context import Context, Ctx, Viewer
from services.api.exports import Exported, is_long
from services.api.responses import problems
from services.api.routes.runs import Limit, Offset, Order, RunId, find
from services.api.rules import rules_json
from shared.domain.decision import NOTES, Fill, Note, OrderEvent, Trade
from shared.performance.breakdowns import BREAKDOWNS, Breakdown, Row
from shared.performance.calendar import PERIODS
from shared.performance.document import fill_json, order_json, trade_json
from shared.store import counters, curves, database
from shared.store.decisions import page
from shared.store.rows import Record

router = APIRouter(prefix="/runs/{run_id}", tags=["results"], responses=problems(401, 403, 404))

FOR_EVER = 2**62
Points = Annotated[int, Query(ge=4, le=20_000)]
Ms = Annotated[int | None, Query(ge=0, le=FOR_EVER)]


@router.get("/trades", summary="Round trips")
def trades(
    run_id: RunId, ctx: Ctx, _: Viewer, limit: Limit = 100, offset: Offset = 0, order: Order = "asc"
) -> schemas.Listed[schemas.Trade]:
    return schemas.Listed[schemas.Trade].model_validate(listed(ctx, run_id, Trade, limit, offset, order))


@router.get("/fills", summary="Executions")
def fills(
    run_id: RunId, ctx: Ctx, _: Viewer, limit: Limit = 100, offset: Offset = 0, order: Order = "asc"
) -> schemas.Listed[schemas.Fill]:
    return schemas.Listed[schemas.Fill].model_validate(listed(ctx, run_id, Fill, limit, offset, order))


@router.get("/orders", summary="Orders, each as its latest event left it")
def orders(
    run_id: RunId, ctx: Ctx, _: Viewer, limit: Limit = 100, offset: Offset = 0, order: Order = "asc"
) -> schemas.Listed[schemas.Order]:
    return schemas.Listed[schemas.Order].model_validate(listed(ctx, run_id, OrderEvent, limit, offset, order))


@router.get("/notes", summary="What a person should know that changed no order")
def notes(
    run_id: RunId, ctx: Ctx, _: Viewer, limit: Limit = 100, offset: Offset = 0, order: Order = "asc"
) -> schemas.Listed[schemas.Note]:
    return schemas.Listed[schemas.Note].model_validate(listed(ctx, run_id, Note, limit, offset, order))


@router.get("/equity", summary="The equity curve, thinned to a number of points")
def equity(
    run_id: RunId, ctx: Ctx, _: Viewer, points: Points = 2_000, from_ms: Ms = None, to_ms: Ms = None
) -> schemas.Equity:
    with ctx.reading() as conn:
        run = find(conn, run_id)
        curve = curves.equity_curve(conn, run_id, points, from_ms or 0, FOR_EVER if to_ms is None else to_ms)
    decimals = run.rules.quote_decimals
    items = [(ts_ms, f"{value:.{decimals}f}") for ts_ms, value in curve.points]
    return schemas.Equity(items=items, thinned=curve.is_thinned, total=curve.total)


@router.get("/position", summary="What the run holds, at the close of its last bar")
def position(run_id: RunId, ctx: Ctx, _: Viewer) -> schemas.Position:
    with ctx.reading() as conn:
        return schemas.Position.model_validate(views.position_json(conn, ctx.ledgers, find(conn, run_id)))


@router.get("/stats", summary="Statistics; what is undefined is null, with its reason")
async def stats(run_id: RunId, ctx: Ctx, _: Viewer) -> dict[str, object]:
    def ask(most: int | None) -> dict[str, object]:
        with ctx.reading() as conn:
            return ctx.ledgers.statistics(conn, find(conn, run_id), most)

    return await ctx.adders.patiently(ask)


@router.get(
    "/breakdowns",
    summary="Trades by side, exit reason, hour, weekday, day, week, month (UTC, by their exit)",
    response_model=schemas.Breakdowns,
)
async def breakdowns(
    run_id: RunId,
    ctx: Ctx,
    _: Viewer,
    by: Annotated[list[Breakdown] | None, Query(description="default: all of them")] = None,
    newest: Annotated[int | None, Query(ge=1, description="of days, weeks and months only so many")] = None,
) -> Response:
    def ask(most: int | None) -> dict[Breakdown, list[Row]]:
        with ctx.reading() as conn:
            return ctx.ledgers.breakdowns(conn, find(conn, run_id), by or BREAKDOWNS, most)

    found = await ctx.adders.patiently(ask)
    if newest is not None:
        found = {name: rows[-newest:] if name in PERIODS else rows for name, rows in found.items()}
    # rows of every day of years: as they are, not one by one through their models
    return JSONResponse(found)


@router.get("/rules", summary="Rules, and how often each held: what keeps a run from trading")
def rules(run_id: RunId, ctx: Ctx, _: Viewer) -> schemas.Rules:
    with ctx.reading() as conn:
        run = find(conn, run_id)
        found = rules_json(run, ctx.ledgers.plans.of(conn, run), *counters.read(conn, run_id))
    return schemas.Rules.model_validate(found)


@router.get(
    "/export",
    summary="The document of `paperfold backtest --json`",
    response_class=Response,
    responses=problems(401, 403, 404, 409),
)
async def whole(run_id: RunId, ctx: Ctx, _: Viewer) -> Response:
    text = await run_in_threadpool(document_at_once, ctx, run_id)
    headers = {"Content-Disposition": f'attachment; filename="run-{run_id}.json"'}
    if text is None:
        return Exported(ctx.exports, run_id, headers)
    return Response(text, media_type="application/json", headers=headers)


def document_at_once(ctx: Context, run_id: int) -> str | None:
    """The document of a run; None of one that is too long to be written in between."""
    with database.long_read(ctx.engine) as conn:
        run = find(conn, run_id)
        if is_long(run):
            export.folded(conn, run)
            return None
        return "".join(export.pieces(conn, ctx.ledgers.plans, run))


def listed(ctx: Context, run_id: int, record: Record, limit: int, offset: int, order: Order) -> dict[str, object]:
    """One page of a run's rows of a kind."""
    with ctx.reading() as conn:
        run = find(conn, run_id)
        found, total = page(conn, run_id, run.rules, record, limit, offset, newest=order == "desc")
    items: list[dict[str, object]] = []
    for row in found:
        if isinstance(row, Trade):
            items.append(trade_json(run.rules, row))
        elif isinstance(row, Fill):
            items.append(fill_json(run.rules, row))
        elif isinstance(row, OrderEvent):
            items.append(order_json(run.rules, row))
        elif isinstance(row, Note):
            items.append({"seq": row.seq, "ts_ms": row.ts_ms, "note": NOTES[row.code], "value": row.value})
    return {"items": items, "total": total, "limit": limit, "offset": offset}
