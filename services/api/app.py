"""The application: parts wired together, nothing decided here."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import HTMLResponse
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from services.api import docs, errors, neighbours, startup, views
from services.api.auth import bearer
from services.api.context import Context, started
from services.api.edge import Edge
from services.api.errors import UnauthorizedError
from services.api.events import Event, event
from services.api.metrics import Metrics
from services.api.rate import RateLimit
from services.api.routes import commands, events, health, keys, market, results, runs, sessions, strategies
from services.api.schemas import ProblemDetails
from services.api.watch import Watch, cancelled
from shared import log
from shared.domain.errors import PaperfoldError, UnavailableError
from shared.release import package_version
from shared.settings import Settings
from shared.store import market as markets
from shared.store import runs as run_rows

PREFIX = "/api/v1"
ROUTERS = (strategies, runs, commands, results, market, events, sessions, keys)
AGAIN_S = 1.0
ABOUT = (
    "Paper trading of declarative crypto strategies. Money is decimal text, ratios are numbers, times are UTC "
    "milliseconds; errors are problem documents (RFC 9457)."
)

_log = log.get("api")


def create_app(settings: Settings, engine: Engine, bus: Redis, events_bus: AsyncRedis) -> FastAPI:
    """The API over a database and a bus; `events_bus` is the same bus for asyncio. Closes them when it stops."""
    metrics = Metrics()
    ctx = Context(settings, engine, bus, metrics)
    ctx.watch = watch_of(ctx, events_bus)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        # each thread may hold a connection; more threads than connections would only wait for each other
        anyio.to_thread.current_default_thread_limiter().total_tokens = 2 * settings.database.pool_size + 4
        ctx.watch.start()
        looking = asyncio.create_task(neighbours.watch(ctx), name="neighbours")
        looking.add_done_callback(ctx.watch.ended)
        starting = asyncio.create_task(start(ctx), name="start") if await must_wait(ctx) else None
        if starting is not None:
            starting.add_done_callback(ctx.watch.ended)
        yield
        await ctx.watch.stop()
        await cancelled([looking] if starting is None else [looking, starting])
        ctx.adders.close()
        ctx.exports.close()
        await events_bus.aclose()
        bus.close()
        engine.dispose()

    app = FastAPI(
        title="Paperfold", version=package_version(), description=ABOUT, lifespan=life, docs_url=None, redoc_url=None
    )
    app.state.context = ctx
    app.add_middleware(
        Edge,
        hosts=settings.api.allowed_hosts,
        limit=RateLimit(settings.api.rate_per_s, 2 * settings.api.rate_per_s),
        metrics=metrics,
        caller=lambda request: caller(ctx, request),
    )
    errors.install(app)
    app.include_router(health.router)
    api = APIRouter(prefix=PREFIX, dependencies=[Depends(started)])
    for module in ROUTERS:
        api.include_router(module.router)
    app.include_router(api)
    describe(app)
    return app


async def must_wait(ctx: Context) -> bool:
    """The first attempt at start-up; True when it has to be tried again. Raises what trying again cannot mend."""
    try:
        await run_in_threadpool(startup.prepare, ctx)
    except UnavailableError as error:
        ctx.not_started = str(error)
        _log.warning("start_waits", reason=str(error))
        return True
    return False


async def start(ctx: Context) -> None:
    """Try again until it is done. What cannot be mended is left standing in /readyz."""
    while ctx.not_started is not None:
        await asyncio.sleep(AGAIN_S)
        try:
            await run_in_threadpool(startup.prepare, ctx)
        except UnavailableError as error:
            ctx.not_started = str(error)
        except PaperfoldError as error:
            ctx.not_started = str(error)
            _log.error("start_refused", reason=str(error))
            return


def caller(ctx: Context, request: Request) -> str:
    """Whose requests are counted together: a token that is good, else the address."""
    try:
        token = bearer(request.headers.get("authorization"))
    except UnauthorizedError:
        token = ""
    if token and ctx.keys.knows(token):
        return f"token {token}"
    return f"address {request.client.host if request.client else ''}"


def watch_of(ctx: Context, bus: AsyncRedis) -> Watch:
    def read_runs(run_ids: Iterable[int]) -> list[Event]:
        with ctx.reading() as conn:
            found = run_rows.get_many(conn, list(run_ids))
            shown = views.runs_json(conn, ctx.ledgers, found)
        return [
            event("run", f"run {run.id}", data, run=run.id, instrument=run.instrument)
            for run, data in zip(found, shown, strict=True)
        ]

    def read_system() -> Event:
        return event("system", "system", market.system_json(ctx))

    def read_instruments() -> list[str]:
        with ctx.reading() as conn:
            return [one.name for one in markets.list_instruments(conn)]

    return Watch(bus, ctx.metrics, read_runs, read_system, read_instruments, lambda: ctx.not_started is None)


def describe(app: FastAPI) -> None:
    """The OpenAPI document with the one schema that no route returns as its model, and a page that shows it."""
    plain = app.openapi

    def openapi() -> dict[str, object]:
        if app.openapi_schema is None:
            document = plain()
            schema = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
            schema.pop("$defs", None)
            document["components"]["schemas"][ProblemDetails.__name__] = schema
        return plain()

    app.openapi = openapi  # type: ignore[method-assign]

    @app.get("/docs", include_in_schema=False)
    def page() -> HTMLResponse:
        return HTMLResponse(docs.page(openapi()), headers={"Content-Security-Policy": docs.POLICY})
