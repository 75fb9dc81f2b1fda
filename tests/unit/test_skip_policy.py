"""In CI nothing is skipped unless the machine really lacks what the test needs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"

LACKING = "not_root" if os.geteuid() == 0 else "root"  # one of the two, on every machine

EXPLAINED = f"""
import pytest
@pytest.mark.needs("{LACKING}")
def test_it_needs_what_is_not_here(): raise AssertionError
def test_it_passes(): pass
"""
UNEXPLAINED = """
import pytest
def test_it_looks_away(): pytest.skip("flaky today")
def test_it_passes(): pass
"""
UNEXPLAINED_MODULE = """
import pytest
pytest.importorskip("no_such_module")
"""
# The words are right, but the machine has what they say it lacks.
UNTRUE = f"""
import pytest
def test_it_looks_away(): pytest.skip("{"not run as root" if os.geteuid() == 0 else "run as root"}")
"""


@pytest.mark.parametrize(
    ("text", "ci", "code"),
    [
        pytest.param(EXPLAINED, "true", 0, id="explained, in CI"),
        pytest.param(UNEXPLAINED, "true", 1, id="unexplained, in CI"),
        pytest.param(UNEXPLAINED, "", 0, id="unexplained, at home"),
        pytest.param(UNEXPLAINED_MODULE, "true", 1, id="a whole file, in CI"),
        pytest.param(UNTRUE, "true", 1, id="untrue, in CI"),
    ],
)
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_skip_is_judged(tmp_path: Path, text: str, ci: str, code: int, workers: str) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    shutil.copy(CONFTEST, folder)
    (folder / "test_some.py").write_text(text, encoding="utf-8")
    (folder / "test_other.py").write_text("def test_it_passes(): pass\n", encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  needs\n  real_data\n", encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-rs",
            "-n",
            workers,
            "-p",
            "no:cacheprovider",
            "-p",
            "no:valkey",
            str(tmp_path),
        ],
        cwd=CONFTEST.parents[1],
        env=os.environ | {"CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "SKIPPED" in done.stdout
    assert ("without a reason of this machine" in done.stdout) == (text is not EXPLAINED)
