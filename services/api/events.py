"""Server-sent events: what changed, to whoever watches. Each client has a bounded buffer that keeps the newest.

Rule: a slow client costs memory for one buffer and nobody else's time. What it misses it is told to load again.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

HEARTBEAT_S = 15.0
BUFFER = 500  # distinct things that a client may not have been told yet
MOST_CLIENTS = 200
HEARTBEAT = b": still here\n\n"


class Event(NamedTuple):
    """`key`: what it is the newest state of; a newer event under the same key replaces one that waits."""

    name: str
    key: str
    data: str  # one line of JSON
    run: int | None = None  # for those who watch one run
    instrument: str | None = None

    def wire(self) -> bytes:
        return f"event: {self.name}\ndata: {self.data}\n\n".encode()


def event(name: str, key: str, data: object, run: int | None = None, instrument: str | None = None) -> Event:
    return Event(name, key, json.dumps(data, ensure_ascii=False, separators=(",", ":")), run, instrument)


RESET = event("reset", "reset", {})


@dataclass(slots=True, eq=False)
class Client:
    """One open stream. `run` and `instrument`: None sees everything."""

    run: int | None = None
    instrument: str | None = None
    _waiting: dict[str, Event] = field(default_factory=dict)
    _there_is: asyncio.Event = field(default_factory=asyncio.Event)
    is_closed: bool = False

    def wants(self, event: Event) -> bool:
        if self.run is None:
            return True
        if event.run is not None:
            return event.run == self.run
        return event.instrument is None or event.instrument == self.instrument

    def offer(self, event: Event) -> bool:
        """Keep an event until it is sent; False when the buffer was full and everything in it was given up."""
        fits = event.key in self._waiting or len(self._waiting) < BUFFER
        if not fits:
            self._waiting = {RESET.key: RESET}
        self._waiting[event.key] = event
        self._there_is.set()
        return fits

    def close(self) -> None:
        self.is_closed = True
        self._there_is.set()

    async def chunks(self, heartbeat_s: float = HEARTBEAT_S) -> AsyncIterator[bytes]:
        """What to send, as it comes; a comment when nothing came for a while."""
        while not self.is_closed:
            try:
                async with asyncio.timeout(heartbeat_s):
                    await self._there_is.wait()
            except TimeoutError:
                yield HEARTBEAT
                continue
            self._there_is.clear()
            waiting, self._waiting = self._waiting, {}
            if waiting:
                yield b"".join(event.wire() for event in waiting.values())


class Clients:
    """Everybody who watches."""

    def __init__(self) -> None:
        self._clients: set[Client] = set()

    def __len__(self) -> int:
        return len(self._clients)

    def add(self, client: Client) -> None:
        self._clients.add(client)

    def remove(self, client: Client) -> None:
        self._clients.discard(client)

    def send(self, events: Iterable[Event]) -> int:
        """Offer events to those who want them; how many clients were too slow."""
        dropped = 0
        for event in events:
            for client in self._clients:
                if client.wants(event) and not client.offer(event):
                    dropped += 1
        return dropped

    def close(self) -> None:
        for client in self._clients:
            client.close()


class EventStream(Response):
    """A response that lasts until the client goes away or the server stops."""

    media_type = "text/event-stream"

    def __init__(self, client: Client, clients: Clients, first: Iterable[Event] = (), status_code: int = 200) -> None:
        super().__init__(status_code=status_code, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self.client = client
        self.clients = clients
        for event in first:
            client.offer(event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.clients.add(self.client)
        watch = asyncio.create_task(self._until_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": b"retry: 2000\n\n", "more_body": True})
            async for chunk in self.client.chunks():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            if not watch.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self.clients.remove(self.client)
            watch.cancel()

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.client.close()
