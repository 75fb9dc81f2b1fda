"""Every shipped strategy loads without an error, says its idea first, and does what its `Checked` line says it did.

The figures are of bars that are not part of the project: 90 days of BTC/USDT and of ETH/USDT from 2024-06-15, 110 days
of BTC/USDT from 2021-02-01 with four gaps (the folder of real bars says more). They tell what an author saw, no more.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from shared.strategy.load import load
from tests.support.shipped import FILES, SHIPPED, checked_line

STATED = re.compile(r"# Checked on .*:\n# (?P<figures>\d+ to \d+ trades, profit .* %, drawdown .* %)\.$", re.MULTILINE)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_strategy_is_valid_and_introduces_itself(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    loaded = load(text, path.name)
    assert loaded.spec is not None, loaded.problems
    assert loaded.spec.name == path.stem
    assert text.startswith("# "), "its idea stands at the top"
    assert STATED.search(text) is not None, "and what it did on the bars that it was checked on"


@pytest.mark.real_data
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_figures_are_those_that_a_backtest_gives(path: Path, real_data: Path) -> None:
    """In a process of its own: these are long series, and this one is interpreted."""
    assert all((real_data / file).exists() for file, _ in FILES)
    command = [sys.executable, "-m", "tests.support.shipped", str(path), str(real_data)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    stated = STATED.search(path.read_text(encoding="utf-8"))
    assert stated is not None
    assert stated["figures"] == done.stdout.strip()


def test_a_range_names_its_ends() -> None:
    assert checked_line([(12, -0.0123, 0.051), (9, 0.02, 0.0604)]) == (
        "9 to 12 trades, profit -1.2 to 2.0 %, drawdown 5.1 to 6.0 %"
    )
