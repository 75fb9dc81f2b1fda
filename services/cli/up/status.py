"""What runs on this machine: the file that a supervisor keeps, and how to find it.

system.json: version, market, started_ms, data, api_url, api_token, dashboard_url, database_url, redis_url,
             supervisor {pid, started}, processes [{name, pid, started, state, starts, log}]
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.cli.up.layout import data_root, write_private
from services.cli.up.processes import Identity

FILE = "system.json"
LATEST = "latest"  # in the root of all data folders: the data folder of the system started last

System = dict[str, Any]


def write(data: Path, system: System) -> None:
    """Publish the running system to client commands of the same user."""
    write_private(data / FILE, json.dumps(system, indent=1) + "\n")


def remember(data: Path) -> None:
    """Let client commands find this folder, wherever it is."""
    root = data_root()
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(root / LATEST, f"{data}\n")


def read(data: Path) -> System | None:
    """The file of a data folder, whether or not its system still runs."""
    try:
        system: System = json.loads((data / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return system


def is_up(system: System) -> bool:
    """Whether its supervisor lives."""
    return identity_of(system["supervisor"]).process() is not None


def identity_of(entry: dict[str, Any]) -> Identity:
    return Identity(int(entry["pid"]), float(entry["started"]))


def find(data: Path | None = None) -> System | None:
    """The running system: of that folder, else of PAPERFOLD_DATA_DIR, else the one started last."""
    return next(running(data), None)


def running(data: Path | None = None) -> Iterator[System]:
    """Running systems of this user, the one started last first."""
    for folder in _folders(data):
        system = read(folder)
        if system is not None and is_up(system):
            yield system


def _folders(data: Path | None) -> list[Path]:
    named = data or (Path(text) if (text := os.environ.get("PAPERFOLD_DATA_DIR")) else None)
    if named is not None:
        return [named]
    root = data_root()
    try:
        latest = [Path((root / LATEST).read_text(encoding="utf-8").strip())]
    except OSError:
        latest = []
    others = sorted(file.parent for file in root.glob(f"*/{FILE}"))
    return latest + [folder for folder in others if folder not in latest]


def table(system: System) -> str:
    """The system for people."""
    lines = [
        f"market     {system['market']}",
        f"dashboard  {system['dashboard_url']}",
        f"api        {system['api_url']}",
        f"data       {system['data']}",
        "",
        f"{'process':<14}{'id':>8}  {'state':<12}starts",
        f"{'supervisor':<14}{system['supervisor']['pid']:>8}  {'running':<12}1",
    ]
    for entry in system["processes"]:
        state = "running" if identity_of(entry).process() is not None else entry["state"]
        lines.append(f"{entry['name']:<14}{entry['pid'] or '-':>8}  {state:<12}{entry['starts']}")
    return "\n".join(lines)


def public(system: System) -> System:
    """The same without secrets, for --json."""
    return {key: value for key, value in system.items() if key not in ("api_token", "database_url")}
