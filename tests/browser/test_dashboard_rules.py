"""The rules of a run, in the tab of its strategy: what holds it back is seen, in any light and on any screen."""

import re

import pytest
from playwright.sync_api import Locator, expect

from services.dashboard import formats
from shared.bus import client, pubsub
from shared.bus.codec import RunEvent
from tests.browser.conftest import Desk, Open
from tests.support.api import FIRST_MS, Api

pytestmark = pytest.mark.needs("chromium")

SLOW = 15_000  # ms that something may take to arrive
SHUT = """
name: shut
symbol: BTC/USDT
timeframes: { entry: 1m }
indicators:
  - { id: fast, type: EMA, timeframe: entry, length: 9 }
  - { id: slow, type: EMA, timeframe: entry, length: 200 }
  - { id: volume_mean, type: SMA, timeframe: entry, length: 20, source: volume }
logic:
  entry_long:
    - any: ["close > highest(high[1], 60)", "crosses_above(fast, slow) and volume > 1.5 * volume_mean"]
    - fast > slow
    - close < slow and close > slow
  exit_long: [close < slow, profit_ratio > 0.002]
  entry_short: ["crosses_below(fast, slow)"]
  exit_short: { any: ["crosses_above(fast, slow)", bars_held >= 240] }
execution: { allow_short: false }
"""


@pytest.fixture
def shut(api: Api) -> int:
    """A run that one rule keeps from trading, before its first bar."""
    api.upload(SHUT)
    return int(api.create(strategy="shut", start_at=FIRST_MS + 3_600_000)["id"])


def line(desk: Desk, text: str) -> Locator:
    return desk.page.locator("#rules tr").filter(has=desk.page.get_by_text(text, exact=True))


def test_the_rule_that_holds_a_run_back_is_seen(desk: Desk, api: Api, shut: int) -> None:
    api.fold(shut)
    desk.go(f"/runs/{shut}?tab=strategy")
    page = desk.page
    expect(page.locator("#rules .side-head")).to_have_text(
        [
            "Enter long",
            "Exit long counted also while nothing is open",
            "Enter short never acted on: shorts are not allowed",
            "Exit short counted also while nothing is open",
        ]
    )
    expect(page.locator("#rules .pill")).to_have_text(["never held", "never ready", "never ready"])
    blocked = line(desk, "close < slow and close > slow")
    expect(blocked).to_contain_text("never held")
    expect(blocked).to_contain_text("3 of 3")
    for rule in api.get(f"/runs/{shut}/rules")["items"]:
        row = line(desk, rule["text"])
        expect(row).to_contain_text(rule["place"])
        expect(row.locator("td.num")).to_have_text(
            [
                f"{rule['held']:,} {formats.percent(rule['held_ratio'])}",
                f"{rule['not_ready']:,} {formats.percent(rule['not_ready_ratio'])}",
                f"{rule['evaluated']:,}",
            ]
        )
        bar = row.locator("svg").bounding_box()
        for part, share in (("held", rule["held_ratio"]), ("unready", rule["not_ready_ratio"])):
            drawn = row.locator(f"rect.{part}").evaluate("one => one.getBoundingClientRect().width")
            assert bar is not None
            assert drawn == pytest.approx(share * bar["width"], abs=0.5)
    expect(page.locator("#rules")).to_contain_text("Counted at every 1m close from 2025-01-01 00:00")
    expect(page.locator("#panel .listing")).to_contain_text("close < slow and close > slow")


def test_counts_come_without_loading_the_page_again(desk: Desk, api: Api, shut: int) -> None:
    desk.go(f"/runs/{shut}?tab=strategy")
    expect(desk.page.locator("#rules")).to_contain_text("Nothing has been counted yet.")
    expect(line(desk, "fast > slow").locator("td.num").last).to_have_text("0")
    expect(desk.page.locator("#live")).to_have_text("live", timeout=SLOW)
    desk.page.evaluate("window.notLoadedAgain = true")
    made = api.fold(shut)
    bus = client.connect(api.redis_url, "test")
    pubsub.publish_runs(bus, [RunEvent(shut, made[-1].seq, made[-1].ts_ms, "running", "ok")])
    bus.close()
    expect(line(desk, "fast > slow").locator("td.num").last).to_have_text(re.compile(r"\d,\d{3}"), timeout=SLOW)
    assert desk.page.evaluate("window.notLoadedAgain") is True


def test_rules_fit_any_screen(open_desk: Open, api: Api, shut: int) -> None:
    api.fold(shut)
    for width in (1440, 800, 375):
        desk = open_desk(width=width, height=800).log_in()
        desk.go(f"/runs/{shut}?tab=strategy")
        assert desk.overflow() == 0, width
        table = desk.page.locator("#rules .scroll")
        assert table.evaluate("one => one.scrollWidth - one.clientWidth") == 0, width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_bars_stand_out_in_any_light(open_desk: Open, api: Api, shut: int, scheme: str) -> None:
    api.fold(shut)
    desk = open_desk(scheme=scheme).log_in()
    desk.go(f"/runs/{shut}?tab=strategy")
    colour = "(one, name) => getComputedStyle(one)[name]"
    bar = line(desk, "fast > slow")
    colours = {
        bar.locator("rect.held").evaluate(colour, "fill"),
        bar.locator("rect.unready").evaluate(colour, "fill"),
        bar.locator("svg").evaluate(colour, "backgroundColor"),
        desk.page.locator("#detail").evaluate(colour, "backgroundColor"),
    }
    assert len(colours) == 4
