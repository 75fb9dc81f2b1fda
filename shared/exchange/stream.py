"""Binance US over WebSocket: one live connection at a time, replaced before it ends.

Rule: a quiet stream is legal, so nothing here decides that data is missing; finality asks REST for that. Nothing is
replayed after a reconnect.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterable

from shared.domain.errors import UnavailableError
from shared.exchange.session import (
    Clock,
    Connected,
    Disconnected,
    FrameCame,
    Refused,
    Session,
    StreamEvent,
    StreamLimits,
)

__all__ = ["Connected", "Disconnected", "FrameCame", "Refused", "StreamClient", "StreamEvent", "StreamLimits"]


class StreamClient:
    """Keeps a live connection for the wanted instruments and hands every event to `on_event`, in order."""

    def __init__(
        self, ws_url: str, clock: Clock, on_event: Callable[[StreamEvent], None], limits: StreamLimits | None = None
    ) -> None:
        self._url = ws_url.rstrip("/")
        self._clock = clock
        self._on_event = on_event
        self._limits = limits or StreamLimits()
        self._wanted: frozenset[str] = frozenset()
        self._changed = asyncio.Event()
        self._session: Session | None = None

    @property
    def is_connected(self) -> bool:
        return self._session is not None and self._session.is_ready

    @property
    def pinged_at(self) -> float:
        """Monotonic seconds of the last ping of the current connection; 0 before the first."""
        return self._session.pinged_at if self._session is not None else 0.0

    def want(self, instruments: Iterable[str]) -> None:
        """Stream these, and only these, from now on."""
        self._wanted = frozenset(instruments)
        self._changed.set()
        if self._session is not None:
            self._session.want(self._wanted)

    def suspect(self, reason: str) -> None:
        """Someone has proof that this connection hides frames: replace it."""
        if self._session is not None:
            self._session.retire(reason)

    async def run(self) -> None:
        """Connect, stream, reconnect, for ever. Cancel to stop."""
        tries = 0
        try:
            while True:
                while not self._wanted:
                    self._changed.clear()
                    await self._changed.wait()
                successor = Session(self._url, self._wanted, self._clock, self._on_event, self._limits)
                try:
                    await successor.open()
                except BaseException as error:
                    await successor.close()
                    if not isinstance(error, UnavailableError):
                        raise
                    self._on_event(Refused(str(error)))
                    await self._drop(only_dead=True)
                    await asyncio.sleep(self._pause_s(tries))
                    tries += 1
                    continue
                await self._drop()  # only now: until here the old one streamed, if there was one
                self._session = successor
                successor.want(self._wanted)
                self._on_event(Connected(successor.instruments))
                opened = time.monotonic()
                await successor.until_done()
                tries = 0 if time.monotonic() - opened >= self._limits.healthy_s else tries + 1
                is_alive = successor.is_alive
                await self._drop(only_dead=True)
                if tries > 0 or not is_alive:  # whoever is sent away at once must not come back at once
                    await asyncio.sleep(self._pause_s(tries))
        finally:
            await self._drop()

    async def _drop(self, only_dead: bool = False) -> None:
        """Close the session that is there; say so if it had died."""
        session = self._session
        if session is None or (only_dead and session.is_alive):
            return
        self._session = None
        if not session.is_alive:
            self._on_event(Disconnected(session.reason))
        await session.close()

    def _pause_s(self, tries: int) -> float:
        pause = self._limits.backoff_s[min(tries, len(self._limits.backoff_s) - 1)]
        return pause * (0.5 + random.random())  # noqa: S311  # so that clients of one outage do not return as one
