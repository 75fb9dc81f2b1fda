"""The house keeps its own rules: what is shipped, what is locked, what may import what, what is written where."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import shared
from services.cli.app import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")

# What a service must be able to start without.
LIGHT = {
    "api": ("numba", "llvmlite", "plotly", "pandas"),
    "runner": ("numba", "llvmlite", "plotly", "pandas"),
    "dashboard": ("numba", "llvmlite", "plotly", "pandas", "numpy", "sqlalchemy", "redis"),
}
COMMIT_BYTES = 600_000
MACHINE_PATHS = "(^|[^A-Za-z0-9_./])/(" + "|".join(("wo" + "rk", "fa" + "rm", "ro" + "ot")) + ")/"
REGISTRIES = "https?://[a-z0-9.-]*(" + "|".join(("py" + "pi", "python" + "hosted", "npm" + "js", "jsde" + "livr")) + ")"


def committed(*patterns: str) -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).exists()]


def grep(pattern: str) -> list[str]:
    """Lines of committed text files that match."""
    done = subprocess.run(["git", "grep", "-nIE", pattern], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def test_the_lock_pins_every_requirement_with_hashes_and_names_no_address_or_path() -> None:
    requirements = [block for block in re.split(r"\n(?=[a-z0-9])", LOCK) if not block.startswith("#")]
    assert len(requirements) > 50
    for block in requirements:
        assert re.match(r"[a-z0-9._-]+==[^ ]+ ", block), block
        assert "--hash=sha256:" in block, block
    assert not re.search(r"://|file:|--index|--extra-index|--find-links|^-e |@ |^/| \./", LOCK, re.MULTILINE)


def test_the_lock_holds_every_dependency_of_the_project() -> None:
    wanted = [text for texts in [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()] for text in texts]
    names = {re.split(r"[\[<>=;! ]", text, maxsplit=1)[0] for text in wanted} - {"paperfold"}
    locked = {re.sub(r"[._]", "-", name) for name in re.findall(r"^([a-z0-9._-]+)==", LOCK, re.MULTILINE)}
    assert sorted(names - locked) == []


def test_every_dependency_has_its_reason_in_a_decision_record() -> None:
    record = (ROOT / "docs" / "decisions" / "0007-dependencies.md").read_text(encoding="utf-8")
    wanted = [text for texts in [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()] for text in texts]
    names = {re.split(r"[\[<>=;! ]", text, maxsplit=1)[0] for text in wanted} - {"paperfold"}
    assert sorted(name for name in names if f"`{name}`" not in record) == []


def test_the_wheel_ships_exactly_our_two_packages_with_all_their_files(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    [wheel] = tmp_path.iterdir()
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name.partition("/")[0] for name in names} == {
        "services",
        "shared",
        f"paperfold-{PROJECT['version']}.dist-info",
    }
    ours = {str(path.relative_to(ROOT)) for path in committed("services", "shared") if path.name != "Dockerfile"}
    assert sorted(ours - names) == []


def test_shared_is_ours() -> None:
    assert shared.__file__ == str(ROOT / "shared" / "__init__.py")


def test_importing_one_corner_of_shared_loads_no_other() -> None:
    assert [str(path) for path in (ROOT / "shared").rglob("__init__.py") if path.read_text(encoding="utf-8")] == []


def test_import_arrows_point_the_right_way() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("service", LIGHT)
def test_a_service_starts_without_heavy_libraries(service: str) -> None:
    """Its __main__ is imported, as `python -m` would, but for the last line that runs it."""
    if (ROOT / "services" / service / "__main__.py").exists():
        program = f"import sys, services.{service}.__main__; print(*sys.modules)"
    else:
        program = f"import sys, services.{service}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [name for name in LIGHT[service] if name in done.stdout.split()] == []


def test_the_command_line_starts_without_heavy_libraries() -> None:
    program = "import sys, services.cli.__main__; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    heavy = {"numba", "numpy", "rich", "httpx", "sqlalchemy", "psycopg2", "redis", "pyarrow", "pydantic", "psutil"}
    assert sorted(heavy & set(done.stdout.split())) == []


def test_no_file_of_third_parties_is_committed() -> None:
    scripts = committed("*.js", "*.mjs", "*.css", "*.woff2", "*.map")
    foreign = re.compile(r"@license|@preserve|sourceMappingURL|Copyright|licensed under", re.IGNORECASE)
    assert [path.name for path in scripts if ".min." in path.name or foreign.search(path.read_text("utf-8"))] == []


def test_no_large_file_is_committed() -> None:
    assert [str(path) for path in committed() if path.stat().st_size > COMMIT_BYTES] == []


def test_no_file_names_a_registry_or_a_folder_of_somebodys_machine() -> None:
    assert grep(REGISTRIES) == []
    assert grep(MACHINE_PATHS) == []


def test_the_changelog_speaks_of_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)", text, re.MULTILINE)[0] == PROJECT["version"]
    assert importlib.metadata.version("paperfold") == PROJECT["version"]


def test_the_readme_names_only_commands_that_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert sorted(set(re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", readme, re.MULTILINE)) - {("", "")}) != []
    named = {a or b for a, b in re.findall(r"`make ([a-z-]+)|^make ([a-z-]+)", readme, re.MULTILINE)}
    assert sorted(named - targets) == []
    assert sorted(set(re.findall(r"paperfold ([a-z]+)\b", readme)) - set(COMMANDS)) == []


def test_the_readme_lists_every_decision() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    records = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [name for name in records if f"docs/decisions/{name}" not in readme] == []
