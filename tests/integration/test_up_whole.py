"""`paperfold up --demo` as a person runs it: every service real, strategies started, trades to be seen, a clean end."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from services.cli.up import status
from services.cli.up.loopback import answers, ask_api
from shared.domain.timeframe import MINUTE_MS

ROOT = Path(__file__).resolve().parents[2]
KILLED = ("runner", "ingest", "valkey", "postgres")


@pytest.fixture
def home() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="paperfold-up-", dir="/tmp"))
    place.chmod(0o711)
    yield place
    shutil.rmtree(place)


def wait_for(ask: Callable[[], bool], timeout_s: float, what: str) -> None:
    deadline = time.monotonic() + timeout_s
    while not ask():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def test_the_demo_trades_survives_kills_and_ends_cleanly(home: Path) -> None:
    data, output = home / "data", home / "output"
    options = ["--demo", "--data-dir", str(data), "--port", "0", "--api-port", "0", "--sim-port", "0"]
    with output.open("w", encoding="utf-8") as file:
        up = subprocess.Popen(
            [sys.executable, "-m", "services.cli", "up", *options],
            cwd=ROOT,
            env=os.environ | {"XDG_DATA_HOME": str(home / "xdg"), "XDG_CACHE_HOME": str(home / "cache")},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:

        def said() -> str:
            return output.read_text(encoding="utf-8")

        wait_for(lambda: "Login secret" in said() or up.poll() is not None, 120.0, "it is ready")
        assert up.poll() is None, said()
        system = status.read(data)
        assert system is not None

        def runs() -> list[dict[str, Any]]:
            listed: list[dict[str, Any]] = ask_api(f"{system['api_url']}/api/v1/runs", system["api_token"])["items"]
            return listed

        def trading() -> bool:
            found = runs()
            return all(run["last_bar_ms"] for run in found) and any(run["trade_count"] > 0 for run in found)

        wait_for(trading, 90.0, f"a strategy has traded: {said()}")
        killed = {entry["name"]: entry["pid"] for entry in system["processes"] if entry["name"] in KILLED}
        for pid in killed.values():
            os.kill(pid, signal.SIGKILL)

        def replaced() -> bool:  # until then a killed server's last connection may answer, and a run seem to go on
            now = status.read(data)
            assert now is not None
            alive = {entry["name"]: entry["pid"] for entry in now["processes"]}
            return killed.keys() <= alive.keys() and not alive.items() & killed.items()

        wait_for(replaced, 60.0, f"all of {', '.join(killed)} are replaced: {said()}")
        reached: list[int] = []

        def folds_on() -> bool:
            with contextlib.suppress(OSError):  # the API has no database for a moment
                reached.append(min(run["last_bar_ms"] for run in runs()))
                return reached[-1] > reached[0] + 5 * MINUTE_MS
            return False

        wait_for(folds_on, 90.0, f"runs go on: {said()}")
        assert answers(f"{system['dashboard_url']}/livez")
        assert system["api_token"] not in said()
        assert re.search("SIMULATED EXCHANGE", said())
    finally:
        last = status.read(data)
        up.send_signal(signal.SIGINT)
        code = up.wait(60.0)
    assert code == 0
    assert last is not None
    assert not [entry for entry in last["processes"] if psutil.pid_exists(entry["pid"])], json.dumps(last)
