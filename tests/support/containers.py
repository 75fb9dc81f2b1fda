"""A system in containers, as `make up` starts it: a project, ports and secrets of its own, removed on the way out.

with started(folder, {"CLOCK_RATE": "600"}) as system:
    system.ask("/runs", {"strategy": "ema-cross", "mode": "paper"})
    system.docker("pause", system.containers("runner")[0])
"""

import fcntl
import functools
import http.client
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.compose import env_file
from deploy.compose.stack import PROFILES, compose_command
from services.cli.up.loopback import ask_api
from tests.support.sweeper import sweep, sweeping
from tests.support.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("ingest", "runner", "api", "dashboard", "exchange_sim", "cli")
TAG = os.environ.get("PAPERFOLD_TEST_TAG", "test")  # of images; those of a system on this machine stay what they are
BUILD_S = 480.0
UP_S = 240.0
COMMAND_S = 120.0


@functools.cache
def engine_answers() -> bool:
    """Whether there is a Docker engine, and Compose to talk to it. In CI, one that is named must be there."""
    if os.environ.get("DOCKER_HOST") and os.environ.get("CI", "").lower() in ("1", "true"):
        return True
    if shutil.which("docker") is None:
        return False
    try:
        asked = subprocess.run(["docker", "version"], capture_output=True, check=False, timeout=20)
        return asked.returncode == 0 and bool(compose_command())
    except (subprocess.TimeoutExpired, SystemExit):
        return False


def environ(**ours: str) -> dict[str, str]:
    """This process's environment without what would name another system, and with ours."""
    known = {"COMPOSE_PROJECT_NAME", "COMPOSE_PROFILES", "COMPOSE_FILE", *env_file.SECRETS, *env_file.PORTS}
    known |= {name for values in env_file.MARKETS.values() for name in values} | set(env_file.DEFAULTS)
    return {name: value for name, value in os.environ.items() if name not in known} | {"IMAGE_TAG": TAG} | ours


def build_images(lock: Path) -> None:
    """Every image; one builder at a time, the others find its layers."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        stack = [sys.executable, "-m", "deploy.compose.stack", "--env", f"{lock}.no-such-env", "images"]
        began = time.monotonic()
        done = subprocess.run(
            stack, cwd=ROOT, env=environ(), capture_output=True, text=True, timeout=BUILD_S, check=False
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        print(f"images built in {time.monotonic() - began:.0f} s", flush=True)


def docker(*arguments: str, timeout_s: float = COMMAND_S, may_fail: bool = False) -> str:
    """A command of the engine that succeeds; what it says."""
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=timeout_s, check=False, env=environ()
    )
    assert may_fail or done.returncode == 0, f"docker {' '.join(arguments)}: {done.stdout} {done.stderr}"
    return done.stdout


@dataclass(frozen=True, slots=True)
class System:
    """One Compose project. `file` is its .env, `settings` what the environment says besides."""

    file: Path
    settings: Mapping[str, str]

    @property
    def values(self) -> dict[str, str]:
        return env_file.read(self.file, self.settings)

    @property
    def project(self) -> str:
        return env_file.project_of(self.file)

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.values[f'{service.upper()}_PORT']}"

    def make(self, verb: str, *options: str, timeout_s: float = UP_S) -> str:
        """`make VERB`, by its program; what stands on the terminal."""
        command = [sys.executable, "-m", "deploy.compose.stack", "--env", str(self.file), verb, *options]
        done = subprocess.run(
            command, cwd=ROOT, env=environ(**self.settings), capture_output=True, text=True, timeout=timeout_s,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{verb}: {done.stdout[-3000:]} {done.stderr[-3000:]} {self.report()}"
        return done.stdout

    def compose(self, *arguments: str, timeout_s: float = COMMAND_S, may_fail: bool = False) -> str:
        """A command of Compose that succeeds; its output."""
        options = [word for name in PROFILES for word in ("--profile", name)]
        done = subprocess.run(
            [*compose_command(), "--env-file", str(self.file), *options, *arguments], cwd=ROOT,
            env=environ(**self.settings), capture_output=True, text=True, timeout=timeout_s, check=False,
        )  # fmt: skip
        assert may_fail or done.returncode == 0, f"{arguments}: {done.stdout} {done.stderr} {self.report()}"
        return done.stdout

    def cli(self, *arguments: str) -> str:
        """A command of the command line, in a container of its own."""
        return self.compose("run", "--rm", "-T", "cli", *arguments)

    def containers(self, service: str, *, running: bool = True) -> list[str]:
        """Ids of a service's containers, in the order of their numbers."""
        labels = {"project": self.project, "service": service, "oneoff": "False"}
        options = [f"--filter=label=com.docker.compose.{name}={value}" for name, value in labels.items()]
        found = docker("ps", *([] if running else ["--all"]), *options, "--format", "{{.Names}} {{.ID}}").split("\n")
        pairs = sorted(line.split() for line in found if line)
        return [identity for _, identity in pairs]

    def scale(self, runners: int) -> None:
        """So many runners from now on; those that run already stay as they are."""
        self.compose("up", "-d", "--no-deps", "--no-recreate", "--scale", f"runner={runners}", "runner")

    def logs(self, container: str) -> list[dict[str, Any]]:
        """What a service of ours has said."""
        said = subprocess.run(
            ["docker", "logs", container], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
        )
        lines = [line for line in said.stdout.splitlines() if line.startswith("{")]
        return [json.loads(line) for line in lines]

    def ask(self, path: str, body: dict[str, object] | None = None) -> Any:
        """GET or POST below /api/v1, again until it answers: a neighbour may be on its way back."""

        def answer() -> Any:
            try:
                return ask_api(f"{self.url('api')}/api/v1{path}", self.values["ADMIN_TOKEN"], body)
            except (OSError, http.client.HTTPException, ValueError):
                return None

        return wait_for(answer, 60.0, lambda: f"no answer to {path}: {self.report()}", every_s=0.2)

    def raw(self, path: str) -> bytes:
        """What stands below /api/v1, as it is sent."""
        headers = {"Authorization": f"Bearer {self.values['ADMIN_TOKEN']}"}
        asked = urllib.request.Request(f"{self.url('api')}/api/v1{path}", headers=headers)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=COMMAND_S) as answer:
            found: bytes = answer.read()
        return found

    def report(self) -> str:
        """What runs, and the last words of everybody."""
        parts = [self.compose("ps", may_fail=True), self.compose("logs", "--no-color", "--tail=12", may_fail=True)]
        return "\n".join(parts)[-12_000:]

    def remove(self) -> None:
        """Containers, networks and volumes; images stay, for who builds next."""
        for service in ("runner", "ingest", "postgres"):
            for container in self.containers(service, running=False):
                docker("unpause", container, may_fail=True)
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "3", timeout_s=UP_S)
        sweep(self.project)  # networks and volumes of a compose file that has changed meanwhile


@contextmanager
def started(folder: Path, settings: Mapping[str, str]) -> Iterator[tuple[System, str]]:
    """A system on the simulated exchange that is ready, and what stood on the terminal when it was."""
    system = System(folder / f".env.test-{secrets.token_hex(4)}", settings)
    with sweeping(system.project):
        try:
            yield system, system.make("up", "--market", "sim")
        finally:
            if system.file.exists():
                system.remove()
