"""Stores on disks of their own, small and in memory: they can be filled without a byte of the host's.

A volume in memory is there as long as some container has it. PostgreSQL on a full disk ends, and must find its data
when it comes back: `kept` is a container that holds both volumes meanwhile, and the hand that fills them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.containers import ROOT, TAG, System, docker

COMPOSE_FILE = f"{ROOT / 'docker-compose.yml'}:{ROOT / 'tests' / 'support' / 'small_stores.yml'}"
FOLDERS = {"postgres": "/var/lib/postgresql", "redis": "/data"}
MOST = "1G"  # of ballast: more than a small disk has, and little beside the host's, should the disk not be small


@contextmanager
def kept(system: System) -> Iterator[None]:
    """Nobody else's end is the end of the volumes. It carries the project's label: who sweeps that takes it along."""
    volumes = [f"--volume={system.project}_{store}:{folder}" for store, folder in FOLDERS.items()]
    command = ["--detach", "--name", keeper(system), f"--label=com.docker.compose.project={system.project}"]
    confined = ["--network=none", "--read-only", "--cap-drop=ALL", "--memory=512m", "--no-healthcheck", "--init"]
    docker("run", *command, *confined, *volumes, "--entrypoint=sleep", f"paperfold/cli:{TAG}", "infinity")
    try:
        yield
    finally:
        docker("rm", "--force", keeper(system))


@contextmanager
def full(system: System, store: str) -> Iterator[None]:
    """No room on the disk of a store, until the end."""
    docker("exec", keeper(system), "sh", "-c", filling(store))
    yield
    make_room(system, store)


def filling(store: str) -> str:
    """A shell's command that fills its disk, wherever that is mounted; it succeeds when no more goes on it."""
    return f"! head -c {MOST} /dev/zero > {FOLDERS[store]}/ballast"


def make_room(system: System, store: str) -> None:
    """Take the ballast away."""
    docker("exec", keeper(system), "rm", f"{FOLDERS[store]}/ballast")


def keeper(system: System) -> str:
    """Its name."""
    return f"{system.project}-keeper"
