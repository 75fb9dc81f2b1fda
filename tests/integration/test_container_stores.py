"""Stores of tests in containers: which tests are run on them, and that a killed worker leaves none."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.containers import docker
from tests.support.remover import LABEL
from tests.support.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
WORKER = """
import sys
from tests.support.container_stores import redis_in_container, remover
with remover() as word, redis_in_container(word) as server:
    print(word, server.port, flush=True)
    sys.stdin.read()
"""


def left(word: str) -> list[str]:
    return docker("ps", "--all", "--quiet", f"--filter=label={LABEL}={word}").split()


@pytest.mark.needs("docker")
@pytest.mark.parametrize("ending", ["killed", "done"])
def test_no_container_outlives_its_worker(ending: str) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    try:
        word, port = worker.stdout.readline().split()
        (container,) = left(word)
        assert docker("port", container).splitlines() == [f"6379/tcp -> 127.0.0.1:{port}"], "loopback alone"
        if ending == "killed":
            worker.send_signal(signal.SIGKILL)
            worker.wait(10)
        else:
            worker.communicate("", 60)
            assert worker.returncode == 0
            assert left(word) == []
        wait_for(lambda: not left(word), 30, lambda: f"still there: {left(word)}")
    finally:
        worker.kill()
        worker.communicate()


def collected(*options: str) -> set[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider", *options]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PAPERFOLD_TEST"))
    }
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return {line.partition(":")[0] for line in done.stdout.splitlines() if line.startswith("tests/")}


def test_only_what_asks_for_stores_is_run_on_containers() -> None:
    folders = ("tests/integration", "tests/unit/store", "tests/unit/bus")
    everything, again = collected(*folders), collected("--stores=containers", *folders)
    assert again < everything
    assert {name for name in again if not name.startswith("tests/integration/")} == set()
    assert {"tests/integration/test_store_bars.py", "tests/integration/test_runner.py"} <= again
    assert "tests/integration/test_up_stores.py" not in again
