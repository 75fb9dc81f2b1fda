"""Which system a command talks to."""

import json
import os
from pathlib import Path

import pytest

from services.cli import system
from services.cli.system import Api, find_api, find_database
from services.cli.up import status
from services.cli.up.processes import identity
from shared.domain.errors import UnavailableError


@pytest.fixture(autouse=True)
def _nothing_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PAPERFOLD")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def running(data: Path, number: int = 1, pid: int | None = None) -> Path:
    """A data folder whose supervisor is this very process, or one that is gone."""
    data.mkdir(parents=True)
    me = identity(os.getpid())
    assert me is not None
    supervisor = {"pid": pid or me.pid, "started": me.started}
    urls = {"api_url": f"http://127.0.0.1:{number}", "database_url": f"postgresql://db{number}"}
    described = {**urls, "api_token": f"token {number}", "market": "sim", "data": str(data), "supervisor": supervisor}
    status.write(data, described)
    return data


def test_the_one_that_runs_here_is_found(tmp_path: Path) -> None:
    running(tmp_path / "paperfold" / "sim")
    assert find_api(None) == Api("http://127.0.0.1:1", "token 1")
    assert find_database(None) == "postgresql://db1"


def test_one_that_was_killed_is_not(tmp_path: Path) -> None:
    running(tmp_path / "paperfold" / "sim", pid=2**22 + 1)
    with pytest.raises(UnavailableError, match="`paperfold up` starts one"):
        find_api(None)


def test_of_several_the_person_has_to_name_one(tmp_path: Path) -> None:
    first, second = (running(tmp_path / "paperfold" / name, number) for number, name in enumerate(("sim", "live"), 3))
    with pytest.raises(UnavailableError) as said:
        find_api(None)
    assert f"--data-dir {first}" in str(said.value)
    assert f"--data-dir {second}" in str(said.value)
    assert find_api(second).token == "token 4"


def test_a_folder_that_was_named_is_the_only_one_that_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running(tmp_path / "paperfold" / "sim")
    elsewhere = running(tmp_path / "elsewhere", 9)
    monkeypatch.setenv("PAPERFOLD__API__URL", "http://api:8000")
    assert find_api(elsewhere).token == "token 9"
    with pytest.raises(UnavailableError, match="no system runs on"):
        find_api(tmp_path / "nowhere")


def test_else_the_environment_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERFOLD__API__URL", "http://api:8000/")
    with pytest.raises(UnavailableError, match="PAPERFOLD__API__TOKEN is not"):
        find_api(None)
    (secret := tmp_path / "token").write_text("from a file\n", encoding="utf-8")
    monkeypatch.setenv("PAPERFOLD__API__TOKEN_FILE", str(secret))
    assert find_api(None) == Api("http://api:8000", "from a file")
    with pytest.raises(UnavailableError, match="PAPERFOLD__DATABASE__URL"):
        find_database(None)
    monkeypatch.setenv("PAPERFOLD__DATABASE__URL", "postgresql://db")
    assert find_database(None) == "postgresql://db"
    running(tmp_path / "paperfold" / "sim")
    assert find_database(None) == "postgresql://db1"


def test_a_secret_file_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERFOLD__DATABASE__URL_FILE", "/nowhere/url")
    with pytest.raises(UnavailableError, match="/nowhere/url: No such file"):
        find_database(None)


def test_the_prefix_is_that_of_the_settings() -> None:
    from shared import settings

    assert system.PREFIX == settings.PREFIX


def test_the_file_is_private(tmp_path: Path) -> None:
    data = running(tmp_path / "paperfold" / "sim")
    assert (data / status.FILE).stat().st_mode & 0o777 == 0o600
    assert json.loads((data / status.FILE).read_text(encoding="utf-8"))["api_token"] == "token 1"
