"""Compiled child processes: backtests, and catch-ups too long to interpret. Each folds one run of this runner.

A child commits under the runner's id and the run's epoch, through the same fence; the runner renews the lease. When its
runner is gone, the child ends at its next slice. One child for each mode at a time: machine code costs memory.
"""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from uuid import UUID

from shared.domain.run import RunMode
from shared.store.runs import Run


def begun(program: str, *words: object) -> subprocess.Popen[bytes]:
    """A program of this package as a child, which knows whose it is."""
    command = [sys.executable, "-m", f"services.runner.{program}", *map(str, words)]
    environment = os.environ | {"PAPERFOLD_PARENT": str(os.getpid())}
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment)


def ended(*processes: subprocess.Popen[bytes]) -> None:
    """End them; what they committed stays."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass(slots=True)
class Child:
    run: Run
    process: subprocess.Popen[bytes]


@dataclass(slots=True)
class Children:
    """The children of one runner."""

    running: dict[int, Child] = field(default_factory=dict)

    def start(self, run: Run, runner_id: UUID) -> None:
        """Let a child fold this run."""
        self.running[run.id] = Child(run, begun("child", run.id, runner_id, run.epoch))

    def runs(self) -> list[int]:
        """Runs that children fold."""
        return list(self.running)

    def has(self, mode: RunMode) -> bool:
        """Is the place for a run of this mode taken?"""
        return any(child.run.mode == mode for child in self.running.values())

    def finished(self) -> list[tuple[Run, int]]:
        """Runs whose children have ended since the last call, and how: 0, an exit code, or -signal."""
        ended = [child for child in self.running.values() if child.process.poll() is not None]
        for child in ended:
            del self.running[child.run.id]
        return [(child.run, child.process.returncode) for child in ended]

    def stop(self) -> None:
        """End all of them."""
        ended(*(child.process for child in self.running.values()))
        self.running.clear()
