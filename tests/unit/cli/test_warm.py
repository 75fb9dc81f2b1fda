"""`paperfold warm`: what it compiled is loaded, and what cannot run is refused before anything is compiled."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.cli.__main__ import main

ROOT = Path(__file__).resolve().parents[3]
STRATEGY = ROOT / "strategies" / "ema-cross.yaml"
FOLD = f"""
from pathlib import Path
from services.cli.commands.warm import compile_strategy
compile_strategy(Path({str(STRATEGY)!r}))
from shared import kernel
print(sum(sum(twin.stats.cache_misses.values()) for twin in kernel._twins))
"""


def test_a_strategy_is_compiled_once(tmp_path: Path) -> None:
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    misses = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", FOLD], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        misses.append(int(done.stdout))
    assert misses[0] > 20
    assert misses[1] == 0


def test_a_file_that_cannot_run_is_refused_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: broken\n")
    assert main(["warm", str(broken)]) == 2
    assert not (tmp_path / "cache").exists()
