"""What a request may ask for: the stores, who is asking, and what this process knows about itself."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from redis import Redis
from sqlalchemy import Connection, Engine
from starlette.concurrency import run_in_threadpool

from services.api.adders import Adders
from services.api.auth import Keys, Person, bearer, require
from services.api.exports import Exports
from services.api.ledger import Ledgers
from services.api.metrics import Metrics
from shared.bus import pubsub
from shared.bus.codec import Control
from shared.domain.errors import UnavailableError
from shared.settings import Settings
from shared.store import auth, database

if TYPE_CHECKING:
    from services.api.watch import Watch

TROUBLE_S = 60.0  # a failed write is news for that long
DESCRIBED = HTTPBearer(auto_error=False, description="An API token, or the id of a dashboard session")


@dataclass(slots=True)
class Context:
    """One application's parts."""

    settings: Settings
    engine: Engine
    bus: Redis
    metrics: Metrics
    watch: "Watch" = field(init=False)
    keys: Keys = field(default_factory=Keys)
    ledgers: Ledgers = field(default_factory=Ledgers)
    adders: Adders = field(init=False)
    exports: Exports = field(init=False)
    not_started: str | None = "starting"  # why start-up has not been completed
    refused_write: tuple[float, str] | None = None  # wall seconds, reason: the last write that the database refused

    def __post_init__(self) -> None:
        url = self.engine.url.render_as_string(hide_password=False)
        self.adders = Adders(url, self.ledgers, self.metrics.added_up)
        self.exports = Exports(url, self.metrics.exported)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with database.begin(self.engine) as conn:
            yield conn

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that changes something: all of it or nothing."""
        try:
            with database.begin(self.engine) as conn:
                yield conn
        except UnavailableError as error:
            self.refused_write = (time.monotonic(), str(error))
            raise
        self.refused_write = None

    @property
    def trouble(self) -> str | None:
        """Why the last write failed, if that was lately and none has succeeded since."""
        if self.refused_write is None or time.monotonic() - self.refused_write[0] > TROUBLE_S:
            return None
        return self.refused_write[1]

    def tell(self, control: Control) -> None:
        """Wake whoever waits for what was just committed. A lost wake-up costs them a poll interval."""
        if control.run_id is not None:
            self.watch.touch(control.run_id)
        try:
            pubsub.publish_control(self.bus, control)
        except UnavailableError:
            self.metrics.lost_wakeups.inc()

    def person(self, token: str) -> Person:
        """Who has this token. Raises UnauthorizedError."""
        with self.reading() as conn:
            found = self.keys.find(conn, token)
        self._touch(token)
        return found

    def _touch(self, token: str) -> None:
        """A database that takes no writes still answers questions."""
        with suppress(UnavailableError), database.begin(self.engine) as conn:
            auth.touch_key(conn, token)


def context(request: Request) -> Context:
    found: Context = request.app.state.context
    return found


Ctx = Annotated[Context, Depends(context)]


async def started(ctx: Ctx) -> None:
    """Raises UnavailableError before start-up is complete: nothing may be asked of a schema that is not there."""
    if ctx.not_started is not None:
        raise UnavailableError(f"not started: {ctx.not_started}")


async def person(request: Request, ctx: Ctx, _: Annotated[object, Depends(DESCRIBED)]) -> Person:
    """Who is asking. Raises UnauthorizedError."""
    token = bearer(request.headers.get("authorization"))
    cached = ctx.keys.cached(token)
    return cached if cached is not None else await run_in_threadpool(ctx.person, token)


async def viewer(who: Annotated[Person, Depends(person)]) -> Person:
    return require(who, "viewer")


async def trader(who: Annotated[Person, Depends(person)]) -> Person:
    return require(who, "trader")


async def admin(who: Annotated[Person, Depends(person)]) -> Person:
    return require(who, "admin")


Viewer = Annotated[Person, Depends(viewer)]
Trader = Annotated[Person, Depends(trader)]
Admin = Annotated[Person, Depends(admin)]
