"""The stream is whole whoever told it: holes are told again, and a process whose epoch is over tells nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest
from redis import Redis
from sqlalchemy import Engine

from services.ingest.publisher import InstrumentStream
from services.ingest.record import LEASE, Recorder
from shared.bus import client, stream
from shared.domain.errors import FencedError
from shared.store import bars, database, ingest_lease, market
from shared.store.market import Instrument
from tests.support.store import START, M, a_bar, an_instrument, span

LENGTH = 100


def decide(engine: Engine, first: int, last: int) -> Instrument:
    """Minutes first .. last - 1 are recorded."""
    with database.begin(engine) as conn:
        instrument_id = an_instrument(conn)
        bars.record(conn, instrument_id, [a_bar(i) for i in range(first, last)], span(first, last), "ws", 0)
        found = market.find_instrument(conn, "BTC/USDT")
        assert found is not None
        return found


def tell(redis: Redis, minutes: list[int]) -> None:
    stream.publish(redis, "BTC/USDT", [a_bar(i) for i in minutes], LENGTH)


def told(redis: Redis) -> list[int]:
    """Minutes in the stream."""
    entries = stream.read(redis, {"BTC/USDT": stream.BEGINNING}, count=1000).get("BTC/USDT", [])
    return [(entry.open_ms - START) // M for entry in entries]


@asynccontextmanager
async def telling(instrument: Instrument, redis_url: str, recorder: Recorder) -> AsyncIterator[asyncio.Task[None]]:
    """An owner's publisher at work."""
    redis = client.connect_async(redis_url, "tests")
    task = asyncio.create_task(InstrumentStream(instrument, redis, recorder, LENGTH).run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, FencedError):
            await task
        await redis.aclose()


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(8):
        while not what():
            await asyncio.sleep(0.02)


@pytest.fixture
def redis(redis_url):  # type: ignore[no-untyped-def]
    redis = client.connect(redis_url, "tests")
    yield redis
    redis.close()


def test_a_hole_in_the_stream_is_told_again(engine, redis, redis_url):
    instrument = decide(engine, 0, 10)
    tell(redis, [0, 1, 2, 3, 4, 6, 7, 8, 9])

    async def story() -> None:
        recorder = Recorder(engine)
        await recorder.open()
        async with telling(instrument, redis_url, recorder):
            await until(lambda: told(redis) == list(range(10)))
        await recorder.close()
        recorder.shutdown()

    asyncio.run(story())


# What a stream holds that is not this record's, of which minutes 0 .. 9 are: (minute, what its volume is more by)
STALE: dict[str, list[tuple[int, int]]] = {
    "a minute was told otherwise": [(i, 1 if i == 4 else 0) for i in range(10)],
    "the last one was told otherwise": [(i, 1 if i == 9 else 0) for i in range(10)],
    "it knows later minutes": [(i, 0) for i in range(14)],
    "it knows later minutes only": [(i, 0) for i in range(12, 14)],
}


@pytest.mark.parametrize("what", STALE)
def test_a_stream_of_another_record_is_told_anew(engine, redis, redis_url, what):
    """PostgreSQL was put back, and Redis was not emptied."""
    instrument = decide(engine, 0, 10)
    entries = [replace(a_bar(i), volume=a_bar(i).volume + more) for i, more in STALE[what]]
    stream.publish(redis, "BTC/USDT", entries, LENGTH)

    def is_the_record() -> bool:
        return stream.read(redis, {"BTC/USDT": stream.BEGINNING}).get("BTC/USDT") == [a_bar(i) for i in range(10)]

    async def story() -> None:
        recorder = Recorder(engine)
        await recorder.open()
        async with telling(instrument, redis_url, recorder):
            await until(is_the_record)
        await recorder.close()
        recorder.shutdown()

    asyncio.run(story())


def test_a_stream_that_is_the_record_s_is_left_alone(engine, redis, redis_url):
    instrument = decide(engine, 0, 10)
    full = replace(a_bar(10), quote_volume=Decimal("1.50"), trades=7, taker_buy_base=Decimal("0.10"))
    with database.begin(engine) as conn:
        bars.record(conn, instrument.id, [full], span(10, 11), "ws", 0)
    stream.publish(redis, "BTC/USDT", [*(a_bar(i) for i in range(10)), full], LENGTH)
    redis.xadd("bars:BTC/USDT", {"gap_from_ms": START + 11 * M, "gap_to_ms": START + 12 * M}, id=f"{START + 11 * M}-1")
    first = redis.xinfo_stream("bars:BTC/USDT")["entries-added"]
    with database.begin(engine) as conn:
        bars.record(conn, instrument.id, [a_bar(12)], span(11, 13), "ws", 0)

    async def story() -> None:
        recorder = Recorder(engine)
        await recorder.open()
        async with telling(instrument, redis_url, recorder):
            await until(lambda: told(redis)[-1] == 12)
        await recorder.close()
        recorder.shutdown()

    asyncio.run(story())
    assert redis.xinfo_stream("bars:BTC/USDT")["entries-added"] == first + 1


def test_what_another_tells_while_the_record_is_read_is_left_alone(engine, redis, redis_url):
    """A process frozen between its two looks, at the record and at the stream, woke and began the stream anew."""
    instrument = decide(engine, 0, 3)
    deleted: list[bool] = []

    class Frozen(Recorder):
        async def run(self, work, *args, **kwargs):  # type: ignore[no-untyped-def, override]
            seen = await super().run(work, *args, **kwargs)
            decide(engine, 3, 8)
            tell(redis, list(range(8)))
            redis.set("told", 1)
            return seen

    async def story() -> None:
        recorder = Frozen(engine)
        await recorder.open()
        async with telling(instrument, redis_url, recorder):
            await until(lambda: bool(redis.get("told")))
            for _ in range(25):
                deleted.append(told(redis) != list(range(8)))
                await asyncio.sleep(0.02)
        await recorder.close()
        recorder.shutdown()

    asyncio.run(story())
    assert not any(deleted)


def test_the_stream_is_not_begun_anew_by_an_epoch_that_is_over(engine, redis, redis_url):
    instrument = decide(engine, 0, 10)
    tell(redis, [0, 1, 2, 9])

    async def story() -> None:
        recorder = Recorder(engine)
        await recorder.open()
        with database.begin(engine) as conn:
            row = conn.exec_driver_sql("select epoch from leases").one()
            market.give_up_lease(conn, LEASE, row.epoch)
            assert ingest_lease.take(conn, LEASE, uuid4(), 60.0) == row.epoch + 1
        async with telling(instrument, redis_url, recorder) as task:
            with pytest.raises(FencedError):
                await asyncio.wait_for(asyncio.shield(task), 8)
        recorder.shutdown()

    asyncio.run(story())
    assert told(redis) == [0, 1, 2, 9]
