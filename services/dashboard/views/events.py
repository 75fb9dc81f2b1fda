"""Server-sent events: the API's, passed on as they come. One thread and one connection for each listener, and no more
listeners than there are threads for.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock

from flask import Blueprint, Response, current_app, request

from services.dashboard.client import Stream
from services.dashboard.sessions import api, person

pages = Blueprint("events", __name__)

MOST_LISTENERS = 24
RETRY_S = 5


class Listeners:
    """Who is listening, and how many may."""

    def __init__(self, most: int = MOST_LISTENERS) -> None:
        self._lock = Lock()
        self._free = most
        self._streams: set[Stream] = set()

    def enter(self) -> bool:
        """Take a place, if there is one."""
        with self._lock:
            if self._free == 0:
                return False
            self._free -= 1
            return True

    def leave(self) -> None:
        with self._lock:
            self._free += 1

    @contextmanager
    def listening(self, stream: Stream) -> Iterator[None]:
        with self._lock:
            self._streams.add(stream)
        try:
            yield
        finally:
            with self._lock:
                self._streams.discard(stream)

    def hang_up(self) -> None:
        """End every stream, so that the server can stop."""
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            stream.hang_up()


class Passed:
    """Chunks of a stream. Whatever ends it, a listener that never read a byte included, the server closes it."""

    def __init__(self, chunks: Iterator[bytes], after: ExitStack) -> None:
        self._chunks = chunks
        self._after = after

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        self._after.close()


@pages.get("/events")
def events() -> Response:
    listeners: Listeners = current_app.extensions["listeners"]
    session = person().session
    if not listeners.enter():
        return Response("too many listeners\n", 503, {"Retry-After": str(RETRY_S)}, mimetype="text/plain")
    with ExitStack() as held:
        held.callback(listeners.leave)
        stream = held.enter_context(api().stream(session, "/events", {"run": request.args.get("run", type=int)}))
        held.enter_context(listeners.listening(stream))
        answer = Response(Passed(stream.chunks(), held.pop_all()), mimetype="text/event-stream")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"
    return answer
