"""What is written can be read: contrast of every text in both schemes, computed from what the browser drew."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.support.api import FIRST_MS, Api

pytestmark = pytest.mark.needs("chromium")

# Ratio of relative luminances (WCAG 2.2, 1.4.3), texts over what lies below them, opacities multiplied out. Answers
# [{text, ratio, colour, ground}] of texts below 4.5, large ones below 3.
UNREADABLE = """() => {
    const light = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
    const colour = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
    const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
    const parents = (of) => { const all = []; for (let e = of; e; e = e.parentElement) all.push(e); return all; };
    const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode.data.trim(), element = texts.currentNode.parentElement;
        if (!text || !element.checkVisibility() || element.closest("svg, script, noscript, .hidden, .skip, .banner")) continue;
        const style = getComputedStyle(element), size = parseFloat(style.fontSize), family = parents(element);
        const ground = family.map((e) => colour(getComputedStyle(e).backgroundColor)).reduceRight((b, t) => over(t, b), [255, 255, 255]);
        const opacity = family.reduce((o, e) => o * getComputedStyle(e).opacity, 1), [r, g, b, a] = colour(style.color);
        const [low, high] = [luminance(over([r, g, b, a * opacity], ground)), luminance(ground)].sort((x, y) => x - y);
        const ratio = (high + 0.05) / (low + 0.05), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
        if (ratio < (large ? 3 : 4.5)) found.push({ text: text.slice(0, 40), ratio: ratio.toFixed(2), colour: style.color, ground: String(ground) });
    }
    return found;
}"""  # noqa: E501
BAD = "name: bad\ntimeframes: { entry: 7m }\nlogic: { entry_long: [clos > 1] }\n"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(open_desk: Open, api: Api, scheme: str) -> None:
    api.upload()
    runs = [api.create(start_at=FIRST_MS + 3_600_000)["id"], api.create(params={"fast.length": 5})["id"]]
    api.fold(runs[0])
    desk = open_desk(scheme=scheme)
    desk.go("/login")
    assert desk.page.evaluate(UNREADABLE) == []
    desk.log_in()
    tabs = ("trades", "statistics", "breakdowns", "orders", "fills", "notes", "log", "strategy")
    paths = [
        "/?show=all",
        "/strategies/fast-cross",
        f"/compare?run={runs[0]}&run={runs[1]}",
        "/runs/999",
        f"/runs/{runs[1]}",
    ]
    for path in [*paths, *(f"/runs/{runs[0]}?tab={tab}" for tab in tabs)]:
        desk.go(path)
        for part in desk.page.locator("details").all():
            part.evaluate("(part) => { part.open = true; }")
        assert desk.page.evaluate(UNREADABLE) == [], path
    desk.go("/editor")
    desk.page.fill("#text", BAD)
    desk.page.get_by_role("button", name="Check").click()
    expect(desk.page.locator(".problems.bad li").first).to_be_visible()
    assert desk.page.evaluate(UNREADABLE) == []


def test_the_measure_itself_finds_what_is_too_pale(open_desk: Open) -> None:
    desk = open_desk()
    desk.go("/login")
    desk.page.evaluate(
        """() => {
            const pale = Object.assign(document.createElement("p"), { textContent: "pale" });
            document.querySelector("h1").append(pale);
            pale.animate([{ opacity: 0.3 }, { opacity: 0.3 }], { duration: 1e6 });
        }"""
    )
    assert [one["text"] for one in desk.page.evaluate(UNREADABLE)] == ["pale"]
