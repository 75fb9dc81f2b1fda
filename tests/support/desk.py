"""A market by hand: what ingest and the API do to the stores, minute by minute, when a test says so; real runners."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, text

from shared import replay
from shared.bus import client, pubsub, stream
from shared.bus.codec import Control, Entry, Gap
from shared.domain.bar import Bar, Bars
from shared.domain.command import CommandKind
from shared.domain.coverage import Range
from shared.domain.instrument import Costs, InstrumentRules
from shared.domain.run import RunMode
from shared.domain.timeframe import DAY_MS, MINUTE_MS
from shared.engine.version import ENGINE_VERSION
from shared.engine.warmup import wanted_from
from shared.store import bars, commands, database, market, runs, strategies
from shared.store.runs import Run
from shared.strategy.load import load
from shared.strategy.planning import plan_for
from tests.support.store import patient

ROOT = Path(__file__).resolve().parents[2]
FIRST_MS = 1_735_689_600_000  # 2025-01-01
RULES = InstrumentRules(
    "BTC/USDT", Decimal("0.01"), Decimal("0.00001"), Decimal("0.00001"), Decimal(1), "exchange-info", FIRST_MS
)
COSTS = Costs(0, 200, 200, 100)
# Trades in nearly every minute, so that every commit has rows of every kind.
BUSY = """
name: busy
symbol: BTC/USDT
timeframes: { entry: 1m }
indicators: [{ id: mean, type: SMA, timeframe: entry, length: 3 }]
logic:
  entry_long: ["close > mean"]
  exit_long: ["close < mean"]
  entry_short: ["close < mean"]
  exit_short: ["close > mean"]
risk_management:
  position_size: { base_size: 0.3 }
  stop_loss: { base_percent: 0.002 }
  take_profit: { base_percent: 0.004, partial_exits: [{ level: 0.001, percent: 0.5 }] }
"""


def walk(count: int, seed: int = 7, from_ms: int = FIRST_MS, skipped: frozenset[int] = frozenset()) -> list[Bar]:
    """A random walk on the tick, one bar a minute, some minutes missing."""
    chance = random.Random(seed)
    close = 42_000_00
    made = []
    for i in range(count):
        open_, close = close + chance.randrange(-900, 900), close + round(chance.gauss(0, 3_500))
        high, low = max(open_, close) + chance.randrange(2500), min(open_, close) - chance.randrange(2500)
        volume = 0.0 if chance.random() < 0.03 else chance.randrange(1, 900_000) / 100_000
        if i not in skipped:
            made.append(Bar(from_ms + i * MINUTE_MS, open_ / 100, high / 100, low / 100, close / 100, volume))
    return made


@dataclass
class Desk:
    """One market, its stores, and hands to move it."""

    database_url: str
    redis_url: str
    day: list[Bar]
    at: int = 0  # minutes recorded
    instrument_id: int = 0
    processes: list["RunnerProcess"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine = patient(database.connect(self.database_url, "desk"))
        self.bus = client.connect(self.redis_url, "desk")
        self.first_ms = self.day[0].open_ms - self.day[0].open_ms % DAY_MS
        with database.begin(self.engine) as conn:
            market.claim_market(conn, "sim", "desk")
            self.instrument_id = market.put_instrument(conn, "BTC/USDT", "BTCUSDT", "TRADING")
            self.rules_id = market.put_rules(conn, self.instrument_id, RULES)
            market.set_history_start(conn, self.instrument_id, self.first_ms)
            market.set_clock(conn, self.first_ms, rate=1.0)

    @property
    def now_ms(self) -> int:
        """End of what is recorded."""
        return self.first_ms + self.at * MINUTE_MS

    def minutes(self, count: int, *, publish: bool = True) -> None:
        """The next minutes close, each recorded and published by itself."""
        for _ in range(count):
            self._record((self.now_ms, self.now_ms + MINUTE_MS), publish)
            self.at += 1

    def history(self, count: int) -> None:
        """Many minutes, as a backfill records them: some thousand a transaction; nothing is published."""
        while count > 0:
            part = min(count, 5_000)
            self._record((self.now_ms, self.now_ms + part * MINUTE_MS), False)
            self.at += part
            count -= part

    def _record(self, covered: Range, publish: bool) -> None:
        found = [bar for bar in self.day if covered[0] <= bar.open_ms < covered[1]]
        with database.begin(self.engine) as conn:
            self._write(conn, found, covered, publish)
            market.set_clock(conn, covered[1] + 500, rate=1.0)
        if publish:
            entries: Sequence[Entry] = found or [Gap(*covered)]
            stream.publish(self.bus, "BTC/USDT", entries, 2880)

    def _write(self, conn: Connection, found: Sequence[Bar], covered: Range, publish: bool) -> None:
        bars.record(conn, self.instrument_id, found, covered, "ws", 0)

    def start(self, strategy: str = BUSY, *, start_ms: int | None = None, cash: str = "10000") -> int:
        """A paper run as the API creates it, from the next minute on."""
        return self._create(strategy, "paper", self.now_ms if start_ms is None else start_ms, None, cash)

    def backtest(self, strategy: str = BUSY, *, start_ms: int, end_ms: int, cash: str = "10000") -> int:
        """A backtest as the API creates it: a run of a runner that ends, `end_ms` exclusive."""
        return self._create(strategy, "backtest", start_ms, end_ms, cash)

    def _create(self, strategy: str, mode: RunMode, start: int, end_ms: int | None, cash: str) -> int:
        name = load(strategy, "strategy.yaml").spec.name  # type: ignore[union-attr]
        plan = plan_for(load(strategy, f"{name}.yaml"))
        with database.begin(self.engine) as conn:
            version, _ = strategies.put(conn, name, strategy, "desk")
            new = runs.NewRun(
                mode, version.sha256, self.instrument_id, self.rules_id, COSTS, Decimal(cash), start,
                wanted_from(start, plan.settle_ms), ENGINE_VERSION, "desk", end_ms=end_ms,
            )  # fmt: skip
            run, _ = runs.create(conn, new)
        pubsub.publish_control(self.bus, Control("run", run.id))
        return run.id

    def command(self, run_id: int, kind: CommandKind, *, close: bool = False) -> int:
        """A command as the API records it."""
        with database.begin(self.engine) as conn:
            added = commands.add(conn, run_id, kind, "desk", close_position=close)
        assert added is not None
        pubsub.publish_control(self.bus, Control("command", run_id))
        return added[0].id

    def run(self, run_id: int) -> Run:
        with database.begin(self.engine) as conn:
            return runs.get(conn, run_id)

    def sql(self, statement: str, **given: object) -> list[tuple[object, ...]]:
        """Any statement, committed; its rows."""
        with database.begin(self.engine) as conn:
            result = conn.execute(text(statement), given)
            return [tuple(row) for row in result] if result.returns_rows else []

    def level(self, *run_ids: int, timeout_s: float = 20.0) -> None:
        """Wait until these runs have committed the last recorded bar."""
        last = max(bar.open_ms for bar in self.day if bar.open_ms < self.now_ms)
        self.until(lambda: all((self.run(run_id).position_ms or 0) >= last for run_id in run_ids), timeout_s, run_ids)

    def until(self, holds: Callable[[], bool], timeout_s: float = 20.0, about: object = "") -> float:
        """Wait for something to hold; seconds that it took."""
        started = time.monotonic()
        while not holds():
            if time.monotonic() - started > timeout_s:
                seen = [self.run(run_id) for run_id in about] if isinstance(about, tuple) else about
                raise AssertionError(f"not within {timeout_s} s: {seen}")
            time.sleep(0.05)
        return time.monotonic() - started

    def parity(self, run_id: int) -> replay.Verdict:
        """The run folded again from its first bar and compared."""
        return replay.check_apart(self.engine, self.run(run_id))

    def assert_parity(self, *run_ids: int) -> None:
        """Equal, and about something."""
        for run_id in run_ids:
            verdict = self.parity(run_id)
            assert verdict.equal, verdict.difference
            assert verdict.decisions > 0

    def runner(self, capacity: int = 100, lease_s: float = 10.0, **environment: str) -> "RunnerProcess":
        """Start a runner process."""
        process = RunnerProcess.start(self, capacity, lease_s, environment)
        self.processes.append(process)
        return process

    def close(self) -> None:
        for process in self.processes:
            process.kill()
        self.engine.dispose()
        self.bus.close()


@dataclass
class RunnerProcess:
    """A runner, and what can happen to it."""

    process: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def start(cls, desk: Desk, capacity: int, lease_s: float, environment: dict[str, str]) -> "RunnerProcess":
        module = environment.pop("MODULE", "services.runner")
        own = {
            "PAPERFOLD__DATABASE__URL": desk.database_url,
            "PAPERFOLD__REDIS__URL": desk.redis_url,
            "PAPERFOLD__RUNNER__CAPACITY": str(capacity),
            "PAPERFOLD__RUNNER__LEASE_S": str(lease_s),
            "PAPERFOLD__RUNNER__POLL_S": "0.3",
            "PAPERFOLD__LOG__JSON_LINES": "1",
        }
        log = Path(os.environ.get("PYTEST_TMP", "/tmp")) / f"runner-{os.getpid()}-{time.monotonic_ns()}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", module], env=os.environ | own | environment, cwd=ROOT, stderr=out, stdout=out
            )
        return cls(process, log)

    @property
    def lines(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def is_frozen(self) -> bool:
        """Has the process stopped itself?"""
        state = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2][0]
        return state == "T"

    def kill(self) -> None:
        """kill -9, and gone."""
        self.process.kill()
        self.process.wait()
        self.log.unlink(missing_ok=True)

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        self.process.terminate()
        return self.process.wait(15)


def columns(found: Sequence[Bar]) -> Bars:
    """Bars as columns."""
    return Bars(*([getattr(bar, name) for bar in found] for name in Bars._fields))


def owner(desk: Desk, run_id: int) -> UUID | None:
    """Who folds a run."""
    return desk.run(run_id).runner_id
