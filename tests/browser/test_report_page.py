"""The HTML report in a real browser without a network: every figure is drawn, in UTC, at any width, and on paper."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from services.cli.html_report.parts.trades import MOST
from tests.support.desk import walk
from tests.support.reports import NEVER, lively, written

pytestmark = pytest.mark.needs("chromium")

NASTY = "<script>alert(1)</script>"
FIGURES = {"price", "equity", "underwater", "months", "scatter", "returns", "days", "costs", "hours", "weekdays"}
DRAWN = "() => [...document.querySelectorAll('.plot:has(.main-svg)')].map((place) => place.id)"
SPANS = "() => spans.map((place) => place.layout.xaxis.range)"
BARS = walk(2880, skipped=frozenset(range(400, 403)))
A4_PX = 703  # between the margins


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """Two days of trades, with a hole in the bars."""
    return written(tmp_path_factory.mktemp("report"), lively(entry="5m"), BARS)


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens files, far from UTC and without a network; no page may complain, or ask for anything but itself."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []
    asked_for: list[str] = []

    def open_one(path: Path, width: int = 1440, scheme: Any = "light") -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, timezone_id="Asia/Kolkata", offline=True
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: troubles.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("dialog", lambda dialog: troubles.append(dialog.message))
        page.on("request", lambda asked: asked_for.append(asked.url))
        page.goto(path.as_uri())
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert troubles == []
    assert [url for url in asked_for if not url.startswith("file:")] == []
    assert len(asked_for) == len(contexts)


def colour_of(page: Page, place: str) -> str:
    found: str = page.evaluate(
        "(id) => getComputedStyle(document.querySelector(`#${id} .main-svg`)).backgroundColor", place
    )
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 800])
def test_every_figure_is_drawn_and_the_page_is_as_wide_as_its_window(
    opened: Callable[..., Page], report: Any, width: int, scheme: str
) -> None:
    page = opened(report[0], width, scheme)
    assert set(page.evaluate(DRAWN)) == FIGURES
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wider) == 0
    for place in FIGURES:
        box = page.locator(f"#{place} .main-svg").first.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    expected = {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 27, 34)"}[scheme]
    assert {colour_of(page, place) for place in FIGURES} == {expected}


def test_times_are_utc_in_any_zone(opened: Callable[..., Page], report: Any) -> None:
    page = opened(report[0])
    assert page.evaluate("new Date().getTimezoneOffset()") == -330
    assert page.evaluate(SPANS) == [["2025-01-01T00:00:00.000", "2025-01-03T00:00:00.000"]] * 3
    page.locator("#equity .nsewdrag").first.hover(position={"x": 1, "y": 90})
    expect(page.locator("#equity .hoverlayer .axistext")).to_have_text(re.compile("^2025-01-01 00:0"))
    ticks = page.locator("#price .xaxislayer-above text").all_text_contents()
    assert any("Jan 1, 2025" in text and "00:00" in text for text in ticks), ticks


def test_a_part_of_the_time_is_shown_by_all_and_fills_the_height(opened: Callable[..., Page], report: Any) -> None:
    page = opened(report[0])
    part = ["2025-01-01 06:00", "2025-01-01 09:00"]
    page.evaluate("(range) => Plotly.relayout('equity', { 'xaxis.range': range })", part)
    page.wait_for_function("() => !following")
    assert page.evaluate(SPANS) == [part] * 3
    bars = [bar for bar in BARS if 360 <= bar.open_ms % 86_400_000 // 60_000 < 545 and bar.open_ms < BARS[1500].open_ms]
    low, high = min(bar.low for bar in bars), max(bar.high for bar in bars)
    shown = page.evaluate("() => document.getElementById('price').layout.yaxis.range")
    assert shown == pytest.approx([low - 0.06 * (high - low), high + 0.06 * (high - low)])
    page.locator("#price .nsewdrag").first.dblclick()
    page.wait_for_function(
        "() => !following && spans.every((place) => place.layout.xaxis.range[1].startsWith('2025-01-03'))"
    )


def test_nothing_in_the_bar_of_buttons_sends_anything_anywhere(opened: Callable[..., Page], report: Any) -> None:
    page = opened(report[0])
    titles = page.locator(".modebar-btn").evaluate_all("(found) => [...new Set(found.map((one) => one.dataset.title))]")
    assert set(titles) <= {"Download plot as a PNG", "Zoom", "Pan", "Zoom in", "Zoom out", "Reset axes"}
    assert page.locator(".modebar a[href], a[href]").count() == 0


def test_a_click_on_a_head_sorts_the_trades(opened: Callable[..., Page], report: Any) -> None:
    page = opened(report[0])

    def column(number: int) -> list[str]:
        return page.locator(f"#trades tbody td:nth-child({number})").all_text_contents()

    nets = [float(trade["net_quote"]) for trade in report[1]["trades"]]
    assert 100 < len(nets) < MOST
    button = page.get_by_role("button", name="Net", exact=True)
    for order in ("ascending", "descending"):
        button.click()
        expect(page.locator("#trades th[aria-sort]")).to_have_attribute("aria-sort", order)
        shown = [float(text.replace("−", "-").replace(",", "")) for text in column(7)]
        assert shown == pytest.approx(sorted(nets, reverse=order == "descending"), abs=0.005)
    page.get_by_role("button", name="#", exact=True).click()
    assert column(1) == [f"{i:,}" for i in range(1, len(nets) + 1)]


def test_a_run_without_trades_says_so_and_its_name_is_text(opened: Callable[..., Page], tmp_path: Path) -> None:
    out, _ = written(tmp_path, f"# {NASTY}\n{lively(NASTY, '15m', NEVER)}", walk(2880))
    page = opened(out)
    expect(page.locator("h1")).to_have_text(NASTY)
    expect(page).to_have_title(f"{NASTY} · BTC/USDT · Paperfold")
    expect(page.get_by_text("No trade was closed in this window")).to_be_visible()
    assert page.evaluate(DRAWN) == ["price"]
    assert page.locator(".plot").count() == 1
    page.get_by_text("The strategy's text").click()
    expect(page.locator("pre")).to_contain_text(f"# {NASTY}")


def test_on_paper_it_is_light_and_fits(opened: Callable[..., Page], report: Any, tmp_path: Path) -> None:
    page = opened(report[0], 1440, "dark")
    page.evaluate(
        "() => addEventListener('beforeprint', () => { window.widths = places.map((one) => one._fullLayout.width); "
        "window.paper = getComputedStyle(document.querySelector('#price .main-svg')).backgroundColor; })"
    )
    page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True, print_background=True)
    assert (tmp_path / "report.pdf").stat().st_size > 50_000
    assert page.evaluate("window.paper") == "rgb(255, 255, 255)"
    assert max(page.evaluate("window.widths")) <= A4_PX
    assert colour_of(page, "price") == "rgb(21, 27, 34)"  # and back
    page.set_viewport_size({"width": A4_PX, "height": 1000})
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.scrollWidth") <= A4_PX
