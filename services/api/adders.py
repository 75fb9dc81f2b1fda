"""Long runs are added up beside the server: who asks for one waits, holding no thread, and nobody else does.

A run of 100,000 trades has a million decisions: seconds of this process' only lock. A child adds them up once; whoever
asks for that run meanwhile waits for the same child, and then adds what is new.
"""

import asyncio
import pickle
from collections.abc import Callable
from typing import TypeVar

from prometheus_client import Counter
from starlette.concurrency import run_in_threadpool

from services.api.children import ChildError, Children
from services.api.ledger import Ledgers
from services.api.totals import LongWayError, Whole
from shared import log
from shared.domain.errors import UnavailableError

MANY = 20_000  # decisions: more than about 0.1 s of adding up is a child's work
CHILDREN = 2  # at a time
LINE = 1_000  # runs: each is added up once, and a screen that shows them all asks for all at once
PATIENCE_S = 300.0

T = TypeVar("T")

_log = log.get("adders")


class Adders:
    """The children of one server that add up."""

    def __init__(self, url: str, ledgers: Ledgers, done: Counter) -> None:
        self._ledgers, self._done = ledgers, done
        self._children = Children("services.api.adding", url, most=CHILDREN, line=LINE, patience_s=PATIENCE_S)
        self._pending: dict[int, asyncio.Task[None]] = {}

    async def patiently(self, ask: Callable[[int | None], T]) -> T:
        """The answer of `ask(most)`, which raises LongWayError when more than `most` decisions are to be added up."""
        try:
            return await run_in_threadpool(ask, MANY)
        except LongWayError as error:
            await asyncio.shield(self._begun(error.run_id))
        return await run_in_threadpool(ask, None)

    def close(self) -> None:
        """End the children."""
        self._children.close()

    def _begun(self, run_id: int) -> "asyncio.Task[None]":
        pending = self._pending.get(run_id)
        if pending is None:
            pending = self._pending[run_id] = asyncio.create_task(self._add_up(run_id), name=f"add up {run_id}")
            pending.add_done_callback(lambda _: self._pending.pop(run_id))
        return pending

    async def _add_up(self, run_id: int) -> None:
        """Let a child do it. Should it fail, who asked adds up by himself."""
        said = bytearray()
        try:
            async with self._children.at_work(run_id) as child:
                while block := await child.read():
                    said += block
        except (ChildError, UnavailableError) as error:
            _log.warning("adding_failed", run=run_id, reason=str(error))
        else:
            await run_in_threadpool(self._take, run_id, said)

    def _take(self, run_id: int, said: bytearray) -> None:
        tally, seq = pickle.loads(said)  # noqa: S301  by our own child, on its own pipe
        self._ledgers.take(run_id, Whole(tally, seq))
        self._done.inc()
