"""Decisions depend on no later bar and on no more history than the warmup; what breaks that is found and named."""

import json
from pathlib import Path

import pytest

from services.cli.__main__ import main
from shared.domain.bar import Bar
from shared.indicators.registry import REGISTRY
from tests.support.cli import bar_file
from tests.support.desk import walk
from tests.support.planted import COUNT, PEEK

MINUTES = 4 * 1440
HONEST = """\
symbol: BTC/USDT
timeframes: {entry: 5m}
indicators:
  - {id: fast, type: EMA, timeframe: entry, length: 5}
  - {id: slow, type: EMA, timeframe: entry, length: 20}
logic:
  entry_long: ["crosses_above(fast, slow)"]
  exit_long: ["crosses_below(fast, slow)"]
"""
PEEKING = """\
symbol: BTC/USDT
timeframes: {entry: 1m}
indicators:
  - {id: next, type: PEEK, timeframe: entry}
logic:
  entry_long: ["next > close * 1.0005"]
  exit_long: ["next < close"]
"""
COUNTING = """\
symbol: BTC/USDT
timeframes: {entry: 5m}
indicators:
  - {id: seen, type: COUNT, timeframe: entry}
logic:
  entry_long: ["seen % 7 == 0"]
  exit_long: ["seen % 7 == 3"]
"""


@pytest.fixture
def bars() -> list[Bar]:
    return list(walk(MINUTES, skipped=frozenset(range(400, 403))))


@pytest.fixture
def ask(tmp_path: Path, bars: list[Bar], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Run a check on a strategy's text; its exit code and its JSON."""
    monkeypatch.setitem(REGISTRY, "PEEK", PEEK)
    monkeypatch.setitem(REGISTRY, "COUNT", COUNT)
    file = bar_file(tmp_path / "bars.csv", bars)

    def run(check: str, text: str, *options: str):  # type: ignore[no-untyped-def]
        (path := tmp_path / "strategy.yaml").write_text(text, encoding="utf-8")
        code = main([check, str(path), "--bars", str(file), *options])
        said = capsys.readouterr()
        return code, json.loads(said.out) if "--json" in options and code != 2 else said.out + said.err

    return run


def test_an_honest_strategy_looks_at_nothing_ahead(ask) -> None:  # type: ignore[no-untyped-def]
    code, found = ask("check-lookahead", HONEST, "--json")
    assert (code, found["difference"], found["bars"]) == (0, None, MINUTES - 3)
    assert found["decisions"] > 1000, "equity points and the orders of its crosses"
    code, text = ask("check-lookahead", HONEST)
    assert code == 0
    assert "no look-ahead" in text


def test_a_strategy_that_knows_the_next_close_is_caught_at_the_first_decision_it_changed(ask, bars) -> None:  # type: ignore[no-untyped-def]
    code, found = ask("check-lookahead", PEEKING, "--json")
    assert code == 1
    jump = next(i for i in range(len(bars) - 1) if bars[i + 1].close > bars[i].close * 1.0005)
    assert found["difference"]["ts_ms"] == bars[jump].close_ms, "the close before the first jump"
    assert "submitted" in found["difference"]["other"]
    code, text = ask("check-lookahead", PEEKING)
    assert code == 1
    assert "knowing no later bar" in text


def test_a_warmup_that_suffices_changes_no_decision(ask) -> None:  # type: ignore[no-untyped-def]
    code, found = ask("check-warmup", HONEST, "--json")
    assert (code, found["difference"], found["unsettled"]) == (0, None, [])
    assert found["history_from_ms"] < found["warmup_from_ms"] < found["start_ms"]
    assert found["decisions"] > 300


def test_an_indicator_that_never_settles_is_named_with_the_first_decision_it_changed(ask) -> None:  # type: ignore[no-untyped-def]
    code, found = ask("check-warmup", COUNTING, "--json")
    assert code == 1
    assert [drift["output"] for drift in found["unsettled"]] == ["seen"]
    assert found["difference"]["ts_ms"] >= found["start_ms"]
    code, text = ask("check-warmup", COUNTING)
    assert code == 1
    assert "after all history" in text
    assert "seen" in text


def test_a_warmup_without_longer_history_cannot_be_checked(ask, bars) -> None:  # type: ignore[no-untyped-def]
    code, text = ask("check-warmup", HONEST, "--from", str(bars[0].open_ms))
    assert code == 2
    assert "check-warmup: bars from before" in text
