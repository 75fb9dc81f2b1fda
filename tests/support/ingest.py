"""Ingest as a process of its own, and what it left behind compared with the simulated exchange's truth."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from shared.bus import client as bus
from shared.bus import stream
from shared.bus.codec import Entry, Gap
from shared.domain.bar import Bar
from shared.domain.coverage import Range
from shared.exchange.normalise import bar_of_row
from shared.store import bars, database, market
from tests.support.sim import Sim
from tests.support.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
M = 60_000


@dataclass
class Ingest:
    """A process that can be started, killed, frozen and stopped."""

    environment: dict[str, str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    def start(self) -> "Ingest":
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.ingest"], env=self.environment, cwd=ROOT, stderr=log, stdout=log
            )
        return self

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """As a crash does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        """Cleanly; its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        assert self.process is not None
        return self.process.wait(20)

    @property
    def text(self) -> str:
        return self.log.read_text(encoding="utf-8")


@contextmanager
def an_ingest(
    sim: Sim,
    database_url: str,
    redis_url: str,
    log: Path,
    instruments: Sequence[str] = ("BTC/USDT",),
    **settings: object,
) -> Iterator[Ingest]:
    """Not started yet; ended on the way out. Settings by name: exchange__clock_rate=1."""
    values: dict[str, object] = {
        "database__url": database_url,
        "redis__url": redis_url,
        "exchange__rest_url": sim.rest_url,
        "exchange__ws_url": sim.ws_url,
        "exchange__clock_rate": sim.clock()["rate"],
        "exchange__market": "sim",
        "ingest__instruments": json.dumps(list(instruments)),
        **settings,
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PAPERFOLD__")}
    environment |= {f"PAPERFOLD__{name.upper()}": str(value) for name, value in values.items()}
    ingest = Ingest(environment, log)
    try:
        yield ingest
    finally:
        process = ingest.process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait(10)


def begin_of(entry: Entry) -> int:
    """The first minute that an entry of the stream decides."""
    return entry.from_ms if isinstance(entry, Gap) else entry.open_ms


class Record:
    """What is in the database and the stream of one instrument."""

    def __init__(self, engine: Engine, redis_url: str, sim: Sim, instrument: str = "BTC/USDT") -> None:
        self.engine, self.redis_url, self.sim, self.instrument = engine, redis_url, sim, instrument

    @property
    def coverage(self) -> list[Range]:
        with database.begin(self.engine) as conn:
            found = market.find_instrument(conn, self.instrument)
            return [] if found is None else bars.coverage_of(conn, found.id)

    @property
    def until_ms(self) -> int:
        """End of what is decided; 0 when nothing is."""
        ranges = self.coverage
        return ranges[-1][1] if ranges else 0

    def bars(self, from_ms: int = 0, to_ms: int = 1 << 62) -> list[Bar]:
        with database.begin(self.engine) as conn:
            found = market.find_instrument(conn, self.instrument)
            assert found is not None
            return bars.read_bars(conn, found.id, from_ms, to_ms, limit=1_000_000)

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        with database.begin(self.engine) as conn:
            return [tuple(row) for row in conn.exec_driver_sql(statement)]

    def stream(self) -> list[Entry]:
        redis = bus.connect(self.redis_url, "tests")
        try:
            return stream.read(redis, {self.instrument: stream.BEGINNING}, count=100_000).get(self.instrument, [])
        finally:
            redis.close()

    def truth(self, from_ms: int, to_ms: int) -> list[Bar]:
        symbol = self.instrument.replace("/", "")
        return [bar_of_row(row) for row in self.sim.truth(symbol, from_ms, to_ms - M)]

    def wait_until(self, to_ms: int, seconds: float = 40.0) -> None:
        """Until every minute before `to_ms` is decided."""
        wait_for(lambda: self.until_ms >= to_ms, seconds, f"not decided until {to_ms}: {self.coverage}")

    def check(self) -> Range:
        """One unbroken range, and in it exactly the truth. Returns the range."""
        ranges = self.coverage
        assert len(ranges) == 1, ranges
        start, end = ranges[0]
        assert self.bars(start, end) == self.truth(start, end)
        assert self.rows("select * from bar_revisions") == []
        return start, end

    def check_stream(self) -> list[Entry]:
        """Every decided minute from the stream's first entry on, once, in order: bars as recorded, gaps as gaps."""
        wait_for(lambda: (found := self.stream()) and found[-1].open_ms >= self.until_ms - 3 * M, 10, "stream lags")
        entries = self.stream()
        first = at = begin_of(entries[0])
        told: list[Bar] = []
        for entry in entries:
            assert at == begin_of(entry)
            at = entry.open_ms + M
            if not isinstance(entry, Gap):
                told.append(entry)
        assert told == self.bars(first, at)
        return entries
