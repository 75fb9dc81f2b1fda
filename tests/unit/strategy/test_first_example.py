"""docs/strategy-format.md: the strategy at its beginning is one that a reader can save and run."""

import re
from pathlib import Path

from shared.strategy.load import load
from shared.strategy.planning import plan_for

PAGE = Path(__file__).resolve().parents[3] / "docs" / "strategy-format.md"


def test_the_first_strategy_of_the_page_is_valid_as_it_stands_and_nothing_is_to_be_noted() -> None:
    text = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[0]
    loaded = load(text, "mine.yaml")
    assert [str(problem) for problem in loaded.problems] == []
    assert [node.id for node in plan_for(loaded).nodes] == ["rsi", "slow", "atr"]
