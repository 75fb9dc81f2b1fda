"""The HTML report: no text of a strategy is code, and it needs no network."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from services.cli.html_report import plotly_js
from services.cli.html_report.markup import Html, el, html
from shared.domain.errors import InputError
from tests.support.reports import BARS, NASTY, Page, lively, written


def test_a_strategy_s_words_are_never_code(tmp_path: Path) -> None:
    hostile = f"# {NASTY} </details></pre><!-- &lt;b&gt; @accent\n{lively(NASTY)}"
    out, doc = written(tmp_path, hostile, BARS[:600])
    shown = Page(out.read_text(encoding="utf-8"))
    assert doc["strategy"]["name"] == NASTY
    assert shown.texts["h1"] == [NASTY]
    assert shown.texts["pre"] == [hostile]
    kinds = [attributes.get("type") for attributes, _ in shown.scripts]
    assert kinds == ["application/json", None, None]
    assert "<" not in shown.scripts[0][1]
    assert [text for _, text in shown.scripts if "alert(1)" in text] == []


def test_nothing_is_fetched_and_nothing_else_can_run(lively_run: Any) -> None:
    shown, _ = lively_run
    assert shown.addresses == ["data:,"]
    hashes = [f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for _, text in shown.scripts[1:]]
    parts = dict(part.strip().split(" ", 1) for part in shown.policy.split(";"))
    assert parts == {
        "default-src": "'none'", "script-src": " ".join(hashes), "style-src": "'unsafe-inline'",
        "img-src": "data: blob:", "base-uri": "'none'", "form-action": "'none'",
    }  # fmt: skip


def test_no_address_of_another_machine_is_in_it_but_in_plotly_s_own_text(tmp_path: Path) -> None:
    out, _ = written(tmp_path, lively(), BARS[:600])
    theirs = plotly_js.read()
    whole = out.read_text(encoding="utf-8")
    assert whole.count(theirs) == 1
    ours = whole.replace(theirs, "")
    assert re.findall(r"https?:|wss?:|//[a-z0-9-]+\.[a-z]", ours) == []
    assert 'showSendToCloud: false, plotlyServerURL: ""' in ours  # plotly would offer to upload


def test_text_is_escaped_unless_it_was_made_here() -> None:
    assert el("p", "<&", [el("b", "x"), None, "'\""], title='a"<', class_="c", data_x=None) == (
        '<p title="a&quot;&lt;" class="c">&lt;&amp;<b>x</b>&#x27;&quot;</p>'
    )
    assert html(Html("<i>")) == "<i>"
    assert el("meta", charset="utf-8") == '<meta charset="utf-8">'


def test_without_the_package_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plotly_js, "CARRIER", "no_such_package")
    with pytest.raises(InputError, match="package no_such_package with its package_data"):
        plotly_js.read()
