"""The table of rules: which condition keeps a strategy from trading, at a glance and in any terminal."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from services.cli.__main__ import main
from services.cli.report import print_report
from services.cli.rules_table import NEVER, RuleLine, rules_table
from tests.support.cli import bar_file
from tests.support.desk import walk
from tests.unit.cli.test_report import story

LINES = [
    RuleLine("entry_long", "1 of 3", True, "trend[3] in ['bull', 'neutral']", 1_234_567, 1, 200),
    RuleLine("entry_long", "2 of 3", True, "volume > 2 * mean and " * 6 + "close > open", 1_234_567, 0, 0),
    RuleLine("entry_long", "3 of 3, any 1 of 2", False, "close < 0", 1_234_567, 0, 0),
    RuleLine("exit_short", "1 of 1", True, "close > mean", 0, 0, 0),
]


def shown(width: int) -> str:
    text = io.StringIO()
    Console(file=text, width=width, color_system=None, force_terminal=True, highlight=False).print(rules_table(LINES))
    return text.getvalue()


def cells(report: str, text: str) -> list[str]:
    """The words behind a rule's text, on its first line."""
    return next(line.split(text)[1].split() for line in report.splitlines() if text in line)


@pytest.mark.parametrize("width", [80, 100, 240])
def test_nothing_is_cut_off_and_no_text_is_markup(width: int) -> None:
    report = shown(width)
    assert max(len(line.rstrip()) for line in report.splitlines()) <= width
    assert "…" not in report
    assert [word for line in LINES for word in line.text.split() if word not in report] == []


def test_counts_stand_beside_their_rule_and_a_share_of_nothing_is_a_dash() -> None:
    report = shown(240)
    assert cells(report, LINES[0].text) == ["1", "of", "3", "1,234,567", "1", "200", "0.00", "%"]
    assert cells(report, "close < 0")[-5:] == ["1,234,567", "0", "0", "0.00", "%"]
    assert cells(report, "close > mean") == ["1", "of", "1", "0", "0", "0", "-"]
    assert report.count("entry long") == report.count("exit short") == 1
    assert report.index("entry long") < report.index("close < 0") < report.index("exit short")


def test_a_rule_that_its_side_needs_and_that_never_held_stands_out() -> None:
    marked = [row.style for row in rules_table(LINES).rows]
    assert marked == [None, None, NEVER, None, None, None]  # sides have rows of their own; what was never asked is not


def test_rules_come_behind_the_summary_of_a_report() -> None:
    text = io.StringIO()
    print_report(story(), (), Console(file=text, width=100, color_system=None), LINES)
    report = text.getvalue()
    assert report.index("SUMMARY METRICS") < report.index("RULES") < report.index("digest")


def test_a_backtest_tells_its_rules_and_its_document_does_not_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (strategy := tmp_path / "shut.yaml").write_text(
        "symbol: BTC/USDT\ntimeframes: { entry: 1m }\n"
        'logic: { entry_long: ["close > close[1]", "volume < 0"], exit_long: ["bars_held > 1"] }\n',
        encoding="utf-8",
    )
    bars = walk(300)
    given = ["backtest", str(strategy), "--bars", str(bar_file(tmp_path / "BTC-USDT.csv", bars)), "--interpreted"]
    assert main([*given, "--json", str(out := tmp_path / "out.json")]) == 0
    report = capsys.readouterr().out
    rises = sum(bars[i].close > bars[i - 1].close for i in range(1, 300))
    assert cells(report, "close > close[1]")[:6] == ["1", "of", "2", "300", str(rises), "1"]
    assert cells(report, "volume < 0")[:6] == ["2", "of", "2", "300", "0", "0"]
    assert cells(report, "bars_held > 1")[:6] == ["1", "of", "1", "300", "0", "300"]
    assert main([*given, "--json", "-"]) == 0
    assert capsys.readouterr().out == out.read_text(encoding="utf-8")
    assert "rules" not in json.loads(out.read_text(encoding="utf-8"))
