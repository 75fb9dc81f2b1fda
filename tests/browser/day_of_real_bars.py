"""`make day`: a day of real bars, two clicks in a browser, and what came of it against a backtest, byte for byte.

Longer than `make test` should take, so pytest does not find it by itself.
"""

import json
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from shared.domain.timeframe import DAY_MS
from tests.browser.conftest import Desk
from tests.support.kill_nine import STRATEGIES, difference, iso
from tests.support.live_system import ROOT, started
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.real_data]

FIRST = "2023-03-10T00:00Z"
RATE = 600.0  # a day takes 144 s


@pytest.mark.timeout(600)
def test_two_clicks_and_a_day_later_every_value_is_the_backtests(chromium: Browser, real_data: Path) -> None:
    bars = real_data / "binanceus_BTCUSDT_1m_20230301_20230321.parquet"
    folder = Path(tempfile.mkdtemp(prefix="paperfold-day-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        with started(folder, bars, FIRST, RATE) as system:
            context = chromium.new_context(viewport={"width": 1280, "height": 900})
            desk = Desk(context.new_page(), system.description["dashboard_url"], [])
            desk.page.on("pageerror", lambda error: desk.troubles.append(str(error)))
            desk.log_in((system.data / "admin.token").read_text(encoding="utf-8").strip())
            ids = {}
            for name in STRATEGIES:
                desk.go("/")
                desk.page.get_by_role("button", name=f"Run {name}", exact=True).click()
                desk.page.wait_for_url(re.compile(r"/runs/\d+"))
                ids[name] = int(desk.page.locator("body").get_attribute("data-run") or 0)

            def shown(run_id: int) -> dict[str, int]:
                found: dict[str, int] = json.loads(system.command("show", str(run_id), "--json"))
                return found

            def a_day_later() -> bool:
                found = [shown(run_id) for run_id in ids.values()]
                return all((run["last_bar_ms"] or 0) >= run["start_ms"] + DAY_MS for run in found)

            wait_for(a_day_later, DAY_MS / 1000 / RATE + 60.0, system.report, every_s=2.0)
            desk.go(f"/runs/{ids['ema-cross']}")
            expect(desk.page.locator("table.trades tbody tr").first).to_be_visible()
            expect(desk.page.locator("#candles")).to_have_attribute("aria-label", re.compile(r" [1-9]\d* fills"))
            assert not desk.troubles, desk.troubles
            context.close()

            for name, run_id in ids.items():
                out, again = folder / f"{name}.json", folder / f"{name}-backtest.json"
                system.command("export", str(run_id), "--json", str(out))
                print(name, system.command("parity", str(run_id)).strip())
                doc = json.loads(out.read_bytes())
                first_ms, last_ms = doc["bars"]["start_ms"], doc["bars"]["last_open_ms"]
                window = ("--from", iso(first_ms), "--to", iso(last_ms), "--rules", str(out))
                strategy = str(ROOT / "strategies" / f"{name}.yaml")
                system.command("backtest", strategy, "--bars", str(bars), *window, "--json", str(again))
                assert out.read_bytes() == again.read_bytes(), difference(out.read_bytes(), again.read_bytes())
                assert doc["trades"] or name != "ema-cross"
                counts = {part: len(doc[part]) for part in ("orders", "fills", "trades", "equity")}
                print(name, iso(first_ms), iso(last_ms), doc["bars"]["count"], "bars", counts, doc["digest"][:16])
    finally:
        shutil.rmtree(folder)
