"""The API under test: the real application in a real server on a loopback port, over real stores; and a market that
has been there for some days, with a runner that folds on demand.
"""

import asyncio
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine, func, select

from services.api.app import create_app
from services.api.serve import config_of
from services.runner.commit import counters_of
from shared.bus import client
from shared.domain.bar import Bar
from shared.domain.decision import decode
from shared.domain.instrument import InstrumentRules
from shared.domain.timeframe import DAY_MS, MINUTE_MS
from shared.engine.fold import Fold
from shared.engine.setup import Setup
from shared.engine.version import ENGINE_VERSION
from shared.settings import Api as ApiSettings
from shared.settings import Database, Exchange, Settings
from shared.store import auth, bars, commits, counters, database, market, ownership, runs, strategies, tables
from shared.strategy.load import load
from shared.strategy.planning import plan_for
from tests.support.store import patient

ROOT = Path(__file__).resolve().parents[2]
ADMIN, TRADER, VIEWER = "admin-token", "trader-token", "viewer-token"
NOW_MS = 1_735_689_600_000 + 3 * DAY_MS + 37 * MINUTE_MS + 12_345  # 2025-01-04T00:37:12.345Z on the exchange's clock
THIS_MINUTE = NOW_MS - NOW_MS % MINUTE_MS
FIRST_MS = 1_735_689_600_000  # 2025-01-01: bars from here until this minute
BTC = InstrumentRules(
    "BTC/USDT", Decimal("0.01"), Decimal("0.00001"), Decimal("0.00001"), Decimal(1), "exchange-info", FIRST_MS
)
FAST = """
name: fast-cross
symbol: BTC/USDT
timeframes: { entry: 1m }
indicators:
  - { id: fast, type: EMA, timeframe: entry, length: 3 }
  - { id: slow, type: EMA, timeframe: entry, length: 8 }
logic:
  entry_long: ["crosses_above(fast, slow)"]
  exit_long: ["crosses_below(fast, slow)"]
  entry_short: ["crosses_below(fast, slow)"]
  exit_short: ["crosses_above(fast, slow)"]
variants:
  long_only: { logic: { entry_short: [] } }
risk_management:
  position_size: { base_size: 0.5 }
  stop_loss: { base_percent: 0.004 }
  take_profit: { base_percent: 0.01 }
"""


def walk(count: int, seed: int = 7, from_ms: int = FIRST_MS, skipped: frozenset[int] = frozenset()) -> list[Bar]:
    """A random walk on the tick, one bar a minute, some minutes missing."""
    chance = random.Random(seed)
    close = 42_000_00
    made = []
    for i in range(count):
        open_, close = close, close + round(chance.gauss(0, 2_500))
        high, low = max(open_, close) + chance.randrange(1500), min(open_, close) - chance.randrange(1500)
        volume = chance.randrange(1, 900_000) / 100_000
        if i not in skipped:
            made.append(Bar(from_ms + i * MINUTE_MS, open_ / 100, high / 100, low / 100, close / 100, volume))
    return made


@cache
def days_of_bars() -> list[Bar]:
    """FIRST_MS to THIS_MINUTE, three minutes missing."""
    return walk((THIS_MINUTE - FIRST_MS) // MINUTE_MS, skipped=frozenset(range(4000, 4003)))


@dataclass
class Api:
    """A running API, its stores, and clients of each role."""

    url: str
    app: FastAPI
    engine: Engine
    redis_url: str
    clients: dict[str, httpx.Client]

    @property
    def viewer(self) -> httpx.Client:
        return self.clients[VIEWER]

    @property
    def trader(self) -> httpx.Client:
        return self.clients[TRADER]

    @property
    def anybody(self) -> httpx.Client:
        return self.clients[""]

    def rows(self) -> dict[str, int]:
        """How many rows each table has that a request could have left behind."""
        changed = ("strategies", "strategy_versions", "runs", "run_commands", "run_log", "audit", "instruments",
                   "instrument_rules", "sessions", "api_keys")  # fmt: skip
        with database.begin(self.engine) as conn:
            return {
                name: conn.scalar(select(func.count()).select_from(tables.metadata.tables[name])) for name in changed
            }

    def upload(self, text: str = FAST) -> None:
        self.trader.post("/api/v1/strategies", json={"text": text}).raise_for_status()

    def create(self, **asked: Any) -> dict[str, Any]:
        answer = self.trader.post("/api/v1/runs", json={"strategy": "fast-cross", **asked})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def get(self, path: str) -> Any:
        answer = self.viewer.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def claim(self) -> UUID:
        """A runner comes and takes every run that waits."""
        runner = uuid4()
        with database.begin(self.engine) as conn:
            ownership.register(conn, runner, ENGINE_VERSION, 10, "test", 60.0)
            ownership.claim(conn, runner, ENGINE_VERSION, {"paper": 10, "backtest": 10})
        return runner

    def fold(
        self, run_id: int, until_ms: int = THIS_MINUTE, runner: UUID | None = None, status: str = "running"
    ) -> list[Any]:
        """Claim a run and fold its record up to a minute, as a runner does; the decisions."""
        runner = self.claim() if runner is None else runner
        with database.begin(self.engine) as conn:
            run = runs.get(conn, run_id)
            warmup_from_ms = max(run.history_from_ms, FIRST_MS)
            ownership.fix_warmup(conn, runner, run_id, run.epoch, warmup_from_ms)
            text = strategies.get_version(conn, run.strategy_version).text
            plan = plan_for(load(text, "x.yaml"), variant=run.variant, overrides=run.params, instrument=run.instrument)
            fold = Fold(plan, Setup(run.rules, run.costs, run.cash, run.start_ms, warmup_from_ms))
            made = list(decode(fold.fold(bars.read_columns(conn, run.instrument_id, warmup_from_ms, until_ms))))
            points = [one for one in made if type(one).__name__ == "EquityPoint"]
            scale = Decimal(10) ** -run.rules.quote_decimals
            step = ownership.Progress(
                run_id, run.epoch, run.position_ms, run.digest, fold.position_ms, fold.digest, made[-1].seq, status,
                equity=points[-1].equity * scale, quantity=points[-1].position * run.rules.lot_step,
            )  # fmt: skip
            assert not commits.commit(conn, runner, [step], [(run_id, run.rules, made)]).lost
            counters.write(conn, counters_of(run_id, fold))
        return made


@contextmanager
def served(database_url: str, redis_url: str, *, prepare: bool = True, **api: Any) -> Iterator[Api]:
    """The API on a free port, with keys of every role and, unless `prepare` is false, a market with days of bars."""
    settings = Settings(
        database=Database(pool_size=3),
        exchange=Exchange(market="sim"),
        api=ApiSettings(**{"admin_token": ADMIN, **api}),
    )
    days_of_bars()  # made before the transaction that records them: a server drops who idles in one
    engine = patient(database.connect(database_url, "api-test", pool_size=2))
    with database.begin(engine) as conn:
        auth.put_key(conn, "tess", TRADER, "trader")
        auth.put_key(conn, "vic", VIEWER, "viewer")
        if prepare:
            trade_market(conn)
    app = create_app(
        settings,
        patient(database.connect(database_url, "api", pool_size=3)),
        client.connect(redis_url, "api"),
        client.connect_async(redis_url, "api-events"),
    )
    with server_of(app) as port:
        url = f"http://127.0.0.1:{port}"
        clients = {
            token: httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"} if token else {}, timeout=30)
            for token in (ADMIN, TRADER, VIEWER, "")
        }
        try:
            yield Api(url, app, engine, redis_url, clients)
        finally:
            for one in clients.values():
                one.close()
            engine.dispose()


def trade_market(conn: Any) -> None:
    """BTC/USDT with its rules, minutes from FIRST_MS to THIS_MINUTE (some missing), and a clock that shows NOW_MS."""
    market.claim_market(conn, "sim", "test")
    instrument = market.put_instrument(conn, "BTC/USDT", "BTCUSDT", "TRADING")
    market.put_rules(conn, instrument, BTC)
    bars.record(conn, instrument, days_of_bars(), (FIRST_MS, THIS_MINUTE), "import", 0)
    market.set_clock(conn, NOW_MS, rate=0.0001)  # as good as standing still


@contextmanager
def server_of(app: FastAPI) -> Iterator[int]:
    """The application in uvicorn, in a thread; its port."""
    server = uvicorn.Server(config_of(app, "127.0.0.1", 0))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.started
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        app.state.context.watch.close_clients()
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive(), f"the server does not stop: {_waiting(app)}"


def _waiting(app: FastAPI) -> str:
    """Where the tasks of a server that does not stop are waiting."""
    loop = app.state.context.watch.loop
    lines = [f"{task.get_name()}: {task.get_stack()}" for task in asyncio.all_tasks(loop)] if loop else []
    return "\n".join(lines)
