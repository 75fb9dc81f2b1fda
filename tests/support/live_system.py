"""A whole system as a person starts it: `paperfold up` on the simulated exchange, in a process and folder of its own.

    with started(folder, bars, start="2024-01-10T00:00Z", rate=600) as system:
        run = system.ask("/runs", {"strategy": "ema-cross", "mode": "paper", "start_at": ms})
        system.kill("postgres")  # kill -9; the supervisor starts it again

`folder` must be one that any user may pass through: as root, the stores run as another one.
"""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from services.cli.up import status
from services.cli.up.loopback import ask_api
from tests.support.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
READY_S = 120.0
STOP_S = 60.0


@dataclass(slots=True)
class LiveSystem:
    """A running system."""

    process: "subprocess.Popen[bytes]"
    data: Path
    output: Path

    @property
    def description(self) -> dict[str, Any]:
        """What the supervisor says about itself: addresses, token, processes."""
        found = status.read(self.data)
        assert found is not None, self.said()
        return found

    def said(self) -> str:
        """What stands on its terminal."""
        return self.output.read_text(encoding="utf-8")

    def report(self) -> str:
        """Its terminal, and what its services warned of."""
        lines = []
        for file in sorted((self.data / "logs").glob("*.log")):
            for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
                try:
                    is_loud = json.loads(line).get("level") in ("warning", "error", "critical")
                except (ValueError, AttributeError):
                    is_loud = not file.name.startswith(("postgres", "valkey"))
                if is_loud:
                    lines.append(f"{file.stem}: {line}")
        return "\n".join([self.said(), *lines[-200:]])

    def ask(self, path: str, body: dict[str, object] | None = None) -> Any:
        """GET or POST below /api/v1. Raises OSError while the system cannot answer."""
        now = self.description
        return ask_api(f"{now['api_url']}/api/v1{path}", now["api_token"], body)

    def ask_patiently(self, path: str, body: dict[str, object] | None = None, timeout_s: float = 60.0) -> Any:
        """The same, again until it answers: a neighbour may be on its way back."""

        def answer() -> Any:
            try:
                return self.ask(path, body)
            except (OSError, http.client.HTTPException, ValueError):  # also an answer that was cut short
                return None

        return wait_for(answer, timeout_s, lambda: f"no answer to {path}: {self.report()}")

    def pid_of(self, name: str, timeout_s: float = 60.0) -> int:
        """The process of that name, once it runs; it may be on its way back."""

        def running() -> int | None:
            found = next((one for one in self.description["processes"] if one["name"] == name), None)
            assert found is not None, f"there is no {name}"
            process = status.identity_of(found).process() if found["pid"] else None
            return None if process is None else process.pid

        return wait_for(running, timeout_s, lambda: f"{name} does not run: {self.report()}")

    def kill(self, name: str) -> int:
        """kill -9, as soon as it runs. Its process id."""
        pid = self.pid_of(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def command(self, *arguments: str, timeout_s: float = 120.0) -> str:
        """A client command, which finds this system by its folder and succeeds; its output."""
        done = subprocess.run(
            [sys.executable, "-m", "services.cli", *arguments],
            cwd=ROOT, env=os.environ | {"PAPERFOLD_DATA_DIR": str(self.data)}, capture_output=True, text=True,
            timeout=timeout_s, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{arguments}: {done.stdout} {done.stderr} {self.report()}"
        return done.stdout

    def stop(self) -> int:
        """Ctrl-C. The exit code; nobody is left behind."""
        pids = [entry["pid"] for entry in (status.read(self.data) or {"processes": []})["processes"]]
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGINT)  # at once
            code = self.process.wait(STOP_S)
        assert not [pid for pid in pids if pid and psutil.pid_exists(pid)], self.said()
        return code


@contextmanager
def started(
    folder: Path, bars: Path | None = None, start: str | None = None, rate: float | None = None, *more: str
) -> Iterator[LiveSystem]:
    """A system on the simulated exchange, as `up` gives it."""
    options = ["--market", "sim", *more]
    options += [] if bars is None else ["--sim-bars", str(bars)]
    options += [] if start is None else ["--sim-start", start]
    options += [] if rate is None else ["--sim-rate", str(rate)]
    with up(folder, *options) as system:
        yield system


@contextmanager
def up(folder: Path, *options: str) -> Iterator[LiveSystem]:
    """A system that is ready, with free ports and everything it keeps below `folder`; stopped on the way out."""
    folder.mkdir(mode=0o711, exist_ok=True)
    data, output = folder / "data", folder / "output"
    ports = ["--port", "0", "--api-port", "0", "--sim-port", "0"]
    with output.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.cli", "up", "--data-dir", str(data), *ports, *options],
            cwd=ROOT,
            env=os.environ | {"XDG_DATA_HOME": str(folder / "xdg"), "XDG_CACHE_HOME": str(folder / "cache")},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    system = LiveSystem(process, data, output)
    try:

        def is_ready() -> bool:
            assert process.poll() is None, system.said()
            return "Login secret" in system.said()

        wait_for(is_ready, READY_S, lambda: f"not ready: {system.report()}")
        yield system
    finally:
        system.stop()
