"""The market: bars for charts, the system at a glance."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.api import schemas
from services.api.context import Context, Ctx, Viewer
from services.api.errors import NotFoundError
from services.api.responses import problems
from services.api.routes.results import Ms
from shared.bus import pubsub
from shared.bus.codec import Tick
from shared.domain.errors import UnavailableError
from shared.domain.timeframe import MINUTE_MS, timeframe_ms
from shared.engine.version import ENGINE_VERSION
from shared.release import package_version
from shared.store import frames, market, ownership, reads
from shared.store.frames import Frame, Frames

router = APIRouter(tags=["market"])

STALE_S = 180.0  # of exchange time


@router.get("/system", summary="Market, clock, runners and feeds", responses=problems(401, 403))
def at_a_glance(ctx: Ctx, _: Viewer) -> schemas.System:
    return schemas.System.model_validate(system_json(ctx))


@router.get(
    "/bars", summary="Closed bars of any timeframe, and the one that has begun", responses=problems(401, 403, 404)
)
def bars(
    ctx: Ctx,
    _: Viewer,
    instrument: Annotated[str, Query(max_length=40, examples=["BTC/USDT"])],
    timeframe: Annotated[str, Query(examples=["15m"])] = "1m",
    from_ms: Ms = None,
    to_ms: Ms = None,
    limit: Annotated[int, Query(ge=1, le=5_000)] = 500,
) -> schemas.Bars:
    width_ms = timeframe_ms(timeframe)
    with ctx.reading() as conn:
        known = market.find_instrument(conn, instrument)
        if known is None:
            raise NotFoundError(f"no bars of {instrument} are known")
        found = frames.read_frames(conn, known.id, width_ms, from_ms, to_ms, limit)
    return schemas.Bars(items=found.closed, forming=forming(found, tick(ctx, known.name), width_ms, to_ms))


def tick(ctx: Context, instrument: str) -> Tick | None:
    """The forming minute; None also when Redis is away: screens do without."""
    try:
        return pubsub.last_tick(ctx.bus, instrument)
    except UnavailableError:
        return None


def forming(found: Frames, tick: Tick | None, width_ms: int, to_ms: int | None = None) -> Frame | None:
    """The frame that has begun: its recorded minutes, and the forming one where it is in the same frame."""
    begun = found.begun
    if tick is None or tick.open_ms < found.decided_until_ms or (to_ms is not None and tick.open_ms >= to_ms):
        return begun
    start_ms = tick.open_ms - tick.open_ms % width_ms
    if begun is None or begun[0] != start_ms:
        return (start_ms, tick.open, tick.high, tick.low, tick.close, tick.volume)
    _, open_, high, low, _, volume = begun
    return (start_ms, open_, max(high, tick.high), min(low, tick.low), tick.close, volume + tick.volume)


def system_json(ctx: Context) -> dict[str, object]:
    with ctx.reading() as conn:
        name = market.market_of(conn)
        clock = market.clock(conn)
        now_ms = None if clock is None else market.exchange_now(conn)
        runners = ownership.runners(conn)
        feeds = reads.feeds(conn)
    lease_s = ctx.settings.runner.lease_s
    return {
        "version": package_version(),
        "engine_version": ENGINE_VERSION,
        "market": None if name is None else name[0],
        "exchange_now_ms": now_ms,
        "clock_rate": None if clock is None else clock.rate,
        "runners": [
            {"id": str(one.id), "host": one.host, "capacity": one.capacity, "runs": one.runs + one.backtests,
             "lease_age_s": max(0.0, lease_s - one.lease_left_s)}
            for one in runners
        ],
        "feeds": [feed_json(feed, now_ms) for feed in feeds],
    }  # fmt: skip


def feed_json(feed: reads.Feed, now_ms: int | None) -> dict[str, object]:
    """A feed is stale when the record is minutes of exchange time behind what could be decided."""
    lag_s = None
    if now_ms is not None and feed.covered_until_ms is not None:
        lag_s = max(0, now_ms - now_ms % MINUTE_MS - feed.covered_until_ms) / 1000
    return {
        "instrument": feed.instrument,
        "last_bar_ms": feed.last_open_ms,
        "lag_s": lag_s,
        "health": "ok" if lag_s is not None and lag_s < STALE_S else "stale",
    }
