"""The supervisor: the dead are started again, a stop ends all in order, and a killed supervisor leaves nobody behind.

The services are small programs here, so that each test knows what they do; stores, schema, watcher and files are real.
"""

import json
import os
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

from tests.support.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]

SUPERVISOR = """
import os, signal, sys
from pathlib import Path
from services.cli.up.command import _free
from services.cli.up.layout import make_data
from services.cli.up.market import Market
from services.cli.up.processes import Recipe
from services.cli.up.recipes import Plan
from services.cli.up.system import Stop, System
from shared.domain.errors import PaperfoldError

ANSWERS = '''
import http.server, signal, sys
class Ok(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *a): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ok).serve_forever()
'''
SLEEPS = '''
import signal, sys, time
def bye(*_):
    print("asked to stop", time.time(), flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if sys.argv[1] == "deaf" else bye)
while True: time.sleep(60)
'''

data = make_data(Path(sys.argv[1]))
plan = Plan(
    data=data, market=Market("sim", why="a test"), bars=(), rate=1.0, start=None, dashboard_port=_free(0),
    api_port=_free(0), sim_port=_free(0), runners=1, capacity=1, strategies=None, cache=data / "cache",
    database_url_file=data / "database.url", redis_url_file=data / "redis.url", token_file=data / "admin.token",
    named_database_url=os.environ.get("NAMED_DATABASE", ""), named_redis_url=os.environ.get("NAMED_REDIS", ""),
)

def recipe(name, program, argument, grace_s=5.0):
    return Recipe(name, (sys.executable, "-c", program, str(argument), f"services.{name}"), {}, grace_s=grace_s)

services = {
    "ingest": recipe("ingest", SLEEPS, "polite"),
    "api": recipe("api", ANSWERS, plan.api_port),
    "runner": recipe("runner", SLEEPS, sys.argv[2], 30.0),
    "dashboard": recipe("dashboard", ANSWERS, plan.dashboard_port),
}
stop = Stop()
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, stop.on_signal)
try:
    sys.exit(System(plan, stop, lambda line: print(line, flush=True), services).run())
except PaperfoldError as error:
    print(error, flush=True)
    sys.exit(1)
"""


class Supervisor:
    """A supervisor in a process of its own."""

    def __init__(self, data: Path, runner: str = "polite") -> None:
        self.data = data
        self.output = data.parent / f"out-{time.monotonic_ns()}"
        with self.output.open("w", encoding="utf-8") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SUPERVISOR, str(data), runner], cwd=ROOT, stdout=file, stderr=subprocess.STDOUT
            )

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def system(self) -> dict[str, Any]:
        described: dict[str, Any] = json.loads((self.data / "system.json").read_text(encoding="utf-8"))
        return described

    def pids(self) -> dict[str, int]:
        return {entry["name"]: entry["pid"] for entry in self.system()["processes"]}

    def wait_ready(self) -> "Supervisor":
        def ready() -> bool:
            assert self.process.poll() is None, self.said()
            return "Dashboard" in self.said()

        wait_for(ready, 40.0)
        return self

    def wait_restarted(self, name: str, before: int) -> None:
        wait_for(lambda: self.pids().get(name) not in (None, before), 20.0)


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def data() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="paperfold-up-", dir="/tmp"))
    place.chmod(0o711)
    yield place / "data"
    shutil.rmtree(place)


@pytest.fixture
def start(data: Path) -> Iterator[Callable[..., Supervisor]]:
    """Starts supervisors on the same folder; whoever is left at the end is stopped."""
    started: list[Supervisor] = []

    def begin(runner: str = "polite") -> Supervisor:
        started.append(Supervisor(data, runner))
        return started[-1]

    yield begin
    for supervisor in started:
        supervisor.process.send_signal(signal.SIGINT)
        supervisor.process.send_signal(signal.SIGINT)
        supervisor.process.wait(40.0)


Start = Callable[..., Supervisor]


def test_it_names_its_processes_in_a_file_that_only_we_can_read(start: Start, data: Path) -> None:
    supervisor = start().wait_ready()
    assert list(supervisor.pids()) == ["postgres", "valkey", "ingest", "api", "runner", "dashboard"]
    assert all(lives(pid) for pid in supervisor.pids().values())
    for secret in ("system.json", "admin.token", "database.password", "database.url"):
        assert (data / secret).stat().st_mode & 0o777 == 0o600, secret


def test_no_secret_is_printed_or_logged(start: Start, data: Path) -> None:
    supervisor = start().wait_ready()
    texts = [supervisor.said(), *(log.read_text(encoding="utf-8") for log in (data / "logs").iterdir())]
    for secret in ("admin.token", "database.password"):
        word = (data / secret).read_text(encoding="utf-8").strip()
        assert not any(word in text for text in texts)
    assert str(data / "admin.token") in supervisor.said()


@pytest.mark.parametrize("victim", ["runner", "ingest", "api", "dashboard", "valkey", "postgres"])
def test_what_is_killed_runs_again(start: Start, victim: str) -> None:
    supervisor = start().wait_ready()
    before = supervisor.pids()[victim]
    os.kill(before, signal.SIGKILL)
    supervisor.wait_restarted(victim, before)
    assert lives(supervisor.pids()[victim])


def test_ctrl_c_stops_everything_in_order_and_leaves_no_file_of_a_running_system(start: Start, data: Path) -> None:
    supervisor = start().wait_ready()
    pids = supervisor.pids()
    supervisor.process.send_signal(signal.SIGINT)
    assert supervisor.process.wait(30.0) == 0
    assert not any(lives(pid) for pid in pids.values())
    assert not (data / "system.json").exists()
    assert "asked to stop" in (data / "logs" / "runner.log").read_text(encoding="utf-8")
    assert "database system is shut down" in (data / "logs" / "postgres.log").read_text(encoding="utf-8")


def test_a_second_ctrl_c_does_not_wait_for_anybody(start: Start) -> None:
    supervisor = start("deaf").wait_ready()
    pids = supervisor.pids()
    supervisor.process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert supervisor.process.poll() is None, "it waits for the runner, which has 30 s"
    supervisor.process.send_signal(signal.SIGINT)
    supervisor.process.wait(10.0)
    assert not any(lives(pid) for pid in pids.values())


def test_children_end_when_their_supervisor_is_killed(start: Start) -> None:
    supervisor = start().wait_ready()
    pids = supervisor.pids()
    supervisor.process.kill()
    supervisor.process.wait()
    wait_for(lambda: not any(lives(pid) for pid in pids.values()), 30.0)


def test_children_that_nobody_watched_are_ended_by_the_next_start(start: Start) -> None:
    killed = start().wait_ready()
    orphans = killed.pids()
    os.kill(killed.system()["watcher_pid"], signal.SIGSTOP)  # a watcher that cannot act
    killed.process.kill()
    killed.process.wait()
    watcher = killed.system()["watcher_pid"]
    try:
        next_one = start().wait_ready()
        assert not any(lives(pid) for pid in orphans.values())
        assert all(lives(pid) for pid in next_one.pids().values())
    finally:
        os.kill(watcher, signal.SIGKILL)


def test_a_watcher_that_dies_is_replaced(start: Start) -> None:
    supervisor = start().wait_ready()
    before = supervisor.system()["watcher_pid"]
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: supervisor.system()["watcher_pid"] != before, 10.0)
    pids = supervisor.pids()
    supervisor.process.kill()
    supervisor.process.wait()
    wait_for(lambda: not any(lives(pid) for pid in pids.values()), 30.0)


def test_a_second_supervisor_on_the_same_folder_is_refused(start: Start) -> None:
    first = start().wait_ready()
    second = start()
    assert second.process.wait(20.0) == 1
    assert "already runs" in second.said()
    assert "SIMULATED" not in second.said()  # nothing is said before it: no banner, no other port
    assert all(lives(pid) for pid in first.pids().values())


def test_status_names_the_processes_without_secrets(start: Start, data: Path) -> None:
    supervisor = start().wait_ready()
    command = [sys.executable, "-m", "services.cli", "up", "--status", "--data-dir", str(data)]
    for_people = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for_programs = subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name, pid in supervisor.pids().items():
        assert f"{name:<14}{pid:>8}  running" in for_people
    [system] = json.loads(for_programs)
    assert {entry["name"]: entry["pid"] for entry in system["processes"]} == supervisor.pids()
    for secret in ("admin.token", "database.password"):
        assert (data / secret).read_text(encoding="utf-8").strip() not in for_people + for_programs


def test_servers_that_are_named_are_used_and_none_is_embedded(
    start: Start, data: Path, database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAMED_DATABASE", database)
    monkeypatch.setenv("NAMED_REDIS", redis_url)
    supervisor = start().wait_ready()
    assert list(supervisor.pids()) == ["ingest", "api", "runner", "dashboard"]
    assert (data / "database.url").read_text(encoding="utf-8").strip() == database
    assert not (data / "stores").exists()
