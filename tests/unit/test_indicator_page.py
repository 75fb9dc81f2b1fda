"""docs/indicators.md says what the fact sheets say, of every indicator, in tables that are tables."""

import re

from shared.indicators.registry import REGISTRY
from tests.support.indicator_page import PAGE, page


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def test_every_indicator_has_its_place_and_a_link_to_it() -> None:
    text = page()
    assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == re.findall(r"^\| \[(\w+)\]", text, re.MULTILINE)
    assert set(re.findall(r"^## (\w+)$", text, re.MULTILINE)) == set(REGISTRY)
    assert re.findall(r"\(#(\w+)\)", text) == [type_.lower() for type_ in re.findall(r"^## (\w+)$", text, re.MULTILINE)]


def test_every_row_of_a_table_has_the_columns_of_its_head() -> None:
    columns = 0
    for line in page().splitlines():
        if not line.startswith("|"):
            columns = 0
        elif columns == 0:
            columns = line.count("|")
        else:
            assert line.count("|") == columns, line
