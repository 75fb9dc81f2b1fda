"""Child processes: started with a known environment, their lines kept and shown, stopped gently and then for good.

Rule: a process is only ever signalled after its id and start time were found to be those of one that we started.
"""

import contextlib
import logging
import logging.handlers
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from services.cli.up.owner import Owner
from shared.domain.errors import UnavailableError

LOG_BYTES = 10_000_000
LOG_FILES = 3
READY_TIMEOUT_S = 60.0
POLL_S = 0.05
BACKOFF_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
LOUD_FAILURES = 2
STABLE_S = 30.0  # who lived this long is started again at once
SAME_START_S = 2.0  # start times are computed from the boot time, which clock corrections move a little


def quiet(_line: str) -> str | None:
    """Show nothing on the terminal."""
    return None


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one process is started and stopped."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path = Path("/")
    owner: Owner | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 10.0  # after stop_signal; then SIGKILL to its whole group
    stdin: str | None = None  # text given to it at start
    before: Callable[[], None] = field(default=lambda: None)  # done before each start
    loud: Callable[[str], str | None] = field(default=quiet)  # line -> what to show on the terminal, None: only the log


@dataclass(frozen=True, slots=True)
class Identity:
    """A process beyond doubt: ids are used again, ids with start times are not."""

    pid: int
    started: float  # [s since epoch]

    def process(self) -> psutil.Process | None:
        """The process, while it runs."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < SAME_START_S
            return process if same and lives(process) else None
        except psutil.Error:
            return None


def identity(pid: int) -> Identity | None:
    """Who runs under this id now."""
    try:
        return Identity(pid, psutil.Process(pid).create_time())
    except psutil.Error:
        return None


class LineLog:
    """A child's output: every line to a file rotated by size, loud ones to the terminal."""

    def __init__(self, path: Path, show: Callable[[str], object] = quiet) -> None:
        self.path = path
        self.show = show
        self._file = logging.handlers.RotatingFileHandler(
            path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", delay=True
        )

    def write(self, line: str) -> None:
        self._file.emit(logging.makeLogRecord({"msg": line}))

    def close(self) -> None:
        self._file.close()


class Child:
    """One process of a recipe, started any number of times."""

    def __init__(self, recipe: Recipe, log: LineLog) -> None:
        self.recipe = recipe
        self.log = log
        self.starts = 0
        self.muted = False  # its lines go to the log only
        self.started_s = 0.0
        self.identity: Identity | None = None
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Start it in a session of its own: a terminal's Ctrl-C then reaches us alone, and we choose the order."""
        recipe = self.recipe
        recipe.before()
        as_user: dict[str, object] = {}
        if recipe.owner is not None:
            as_user = {"user": recipe.owner.uid, "group": recipe.owner.gid, "extra_groups": []}
        self._forget()
        self._process = subprocess.Popen(
            recipe.argv,
            env=dict(recipe.env),
            cwd=recipe.cwd,
            stdin=subprocess.DEVNULL if recipe.stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            **as_user,  # type: ignore[call-overload]
        )
        self.starts += 1
        self.started_s = time.monotonic()
        self.identity = identity(self._process.pid)
        if recipe.stdin is not None and self._process.stdin is not None:
            try:
                self._process.stdin.write(recipe.stdin)
                self._process.stdin.close()
            except BrokenPipeError:
                pass  # it died at once; its output says why
        if self._process.stdout is not None:
            self._reader = threading.Thread(target=self._drain, args=(self._process.stdout,), daemon=True)
            self._reader.start()

    def interrupt(self) -> None:
        """Ask it to stop; does not wait."""
        if self._process is not None and self.running:
            self._process.send_signal(self.recipe.stop_signal)

    def wait(self, timeout_s: float) -> bool:
        """Whether it has ended within the time."""
        if self._process is None:
            return True
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """End it and what it started, now."""
        if self._process is not None:
            if self.running:
                _kill_group(self._process.pid)
            self._process.wait()

    def stop(self, grace_s: float | None = None) -> None:
        """Ask, wait as long as the recipe grants, then end it."""
        self.interrupt()
        if not self.wait(self.recipe.grace_s if grace_s is None else grace_s):
            self.kill()
        self._forget()
        self.log.close()

    def _drain(self, output: IO[str]) -> None:
        for line in output:
            text = line.rstrip("\n")
            self.log.write(text)
            shown = None if self.muted else self.recipe.loud(text)
            if shown is not None:
                self.log.show(f"{self.recipe.name:<12} {shown}")

    def _forget(self) -> None:
        """Close the pipe of the process before; what it said last is still read."""
        if self._process is not None and self._reader is not None:
            self._reader.join(1.0)
            if not self._reader.is_alive() and self._process.stdout is not None:
                self._process.stdout.close()
        self._process = self._reader = self.identity = None


class Tended:
    """A child that is started again when it dies, later each time until it has lived a while."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self._failures = 0
        self._due_s: float | None = None  # when to start it again; None: it runs, as far as we know

    @property
    def name(self) -> str:
        return self.child.recipe.name

    def tend(self, now_s: float) -> str | None:
        """Start it again when it is due. Answers what happened, for people."""
        if self._due_s is None:
            if self.child.running:
                return None
            lived_s = now_s - self.child.started_s
            self._failures = 0 if lived_s > STABLE_S else self._failures + 1
            # one that fails again and again says the same again and again
            self.child.muted = self._failures > LOUD_FAILURES
            wait_s = BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)]
            self._due_s = now_s + wait_s
            return f"ended ({_how(self.child.exit_code)}), starts again in {wait_s:g} s; log: {self.child.log.path}"
        if now_s < self._due_s:
            return None
        try:
            self.child.start()
        except (OSError, UnavailableError) as error:
            self._failures += 1
            self._due_s = now_s + BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)]
            return f"cannot be started: {error}"
        self._due_s = None
        return f"runs again as process {self.child.pid}"


class GivenUpError(Exception):
    """The person at the terminal does not want to wait any longer."""


def start_until_ready(
    child: Child,
    ready: Callable[[], bool],
    timeout_s: float = READY_TIMEOUT_S,
    given_up: threading.Event | None = None,
) -> None:
    """Start a store and wait for it; again when it dies, as PostgreSQL does while a killed one's backends end."""
    deadline = time.monotonic() + timeout_s
    child.start()
    while not ready():
        if time.monotonic() > deadline:
            child.stop()
            raise UnavailableError(f"{child.recipe.name} is not ready after {timeout_s:.0f} s; see {child.log.path}")
        if not child.running:
            time.sleep(0.5)
            child.start()
        if given_up is not None and given_up.is_set():
            raise GivenUpError
        time.sleep(POLL_S)


def processes_in(folder: Path, program: str) -> list[psutil.Process]:
    """Processes of this program that work in this folder. Stores go to their own data folder: nobody else is there."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()) == folder and Path(process.exe()).name == program:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def end(processes: list[psutil.Process], signals: tuple[tuple[signal.Signals, float], ...]) -> None:
    """Send each signal in turn, waiting its seconds, until all have ended. psutil compares start times first."""
    for number, wait_s in signals:
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        deadline = time.monotonic() + wait_s
        while (processes := [process for process in processes if lives(process)]) and time.monotonic() < deadline:
            time.sleep(POLL_S)
        if not processes:
            return


def lives(process: psutil.Process) -> bool:
    """Whether it runs. A zombie does not: in a container nobody may ever collect it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _how(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"killed by {signal.Signals(-exit_code).name}"
    return f"exit code {exit_code}"


def _kill_group(pid: int) -> None:
    """A child leads its own group, so what it started ends with it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: a group of zombies
        os.killpg(pid, signal.SIGKILL)
