"""Breaks one line of the engine at a time, on a copy, and asks the suite: `python -m tests.mutation [NAME ...]`.

A mutant that no test notices is a line that no test holds. Exit 1 names the survivors. The suite that is asked is the
engine's, interpreted (compiling costs minutes, and both forms are one text) and without real bars; each mutant stops at
its first failure.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutation.mutants import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("shared", "services", "strategies", "tests", "docs", "pyproject.toml")
SUITE = (  # what fails soonest first
    "tests/unit/test_order_examples.py", "tests/unit/engine", "tests/replay",
)  # fmt: skip
LIMIT_S = 900


def copy_tree(target: Path) -> None:
    """The project without what is generated."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target / name)


def broken(mutant: Mutant, tree: Path = ROOT) -> str:
    """The file's text with the line broken. Raises ValueError where the line is not there exactly once."""
    text = (tree / mutant.path).read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.name}: {mutant.old!r} stands {text.count(mutant.old)} times in {mutant.path}")
    return text.replace(mutant.old, mutant.new)


def suite(tree: Path) -> tuple[bool, str]:
    """Does the suite pass on this tree, and the first test that does not."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-k", "not compiled and not two_forms",
               *(path for path in SUITE if (tree / path).exists())]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "PAPERFOLD_REAL_BARS": "/none"}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=LIMIT_S)
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if done.returncode not in (0, 1, 2):
        raise RuntimeError(f"pytest ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode == 0, failed[0].split(" - ")[0] if failed else done.stdout[-200:]


def judge(mutant: Mutant) -> tuple[Mutant, bool, str, float]:
    """Plant it in a copy of its own and ask."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="paperfold-mutant-") as folder:
        tree = Path(folder)
        copy_tree(tree)
        (tree / mutant.path).write_text(broken(mutant), encoding="utf-8")
        survived, by = suite(tree)
    return mutant, survived, by, time.monotonic() - started


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("names", nargs="*", help="mutants to try; default: all")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if not asked.names or mutant.name in asked.names]
    for mutant in chosen:
        broken(mutant)
    with tempfile.TemporaryDirectory(prefix="paperfold-mutant-") as folder:
        tree = Path(folder)
        copy_tree(tree)
        passes, by = suite(tree)
        if not passes:
            print(f"the suite fails without any mutant: {by}")
            return 2
    survivors = []
    with ThreadPoolExecutor(asked.jobs) as pool:
        for mutant, survived, by, seconds in pool.map(judge, chosen):
            verdict = "SURVIVED" if survived else "caught"
            print(f"{verdict:9} {mutant.name:34} {seconds:5.0f} s  {'' if survived else by}", flush=True)
            survivors += [mutant.name] if survived else []
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} caught" + (f"; survived: {survivors}" if survivors else ""))
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
