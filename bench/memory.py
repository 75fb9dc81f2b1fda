"""Memory: an idle runner, each further run in it, and the other services as `paperfold up` starts them.

PSS divides pages among the processes that share them (the interpreter's and the libraries' code); RSS, beside it,
counts them whole in each: what a process alone in its container needs.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import stores
from bench.table import Row, say

HERE = Path(__file__).resolve().parent
SETTLED_S = 12.0  # after start, until a service stands still
STEPS = (1, 10, 100, 1_000)
BUDGETS = {"runner": 80.0, "api": 90.0, "dashboard": 60.0, "ingest": 85.0}


def of(pid: int) -> tuple[float, float]:
    """RSS and PSS of a process in MB."""
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()[1:]:
        name, kilobytes = line.split()[:2]
        found[name] = int(kilobytes) / 1024
    return found["Rss:"], found["Pss:"]


def measure(count: int) -> list[Row]:
    """Rows of this topic; `count` looks at every process, the median counts."""
    return _services(count) + _runs()


def _services(count: int) -> list[Row]:
    """The system as a person starts it, on the simulated exchange, nothing running."""
    command = [sys.executable, "-m", "services.cli", "up"]
    with tempfile.TemporaryDirectory(prefix="paperfold-bench-") as folder:
        Path(folder).chmod(0o711)
        data = Path(folder) / "data"
        own = {"XDG_DATA_HOME": str(Path(folder) / "share"), "XDG_CACHE_HOME": str(Path(folder) / "cache")}
        ports = ["--port", "0", "--api-port", "0", "--sim-port", "0"]
        say("paperfold up")
        with (Path(folder) / "out").open("w") as out:
            up = subprocess.Popen(
                [*command, "--market", "sim", "--data-dir", data, *ports], cwd=HERE.parent, env=os.environ | own,
                stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            pids = _pids(up, data)
            time.sleep(SETTLED_S)
            looks: dict[str, list[tuple[float, float]]] = {name: [] for name in pids}
            for _ in range(count):
                for name, pid in pids.items():
                    looks[name].append(of(pid))
                time.sleep(0.5)
        finally:
            up.send_signal(signal.SIGINT)
            up.wait(60)
    rows = []
    for name, found in looks.items():
        rss, pss = (statistics.median(column) for column in zip(*found, strict=True))
        budget = BUDGETS.get(name)
        rows.append(
            Row(
                f"{name}, idle", pss, "MB PSS", budget="" if budget is None else f"<= {budget:g} MB",
                met=None if budget is None else pss <= budget, note=f"RSS {rss:.1f}",
            )
        )  # fmt: skip
    return rows


def _pids(up: subprocess.Popen[bytes], data: Path) -> dict[str, int]:
    wanted = {"runner", "api", "dashboard", "ingest"}
    deadline = time.monotonic() + 120.0
    while time.monotonic() < deadline and up.poll() is None:
        try:
            described = json.loads((data / "system.json").read_text(encoding="utf-8"))
            found = {entry["name"]: entry["pid"] for entry in described["processes"] if entry["pid"]}
        except (OSError, ValueError):
            found = {}
        if wanted <= set(found):
            return found
        time.sleep(0.2)
    raise RuntimeError("paperfold up did not come up")


def _runs() -> list[Row]:
    """One runner, more and more runs of the shipped EMA cross in it, a few minutes folded by all."""
    from tests.support.desk import Desk, walk

    text = (HERE.parent / "strategies/ema-cross.yaml").read_text(encoding="utf-8")
    days = 4
    with stores.running() as found:
        desk = Desk(found.database_url, found.redis_url, walk(days * 1440 + 200))
        try:
            runner = desk.runner(capacity=STEPS[-1])
            desk.history(days * 1440)
            time.sleep(3.0)
            sizes = {0: of(runner.process.pid)}
            for most in STEPS:
                say(f"{most} runs")
                made = max(sizes)
                ids = [desk.start(text) for _ in range(most - made)]
                desk.minutes(2)
                desk.level(*ids[-2:], timeout_s=600.0)
                desk.until(
                    lambda most=most: desk.sql("select count(*) from runs where position_ms is not null") == [(most,)],
                    600.0,
                )
                desk.minutes(3)
                desk.level(*ids[-2:], timeout_s=120.0)
                time.sleep(1.0)
                sizes[most] = of(runner.process.pid)
        finally:
            desk.close()
    rows = [Row("runner without runs", sizes[0][1], "MB PSS", note=f"RSS {sizes[0][0]:.1f}")]
    before = 0
    for most in STEPS:
        each = (sizes[most][1] - sizes[before][1]) / (most - before)
        rows.append(
            Row(
                f"runner with {most:,} run{'s' if most > 1 else ''}", sizes[most][1], "MB PSS",
                note=f"{each:.2f} MB for each run more; RSS {sizes[most][0]:.1f}",
            )
        )  # fmt: skip
        before = most
    each = (sizes[STEPS[-1]][1] - sizes[1][1]) / (STEPS[-1] - 1)
    rows.append(Row("each further run", each, "MB PSS", budget="<= 1 MB", met=each <= 1.0))
    return rows
