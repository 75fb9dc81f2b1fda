"""What a person sees and presses, against the real API."""

import re

import pytest
from playwright.sync_api import expect

from services.dashboard import formats
from shared.bus import client, pubsub
from shared.bus.codec import RunEvent
from shared.domain.timeframe import DAY_MS
from tests.browser.conftest import Desk, Open, dashboard_of
from tests.support.api import FAST, FIRST_MS, Api

pytestmark = pytest.mark.needs("chromium")

SLOW = 15_000  # ms that something may take to arrive


@pytest.fixture
def traded(api: Api) -> int:
    """A run that has folded three days of minutes."""
    api.upload()
    run = api.create(start_at=FIRST_MS + 3_600_000)
    api.fold(run["id"])
    return int(run["id"])


def test_one_click_starts_a_run_that_waits_for_a_runner(desk: Desk, api: Api) -> None:
    api.upload()
    desk.go("/")
    expect(desk.page.locator("#runs")).to_contain_text("Nothing runs.")
    desk.page.get_by_role("button", name="Run fast-cross").click()
    desk.page.wait_for_url(re.compile(r"/runs/\d+"))
    expect(desk.page.locator("h1")).to_contain_text("fast-cross")
    expect(desk.page.locator("h1")).to_contain_text("pending")
    expect(desk.page.locator("#troubles")).to_contain_text("It starts by itself as soon as one has room.")
    expect(desk.page.locator("#equity")).to_contain_text("No equity point yet", timeout=SLOW)
    expect(desk.page.locator("#panel")).to_contain_text("No trade is closed yet.")
    (run,) = api.get("/runs")["items"]
    assert (run["strategy"], run["mode"], run["instrument"]) == ("fast-cross", "paper", "BTC/USDT")
    desk.go("/")
    expect(desk.page.locator("#waiting")).to_contain_text(re.compile(r"1 run waits for a runner\.\s+None is up"))
    expect(desk.page.locator(f"#run-{run['id']}")).to_contain_text("waits for a runner")


def test_pressing_twice_starts_once(desk: Desk, api: Api) -> None:
    api.upload()
    desk.go("/")
    form = desk.page.locator("form.run-form").first
    fields = {name: form.locator(f"[name={name}]").input_value() for name in ("csrf_token", "form_key", "strategy")}
    for _ in range(2):
        desk.page.request.post(f"{desk.url}/runs", form=fields, headers={"Origin": desk.url})
    assert api.get("/runs")["total"] == 1


def test_options_reach_the_run(desk: Desk, api: Api) -> None:
    api.upload()
    desk.go("/")
    desk.page.get_by_text("with options").click()
    options = desk.page.locator("form.options")
    options.get_by_label("Variant").select_option("long_only")
    options.get_by_label("Cash").fill("2500")
    options.get_by_label("Start at, UTC").fill("2025-01-02T06:30")
    options.get_by_label("Parameters").fill("fast.length=4, slow.length=11")
    options.get_by_role("button", name="Run with these").click()
    desk.page.wait_for_url(re.compile(r"/runs/\d+"))
    (run,) = api.get("/runs")["items"]
    assert (run["variant"], run["start_at"], run["params"]) == (
        "long_only", "2025-01-02T06:30:00.000Z", {"fast.length": 4, "slow.length": 11},
    )  # fmt: skip
    assert float(run["cash"]) == 2500


def test_a_backtest_is_a_run_with_an_end(desk: Desk, api: Api) -> None:
    api.upload()
    desk.go("/")
    desk.page.get_by_text("with options").click()
    options = desk.page.locator("form.options")
    options.get_by_label("Mode").select_option("backtest")
    options.get_by_label("Start at, UTC").fill("2025-01-02T00:00")
    options.get_by_label("End at, UTC").fill("2025-01-02T11:59")
    options.get_by_role("button", name="Run with these").click()
    desk.page.wait_for_url(re.compile(r"/runs/\d+"))
    (run,) = api.get("/runs")["items"]
    assert (run["mode"], run["start_at"]) == ("backtest", "2025-01-02T00:00:00.000Z")
    assert formats.iso(run["end_ms"]) == "2025-01-02T12:00:00.000Z"
    desk.go("/")
    expect(desk.page.locator("#sums")).to_contain_text("No paper run is active.")


def test_what_the_api_refuses_is_said_where_it_was_asked(desk: Desk, api: Api) -> None:
    api.upload()
    desk.go("/")
    desk.page.get_by_text("with options").click()
    desk.page.locator("form.options").get_by_label("Parameters").fill("no.such=1")
    desk.page.get_by_role("button", name="Run with these").click()
    expect(desk.page.get_by_role("alert")).to_contain_text("fast-cross was not started: ")
    expect(desk.page.locator("form.options").get_by_label("Parameters")).to_have_value("no.such=1")
    assert api.get("/runs")["total"] == 0


def test_a_run_shows_candles_fills_equity_and_trades(desk: Desk, api: Api, traded: int) -> None:
    desk.go(f"/runs/{traded}")
    page = desk.page
    fills = api.get(f"/runs/{traded}/fills?limit=1")["total"]
    assert fills > 100
    chart = page.locator("#candles")
    expect(chart.locator("canvas").first).to_be_visible()
    expect(chart).to_have_attribute("aria-label", re.compile(r"1m candles: \d+ bars, [1-9]\d+ fills"), timeout=SLOW)
    expect(page.locator("#equity svg .trace.scatter")).to_have_count(2, timeout=SLOW)
    trade = api.get(f"/runs/{traded}/trades?limit=1&order=desc")["items"][0]
    first = page.locator("#panel tbody tr").first
    expect(first).to_contain_text(formats.money(trade["net_quote"], signed=True, quote="USDT"))
    expect(first.locator("time").first).to_have_attribute("datetime", formats.iso(trade["entry_ms"]))
    expect(page.locator("#panel tbody tr")).to_have_count(50)
    page.get_by_role("link", name="older").click()
    expect(page.locator("#panel .pager")).to_contain_text("page 2 of")
    for tab, text in (
        ("Statistics", "Profit factor"),
        ("Breakdowns", "By month"),
        ("Orders", "filled"),
        ("Fills", "taker"),
        ("Log", "run"),
    ):
        page.get_by_role("link", name=tab, exact=True).click()
        expect(page.locator("#panel")).to_contain_text(text)
    page.get_by_role("link", name="Orders", exact=True).click()
    withdrawn = page.locator("#panel tr", has_text="cancelled").first
    expect(withdrawn.locator("[data-label=Quantity], [data-label=Price]")).to_have_text(["–", "–"])  # nothing, nowhere
    page.get_by_role("link", name="Strategy", exact=True).click()
    expect(page.locator("#panel .listing")).to_contain_text("crosses_above(fast, slow)")


def test_charts_are_hovered_zoomed_and_dragged_within_the_content_policy(desk: Desk, traded: int) -> None:
    """What a library does under the mouse, it may do with inline styles: the window fails for each that is refused."""
    desk.go(f"/runs/{traded}")
    page = desk.page
    expect(page.locator("#equity svg .trace.scatter")).to_have_count(2, timeout=SLOW)
    for place in ("#candles", "#equity"):
        page.locator(place).scroll_into_view_if_needed()
        box = page.locator(place).bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 3
        page.mouse.move(x, y)
        page.mouse.move(x + 20, y + 5)
        if place == "#equity":
            expect(page.locator("#equity .hoverlayer .hovertext").first).to_be_visible()
            assert (page.locator("#equity .hoverlayer").text_content() or "").count("USDT") == 1
        else:
            expect(page.locator("#legend")).to_contain_text("H ")
        page.mouse.down()
        page.mouse.move(x + 150, y + 10, steps=5)
        page.mouse.up()
        page.mouse.wheel(0, -300)
        page.mouse.dblclick(x, y)
        page.wait_for_timeout(300)


def test_markers_stand_on_the_bar_that_holds_the_fill(desk: Desk, traded: int) -> None:
    """The page's own module, asked with fills at the first and the last millisecond of bars."""
    desk.go(f"/runs/{traded}")
    script = desk.page.locator("script[src$='run.js']").get_attribute("src") or ""
    found = desk.page.evaluate(
        """async ([address, run]) => {
            const { FillBook } = await import(address);
            const book = new FillBook(run), hour = 3600000, from = 1735689600000;
            const fills = [
                ["buy", "entry", from], ["sell", "partial_1", from + hour - 1], ["sell", "stop", from + hour],
                ["sell", "entry", from + 2 * hour + 1], ["buy", "reversal", from + 3 * hour - 1],
            ];
            fills.forEach(([side, reason, ts_ms], seq) => book.bySeq.set(seq, { seq, side, reason, ts_ms }));
            return book.markers(hour, from, {}, true).map((m) => [m.time, m.position, m.shape, m.text]);
        }""",
        [script.replace("run.js", "fills.js"), str(traded)],
    )
    start = 1_735_689_600
    assert found == [
        [start, "belowBar", "arrowUp", "long"],
        [start, "aboveBar", "arrowDown", "partial 1"],
        [start + 3600, "aboveBar", "arrowDown", "stop"],
        [start + 7200, "aboveBar", "arrowDown", "short"],
        [start + 7200, "belowBar", "arrowUp", "reversal"],
    ]


def test_fills_that_are_too_many_to_be_told_apart_are_not_drawn(desk: Desk, api: Api, traded: int) -> None:
    """The page's own module, with a limit of two pages of 500: a day holds fewer, three days more."""
    desk.go(f"/runs/{traded}")
    total = api.get(f"/runs/{traded}/fills?limit=1")["total"]
    assert total > 1_000
    script = desk.page.locator("script[src$='run.js']").get_attribute("src") or ""
    found = desk.page.evaluate(
        """async ([address, run, first, day]) => {
            const { FillBook } = await import(address);
            const book = new FillBook(run, 2), all = [];
            for (const [from, to] of [[first, Infinity], [first, first + day / 4], [first + day, first + day + 1]])
                all.push([await book.cover(from, to), book.between(from, to)]);
            return all;
        }""",
        [script.replace("run.js", "fills.js"), str(traded), FIRST_MS, DAY_MS],
    )
    quarter = sum(
        FIRST_MS <= fill["ts_ms"] <= FIRST_MS + DAY_MS // 4
        for fill in api.get(f"/runs/{traded}/fills?limit=500&order=asc")["items"]
    )
    assert found[0][0] is None
    assert found[1][1] == quarter
    assert found[2][0] is not None
    expect(desk.page.locator("#fills-note")).to_be_hidden()


def test_a_trade_of_long_ago_brings_its_bars_and_fills_and_a_button_leads_back(
    desk: Desk, api: Api, traded: int
) -> None:
    pages = -(-api.get(f"/runs/{traded}/trades?limit=1")["total"] // 50)
    desk.go(f"/runs/{traded}?page={pages}")
    chart, back = desk.page.locator("#candles"), desk.page.get_by_role("button", name="To now")
    expect(chart).to_have_attribute(
        "aria-label", re.compile("1m candles: 997 bars, [1-9].*to 2025-01-04 00:36"), timeout=SLOW
    )
    expect(back).to_be_hidden()
    desk.page.locator("[data-show-from]").last.click()
    expect(chart).to_have_attribute(
        "aria-label", re.compile("1m candles: [0-9]+ bars, [1-9].* from 2025-01-01 00:00"), timeout=SLOW
    )
    expect(back).to_be_visible()
    desk.page.get_by_role("button", name="1h", exact=True).click()
    expect(chart).to_have_attribute("aria-label", re.compile(r"1h candles: 7\d bars, [1-9]"), timeout=SLOW)
    back.click()
    expect(back).to_be_hidden()
    desk.page.get_by_role("button", name="1m", exact=True).click()
    expect(chart).to_have_attribute("aria-label", re.compile("1m candles: 997 bars"), timeout=SLOW)


@pytest.mark.parametrize("slow_ms", [0, 150, 700])
def test_the_chart_of_a_run_that_has_ended_begins_where_it_ended(desk: Desk, api: Api, slow_ms: int) -> None:
    """Two days of bars follow: what the run did lies far to the left of now. Also where a picture takes its time."""
    if slow_ms:
        desk.page.add_init_script(
            f"window.requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()), {slow_ms});"
        )
    api.upload()
    run = api.create(mode="backtest", **{"from": "2025-01-01T06:00Z", "to": "2025-01-01T11:59Z"})
    made = api.fold(run["id"], until_ms=FIRST_MS + 12 * 3_600_000, status="finished")
    assert made
    assert api.get(f"/runs/{run['id']}")["status"] == "finished"
    desk.go(f"/runs/{run['id']}")
    chart, back = desk.page.locator("#candles"), desk.page.get_by_role("button", name="To its end")
    expect(chart).to_have_attribute("aria-label", re.compile("[1-9][0-9]* fills.* from 2025-01-01 03:39"), timeout=SLOW)
    expect(back).to_be_hidden()
    box = chart.bounding_box()
    assert box is not None
    desk.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    expect(desk.page.locator("#legend")).to_contain_text("2025-01-01 1")  # the middle of the picture
    for timeframe in ("5m", "1d", "4h", "5m", "1m"):  # without waiting for what comes
        desk.page.get_by_role("button", name=timeframe, exact=True).click()
    expect(chart).to_have_attribute(
        "aria-label", re.compile("1m candles: [0-9]+ bars, [1-9][0-9]* fills"), timeout=SLOW
    )


def test_pages_follow_what_happens_without_being_loaded_again(desk: Desk, api: Api) -> None:
    api.upload()
    run = api.create(start_at=FIRST_MS + 3_600_000)
    desk.go(f"/runs/{run['id']}")
    expect(desk.page.locator("#live")).to_have_text("live", timeout=SLOW)
    desk.page.evaluate("window.notLoadedAgain = true")
    made = api.fold(run["id"])
    bus = client.connect(api.redis_url, "test")
    pubsub.publish_runs(bus, [RunEvent(run["id"], made[-1].seq, made[-1].ts_ms, "running", "ok")])
    bus.close()
    expect(desk.page.locator("h1")).to_contain_text("running", timeout=SLOW)
    expect(desk.page.locator("#panel tbody tr")).to_have_count(50, timeout=SLOW)
    expect(desk.page.locator("#equity svg .trace.scatter")).to_have_count(2, timeout=SLOW)
    assert desk.page.evaluate("window.notLoadedAgain") is True


def test_the_indicator_says_when_the_line_is_cut_and_comes_back(open_desk: Open, api: Api) -> None:
    with dashboard_of(api.url) as url:
        desk = open_desk(url=url).log_in()
        indicator = desk.page.locator("#live")
        expect(indicator).to_have_text("live", timeout=SLOW)
    expect(indicator).to_have_text("reconnecting", timeout=SLOW)
    api.upload()
    api.create()
    with dashboard_of(api.url, port=int(url.rpartition(":")[2])):
        expect(indicator).to_have_text("live", timeout=30_000)
        expect(desk.page.locator("#runs")).to_contain_text("fast-cross", timeout=SLOW)  # what happened meanwhile


def test_commands_ask_first_and_are_accepted(desk: Desk, api: Api, traded: int) -> None:
    desk.go(f"/runs/{traded}")
    desk.page.get_by_role("button", name="Pause").click()
    dialog = desk.page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"Pause run {traded}?")
    dialog.get_by_role("button", name="Cancel").click()
    assert api.get(f"/runs/{traded}")["commands"] == []
    desk.page.get_by_role("button", name="Pause").click()
    dialog.get_by_role("button", name="Pause").click()
    expect(desk.page.locator("[data-said]")).to_contain_text("Pause is accepted")
    expect(desk.page.locator("#troubles")).to_contain_text("Pause was asked for by admin")
    desk.page.get_by_role("button", name=re.compile("^Stop")).first.click()
    dialog.get_by_role("button", name=re.compile("^Stop")).click()
    expect(desk.page.locator("[data-said]")).to_contain_text("Stop is accepted")
    assert [one["kind"] for one in api.get(f"/runs/{traded}")["commands"]] == ["pause", "stop"]


def test_a_live_run_is_backtested_over_its_own_time_in_two_clicks(desk: Desk, api: Api) -> None:
    api.upload()
    live = api.create(start_at=FIRST_MS + 3_600_000, params={"fast.length": 5}, variant="long_only", cash="2500.5")
    made = api.fold(live["id"])
    api.upload(FAST + "# a newer version\n")
    desk.go(f"/runs/{live['id']}")
    desk.page.get_by_role("link", name="Backtest it").click()
    expect(desk.page.get_by_label("Mode").locator("visible=true")).to_be_focused()
    desk.page.get_by_role("button", name="Run with these").locator("visible=true").click()
    desk.page.wait_for_url(re.compile(r"/runs/\d+"))
    test, live = api.get("/runs")["items"][0], api.get(f"/runs/{live['id']}")
    same = ("strategy", "version_sha256", "variant", "params", "instrument", "cash", "start_ms")
    assert test["mode"] == "backtest"
    assert [test[name] for name in same] == [live[name] for name in same]
    assert test["end_ms"] == live["last_bar_ms"] + 60_000
    assert api.fold(test["id"], status="finished") == made


def test_a_run_that_has_ended_is_started_again_with_its_options(desk: Desk, api: Api) -> None:
    api.upload()
    run = api.create(params={"fast.length": 5})
    api.trader.post(f"/api/v1/runs/{run['id']}/stop", json={}).raise_for_status()
    desk.go(f"/runs/{run['id']}")
    desk.page.get_by_role("link", name="Run again").click()
    expect(desk.page.get_by_label("Parameters").locator("visible=true")).to_have_value("fast.length=5")
    desk.page.get_by_role("button", name="Run with these").locator("visible=true").click()
    desk.page.wait_for_url(re.compile(r"/runs/\d+"))
    again = api.get("/runs")["items"][0]
    assert (again["mode"], again["params"]) == ("paper", {"fast.length": 5})
    assert again["id"] != run["id"]


def test_a_run_that_has_ended_takes_no_command_and_keeps_its_record(desk: Desk, api: Api) -> None:
    api.upload()
    run = api.create()
    desk.go(f"/runs/{run['id']}")
    desk.page.get_by_role("button", name="Stop").click()
    desk.page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    expect(desk.page.locator("h1")).to_contain_text("stopped")
    expect(desk.page.get_by_role("button", name="Stop")).to_have_count(0)
    desk.go("/?show=ended")
    expect(desk.page.locator(f"#run-{run['id']}")).to_contain_text("stopped")


def test_trades_and_document_can_be_taken_away(desk: Desk, api: Api, traded: int) -> None:
    listed = api.get(f"/runs/{traded}/trades?limit=500")
    text = desk.page.request.get(f"{desk.url}/runs/{traded}/trades.csv").text()
    lines = text.splitlines()
    assert lines[0].startswith("seq,side,entry_at,exit_at,")
    assert len(lines) == listed["total"] + 1
    assert lines[1].split(",")[0] == str(listed["items"][0]["seq"])
    document = desk.page.request.get(f"{desk.url}/runs/{traded}/export.json")
    assert "attachment" in document.headers["content-disposition"]
    assert document.body() == api.viewer.get(f"/api/v1/runs/{traded}/export").content


def test_a_strategy_is_checked_with_line_numbers_and_saved(desk: Desk, api: Api) -> None:
    desk.go("/editor")
    desk.page.fill("#text", FAST.replace("length: 8", "length: eight").replace("base_size: 0.5", "base_sise: 0.5"))
    desk.page.get_by_role("button", name="Check").click()
    problems = desk.page.locator(".problems.bad li")
    expect(problems).to_have_count(2)
    expect(problems.first).to_contain_text("line 7:")
    problems.first.get_by_role("link").click()
    assert "eight" in desk.page.evaluate(
        "document.getElementById('text').value.slice(text.selectionStart, text.selectionEnd)"
    )
    desk.page.fill("#text", FAST)
    desk.page.keyboard.press("Control+Enter")
    expect(desk.page.locator("#result")).to_contain_text("It is valid.")
    assert api.rows()["strategies"] == 0
    desk.page.get_by_role("button", name="Save").click()
    desk.page.wait_for_url("**/strategies/fast-cross*")
    expect(desk.page.locator(".listing")).to_contain_text("crosses_above(fast, slow)")
    expect(desk.page.locator("main")).to_contain_text("newest")


def test_everything_that_is_shown_is_escaped(desk: Desk, api: Api) -> None:
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    api.upload(f"# {evil}\n{FAST}")
    run = api.create()
    desk.page.on("dialog", lambda dialog: desk.troubles.append(f"a dialog: {dialog.message}"))
    for path in ("/", "/strategies/fast-cross", "/editor?from=fast-cross", f"/runs/{run['id']}?tab=strategy"):
        desk.go(path)
        expect(desk.page.locator("img, main script")).to_have_count(0)
    desk.go("/strategies/fast-cross")
    expect(desk.page.locator(".listing")).to_contain_text(evil)
    desk.go("/?strategy=" + evil.replace("<", "%3C").replace(">", "%3E"))
    expect(desk.page.locator("#runs-title")).to_contain_text(evil)


def test_runs_are_told_apart_and_sorted(desk: Desk, api: Api, traded: int) -> None:
    """Many runs of one strategy: what was set stands in the row, and the head of a column sorts."""
    tuned = api.create(params={"fast.length": 5, "slow.length": 21})
    desk.go("/")
    rows = desk.page.locator("#runs tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("fast.length = 5")
    expect(rows.first).to_contain_text("slow.length = 21")
    for order in ([traded, tuned["id"]], [tuned["id"], traded]):
        desk.page.locator("#runs thead").get_by_role("link", name="Trades").click()
        expect(rows.first).to_have_attribute("id", f"run-{order[0]}")
        expect(rows.last).to_have_attribute("id", f"run-{order[1]}")
    expect(desk.page.locator("th[aria-sort=ascending]")).to_contain_text("Trades")
    desk.page.locator("#filter").get_by_role("link", name="all").click()
    expect(desk.page.locator("th[aria-sort=ascending]")).to_contain_text("Trades")


def test_runs_are_in_sight_below_the_strategies(open_desk: Open, api: Api) -> None:
    for number in range(9):
        api.upload(FAST.replace("fast-cross", f"cross-{number}"))
    api.create(strategy="cross-0")
    desk = open_desk(width=1440, height=900).log_in()
    box = desk.page.locator("#runs tbody tr").first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 900


def test_nothing_is_wider_than_a_small_phone(open_desk: Open, api: Api, traded: int) -> None:
    desk = open_desk(width=375, height=800).log_in()
    tabs = ("trades", "statistics", "breakdowns", "orders", "fills", "notes", "log", "strategy")
    other = api.create(params={"fast.length": 5})["id"]
    paths = ["/", "/?show=all", "/strategies/fast-cross", "/editor", "/runs/999", f"/compare?run={traded}&run={other}"]
    for path in [*paths, *(f"/runs/{traded}?tab={tab}" for tab in tabs)]:
        desk.go(path)
        assert desk.overflow() == 0, path
    desk.go(f"/runs/{traded}")
    expect(desk.page.locator("#equity svg .trace.scatter")).to_have_count(2, timeout=SLOW)
    assert desk.overflow() == 0


def test_dark_is_the_systems_choice_and_then_the_readers(open_desk: Open) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light, dark = open_desk().log_in(), open_desk(scheme="dark").log_in()
    before = light.page.evaluate(background)
    assert before != dark.page.evaluate(background)
    dark.page.click("#theme")
    assert dark.page.evaluate(background) == before
    dark.go("/editor")
    assert dark.page.evaluate(background) == before


def test_times_are_utc_until_the_reader_asks_for_local_ones(desk: Desk, traded: int) -> None:
    desk.go(f"/runs/{traded}")
    shown = desk.page.locator("#head time").first
    expect(shown).to_have_text("2025-01-01 01:00")
    expect(shown).to_have_attribute("title", "2025-01-01T01:00:00.000Z")
    desk.page.click("#zone")
    expect(shown).to_have_text("2025-01-01 06:30")
    expect(desk.page.locator("#panel .zone").first).to_have_text("UTC+05:30")
    desk.go(f"/runs/{traded}?tab=fills")
    expect(desk.page.locator("#head time").first).to_have_text("2025-01-01 06:30")


def test_scripts_write_durations_as_the_server_does(desk: Desk) -> None:
    script = desk.page.locator("script[src$='main.js']").get_attribute("src") or ""
    seconds = [0, 1, 59, 60, 119, 3599, 3600, 3661, 16_685, 86_399, 86_400, 90_000, 270_000, 1e7]
    found = desk.page.evaluate(
        "async ([address, values]) => { const { duration } = await import(address); return values.map(duration); }",
        [script.replace("main.js", "times.js"), seconds],
    )
    assert found == [formats.duration(value) for value in seconds]


def test_the_simulated_market_cannot_be_overlooked(open_desk: Open, traded: int) -> None:
    for width in (1280, 375):
        desk = open_desk(width=width).log_in()
        for path in ("/", f"/runs/{traded}", "/editor", "/strategies/fast-cross"):
            desk.go(path)
            banner = desk.page.locator("#market-banner")
            expect(banner).to_contain_text("Simulated market")
            box = banner.bounding_box()
            assert box is not None
            assert (box["x"], box["y"], box["width"]) == (0, 0, width)
            assert box["height"] >= 30


def test_the_keyboard_reaches_what_the_mouse_does(desk: Desk, api: Api) -> None:
    api.upload()
    desk.go("/")
    reached = set()
    for _ in range(30):
        desk.page.keyboard.press("Tab")
        reached.add(
            desk.page.evaluate(
                "(document.activeElement.getAttribute('aria-label') || document.activeElement.innerText).trim()"
            )
        )
    assert {"Skip to content", "Overview", "Log out", "Run fast-cross", "with options", "fast-cross"} <= reached
    desk.page.get_by_role("button", name="Run fast-cross").focus()
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url(re.compile(r"/runs/\d+"))
