"""An exchange that misbehaves while ingest records it: what is recorded is the truth, and nothing else is told."""

import asyncio
import json
import random
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from aiohttp import web

from services.exchange_sim.app import create_app, open_market
from services.exchange_sim.clock import Clock
from services.exchange_sim.faults import Answer, Frame, Rule
from shared.settings import Sim as SimSettings
from tests.support.ingest import M, Record, an_ingest
from tests.support.sim import Sim, free_port
from tests.support.store import engine_of
from tests.support.waiting import wait_for

START_MS = int(datetime(2024, 1, 5, 12, tzinfo=UTC).timestamp() * 1000)


@contextmanager
def a_bad_exchange(rules: Sequence[Rule], rate: float = 600.0, policy: str = "push") -> Iterator[Sim]:
    """The simulator in a thread of this process, so that rules can be objects of a test."""
    settings = SimSettings(port=free_port(), instruments=["BTC/USDT"], rate=rate, no_trade_policy=policy)
    market = open_market(settings)
    clock = Clock(START_MS, rate)
    loop = asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        runner = web.AppRunner(create_app(settings, market, clock, rules), access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        await web.TCPSite(runner, settings.host, settings.port).start()
        ready.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(10)
        yield Sim(None, settings.port)  # type: ignore[arg-type]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


class Mischief(Rule):
    """Everything at once, at random, until `calm_ms`."""

    def __init__(self, seed: int, calm_ms: int) -> None:
        self.rng, self.calm_ms = random.Random(seed), calm_ms
        self.held: list[Frame] = []

    def does(self, at_ms: int, odds: float) -> bool:
        return at_ms < self.calm_ms and self.rng.random() < odds

    def on_connect(self, at_ms: int, path: str) -> Answer | None:
        return Answer(503, "<html>no</html>", content_type="text/html") if self.does(at_ms, 0.3) else None

    def on_frame(self, frame: Frame) -> Iterable[Frame]:
        if not frame.stream:
            return (frame,)
        late, self.held = self.held, []
        if self.does(frame.at_ms, 0.15):  # comes later, behind the next one
            self.held = [frame]
            return late
        out = [frame, *late]
        if self.does(frame.at_ms, 0.2):
            out = late
        if self.does(frame.at_ms, 0.2):
            out += [frame] * 2
        if self.does(frame.at_ms, 0.1):
            out.append(replace(frame, text=frame.text[: len(frame.text) // 2]))
        if self.does(frame.at_ms, 0.1):
            out.append(replace(frame, text=frame.text.replace('"h":"', '"h":"-')))
        return out

    def on_answer(self, at_ms: int, path: str, query: dict[str, str], answer: Answer) -> Answer:
        if not path.endswith("klines"):
            return answer
        if self.does(at_ms, 0.1):
            return Answer(502, "<html>bad gateway</html>", content_type="text/html")
        if self.does(at_ms, 0.1):
            return Answer(400, '{"code":-1001,"msg":"Internal error; unable to process your request."}')
        if self.does(at_ms, 0.03):
            return Answer(429, '{"code":-1003,"msg":"Too much request weight used"}', {"Retry-After": "30"})
        if self.does(at_ms, 0.1):
            return replace(answer, body=answer.body[:-20])
        rows = json.loads(answer.body)
        if self.does(at_ms, 0.2):
            rows = rows[:-2]  # a replica that lags
        if rows and self.does(at_ms, 0.2):
            rows.pop(self.rng.randrange(len(rows)))  # a row that appears later
        if rows and self.does(at_ms, 0.1):
            rows[self.rng.randrange(len(rows))][2] = "0.00000001"  # a high below the low
        if self.does(at_ms, 0.2):
            self.rng.shuffle(rows)
        if rows and self.does(at_ms, 0.2):
            rows.append(rows[0])
        return replace(answer, body=json.dumps(rows))


def test_any_mischief_that_ends_leaves_the_truth(database, redis_url, tmp_path):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    calm_ms = START_MS + 120 * M
    with (
        a_bad_exchange([Mischief(seed, calm_ms)]) as sim,
        an_ingest(sim, database, redis_url, tmp_path / "log") as ingest,
        engine_of(database) as engine,
    ):
        ingest.start()
        record = Record(engine, redis_url, sim)
        record.wait_until(calm_ms + 30 * M, 60)
        record.check()
        record.check_stream()
        assert ingest.stop() == 0


class FirstConnectionHidesFrames(Rule):
    """Pings come, replies come, frames of the first connection do not (python-binance 1090, websocket-client 674)."""

    def __init__(self) -> None:
        self.connections: set[int] = set()

    def on_frame(self, frame: Frame) -> Iterable[Frame]:
        self.connections.add(frame.connection)
        return () if frame.stream and frame.connection == 1 else (frame,)


def test_a_stream_that_hides_frames_is_replaced_and_rest_goes_on_meanwhile(database, redis_url, tmp_path):
    rule = FirstConnectionHidesFrames()
    with (
        a_bad_exchange([rule], rate=60) as sim,
        an_ingest(sim, database, redis_url, tmp_path / "log") as ingest,
        engine_of(database) as engine,
    ):
        ingest.start()
        record = Record(engine, redis_url, sim)
        record.wait_until(START_MS + 3 * M)
        wait_for(lambda: 2 in rule.connections, 20, "a second connection")
        record.wait_until(record.until_ms + 4 * M)
        record.check()
        assert ("ws",) in record.rows("select source from bars")


class RestIsDead(Rule):
    def __init__(self) -> None:
        self.is_dead = False

    def on_answer(self, at_ms: int, path: str, query: dict[str, str], answer: Answer) -> Answer:
        return Answer(503, "", content_type="text/html") if self.is_dead and path.endswith("klines") else answer


def test_frames_go_on_deciding_while_rest_is_dead(database, redis_url, tmp_path):
    rule = RestIsDead()
    with (
        a_bad_exchange([rule], rate=20) as sim,
        an_ingest(sim, database, redis_url, tmp_path / "log") as ingest,
        engine_of(database) as engine,
    ):
        ingest.start()
        record = Record(engine, redis_url, sim)
        wait_for(lambda: ("ws",) in record.rows("select source from bars"), 30, "the ids join")
        rule.is_dead = True
        record.wait_until(record.until_ms + 2 * M)
        rule.is_dead = False
        record.wait_until(sim.clock()["exchange_ms"])
        record.check()


class Rewrites(Rule):
    """From `from_ms` on, REST tells another close of one minute, and of another a row that it did not have."""

    def __init__(self, corrected_ms: int, late_ms: int, from_ms: int) -> None:
        self.corrected_ms, self.late_ms, self.from_ms = corrected_ms, late_ms, from_ms

    def on_frame(self, frame: Frame) -> Iterable[Frame]:
        return () if f'"t":{self.late_ms}' in frame.text else (frame,)

    def on_answer(self, at_ms: int, path: str, query: dict[str, str], answer: Answer) -> Answer:
        if not path.endswith("klines"):
            return answer
        rows = json.loads(answer.body)
        if at_ms < self.from_ms:
            rows = [row for row in rows if row[0] != self.late_ms]
        for row in rows:
            if at_ms >= self.from_ms and row[0] == self.corrected_ms:
                row[4] = row[3]
        return replace(answer, body=json.dumps(rows))


def test_what_the_exchange_says_later_is_a_revision_and_changes_nothing(database, redis_url, tmp_path):
    corrected, late = START_MS + 4 * M, START_MS + 5 * M
    # at this rate a minute is absent some 6 minutes later, for two wall seconds have to pass; the audit looks after 15
    rule = Rewrites(corrected, late, START_MS + 14 * M)
    with (
        a_bad_exchange([rule], rate=120) as sim,
        an_ingest(sim, database, redis_url, tmp_path / "log") as ingest,
        engine_of(database) as engine,
    ):
        ingest.start()
        record = Record(engine, redis_url, sim)
        record.wait_until(START_MS + 12 * M)
        before = record.bars(0, START_MS + 12 * M)
        assert late not in {bar.open_ms for bar in before}
        told = "select kind, open_ms from bar_revisions order by open_ms"
        wait_for(lambda: record.rows(told) == [("corrected", corrected), ("late", late)], 30, "the audit sees both")
        assert record.bars(0, START_MS + 12 * M) == before
        time.sleep(1.0)
        assert len(record.rows(told)) == 2
        record.check_stream()
