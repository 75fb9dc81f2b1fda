"""Events wait in a bounded buffer that keeps the newest."""

import asyncio

from services.api import events
from services.api.events import HEARTBEAT, Client, Clients, event


async def _first(client: Client, heartbeat_s: float = 5.0) -> bytes:
    return await anext(client.chunks(heartbeat_s))


def sent(*given: events.Event, client: Client | None = None) -> str:
    client = Client() if client is None else client
    for one in given:
        client.offer(one)
    return asyncio.run(_first(client)).decode()


def test_an_event_has_a_name_and_one_line_of_json():
    assert sent(event("tick", "k", {"instrument": "BTC/USDT"})) == 'event: tick\ndata: {"instrument":"BTC/USDT"}\n\n'


def test_text_with_line_breaks_stays_one_line():
    assert sent(event("run", "k", {"failure": "a\nb\r\nc"})).count("\n") == 3


def test_a_newer_state_replaces_the_one_that_waits():
    text = sent(event("tick", "tick A", 1), event("bar", "bar A 1", 2), event("tick", "tick A", 3))
    assert text == "event: tick\ndata: 3\n\nevent: bar\ndata: 2\n\n"


def test_a_client_that_is_too_slow_is_told_to_load_again(monkeypatch):
    monkeypatch.setattr(events, "BUFFER", 3)
    client = Client()
    assert [client.offer(event("bar", f"bar {i}", i)) for i in range(4)] == [True, True, True, False]
    assert sent(client=client) == "event: reset\ndata: {}\n\nevent: bar\ndata: 3\n\n"


def test_a_quiet_stream_sends_a_comment():
    assert asyncio.run(_first(Client(), heartbeat_s=0.01)) == HEARTBEAT


def test_a_closed_client_ends():
    async def collect() -> list[bytes]:
        client = Client()
        client.close()
        return [chunk async for chunk in client.chunks()]

    assert asyncio.run(collect()) == []


def test_who_watches_one_run_sees_it_and_its_instrument_and_the_system():
    client = Client(run=7, instrument="BTC/USDT")
    assert client.wants(event("run", "run 7", {}, run=7, instrument="BTC/USDT"))
    assert not client.wants(event("run", "run 8", {}, run=8, instrument="BTC/USDT"))
    assert client.wants(event("tick", "t", {}, instrument="BTC/USDT"))
    assert not client.wants(event("tick", "t", {}, instrument="ETH/USDT"))
    assert client.wants(event("system", "system", {}))


def test_slow_clients_are_counted_and_do_not_hold_the_others(monkeypatch):
    monkeypatch.setattr(events, "BUFFER", 1)
    clients = Clients()
    slow, other = Client(), Client(run=1)
    clients.add(slow)
    clients.add(other)
    assert clients.send(event("run", f"run {i}", i, run=i) for i in (1, 2, 3)) == 2
    assert sent(client=other) == "event: run\ndata: 1\n\n"
