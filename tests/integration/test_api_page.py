"""docs/api.md: what it says to type, typed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from shared.domain.timeframe import DAY_MS
from tests.support.api import ADMIN, FIRST_MS, served

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "api.md"
SETTING, *EXAMPLES = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.needs("curl")
def test_everything_on_the_page_can_be_typed_as_it_stands(database: str, redis_url: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "strategies", tmp_path / "strategies")
    with served(database, redis_url) as api:
        api.upload((ROOT / "strategies" / "ema-cross.yaml").read_text(encoding="utf-8"))  # a real API has them at start
        run = api.create(strategy="ema-cross", start_at=FIRST_MS + DAY_MS)
        api.fold(run["id"])
        typed = f"API={api.url}/api/v1\nTOKEN={ADMIN}\nset -e -o pipefail\n" + "".join(EXAMPLES)
        done = subprocess.run(
            ["bash", "-c", typed], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr + done.stdout[-2000:]
        assert [run["mode"] for run in api.get("/runs")["items"]] == ["backtest", "paper", "paper"]
        assert [one["kind"] for one in api.get("/runs/1")["commands"]] == ["pause", "stop"]
    assert "event: system" in done.stdout
    assert (tmp_path / "run-1.json").stat().st_size > 0


def test_the_setting_is_what_up_says() -> None:
    assert "127.0.0.1:8000" in SETTING
    assert "admin.token" in SETTING


def test_every_method_and_path_of_the_page_exists(api_paths: set[tuple[str, str]]) -> None:
    table = re.findall(r"^\| ((?:GET|POST)[^|]*)\|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    named = {path for row in table for path in re.findall(r"/api/v1[a-z/{}_]*", row)}
    assert named
    assert named <= {path for _, path in api_paths}


@pytest.fixture
def api_paths(database: str, redis_url: str) -> set[tuple[str, str]]:
    """(method, path) of everything that the API's own description names."""
    with served(database, redis_url) as api:
        paths = api.anybody.get("/openapi.json").json()["paths"]
    names = {"run_id": "id", "session_id": "id", "name": "name"}
    return {
        (method.upper(), re.sub(r"{(\w+)}", lambda found: "{" + names[found[1]] + "}", path))
        for path, methods in paths.items()
        for method in methods
    }
