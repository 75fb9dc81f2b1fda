"""What is looked at before anything is started, and what can be said when it did not start. Needs no library."""

import os
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.compose import env_file

LABEL = "com.docker.compose.project"
NEEDED = ("COMPOSE_PROJECT_NAME", *env_file.SECRETS)
LAST_LINES = "3"


def engine_answers() -> None:
    """Ends the program, with the client's own words, where no engine answers."""
    try:
        asked = docker("version", "--format={{.Server.Version}}")
    except FileNotFoundError:
        raise SystemExit("docker is not on the path: a Docker engine and its client are needed") from None
    if asked.returncode != 0:
        raise SystemExit(f"no Docker engine answers: {asked.stderr.strip().partition(chr(10))[0]}")


def file_is_whole(file: Path, environ: Mapping[str, str]) -> None:
    """Ends the program for a `.env` that cannot be used; says so when others can read it."""
    try:
        values = env_file.read(file, environ)
    except OSError as error:
        raise SystemExit(f"{file.name}: {error.strerror}") from None
    missing = [name for name in NEEDED if not values.get(name, environ.get(name))]
    if missing:
        raise SystemExit(
            f"{file.name} lacks {', '.join(missing)}. What is written once is not mended by itself: put the line back, "
            "or, where there never was one (a release that asks for more), add it: "
            f"echo {missing[0]}=$(openssl rand -hex 32) >> {file.name}"
        )
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        print(f"{file.name} holds secrets, and others can read it: chmod 600 {file.name}", file=sys.stderr)


def projects() -> set[str]:
    """Compose projects of this engine that have a container or a volume."""
    shown = f'--format={{{{.Label "{LABEL}"}}}}'
    asked = [docker("ps", "--all", shown), docker("volume", "ls", shown)]
    return {name for one in asked for name in one.stdout.split()}


def opened_for_containers(folder: Path) -> None:
    """What containers read from here belongs to us, and they are somebody else: a strict umask would shut them out.

    There is no secret in it.
    """
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        wanted = mode | (0o055 if mode & stat.S_IXUSR else 0o044)
        if wanted != mode and path.stat().st_uid == os.geteuid():
            path.chmod(wanted)


def troubles(values: Mapping[str, str], published: Mapping[str, str]) -> list[str]:
    """Sentences about a system that did not get ready. `published`: service -> name of its port."""
    project, said = values["COMPOSE_PROJECT_NAME"], []
    for service, name in published.items():
        port = int(values.get(name, env_file.PORTS[name]))
        if not containers(project, service) and env_file.free_port(port) != port:
            said.append(f"Port {port} of 127.0.0.1 is another program's: {name}=... in the file names another.")
    for one in containers(project, "migrate", "--all", "--filter=status=exited"):
        if docker("inspect", "--format={{.State.ExitCode}}", one).stdout.strip() != "0":
            last = docker("logs", f"--tail={LAST_LINES}", one)
            said.append(f"The database was not brought to this release's schema:\n{last.stdout}{last.stderr}".rstrip())
    return said


def containers(project: str, service: str, *options: str) -> list[str]:
    """Ids of a service's containers that run, or that `options` of `docker ps` choose."""
    chosen = (f"{LABEL}={project}", f"com.docker.compose.service={service}", "com.docker.compose.oneoff=False")
    return docker("ps", "--quiet", *options, *(f"--filter=label={one}" for one in chosen)).stdout.split()


def docker(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
