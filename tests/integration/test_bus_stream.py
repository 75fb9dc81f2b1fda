"""The bus on a real server: minutes once and in order, messages that may be lost, a server that may be gone."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from shared.bus import client, keys, pubsub, stream
from shared.bus.codec import Control, Entry, Gap, RunEvent, Tick
from shared.domain.errors import UnavailableError
from tests.support.store import START, M, a_bar

NAME = "BTC/USDT"


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    connected = client.connect(redis_url, "tests")
    yield connected
    connected.close()


@asynccontextmanager
async def connected_async(url: str) -> AsyncIterator[AsyncRedis]:
    connected = client.connect_async(url, "tests")
    try:
        yield connected
    finally:
        await connected.aclose()


Publish = Callable[[list[Entry]], list[stream.Published]]


@pytest.fixture(params=["threads", "asyncio"])
def publish(request: pytest.FixtureRequest, redis: Redis, redis_url: str) -> Publish:
    async def in_asyncio(entries: list[Entry]) -> list[stream.Published]:
        async with connected_async(redis_url) as connected:
            return await stream.publish_async(connected, NAME, entries, 2880)

    if request.param == "asyncio":
        return lambda entries: asyncio.run(in_asyncio(entries))
    return lambda entries: stream.publish(redis, NAME, entries, 2880)


def gap(first: int, last: int) -> Gap:
    return Gap(START + first * M, START + last * M)


def test_entries_are_read_as_they_were_published(redis: Redis, publish: Publish) -> None:
    entries: list[Entry] = [a_bar(0), gap(1, 4), a_bar(4, 0.00001234 + 2)]
    assert publish(entries) == ["added"] * 3
    assert stream.read(redis, {NAME: stream.BEGINNING}) == {NAME: entries}
    assert stream.last_open_ms(redis, NAME) == START + 4 * M


def test_duplicates_and_regressions_are_refused_and_reported(redis: Redis, publish: Publish) -> None:
    publish([a_bar(0), gap(1, 4), a_bar(4)])
    other = replace(a_bar(4), volume=9.0)
    assert publish([other, a_bar(0), a_bar(2), gap(2, 4), a_bar(5)]) == [
        "duplicate", "duplicate", "regression", "duplicate", "added",
    ]  # fmt: skip
    assert stream.read(redis, {NAME: START + 3 * M}) == {NAME: [a_bar(4), a_bar(5)]}


def test_a_reader_goes_on_behind_its_position(redis: Redis) -> None:
    stream.publish(redis, NAME, [a_bar(0), gap(1, 3), a_bar(3)], 2880)
    stream.publish(redis, "ETH/USDT", [a_bar(9)], 2880)
    assert stream.read(redis, {NAME: START}) == {NAME: [gap(1, 3), a_bar(3)]}
    assert stream.read(redis, {NAME: gap(1, 3).open_ms}) == {NAME: [a_bar(3)]}
    assert stream.read(redis, {NAME: START, "ETH/USDT": stream.BEGINNING, "SOL/USDT": stream.BEGINNING}) == {
        NAME: [gap(1, 3), a_bar(3)], "ETH/USDT": [a_bar(9)],
    }  # fmt: skip
    assert stream.read(redis, {NAME: START + 3 * M}) == {}
    assert stream.read(redis, {}) == {}
    assert stream.read(redis, {NAME: stream.BEGINNING}, count=1) == {NAME: [a_bar(0)]}


def test_a_reader_waits_for_the_first_entry(redis: Redis, redis_url: str) -> None:
    async def read_and_publish() -> dict[str, list[Entry]]:
        async with connected_async(redis_url) as one, connected_async(redis_url) as two:
            reading = asyncio.create_task(stream.read_async(one, {NAME: stream.BEGINNING}, block_ms=4000))
            await asyncio.sleep(0)
            await stream.publish_async(two, NAME, [a_bar(0)], 2880)
            return await reading

    assert asyncio.run(read_and_publish()) == {NAME: [a_bar(0)]}
    started = time.monotonic()
    assert stream.read(redis, {NAME: START}, block_ms=50) == {}
    assert time.monotonic() - started < client.SOCKET_TIMEOUT_S


def test_a_stream_is_trimmed(redis: Redis) -> None:
    stream.publish(redis, NAME, [a_bar(k) for k in range(2500)], 100)
    assert redis.xlen(keys.bars(NAME)) < 400  # trimmed by whole nodes: about, never less
    assert stream.read(redis, {NAME: START + 2498 * M}) == {NAME: [a_bar(2499)]}


def test_a_flushed_stream_begins_anew(redis: Redis, redis_url: str) -> None:
    stream.publish(redis, NAME, [a_bar(5)], 100)
    redis.flushdb()
    assert stream.last_open_ms(redis, NAME) is None
    assert stream.publish(redis, NAME, [a_bar(3)], 100) == ["added"]

    async def last() -> int | None:
        async with connected_async(redis_url) as connected:
            return await stream.last_open_ms_async(connected, NAME)

    assert asyncio.run(last()) == START + 3 * M


TICK = Tick(NAME, START, 100.0, 101.5, 99.0, 1e-05 + 100, 0.0, START + 500)


def test_subscribers_in_threads_hear_what_is_published(redis: Redis, redis_url: str) -> None:
    events = [RunEvent(1, 5, START, "running", "ok"), RunEvent(2, 6, None, "warming", "waiting_for_history")]

    async def show() -> None:
        async with connected_async(redis_url) as connected:
            await pubsub.publish_tick_async(connected, TICK)

    with pubsub.Subscription(redis, keys.RUNS, keys.CONTROL, keys.ticks(NAME)) as heard:
        assert heard.next() is None
        pubsub.publish_runs(redis, events)
        pubsub.publish_control(redis, Control("command", 7))
        assert heard.next(5.0) == events
        assert heard.next(5.0) == Control("command", 7)
        asyncio.run(show())
        assert heard.next(5.0) == TICK
    assert pubsub.last_tick(redis, NAME) == TICK
    assert pubsub.last_tick(redis, "ETH/USDT") is None


def test_subscribers_in_asyncio_hear_patterns(redis: Redis, redis_url: str) -> None:
    async def hear() -> list[pubsub.Message]:
        heard: list[pubsub.Message] = []
        async with connected_async(redis_url) as one, connected_async(redis_url) as two:
            messages = pubsub.listen(one, keys.RUNS, keys.ticks("*"))
            first = asyncio.ensure_future(anext(messages))
            while not first.done():  # it is not heard until the pattern is subscribed to
                await pubsub.publish_tick_async(two, TICK)
                await asyncio.wait([first], timeout=0.05)
            heard.append(await first)
            pubsub.publish_runs(redis, [RunEvent(1, 5, START, "running", "ok")])
            while (message := await anext(messages)) == TICK:
                pass
            heard.append(message)
            await messages.aclose()  # type: ignore[attr-defined]
        return heard

    assert asyncio.run(asyncio.wait_for(hear(), 30)) == [TICK, [RunEvent(1, 5, START, "running", "ok")]]


def test_a_server_that_is_gone_is_unavailable(redis: Redis) -> None:
    client.ping(redis)
    nowhere = client.connect("redis://127.0.0.1:1/0", "tests")
    calls: list[Callable[[], object]] = [
        lambda: client.ping(nowhere),
        lambda: stream.publish(nowhere, NAME, [a_bar(0)], 10),
        lambda: stream.read(nowhere, {NAME: START}),
        lambda: stream.last_open_ms(nowhere, NAME),
        lambda: pubsub.publish_runs(nowhere, []),
        lambda: pubsub.Subscription(nowhere, keys.RUNS),
    ]
    for call in calls:
        with pytest.raises(UnavailableError, match=r"^bus: "):
            call()

    async def show() -> None:
        async with connected_async("redis://127.0.0.1:1/0") as gone:
            await pubsub.publish_tick_async(gone, TICK)

    with pytest.raises(UnavailableError, match=r"^bus: "):
        asyncio.run(show())


@pytest.mark.parametrize(
    ("setting", "value", "usual", "said"),
    [("maxmemory", "1", "0", "memory"), ("min-replicas-to-write", "1", "0", "NOREPLICAS")],
)
def test_a_server_that_takes_no_writes_is_unavailable(
    redis: Redis, redis_url: str, setting: str, value: str, usual: str, said: str
) -> None:
    async def show() -> None:
        async with connected_async(redis_url) as connected:
            await pubsub.publish_tick_async(connected, Tick(NAME, START, 1.0, 1.0, 1.0, 1.0, 1.0, START))

    redis.config_set(setting, value)
    try:
        with pytest.raises(UnavailableError, match=f"^bus: .*{said}"):
            stream.publish(redis, NAME, [a_bar(0)], 10)
        with pytest.raises(UnavailableError, match=f"^bus: .*{said}"):
            asyncio.run(show())
        with pytest.raises(UnavailableError, match=f"^bus: .*{said}"):
            client.ping(redis)
    finally:
        redis.config_set(setting, usual)
    client.ping(redis)
    assert redis.keys() == []


def test_a_key_of_another_kind_is_our_mistake(redis: Redis) -> None:
    redis.set(keys.bars(NAME), "text")
    with pytest.raises(Exception, match="WRONGTYPE") as caught:
        stream.publish(redis, NAME, [a_bar(0)], 10)
    assert not isinstance(caught.value, UnavailableError)
