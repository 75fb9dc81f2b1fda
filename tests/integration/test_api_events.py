"""Server-sent events: what is committed and published reaches who watches, and nobody waits for the slow."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from typing import Any

import httpx
import pytest

from services.api import events
from shared.bus import client, pubsub, stream
from shared.bus.codec import RunEvent, Tick, tick_text
from shared.bus.keys import ticks
from shared.domain.timeframe import DAY_MS, MINUTE_MS
from tests.support.api import FIRST_MS, THIS_MINUTE, VIEWER, Api, served, walk

Heard = tuple[str, Any]


@pytest.fixture
def api(database: str, redis_url: str) -> Iterator[Api]:
    with served(database, redis_url) as found:
        found.upload()
        yield found


class Listener:
    """Reads one stream in a thread."""

    def __init__(self, api: Api, query: str) -> None:
        self.heard: Queue[Heard] = Queue()
        self.raw: list[str] = []
        self._client = httpx.Client(base_url=api.url, headers={"Authorization": f"Bearer {VIEWER}"}, timeout=30)
        self._open = self._client.stream("GET", f"/api/v1/events{query}")
        self.answer = self._open.__enter__()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        name = ""
        try:
            for line in self.answer.iter_lines():
                self.raw.append(line)
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    self.heard.put((name, json.loads(line.removeprefix("data: "))))
        except (httpx.StreamError, httpx.TransportError):
            pass

    def wait_for(self, name: str, within_s: float = 15.0) -> Any:
        """The next event of that name."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                found, data = self.heard.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise AssertionError(f"no {name} came") from None
            if found == name:
                return data

    def ended(self, within_s: float) -> bool:
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def close(self) -> None:
        self.answer.close()
        self._client.close()
        self._thread.join(10)


@contextmanager
def listening(api: Api, query: str = "") -> Iterator[Listener]:
    listener = Listener(api, query)
    try:
        yield listener
    finally:
        listener.close()


def clients(api: Api) -> int:
    return len(api.app.state.context.watch.clients)


def tick(close: float, instrument: str = "BTC/USDT") -> Tick:
    return Tick(instrument, THIS_MINUTE, 10.0, 20.0, 5.0, close, 1.0, THIS_MINUTE + 1)


def publish_tick(bus: Any, given: Tick) -> None:
    """As soon as the API listens: pub/sub keeps nothing for those who come later."""
    deadline = time.monotonic() + 15
    while bus.publish(ticks(given.instrument), tick_text(given)) == 0 and time.monotonic() < deadline:
        time.sleep(0.02)


def test_a_stream_begins_with_the_system(api: Api):
    with listening(api) as listener:
        assert listener.answer.headers["content-type"].startswith("text/event-stream")
        assert listener.answer.headers["x-accel-buffering"] == "no"
        assert listener.wait_for("system")["market"] == "sim"


def test_ticks_and_bars_are_passed_on(api: Api, redis_url: str):
    bus = client.connect(redis_url, "test")
    bar = walk(1, from_ms=THIS_MINUTE)[0]
    stream.publish(bus, "BTC/USDT", walk(3, from_ms=THIS_MINUTE - 3 * MINUTE_MS), 100)
    with listening(api) as listener:
        listener.wait_for("system")
        publish_tick(bus, tick(11.0))
        assert listener.wait_for("tick") == {
            "instrument": "BTC/USDT", "bar": [THIS_MINUTE, 10.0, 20.0, 5.0, 11.0, 1.0],
        }  # fmt: skip
        stream.publish(bus, "BTC/USDT", [bar], 100)
        newest: list[float] = []
        while not newest or newest[0] < THIS_MINUTE:
            newest = listener.wait_for("bar")["bar"]
        assert newest == [bar.open_ms, bar.open, bar.high, bar.low, bar.close, bar.volume]


def test_a_committed_run_is_shown_as_it_is_in_the_database(api: Api, redis_url: str):
    run_id = api.create(start_at=FIRST_MS + DAY_MS)["id"]
    with listening(api) as listener:
        listener.wait_for("system")
        api.fold(run_id)
        told = RunEvent(run_id, 1, THIS_MINUTE, "running", "ok")
        pubsub.publish_runs(client.connect(redis_url, "test"), [told])
        shown = listener.wait_for("run")
        while shown["status"] == "pending":  # what its creation set off may still be on the way
            shown = listener.wait_for("run")
        detail = api.get(f"/runs/{run_id}")
        assert shown == {name: detail[name] for name in shown}


def test_creating_and_stopping_is_told_at_once(api: Api):
    with listening(api) as listener:
        listener.wait_for("system")
        run_id = api.create()["id"]
        assert listener.wait_for("run")["id"] == run_id
        api.trader.post(f"/api/v1/runs/{run_id}/stop")
        assert listener.wait_for("run")["status"] == "stopped"


def test_who_watches_one_run_hears_of_no_other(api: Api, redis_url: str):
    mine, other = api.create()["id"], api.create(instrument="ETH/USDT")["id"]
    bus = client.connect(redis_url, "test")
    with listening(api, f"?run={mine}") as listener:
        assert listener.wait_for("run")["id"] == mine  # its state to begin with
        api.trader.post(f"/api/v1/runs/{other}/stop")
        publish_tick(bus, tick(1.0, "ETH/USDT"))
        publish_tick(bus, tick(2.0))
        assert listener.wait_for("tick")["instrument"] == "BTC/USDT"
        api.trader.post(f"/api/v1/runs/{mine}/stop")
        assert listener.wait_for("run")["id"] == mine
    assert api.viewer.get("/api/v1/events?run=99").status_code == 404


def test_a_client_that_went_away_is_forgotten(api: Api):
    with listening(api) as listener:
        listener.wait_for("system")
        assert clients(api) == 1
    deadline = time.monotonic() + 10
    while clients(api) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert clients(api) == 0


def test_only_so_many_may_watch(api: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("services.api.routes.events.MOST_CLIENTS", 1)
    with listening(api) as listener:
        listener.wait_for("system")
        assert api.viewer.get("/api/v1/events").status_code == 503


def test_a_quiet_stream_is_kept_alive(api: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr("services.api.events.Client.chunks.__defaults__", (0.05,))
    with listening(api) as listener:
        listener.wait_for("system")
        deadline = time.monotonic() + 10
        while ": still here" not in listener.raw and time.monotonic() < deadline:
            time.sleep(0.02)
        assert ": still here" in listener.raw


def test_streams_end_when_the_server_stops(database: str, redis_url: str):
    with served(database, redis_url) as api:
        listener = Listener(api, "")
        listener.wait_for("system")
        began = time.monotonic()
    assert listener.ended(5)
    assert time.monotonic() - began < 4  # nobody waited for the grace period to end
    listener.close()
