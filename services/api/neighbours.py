"""Whether the stores answer, and what the record says of its runs: looked at again and again, so that nobody who asks
for /metrics waits for a store. One that hangs is a store that does not answer.
"""

import asyncio
import time
from collections.abc import Callable

import anyio.to_thread
from sqlalchemy import text

from services.api.context import Context
from shared.bus import client
from shared.domain.errors import UnavailableError
from shared.store import figures, schema_version

LOOK_S = 10.0
SLOW_S = 5.0  # an answer that takes longer is none

_IS_READ_ONLY = text("select current_setting('transaction_read_only') = 'on'")


def database(ctx: Context) -> str | None:
    """Why the database cannot be used; None when it can."""
    try:
        with ctx.reading() as conn:
            if conn.scalar(_IS_READ_ONLY):
                return "read-only: nothing can be started, stopped or committed"
            schema_version.check(conn)
    except UnavailableError as error:
        return str(error)
    return ctx.trouble


def redis(ctx: Context) -> str | None:
    """Why Redis cannot be used; None when it can."""
    try:
        client.ping(ctx.bus)
    except UnavailableError as error:
        return str(error)
    return None


def is_in_time(begun: float | None, now: float) -> bool:
    """Is a look that began then (None: none is under way) not yet too slow?"""
    return begun is None or now - begun <= SLOW_S


async def watch(ctx: Context) -> None:
    """Look at both for ever. A look that hangs is waited for alone, and meanwhile counts as no answer."""
    await asyncio.gather(_look("database", ctx, _database), _look("redis", ctx, lambda ctx: redis(ctx) is None))


async def _look(name: str, ctx: Context, ask: Callable[[Context], bool]) -> None:
    begun: float | None = None
    is_well = False
    ctx.metrics.neighbour(name, lambda: is_well and is_in_time(begun, time.monotonic()))
    while True:
        begun = time.monotonic()
        is_well = await anyio.to_thread.run_sync(ask, ctx, abandon_on_cancel=True)
        begun = None
        await asyncio.sleep(LOOK_S)


def _database(ctx: Context) -> bool:
    """Whether it can be used; what it says of runs goes to the metrics."""
    found = None
    if database(ctx) is None:
        try:
            with ctx.reading() as conn:
                found = figures.read(conn)
        except UnavailableError:
            found = None
    ctx.metrics.figures.read(found)
    return found is not None
