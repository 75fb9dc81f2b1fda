"""docs/statistics.md names every figure and every reason, and none that does not exist."""

import re
from typing import get_args

from shared.domain.decision import Trade
from shared.performance.breakdowns import BREAKDOWNS
from shared.performance.ratios import Reason
from shared.performance.statistics import Tally
from tests.conftest import ROOT
from tests.support.instruments import RULES

TEXT = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
TALLY = Tally(RULES, 10**10, 0)
TALLY.step(Trade(1, 1, 0, 1, 1, 10**8, 10**8, 0, 0, 0, 0, 2))
STATS = TALLY.report(60_000)


def in_tables(head: str) -> set[str]:
    """Names in the first column of the tables with this head."""
    names: set[str] = set()
    for table in re.findall(rf"^\| {head} \|.*\n\|[-|]+\n((?:\|.*\n)+)", TEXT, re.MULTILINE):
        for row in table.splitlines():
            names |= set(row.split("|")[1].replace(" ", "").split(","))
    return names


def test_every_figure_has_its_formula_and_no_other_is_described():
    sides = {"long", "short", "n", "reasons"}
    others = {"profit_all_abs", "profit_all_ratio"}  # described beside profit_abs
    assert in_tables("figure") | others == set(STATS) - sides
    assert all(f"`{name}`" in TEXT for name in others)


def test_every_reason_is_explained():
    assert in_tables("reason") == set(get_args(Reason))


def test_every_breakdown_and_each_word_of_its_rows_is_described():
    assert in_tables("name") == set(BREAKDOWNS)
    words = {word for name in BREAKDOWNS for row in TALLY.breakdown(name, 60_000) for word in row}
    assert sorted(word for word in words if not re.search(rf"\b{word}\b", TEXT)) == []
