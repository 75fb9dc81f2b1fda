"""`.env`: what Compose is told about this machine. Written once, with random secrets, and never again."""

import os
import secrets
import socket
from collections.abc import Collection, Mapping
from itertools import count
from pathlib import Path

SECRETS = (
    "POSTGRES_PASSWORD", "DATABASE_PASSWORD", "ANALYST_PASSWORD", "REDIS_PASSWORD", "ADMIN_TOKEN", "GRAFANA_PASSWORD",
)  # fmt: skip
PORTS = {"DASHBOARD_PORT": 8080, "API_PORT": 8000, "GRAFANA_PORT": 3000}
NEXT_PORTS = 50  # tried after one that is taken

# Profile and addresses of a market. The simulated exchange lives 60 times as fast, so that there is something to see.
MARKETS = {
    "binance-us": {"MARKET": "binance-us"},
    "sim": {
        "MARKET": "sim",
        "COMPOSE_PROFILES": "demo",
        "EXCHANGE_REST_URL": "http://exchange_sim:9443",
        "EXCHANGE_WS_URL": "ws://exchange_sim:9443",
        "CLOCK_RATE": "60",
    },
}
DEFAULTS = {"RUNNERS": "1", "RUNNER_CAPACITY": "1", "POSTGRES_MEMORY_MB": "1024"}
HEAD = """\
# Written once by `make up`, for you alone to read; yours to edit, nothing writes it again. What else may stand here:
# docs/operations.md, "Compose". The databases keep the passwords of their first start.
"""


def write(path: Path, market: str, projects: Collection[str] = ()) -> dict[str, str]:
    """Make the file, whole or not at all, and never over another. Its values. Raises FileExistsError.

    `projects`: names that others on this machine have.
    """
    usual = project_of(path)
    name = free_name(usual, projects)
    values = {"COMPOSE_PROJECT_NAME": name} | MARKETS[market] | DEFAULTS
    if name != usual:
        values["IMAGE_TAG"] = name  # another checkout's images are of its own files
    values |= {name: str(free_port(first)) for name, first in PORTS.items()}
    values |= {name: secrets.token_hex(32) for name in SECRETS}  # hex: as safe in an address as on a command line
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(HEAD + "".join(f"{name}={value}\n" for name, value in values.items()))
            file.flush()
            os.fsync(file.fileno())
        os.link(part, path)
    finally:
        part.unlink(missing_ok=True)
    return values


def read(path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The file's values, with those of the environment before them, as Compose sees them."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): environ.get(name.strip(), value.strip().strip("'\"")) for name, _, value in pairs}


def project_of(path: Path) -> str:
    """`.env` is paperfold's, `.env.sim` is paperfold-sim's: two files are two systems, with volumes of their own."""
    more = "".join(letter if letter.isalnum() else "-" for letter in path.name.removeprefix(".env").lower()).strip("-")
    return f"paperfold-{more}" if more else "paperfold"


def free_name(first: str, taken: Collection[str]) -> str:
    """`first`, or with a number behind it that nobody has: a second checkout must not find the first one's data."""
    return next(name for number in count(1) if (name := first if number == 1 else f"{first}-{number}") not in taken)


def free_port(first: int) -> int:
    """The first port of 127.0.0.1 from `first` on that nobody listens on."""
    for port in range(first, first + NEXT_PORTS):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one in TIME_WAIT is free
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    return first
