"""Runs side by side, against the real API."""

import re

import pytest
from playwright.sync_api import expect

from services.dashboard import formats
from tests.browser.conftest import Desk, Open
from tests.support.api import FIRST_MS, Api

pytestmark = pytest.mark.needs("chromium")

SLOW = 15_000  # ms that something may take to arrive


@pytest.fixture
def two(api: Api) -> list[int]:
    """The same strategy as it is written, and with another length: three days of minutes each."""
    api.upload()
    runs = [api.create(start_at=FIRST_MS + 3_600_000, params=params)["id"] for params in ({}, {"fast.length": 5})]
    runner = api.claim()
    for run_id in runs:
        api.fold(run_id, runner=runner)
    return runs


def cell(desk: Desk, label: str, column: int) -> str:
    row = desk.page.locator("#comparison tr", has=desk.page.get_by_role("rowheader", name=label, exact=True))
    return (row.locator("td").nth(column).text_content() or "").strip()


def test_two_runs_are_ticked_and_stand_beside_each_other(desk: Desk, api: Api, two: list[int]) -> None:
    desk.go("/")
    for run_id in two:
        desk.page.get_by_role("checkbox", name=f"Compare run {run_id}", exact=True).check()
    desk.page.get_by_role("button", name="Compare").click()
    desk.page.wait_for_url(re.compile(r"/compare\?run=\d+&run=\d+"))
    order = [int(found) for found in re.findall(r"run=(\d+)", desk.page.url)]
    assert sorted(order) == sorted(two)
    expect(desk.page.locator("#returns svg .trace.scatter")).to_have_count(2, timeout=SLOW)
    stats = [api.get(f"/runs/{run_id}/stats") for run_id in order]
    for column, one in enumerate(stats):
        assert cell(desk, "Sharpe", column).startswith(formats.number(one["sharpe"]))
        assert cell(desk, "Trades", column) == formats.count(one["trade_count"])
    best = max(range(2), key=lambda column: stats[column]["profit_ratio"])
    assert cell(desk, "Return", best).endswith("best")
    assert not cell(desk, "Return", 1 - best).endswith("best")
    differing = desk.page.locator("tr.differs th")
    expect(differing).to_have_text(["fast.length differs"])
    assert {cell(desk, "fast.length differs", column) for column in range(2)} == {"5", "as in the file"}


def test_curves_begin_together_when_that_is_asked_for(desk: Desk, two: list[int]) -> None:
    desk.go(f"/compare?run={two[0]}&run={two[1]}")
    expect(desk.page.locator("#returns svg .trace.scatter")).to_have_count(2, timeout=SLOW)
    desk.page.get_by_role("button", name="since the start").click()
    expect(desk.page.locator("#returns .xaxislayer-above, #returns .xtick").first).to_contain_text(re.compile(r"\d d$"))
    desk.page.click("#theme")
    expect(desk.page.locator("#returns svg .trace.scatter")).to_have_count(2)


@pytest.mark.parametrize(("query", "text"), [("", "No run is chosen"), ("?run=1", "One run is chosen")])
def test_fewer_than_two_runs_are_asked_for_more(desk: Desk, two: list[int], query: str, text: str) -> None:
    desk.go(f"/compare{query}")
    expect(desk.page.locator("main")).to_contain_text(text)


def test_runs_that_are_too_many_or_unknown_are_said(open_desk: Open, api: Api, two: list[int]) -> None:
    desk = open_desk().log_in()
    more = [api.create()["id"] for _ in range(8)]
    desk.go("/compare?" + "&".join(f"run={run_id}" for run_id in [*two, *more]))
    expect(desk.page.get_by_role("status").filter(has_text="left out")).to_contain_text("8 runs at most")
    desk.go(f"/compare?run={two[0]}&run=999")
    expect(desk.page.locator("main")).to_contain_text("run 999 does not exist")
