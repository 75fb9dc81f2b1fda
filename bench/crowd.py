"""Many runs in one runner, two cores for it and its stores, and an exchange that closes minutes when it is told to."""

import functools
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from bench import memory, stores

if TYPE_CHECKING:
    from tests.support.desk import Desk, RunnerProcess

DAY = 1_440
TABLES = ("runs", "orders", "fills", "trades", "equity", "run_notes", "snapshots", "run_counters", "equity_levels")
DECISIONS = ("orders", "fills", "trades", "equity", "run_notes")


@functools.cache
def cores() -> tuple[set[int], set[int]]:
    """Two for what is measured, and the others, if there are any, for who measures."""
    every = sorted(os.sched_getaffinity(0))
    return set(every[-2:]), set(every[:-2] or every)


@dataclass(slots=True)
class Crowd:
    """One runner and its runs."""

    desk: "Desk"
    runner: "RunnerProcess"
    pids: tuple[int, int]
    commits: Path
    runs: int = 0

    def grow(self, texts: Sequence[str], count: int) -> None:
        """Until there are `count` runs of these strategies, in turn, and all of them stand where the record ends."""
        self._create([texts[i % len(texts)] for i in range(self.runs, count)])
        self.runs = count
        desk = self.desk
        wanted = "select count(*) from runs where status = 'running' and position_ms >= :last"
        desk.until(lambda: desk.sql(wanted, last=desk.now_ms - 60_000) == [(count,)], 600.0)
        for _ in range(3):
            self.close(0.5)
        desk.until(lambda: desk.sql(wanted, last=desk.now_ms - 60_000) == [(count,)], 60.0)

    def _create(self, texts: Sequence[str]) -> None:
        """Paper runs as the API creates them, from the next minute on."""
        from shared.bus import pubsub
        from shared.bus.codec import Control
        from shared.engine.version import ENGINE_VERSION
        from shared.engine.warmup import wanted_from
        from shared.store import database, runs, strategies
        from shared.strategy.load import load
        from shared.strategy.planning import plan_for
        from tests.support.desk import COSTS

        desk = self.desk
        plans = {text: plan_for(load(text, "strategy.yaml")) for text in set(texts)}
        with database.begin(desk.engine) as conn:
            for text in texts:
                version, _ = strategies.put(conn, plans[text].name, text, "desk")
                wanted_ms = wanted_from(desk.now_ms, plans[text].settle_ms)
                new = runs.NewRun(
                    "paper", version.sha256, desk.instrument_id, desk.rules_id, COSTS, Decimal(10_000), desk.now_ms,
                    wanted_ms, ENGINE_VERSION, "desk",
                )  # fmt: skip
                runs.create(conn, new)
        pubsub.publish_control(desk.bus, Control("run", 1))

    def close(self, wait_s: float = 0.0) -> tuple[int, int]:
        """The next minute closes: its frame is here, it is recorded and published as ingest does it. Its open_ms, and
        when the frame was here."""
        from shared.bus import stream
        from shared.store import bars, database

        desk = self.desk
        open_ms, bar = desk.now_ms, desk.day[desk.at]
        begun = time.monotonic_ns()
        with database.begin(desk.engine) as conn:
            bars.record(conn, desk.instrument_id, [bar], (open_ms, open_ms + 60_000), "ws", 0)
        stream.publish(desk.bus, "BTC/USDT", [bar], 2880)
        desk.at += 1
        time.sleep(wait_s)
        return open_ms, begun

    def lines(self) -> list[tuple[int, ...]]:
        """bench.watched_runner's."""
        return [tuple(map(int, line.split())) for line in self.commits.read_text(encoding="utf-8").splitlines()]

    def pss_mb(self) -> float:
        return memory.of(self.runner.process.pid)[1]

    def cpu_s(self) -> tuple[float, float, float]:
        """CPU so far of the runner, of PostgreSQL with its sessions, and of Valkey."""
        own = psutil.Process(self.runner.process.pid)
        postgres, valkey = map(psutil.Process, self.pids)
        return _cpu_s([own]), _cpu_s([postgres, *postgres.children()]), _cpu_s([valkey])

    def busy_s(self) -> float:
        """CPU so far of everybody on the two cores."""
        every = psutil.cpu_times(percpu=True)
        return sum(sum(every[core]) - every[core].idle - every[core].iowait for core in cores()[0])

    def stored(self) -> tuple[int, int, int]:
        """Rows of decisions, bytes of the tables that runs fill with their indexes, bytes of WAL; all so far."""
        rows = " + ".join(f"(select count(*) from {name})" for name in DECISIONS)
        sizes = " + ".join(f"pg_total_relation_size('{name}')" for name in TABLES)
        wal = "pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
        [found] = self.desk.sql(f"select {rows}, {sizes}, {wal}")
        return tuple(int(str(value)) for value in found)  # type: ignore[return-value]


def _cpu_s(processes: Sequence[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes if process.is_running()]
    return sum(one.user + one.system for one in times)


@contextmanager
def running(capacity: int, minutes: int) -> Iterator[Crowd]:
    """A runner and its stores on two cores, a day of history, `minutes` more to come; we work on the others."""
    from tests.support.desk import Desk, walk

    measured, ours = cores()
    os.sched_setaffinity(0, measured)  # what is started now, and what that starts, stays there
    with stores.running() as found:
        desk = Desk(found.database_url, found.redis_url, walk(DAY + minutes))
        try:
            commits = found.folder / "commits"
            runner = desk.runner(
                capacity=capacity,
                MODULE="bench.watched_runner",
                BENCH_COMMITS=str(commits),
                PAPERFOLD__RUNNER__POLL_S="1.0",
            )
            os.sched_setaffinity(0, ours)
            desk.history(DAY)
            desk.until(lambda: desk.sql("select count(*) from runners") == [(1,)], 60.0)
            time.sleep(2.0)  # it has done everything once
            yield Crowd(desk, runner, found.pids, commits)
        finally:
            desk.close()
