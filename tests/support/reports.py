"""HTML reports for tests: written by the command itself, and read as a browser would take them apart."""

import json
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from services.cli.__main__ import main
from shared.domain.bar import Bar
from tests.support.cli import bar_file
from tests.support.desk import walk

# Both sides, rungs, stops and targets, on every minute.
LIVELY = """
name: {name}
symbol: BTC/USDT
timeframes: {{ entry: {entry} }}
indicators:
  - {{ id: mean, type: SMA, timeframe: entry, length: 3 }}
logic:
  entry_long: ["close > mean", "{needed}"]
  exit_long: ["close < mean"]
  entry_short: ["close < mean", "{needed}"]
  exit_short: ["close > mean"]
risk_management:
  position_size: {{ base_size: 0.3 }}
  stop_loss: {{ base_percent: 0.002 }}
  take_profit: {{ base_percent: 0.004, partial_exits: [{{ level: 0.001, percent: 0.5 }}] }}
"""
ALWAYS, NEVER = "volume >= 0", "volume < 0"
NASTY = "<script>alert(1)</script>"
BARS = walk(2880, skipped=frozenset(range(400, 403)))  # two days with a hole


def lively(name: str = "lively", entry: str = "1m", needed: str = ALWAYS) -> str:
    return LIVELY.format(name=json.dumps(name), entry=entry, needed=needed)


def written(folder: Path, text: str, bars: Sequence[Bar], *options: str) -> tuple[Path, Any]:
    """`backtest --report --json` of these bars: the page, and the document."""
    (strategy := folder / "strategy.yaml").write_text(text, encoding="utf-8")
    (out, doc) = folder / "report.html", folder / "document.json"
    given = ["--bars", str(bar_file(folder / "BTC-USDT.csv", bars)), "--interpreted", *options]
    assert main(["backtest", str(strategy), *given, "--report", str(out), "--json", str(doc)]) == 0
    return out, json.loads(doc.read_text(encoding="utf-8"))


class Page(HTMLParser):
    """The elements of a page that tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.addresses: list[str] = []  # of everything that has one
        self.policy = ""
        self.texts: dict[str, list[str]] = {}  # by element
        self.ids: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset", "data")]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"] or ""
        if tag == "script":
            self.scripts.append((found, ""))
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)
        self.texts.setdefault(tag, []).append("")
        if found.get("id"):
            self.ids.add(found["id"] or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)
        for tag in set(self.open):
            self.texts[tag][-1] += data

    @property
    def figures(self) -> dict[str, Any]:
        """What is drawn, by name."""
        (text,) = (text for attributes, text in self.scripts if attributes.get("id") == "figures")
        found: dict[str, Any] = json.loads(text)
        return found
