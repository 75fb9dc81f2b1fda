"""Rules that take hold of the simulated exchange, served inside this process."""

import asyncio
import json
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from services.exchange_sim.app import create_app, open_market
from services.exchange_sim.clock import Clock
from services.exchange_sim.faults import Answer, Rule
from services.exchange_sim.generated import Generated
from services.exchange_sim.market import Market
from shared.settings import Sim as SimSettings

DAY = 1_704_412_800_000  # 2024-01-05


class Faulty(Rule):
    """Acks are lost, frames come twice, every second connection is refused, klines answer 503."""

    connects = 0

    def on_connect(self, at_ms, path):
        self.connects += 1
        return Answer(503, "busy", content_type="text/plain") if self.connects % 2 == 0 else None

    def on_frame(self, frame):
        return (frame, frame) if frame.stream else ()

    def on_answer(self, at_ms, path, query, answer):
        return Answer(503, "<html>", {"Retry-After": "7"}, "text/html") if path.endswith("klines") else answer


@asynccontextmanager
async def served(market, rules=(), on_failure=None):
    """The exchange inside this process."""
    clock = Clock(DAY, 600)
    runner = web.AppRunner(create_app(SimSettings(), market, clock, rules, on_failure), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession() as session:
            yield session, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def test_rules_take_hold_of_connections_frames_and_answers():
    async def story():
        async with served(open_market(SimSettings()), (Faulty(),)) as (session, url):
            socket = await session.ws_connect(url + "/ws")
            await socket.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@kline_1m"], "id": 1})
            frames = [await socket.receive_str(timeout=5) for _ in range(6)]
            with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
                await session.ws_connect(url + "/ws")
            answer = await session.get(url + "/api/v3/klines?symbol=BTCUSDT&interval=1m")
            ping = await session.get(url + "/api/v3/ping")
            return frames, (answer.status, answer.headers["Retry-After"], await answer.text()), ping.status

    frames, answer, ping = asyncio.run(story())
    assert frames[0::2] == frames[1::2]
    assert all(json.loads(frame)["e"] == "kline" for frame in frames)
    assert answer == (503, "7", "<html>")
    assert ping == 200


class Broken(Generated):
    def oldest(self, from_ms, to_ms, limit):
        raise RuntimeError("the market is gone")


def test_a_loop_that_dies_is_heard_of():
    async def story():
        died = asyncio.get_running_loop().create_future()
        market = Market("m", 1, {"BTCUSDT": Broken("BTC/USDT", 1)})
        async with served(market, on_failure=died.set_result) as (session, url):
            await session.ws_connect(url + "/ws/btcusdt@kline_1m")
            return await asyncio.wait_for(died, 5)

    assert str(asyncio.run(story())) == "the market is gone"
