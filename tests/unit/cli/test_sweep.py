"""A sweep's folds are the backtests that they would be alone, in either form; a set that cannot run stops no other."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from services.cli.commands.backtest import Window
from services.cli.file_run import columns, prepare
from services.cli.sweep import Brief, Job, Outcome, Settings, brief, sweep
from shared.domain.bar import Bars
from shared.domain.decision import Trade
from shared.engine.fold import Fold, decisions
from shared.exchange.rules import shipped_rules
from shared.strategy.load import load
from shared.strategy.planning import plan_for
from tests.support.desk import walk

TEXT = """
name: swept
symbol: BTC/USDT
timeframes: { entry: 1m }
indicators:
  - { id: fast, type: EMA, timeframe: entry, length: 5 }
  - { id: slow, type: SMA, timeframe: entry, length: 20 }
logic:
  entry_long: ["crosses_above(fast, slow)"]
  exit_long: ["crosses_below(fast, slow)"]
risk_management:
  position_size: { base_size: 0.5 }
  stop_loss: { base_percent: 0.01 }
"""
SETS: list[Settings] = [
    {"fast.length": str(fast), "slow.length": str(slow)} for fast in (3, 5, 8) for slow in (13, 34, 55)
]  # fmt: skip


@pytest.fixture(scope="module")
def job() -> Job:
    minutes = walk(1_500)
    bars = Bars(*([getattr(bar, name) for bar in minutes] for name in Bars._fields))
    window = Window(bars.open_ms[300], bars.open_ms[-100], None)
    return Job(TEXT, bars, window, shipped_rules("BTC/USDT"), 100, 200, Decimal(50_000))


def alone(job: Job, settings: Settings) -> Brief:
    """The same backtest by itself, in this process."""
    plan = plan_for(load(job.strategy, "alone"), overrides=settings)
    part = prepare(plan, job.bars, job.window, job.rules, job.maker_ppm, job.taker_ppm, job.cash)
    fold = Fold(plan, part.setup)
    rows = fold.fold(columns(job.bars, part.first, part.end, compiled=False))
    return Brief(fold.digest.hex(), fold.equity, sum(isinstance(one, Trade) for one in decisions(rows)))


def outcomes(found: Iterator[Outcome[Brief]]) -> list[Brief | str | None]:
    return [one.found or one.problem for one in found]


@pytest.mark.parametrize("is_compiled", [False, True])
def test_every_set_is_its_own_backtest(job: Job, is_compiled: bool, tmp_path: Path) -> None:
    found = list(sweep(job, SETS, brief, workers=2, is_compiled=is_compiled, root=tmp_path))
    assert [one.settings for one in found] == SETS
    expected = [alone(job, settings) for settings in SETS]
    assert [one.found for one in found] == expected
    assert len({one.digest for one in expected}) == len(SETS)
    assert min(one.trades for one in expected) > 3
    assert any(tmp_path.iterdir()) == is_compiled


def test_a_set_that_cannot_run_says_why_and_stops_no_other(job: Job, tmp_path: Path) -> None:
    sets: Sequence[Settings] = [SETS[0], {"fast.length": "0"}, {"nobody.length": "3"}, SETS[1]]
    first, *refused, last = outcomes(sweep(job, sets, brief, workers=1, root=tmp_path))
    assert (first, last) == (alone(job, SETS[0]), alone(job, SETS[1]))
    assert "fast.length" in str(refused[0])
    assert "nobody" in str(refused[1])


def test_without_a_set_there_is_nothing(job: Job) -> None:
    assert list(sweep(job, [], brief)) == []
