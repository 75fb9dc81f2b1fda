"""Documents of long runs: a child writes one, and it is passed on as it comes; nobody else waits, and nothing is kept.

What fails before the first byte is a problem; behind it the connection breaks: a document that is cut short never ends
well. An asker who goes away, or takes nothing for a while, ends the child.
"""

import asyncio

from prometheus_client import Counter
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.api.children import ChildError, Children
from shared import log
from shared.domain.errors import UnavailableError
from shared.domain.timeframe import MINUTE_MS
from shared.store.runs import Run

MANY = 10_000  # decisions: more than about 0.1 s of writing is a child's work
MANY_MINUTES = 500_000  # folded: beside each there may be a gap
CHILDREN = 2  # at a time
LINE = 4  # askers
PATIENCE_S = 30.0  # for one's turn
STALL_S = 30.0  # an asker who takes nothing for that long is gone
GONE = 499  # nginx's number for an asker who did not wait

_log = log.get("exports")


def is_long(run: Run) -> bool:
    """Whether its document cannot be written in between."""
    minutes = 0 if run.position_ms is None else (run.position_ms - run.start_ms) // MINUTE_MS
    return run.seq > MANY or minutes > MANY_MINUTES


class Exports:
    """The children of one server that write documents."""

    def __init__(self, url: str, done: Counter) -> None:
        self.children = Children("services.api.exporting", url, most=CHILDREN, line=LINE, patience_s=PATIENCE_S)
        self.done = done

    def close(self) -> None:
        """End the children."""
        self.children.close()


class Exported(Response):
    """A run's document, as a child writes it. Raises ChildError, UnavailableError before its first byte."""

    media_type = "application/json"

    def __init__(self, exports: Exports, run_id: int, headers: dict[str, str]) -> None:
        super().__init__(headers=headers)
        del self.headers["content-length"]  # nobody knows; each piece states its own
        self._exports, self._run_id = exports, run_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send(send), name=f"export {self._run_id}")
        gone = asyncio.create_task(_until_gone(receive))
        gone.add_done_callback(lambda _: sending.cancel())
        try:
            await sending
        except asyncio.CancelledError:
            if not gone.done():  # it is this server that stops
                raise
            await send({"type": "http.response.start", "status": GONE, "headers": []})  # nobody hears it; it is counted
        finally:
            gone.cancel()

    async def _send(self, send: Send) -> None:
        has_begun = False
        try:
            async with self._exports.children.at_work(self._run_id) as child:
                block = await child.read()
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                has_begun = True
                while block:
                    await _pass_on(block, send)
                    block = await child.read()
        except (ChildError, UnavailableError) as error:
            if not has_begun:
                raise
            _log.warning("export_broke", run=self._run_id, reason=str(error))
            return  # without an end: the server breaks the connection
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        self._exports.done.inc()


async def _pass_on(block: bytes, send: Send) -> None:
    try:
        async with asyncio.timeout(STALL_S):
            await send({"type": "http.response.body", "body": block, "more_body": True})
    except TimeoutError as error:
        raise ChildError("nobody takes what it writes") from error


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
