"""The suite turns red: bugs of the kind that indicators really have, planted one at a time into a copy of the tree."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.compiled_indicators import ROOT

SUITE = [f"tests/conformance/test_{name}.py" for name in ("fact_sheets", "values", "time", "state")]
COPIED = ("shared", "tests/conformance", "tests/support")

ORACLE = "test_it_agrees_with_its_oracle"
RESUMES = "test_it_resumes_from_a_copy_of_its_words_at_every_bar"
SETTLES = "test_it_has_settled_when_it_says_so"
SILENT = "test_it_is_silent_exactly_during_warmup"


class Bug(NamedTuple):
    """What is written in place of what, and which promises notice it, of which indicator."""

    file: str
    right: str
    wrong: str
    type: str
    noticed_by: tuple[str, ...]


BUGS = {
    "a seed that divides by one too many": Bug(
        "ema.py", "mean = (mean + source) / length", "mean = (mean + source) / (length + 1.0)", "EMA", (ORACLE,)
    ),
    "Wilder's mean decays as an exponential one": Bug(
        "wilder.py",
        "return (before * (period - 1.0) + value) / period",
        "return (before * (period - 1.0) + 2.0 * value) / (period + 1.0)",
        "ATR",
        (ORACLE,),
    ),
    "a market that never moved has an index of 0": Bug("rsi.py", "value = 50.0", "value = 0.0", "RSI", (ORACLE,)),
    "an early return that forgets the first value": Bug(
        "rsi.py",
        "    f[at + LAST] = source\n    f[at + SEEN] = changes + 1.0\n    if changes == 0.0:\n        return\n",
        "    f[at + SEEN] = changes + 1.0\n    if changes == 0.0:\n        return\n    f[at + LAST] = source\n",
        "RSI",
        (ORACLE,),
    ),
    "the cloud is drawn a bar early": Bug(
        "ichimoku.py", "head + 1.0 if head < displacement", "head + 1.0 if head + 1.0 < displacement", "ICHIMOKU",
        (ORACLE,),
    ),
    "pivots of the day that is not over": Bug(
        "pivot.py", "    f[at + CLOSE] = close\n",
        "    f[at + CLOSE] = close\n    levels(f, at + LEVELS, f[at + HIGH], f[at + LOW], close)\n", "PIVOT",
        (ORACLE, SILENT),
    ),
    "state that is kept among the outputs": Bug(
        "heikinashi.py", "middle = (f[at + OPEN] + f[at + CLOSE]) / 2.0", "middle = (f[out + 1] + f[out]) / 2.0",
        "HEIKINASHI", (RESUMES,),
    ),
    "a deviation that cancels where nothing moved": Bug(
        "window.py", "difference = f[i] - value", "difference = f[i]", "STDDEV", (ORACLE,)
    ),
    "a beginning that counts for longer than it says": Bug(
        "heikinashi.py", "1 + bars_to_settle(0.5)", "bars_to_settle(0.5) // 2", "HEIKINASHI", (SETTLES,)
    ),
}  # fmt: skip


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What the suite needs of this tree, as it stands."""
    for name in COPIED:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "tests/conftest.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def failures(tree: Path, types: str) -> set[str]:
    """Names of the promises that a tree breaks. Anything but passed or failed tests is a failure of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *SUITE, "-q", "-rf", "--tb=line", "-p", "no:cacheprovider", "-k", types],
        cwd=tree, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert " passed" in done.stdout
    names = set(re.findall(r"^FAILED \S+::(\w+)", done.stdout, re.MULTILINE))
    assert bool(names) == (done.returncode == 1), done.stdout
    return names


def test_the_copy_is_green_and_is_what_runs(copy: Path) -> None:
    assert failures(copy, " or ".join(bug.type for bug in BUGS.values())) == set()
    (copy / "shared" / "indicators" / "ema.py").write_text("raise SystemError('this very copy')\n")
    with pytest.raises(AssertionError, match="this very copy"):
        failures(copy, "EMA")


@pytest.mark.parametrize("name", BUGS)
def test_the_suite_turns_red(copy: Path, name: str) -> None:
    bug = BUGS[name]
    module = copy / "shared" / "indicators" / bug.file
    text = module.read_text()
    assert bug.right in text, "the bug's place has moved"
    module.write_text(text.replace(bug.right, bug.wrong))
    assert set(bug.noticed_by) <= failures(copy, bug.type)
