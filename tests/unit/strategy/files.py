"""Small strategy files for tests: a head with indicators, and a reader of marked texts."""

from shared.strategy.load import load
from shared.strategy.plan import Plan
from shared.strategy.planning import plan_for
from shared.strategy.problems import Problem
from shared.strategy.spec import Loaded, Spec

MARK = "‸"

HEAD = """\
symbol: BTC/USDT
timeframes: { entry: 15m, trend: 1h }
indicators:
  - { id: fast, type: EMA, timeframe: entry, length: 9 }
  - { id: slow, type: EMA, timeframe: entry, length: 21 }
  - { id: RSI_14, type: RSI, timeframe: entry, length: 14 }
  - { id: ADX_14, type: ADX, timeframe: entry }
  - { id: ATR_14, type: ATR, timeframe: entry }
  - { id: VP_5D, type: VolumeProfile, timeframe: entry, lookback: 96 }
  - { id: FVG_Enhanced, type: FVG, timeframe: entry }
  - { id: VPFVGSignal, type: VPFVGSignal, timeframe: entry }
  - { id: hourly, type: EMA, timeframe: trend, length: 20 }
"""
LOGIC = "logic: { entry_long: close > fast, exit_long: close < fast }\n"


def read(text: str) -> Loaded:
    return load(text, "test.yaml")


def spec_of(text: str) -> Spec:
    loaded = read(text)
    assert loaded.spec is not None, [str(problem) for problem in loaded.errors]
    return loaded.spec


def plan_of(text: str, **choice) -> Plan:
    return plan_for(spec_of(text), **choice)


def with_section(section: str) -> str:
    return HEAD + LOGIC + section


def marked(text: str) -> tuple[str, int, int]:
    """The text without its mark, and the line and column where the mark stood."""
    before, after = text.split(MARK)
    return before + after, before.count("\n") + 1, len(before) - before.rfind("\n")


def at(problems: tuple[Problem, ...], line: int, column: int) -> list[str]:
    return [problem.message for problem in problems if (problem.line, problem.column) == (line, column)]
