"""`paperfold up --demo` as a person runs it: every service real, strategies started, trades to be seen, a clean end."""

import contextlib
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.cli.up.loopback import answers
from shared.domain.timeframe import MINUTE_MS
from tests.support.live_system import up
from tests.support.waiting import wait_for

KILLED = ("runner", "ingest", "valkey", "postgres")


@pytest.fixture
def home() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="paperfold-up-", dir="/tmp"))
    place.chmod(0o711)
    yield place
    shutil.rmtree(place)


def test_the_demo_trades_survives_kills_and_ends_cleanly(home: Path) -> None:
    with up(home, "--demo") as system:
        before = system.description

        def runs() -> list[dict[str, Any]]:
            listed: list[dict[str, Any]] = system.ask("/runs")["items"]
            return listed

        def trading() -> bool:
            found = runs()
            return all(run["last_bar_ms"] for run in found) and any(run["trade_count"] > 0 for run in found)

        wait_for(trading, 90.0, lambda: f"a strategy has traded: {system.said()}", every_s=0.2)
        killed = {entry["name"]: entry["pid"] for entry in before["processes"] if entry["name"] in KILLED}
        for pid in killed.values():
            os.kill(pid, signal.SIGKILL)

        def replaced() -> bool:  # until then a killed server's last connection may answer, and a run seem to go on
            alive = {entry["name"]: entry["pid"] for entry in system.description["processes"]}
            return killed.keys() <= alive.keys() and not alive.items() & killed.items()

        wait_for(replaced, 60.0, lambda: f"all of {', '.join(killed)} are replaced: {system.said()}", every_s=0.2)
        reached: list[int] = []

        def folds_on() -> bool:
            with contextlib.suppress(OSError):  # the API has no database for a moment
                reached.append(min(run["last_bar_ms"] for run in runs()))
                return reached[-1] > reached[0] + 5 * MINUTE_MS
            return False

        wait_for(folds_on, 90.0, lambda: f"runs go on: {system.said()}", every_s=0.2)
        assert answers(f"{before['dashboard_url']}/livez")
        assert before["api_token"] not in system.said()
        assert re.search("SIMULATED EXCHANGE", system.said())
        assert system.description["processes"]  # a stop leaves none of them
        assert system.stop() == 0
