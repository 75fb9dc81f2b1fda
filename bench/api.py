"""The API at 200 requests a second, beside an empty FastAPI route served alike, in turn; loopback, real stores.

Open loop: a request is due every 5 ms whatever came of those before, and its latency runs from the moment it was due.
Asked: a run's status, and the statistics of a run with 100,000 trades, folded and committed here by a real runner. Then
the whole document of that run, and its status meanwhile. One server process each; the client is in this process.
Bounded: BLOCK_S seconds of each in a round, ROUNDS at most.
"""

import asyncio
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, NamedTuple

import psutil

from bench import peers, stores
from bench.latency import EVERY_MINUTE
from bench.table import Row, Series, percentile, say

RATE_PER_S = 200
MEANWHILE_PER_S = 20
BLOCK_S = 5.0
ROUNDS = 5
TRADES = 100_000
TOKEN = "a-token-of-the-benchmark"
TIMEOUT_S = 30.0
READY = b"HTTP/1.1 200"
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


def measure(count: int) -> list[Row]:
    """Rows of this topic."""
    with stores.running() as found:
        run_id, trades = _run(found)
        environment = {
            "PAPERFOLD__DATABASE__URL": found.database_url, "PAPERFOLD__REDIS__URL": found.redis_url,
            "PAPERFOLD__API__ADMIN_TOKEN": TOKEN, "PAPERFOLD__EXCHANGE__MARKET": "sim",
        }  # fmt: skip
        port, empty_port = _free_port(), _free_port()
        api = [sys.executable, "-m", "services.api"]
        empty = [sys.executable, "-m", "bench.empty_route", str(empty_port)]
        with (
            _served(api, port, {**environment, "PAPERFOLD__API__PORT": str(port)}) as server,
            _served(empty, empty_port, {}),
        ):
            targets = {
                "empty": (empty_port, "/"),
                "status": (port, f"/api/v1/runs/{run_id}"),
                "statistics": (port, f"/api/v1/runs/{run_id}/stats"),
            }
            started = time.perf_counter()
            asyncio.run(_block(*targets["statistics"], 1))
            first_s = time.perf_counter() - started
            rounds = min(count, ROUNDS)
            say(f"{rounds} rounds of {BLOCK_S:g} s each")
            latencies: dict[str, list[list[float]]] = {name: [] for name in targets}
            for _ in range(rounds):
                for name, target in targets.items():
                    latencies[name].append(asyncio.run(_block(*target, round(RATE_PER_S * BLOCK_S))))
            say("the whole document")
            exported = asyncio.run(_exported(port, run_id, psutil.Process(server)))
    return [*_rows(latencies, trades, first_s), *_export_rows(exported, trades)]


def _rows(latencies: Mapping[str, list[list[float]]], trades: int, first_s: float) -> list[Row]:
    p50, p99 = (
        {name: Series([percentile(block, share) for block in blocks]) for name, blocks in latencies.items()}
        for share in (0.5, 0.99)
    )
    rows = [p50["empty"].row("an empty route, p50", "ms"), p99["empty"].row("an empty route, p99", "ms")]
    asked = (
        ("status", "status of a run", 10.0, "with headline statistics and commands"),
        ("statistics", f"statistics of {trades:,} trades", 25.0, f"asked for the first time: {first_s:.1f} s"),
    )
    for name, what, limit, note in asked:
        rows.append(
            p50[name].row(f"{what}, p50", "ms", ratio=p50[name].over(p50["empty"]), reference="the empty route")
        )
        rows.append(
            p99[name].row(
                f"{what}, p99", "ms", ratio=p99[name].over(p99["empty"]), reference="the empty route",
                budget=f"<= {limit:g} ms", met=p99[name].median <= limit, note=note,
            )
        )  # fmt: skip
    return rows


class Exported(NamedTuple):
    """A document, from the moment that it was asked for."""

    size: int  # bytes
    first_s: float
    last_s: float
    meanwhile_ms: list[float]
    grown_mb: float  # by which the server grew at most
    child_mb: float  # the most that its child held


def _export_rows(found: Exported, trades: int) -> list[Row]:
    took = f"first byte after {found.first_s:.1f} s, {found.size / 1e6:.0f} MB"
    return [
        Row(f"document of {trades:,} trades", found.last_s, "s", note=took),
        Row("  the server grows by", found.grown_mb, "MB", note=f"its child holds {found.child_mb:.0f} MB"),
        Row("  status of a run meanwhile, p50", percentile(found.meanwhile_ms, 0.5), "ms",
            note=f"at {MEANWHILE_PER_S} a second; p99 {percentile(found.meanwhile_ms, 0.99):.0f} ms"),
    ]  # fmt: skip


# --- what is served --------------------------------------------------------------------------------------------------


def _run(found: stores.Stores) -> tuple[int, int]:
    """A run that has ended, and how many trades it closed."""
    from tests.support.desk import Desk, walk

    minutes = 2 * TRADES + 1_500
    say(f"{minutes:,} minutes, folded and committed by a runner")
    desk = Desk(found.database_url, found.redis_url, walk(minutes))
    try:
        desk.history(minutes)
        desk.runner(PAPERFOLD__RUNNER__CACHE_DIR=str(found.folder / "cache"))
        run = desk.backtest(
            EVERY_MINUTE.replace("0.3", "0.001"),
            start_ms=desk.first_ms + 86_400_000,
            end_ms=desk.now_ms,
            cash="1000000",
        )
        desk.until(lambda: desk.run(run).status not in ("pending", "warming", "running"), 600.0)
        assert desk.run(run).status == "finished", desk.run(run)
        [(trades,)] = desk.sql("select count(*) from trades where run_id = :run", run=run)
        assert isinstance(trades, int)
        assert trades >= TRADES, trades
        return run, trades
    finally:
        desk.close()


@contextmanager
def _served(command: list[str], port: int, environment: Mapping[str, str]) -> Iterator[int]:
    """Its process id."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, cwd=peers.ROOT, env=peers.installed(environment), stdout=log, stderr=log)
        try:
            _wait_for(process, port, log)
            yield process.pid
        finally:
            process.terminate()
            process.wait(15)


def _wait_for(process: subprocess.Popen[bytes], port: int, log: IO[bytes]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    log.seek(0)
    raise RuntimeError(f"nobody listens on {port}: {log.read()[-2000:].decode()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- the client ------------------------------------------------------------------------------------------------------


def _request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()


async def _exported(port: int, run_id: int, server: psutil.Process) -> Exported:
    """Take a run's document, and ask for its status meanwhile."""
    idle = server.memory_info().rss
    latencies: list[float] = []
    size = first_s = last_s = grown = by_child = 0.0
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_request(f"/api/v1/runs/{run_id}/export"))

    async def take() -> None:
        nonlocal size, first_s, last_s
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(READY):
            raise RuntimeError(head.decode("latin-1"))
        first_s = time.perf_counter() - began
        while length := int(await reader.readline(), 16):
            await reader.readexactly(length + 2)
            size += length
        last_s = time.perf_counter() - began

    taking = asyncio.create_task(take())
    while not taking.done():
        latencies += await _block(port, f"/api/v1/runs/{run_id}", MEANWHILE_PER_S, MEANWHILE_PER_S)
        grown = max(grown, server.memory_info().rss - idle)
        with suppress(psutil.NoSuchProcess):  # it has written all
            by_child = max([by_child, *(one.memory_info().rss for one in server.children())])
    await taking
    writer.close()
    return Exported(int(size), first_s, last_s, latencies, grown / 1e6, by_child / 1e6)


async def _block(port: int, path: str, count: int, rate_per_s: int = RATE_PER_S) -> list[float]:
    """Milliseconds of each of `count` requests, from the moment that it was due until its last byte."""
    request = _request(path)
    connections = Connections(port)
    began = time.perf_counter() + 0.05

    async def one(at: int) -> float:
        due = began + at / rate_per_s
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await connections.answer(request)
        return (time.perf_counter() - due) * 1e3

    try:
        async with asyncio.timeout(count / rate_per_s + TIMEOUT_S):
            return list(await asyncio.gather(*(one(at) for at in range(count))))
    finally:
        connections.close()


class Connections:
    """As many as are needed at once, each used again."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.all: list[asyncio.StreamWriter] = []

    async def answer(self, request: bytes) -> bytes:
        """The body of a 200. Raises RuntimeError for any other answer."""
        if self.free:
            reader, writer = self.free.pop()
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            self.all.append(writer)
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not head.startswith(READY) or length is None:
            raise RuntimeError(head.decode("latin-1"))
        body = await reader.readexactly(int(length[1]))
        self.free.append((reader, writer))
        return body

    def close(self) -> None:
        for writer in self.all:
            writer.close()
