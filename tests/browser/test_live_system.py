"""The whole system as a person meets it: `paperfold up`, a browser, two clicks; trades appear, and a click stops it.

Every process is real: a simulated exchange with generated bars at a high rate, ingest, stores, runner, API, dashboard.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, expect

from tests.browser.conftest import Desk
from tests.support.live_system import LiveSystem, started

pytestmark = pytest.mark.needs("chromium")

RATE = 2000.0  # a day takes 43 s
STRATEGIES = ("ema-cross", "volume-profile-breakout")
TRADED_S = 150.0  # three and a half days
SETTLED_S = 60.0


@pytest.fixture
def system() -> Iterator[LiveSystem]:
    folder = Path(tempfile.mkdtemp(prefix="paperfold-browser-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        with started(folder, rate=RATE) as found:
            yield found
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def desk(chromium: Browser, system: LiveSystem) -> Iterator[Desk]:
    """A window before the system's own dashboard."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    found = Desk(context.new_page(), system.description["dashboard_url"], [])

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            found.troubles.append(message.text)

    found.page.on("console", heard)
    found.page.on("pageerror", lambda error: found.troubles.append(str(error)))
    yield found
    context.close()
    assert not found.troubles, found.troubles


@pytest.mark.timeout(400)
def test_a_click_starts_a_strategy_that_trades_and_a_click_stops_it(desk: Desk, system: LiveSystem) -> None:
    desk.log_in((system.data / "admin.token").read_text(encoding="utf-8").strip())
    page = desk.page
    ids = {}
    for name in STRATEGIES:
        desk.go("/")
        page.get_by_role("button", name=f"Run {name}", exact=True).click()
        expect(page.locator("[data-said]")).to_have_text(re.compile("started", re.IGNORECASE), timeout=SETTLED_S * 1000)
        ids[name] = int(page.locator("body").get_attribute("data-run") or 0)

    # Nobody loads the page again from here on: bars, markers and rows come by themselves
    desk.go(f"/runs/{ids['ema-cross']}")
    expect(page.locator("#head .pill").first).to_have_text("running", timeout=SETTLED_S * 1000)
    expect(page.locator("table.trades tbody tr").first).to_be_visible(timeout=TRADED_S * 1000)
    expect(page.locator("#candles")).to_have_attribute("aria-label", re.compile(r" [1-9]\d* fills"), timeout=20_000)

    for name, run_id in ids.items():
        desk.go(f"/runs/{run_id}")
        page.get_by_role("button", name=re.compile("^Stop(, keep position)?$")).click()
        page.locator("#confirm-yes").click()
        expect(page.locator("#head .pill").first).to_have_text("stopped", timeout=SETTLED_S * 1000)
        assert json.loads(system.command("show", str(run_id), "--json"))["status"] == "stopped", name
        system.command("parity", str(run_id))
