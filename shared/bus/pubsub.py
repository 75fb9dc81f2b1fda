"""Messages that may be lost: forming bars, news of runs, wake-ups. Whoever misses one finds the truth in PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Any, Self

from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from shared.bus import codec, keys
from shared.bus.client import SOCKET_TIMEOUT_S, unavailable
from shared.bus.codec import Control, RunEvent, Tick

Message = Tick | list[RunEvent] | Control


def publish_runs(client: Redis, events: Sequence[RunEvent]) -> None:
    """Tell what was committed."""
    with unavailable():
        client.publish(keys.RUNS, codec.runs_text(events))


def publish_control(client: Redis, control: Control) -> None:
    """Wake whoever waits for a change in PostgreSQL."""
    with unavailable():
        client.publish(keys.CONTROL, codec.control_text(control))


async def publish_tick_async(client: AsyncRedis, tick: Tick) -> None:
    """Show the forming bar, and keep it for who comes later. At most twice a second: the caller's job."""
    with unavailable():
        pipeline: Any = client.pipeline(transaction=False)
        pipeline.hset(keys.tick(tick.instrument), mapping=codec.tick_fields(tick))
        pipeline.publish(keys.ticks(tick.instrument), codec.tick_text(tick))
        await pipeline.execute()


def last_tick(client: Redis, instrument: str) -> Tick | None:
    """The forming bar as last published."""
    with unavailable():
        fields: Any = client.hgetall(keys.tick(instrument))
    return codec.tick_of(fields) if fields else None


class Subscription:
    """Messages of some channels, for threads. Subscribes again by itself after a lost connection."""

    def __init__(self, client: Redis, *channels: str, timeout_s: float = SOCKET_TIMEOUT_S) -> None:
        self._pubsub: Any = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        with unavailable():
            self._pubsub.subscribe(*channels)
            for _ in channels:  # its confirmations: from here on nothing that is published is missed
                self._pubsub.get_message(timeout=timeout_s)

    def next(self, timeout_s: float = 0.0) -> Message | None:
        """The next message, waited for at most `timeout_s`; None when there is none."""
        with unavailable():
            return _message(self._pubsub.get_message(timeout=timeout_s))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pubsub.close()


async def listen(client: AsyncRedis, *channels: str) -> AsyncIterator[Message]:
    """Messages of some channels for ever; a channel that ends in `*` is a pattern. Raises UnavailableError."""
    with unavailable():
        async with client.pubsub(ignore_subscribe_messages=True) as pubsub:
            patterns = [channel for channel in channels if channel.endswith("*")]
            names = [channel for channel in channels if not channel.endswith("*")]
            if names:
                await pubsub.subscribe(*names)
            if patterns:
                await pubsub.psubscribe(*patterns)
            while True:
                message = _message(await pubsub.get_message(timeout=SOCKET_TIMEOUT_S / 2))
                if message is not None:
                    yield message


def _message(raw: Any) -> Message | None:
    if raw is None or raw["type"] not in ("message", "pmessage"):
        return None
    channel, text = raw["channel"], raw["data"]
    if channel == keys.RUNS:
        return codec.runs_of(text)
    if channel == keys.CONTROL:
        return codec.control_of(text)
    return codec.tick_of_text(text)
