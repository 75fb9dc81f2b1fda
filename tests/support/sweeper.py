"""Removes a system in containers whose test is no more: `python -m tests.support.sweeper PROJECT`.

Its stdin is a pipe whose other end only that test's process holds. When it closes without a word of farewell, all that
carries the project's label goes; once more a while later, for Compose may still have been making something. Without
this, containers of a test that was killed would start again with every start of the engine.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FAREWELL = b"done"
AGAIN_S = 5.0
KINDS = (  # how to find, and how to remove
    (("ps", "--all"), ("rm", "--force", "--volumes")),
    (("network", "ls"), ("network", "rm")),
    (("volume", "ls"), ("volume", "rm", "--force")),
)


def sweep(project: str) -> None:
    """Remove containers, networks and volumes of a Compose project, as far as they are there."""
    for find, remove in KINDS:
        label = f"label=com.docker.compose.project={project}"
        found = subprocess.run(
            ["docker", *find, "--quiet", "--filter", label], capture_output=True, text=True, check=False
        )
        if found.stdout.split():
            subprocess.run(["docker", *remove, *found.stdout.split()], capture_output=True, check=False)


@contextmanager
def sweeping(project: str) -> Iterator[None]:
    """While this lasts, the project does not outlive this process, even when that is killed."""
    command = [sys.executable, "-m", "tests.support.sweeper", project]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True) as keeper:
        try:
            yield
        finally:
            keeper.communicate(FAREWELL)


def main(project: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.stdin.buffer.read() != FAREWELL:
        sweep(project)
        time.sleep(AGAIN_S)
        sweep(project)


if __name__ == "__main__":
    main(sys.argv[1])
