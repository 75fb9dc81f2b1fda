"""The stream of closed minutes: in order and once, because ids are minutes (decision 0002).

A cache of the record: it may be flushed at any time. Sync and async functions differ in `await` only.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import ResponseError

from shared.bus import keys
from shared.bus.client import MAX_BLOCK_MS, unavailable
from shared.bus.codec import Entry, after_id, entry_id, from_fields, open_ms_of, to_fields

Published = Literal["added", "duplicate", "regression"]
BEGINNING = -1  # position of a reader that has read nothing

_REFUSED = "equal or smaller"
_BATCH = 1000


def publish(client: Redis, instrument: str, entries: Sequence[Entry], maxlen: int) -> list[Published]:
    """Add bars and gaps, oldest first. What the stream has or has passed is refused by Redis, and reported as such."""
    with unavailable():
        return [
            answer
            for start in range(0, len(entries), _BATCH)
            for answer in _verdicts(
                _additions(client.pipeline(transaction=False), instrument, entries[start : start + _BATCH], maxlen)
                .execute(raise_on_error=False)
            )
        ]  # fmt: skip


async def publish_async(client: AsyncRedis, instrument: str, entries: Sequence[Entry], maxlen: int) -> list[Published]:
    """Add bars and gaps, oldest first. What the stream has or has passed is refused by Redis, and reported as such."""
    verdicts: list[Published] = []
    with unavailable():
        for start in range(0, len(entries), _BATCH):
            batch = entries[start : start + _BATCH]
            pipeline = _additions(client.pipeline(transaction=False), instrument, batch, maxlen)
            verdicts += _verdicts(await pipeline.execute(raise_on_error=False))
    return verdicts


def last_open_ms(client: Redis, instrument: str) -> int | None:
    """The newest minute in the stream; None when it is empty."""
    with unavailable():
        return _newest(client.xrevrange(keys.bars(instrument), count=1))


async def last_open_ms_async(client: AsyncRedis, instrument: str) -> int | None:
    """The newest minute in the stream; None when it is empty."""
    with unavailable():
        return _newest(await client.xrevrange(keys.bars(instrument), count=1))


def read(client: Redis, after: Mapping[str, int], block_ms: int = 0, count: int = _BATCH) -> dict[str, list[Entry]]:
    """Entries behind each instrument's position, at most `count` each; waits up to `block_ms` for the first."""
    if not after:
        return {}
    with unavailable():
        return _entries(client.xread(_positions(after), count=count, block=_block(block_ms)))


async def read_async(
    client: AsyncRedis, after: Mapping[str, int], block_ms: int = 0, count: int = _BATCH
) -> dict[str, list[Entry]]:
    """Entries behind each instrument's position, at most `count` each; waits up to `block_ms` for the first."""
    if not after:
        return {}
    with unavailable():
        return _entries(await client.xread(_positions(after), count=count, block=_block(block_ms)))


def _additions(pipeline: Any, instrument: str, entries: Sequence[Entry], maxlen: int) -> Any:
    key = keys.bars(instrument)
    for entry in entries:
        name = entry_id(entry)
        pipeline.xadd(key, to_fields(entry), id=name, maxlen=maxlen, approximate=True)
        pipeline.xrange(key, name, name, count=1)  # tells a duplicate from a regression
    return pipeline


def _verdicts(answers: Sequence[Any]) -> list[Published]:
    return [_verdict(added, found) for added, found in zip(answers[::2], answers[1::2], strict=True)]


def _verdict(added: Any, found: Any) -> Published:
    if not isinstance(added, Exception):
        return "added"
    if isinstance(added, ResponseError) and _REFUSED in str(added):
        return "duplicate" if found else "regression"
    raise added


def _newest(answer: Any) -> int | None:
    return open_ms_of(answer[0][0]) if answer else None


def _positions(after: Mapping[str, int]) -> dict[Any, Any]:
    return {keys.bars(instrument): after_id(open_ms) for instrument, open_ms in after.items()}


def _block(block_ms: int) -> int | None:
    return min(block_ms, MAX_BLOCK_MS) if block_ms > 0 else None  # Redis takes 0 for "for ever"


def _entries(answer: Any) -> dict[str, list[Entry]]:
    return {
        keys.instrument_of(key): [from_fields(name, fields) for name, fields in items] for key, items in answer or []
    }
