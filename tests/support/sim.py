"""A simulated exchange in a process of its own, on a free port of 127.0.0.1.

    with start_sim(rate=600, start="2024-01-05T12:00:00Z") as sim:
        httpx.get(sim.rest_url + "/api/v3/ping")  # sim.ws_url for streams; sim.truth("BTCUSDT", a, b), the oracle

`kill()` is a crash, `stop()` a clean end; `start_sim` with the same state_dir goes on with the same clock.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from websockets.sync.client import ClientConnection

READY_S = 30.0


@dataclass(slots=True)
class Sim:
    """A running simulator."""

    process: "subprocess.Popen[bytes]"
    port: int

    @property
    def rest_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def get(self, path: str) -> Any:
        """The JSON of a GET that succeeds."""
        with urllib.request.urlopen(self.rest_url + path, timeout=10) as answer:
            return json.load(answer)

    def clock(self) -> dict[str, Any]:
        """{"exchange_ms", "rate", "market", "symbols", ...}."""
        found: dict[str, Any] = self.get("/sim/clock")
        return found

    def truth(self, symbol: str, start_ms: int, end_ms: int) -> list[list[Any]]:
        """The rows as they are or will be, both ends inclusive: 12 REST columns, first and last trade id."""
        rows: list[list[Any]] = []
        while start_ms <= end_ms:
            page = self.get(f"/sim/truth?symbol={symbol}&startTime={start_ms}&endTime={end_ms}")["rows"]
            if not page:
                break
            rows += page
            start_ms = page[-1][0] + 60_000
        return rows

    def kill(self) -> None:
        """As a crash does."""
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        """Cleanly; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


@contextmanager
def start_sim(
    bars: Sequence[Path] = (),
    instruments: Sequence[str] = (),
    rate: float = 1.0,
    start: str | None = None,
    seed: int = 1,
    state_dir: Path | None = None,
    port: int | None = None,
    **settings: object,
) -> Iterator[Sim]:
    """A simulator that answers; other settings of section Sim by name. Ended on the way out."""
    chosen = free_port() if port is None else port
    values: dict[str, object] = {
        "port": chosen, "bars": json.dumps([str(path) for path in bars]), "instruments": json.dumps(list(instruments)),
        "rate": rate, "seed": seed, "start": start, "state_dir": state_dir, **settings,
    }  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PAPERFOLD__SIM__")}
    environment |= {f"PAPERFOLD__SIM__{k.upper()}": str(v) for k, v in values.items() if v is not None}
    process = subprocess.Popen([sys.executable, "-m", "services.exchange_sim"], env=environment)
    try:
        _wait_ready(process, chosen)
        yield Sim(process, chosen)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def klines(sim: Sim, **query: object) -> list[list[Any]]:
    """Rows of GET klines, minutes of BTCUSDT unless told otherwise."""
    rows: list[list[Any]] = sim.get("/api/v3/klines?" + urlencode({"symbol": "BTCUSDT", "interval": "1m", **query}))
    return rows


def listen(connection: ClientConnection, wall_s: float) -> list[dict[str, Any]]:
    """Frames that come within so many seconds."""
    frames, until = [], time.monotonic() + wall_s
    while (left := until - time.monotonic()) > 0:
        try:
            frames.append(json.loads(connection.recv(left)))
        except TimeoutError:
            break
    return frames


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_ready(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the simulator ended with {process.returncode}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v3/ping", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise RuntimeError("the simulator does not answer")
