"""`export RUN --report`: the page that a backtest of the same minutes writes, out of what the API says."""

from pathlib import Path

import pytest

from services.cli.html_report import from_api
from shared.domain.timeframe import MINUTE_MS
from tests.support.cli import Shell, bar_file
from tests.support.desk import BUSY
from tests.support.reports import Page


def page_of(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def test_the_report_of_a_run_is_that_of_its_backtest(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(from_api, "PAGE", 100)  # bars come in several answers
    desk = shell.desk
    desk.history(500)  # with three minutes missing
    desk.runner()
    run = shell.started(BUSY, "--start-at", desk.first_ms + 200 * MINUTE_MS)
    desk.minutes(20)
    desk.level(run)

    out, doc, again = (shell.folder / name for name in ("run.html", "run.json", "backtest.html"))
    said = shell("export", run, "--report", out, "--json", doc)
    assert (said.code, said.out) == (0, "")
    shell("export", run, "--report", alone := shell.folder / "alone.html")
    assert alone.read_bytes() == out.read_bytes()

    strategy, bars = shell.folder / "busy.yaml", bar_file(shell.folder / "BTC-USDT.csv", desk.day)
    last_ms = desk.now_ms - MINUTE_MS
    window = ["--from", desk.first_ms + 200 * MINUTE_MS, "--to", last_ms, "--rules", doc]
    assert shell("backtest", strategy, "--bars", bars, *window, "--report", again).code == 0
    theirs, ours = page_of(again), page_of(out)
    assert len(ours.figures) == 10
    assert ours.figures == theirs.figures
    assert ours.texts["dl"] == theirs.texts["dl"]
    assert ours.texts["pre"] == [BUSY] == theirs.texts["pre"]
    assert ours.texts["code"] == theirs.texts["code"]  # of rules too


def test_a_strategy_that_has_changed_since_is_not_shown_as_the_run_s(shell: Shell) -> None:
    shell.desk.history(30)
    shell.desk.runner()
    run = shell.started(BUSY, "--start-at", shell.desk.first_ms)
    shell.desk.level(run)
    shell.started(BUSY + "# changed\n", "--start-at", shell.desk.first_ms)
    assert shell("export", run, "--report", out := shell.folder / "run.html").code == 0
    assert "pre" not in page_of(out).texts
