"""`validate`: what it says of files, and how it ends."""

from pathlib import Path

import pytest

from services.cli.__main__ import main

GOOD = """
timeframes: { entry: 15m }
indicators: [{ id: fast, type: EMA, timeframe: entry, length: 9 }]
logic: { entry_long: ["close > fast"], exit_long: ["close < fast"] }
"""
BAD = GOOD.replace("length: 9", "lenght: 9").replace("close > fast", "close > slow").replace("15m", "15min")


@pytest.mark.parametrize(
    ("text", "code", "verdict"),
    [
        pytest.param(GOOD, 0, "mine.yaml: valid", id="valid"),
        pytest.param(GOOD.replace("close > fast", "close"), 2, "mine.yaml: not valid, 1 problem", id="one"),
        pytest.param(BAD, 2, "mine.yaml: not valid, {errors} problems", id="several"),
    ],
)
def test_the_last_line_says_how_many_problems_there_are(
    text: str,
    code: int,
    verdict: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(text, encoding="utf-8")
    assert main(["validate", "mine.yaml"]) == code
    *problems, last = capsys.readouterr().out.splitlines()
    errors = [line for line in problems if ": error: " in line]
    assert last == verdict.format(errors=len(errors))
    assert (code == 0) == (not errors)


def test_help_names_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "Exit codes: 0 done" in capsys.readouterr().out
