"""Many sets of parameters of one strategy over the same bars, on all cores: each the backtest that it would be alone.

A changed parameter compiles nothing, so a worker loads the strategy's machine code once and folds set after set.
Workers are new processes, not forks: the one that asks may have threads, and its own form of the engine.
"""

import gc
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from services.cli.commands.backtest import Window
from shared import compiled
from shared.domain.bar import Bars
from shared.domain.instrument import InstrumentRules

if TYPE_CHECKING:
    from shared.engine.fold import Fold

T = TypeVar("T")
Settings = Mapping[str, str]  # "ID.param" -> value, as `backtest --set` takes them
TASKS = 8  # for each worker: a slow one keeps the others waiting for little


@dataclass(frozen=True, slots=True)
class Job:
    """What all sets have in common."""

    strategy: str  # text
    bars: Bars
    window: Window
    rules: InstrumentRules
    maker_ppm: int
    taker_ppm: int
    cash: Decimal | None = None
    variant: str | None = None


class Brief(NamedTuple):
    """The least that tells two folds apart, and which was better."""

    digest: str  # hex
    equity: int  # [units] at the last bar
    trades: int  # closed


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What was measured of one set; or why it could not be folded."""

    settings: Settings
    found: T | None
    problem: str | None = None


def brief(fold: "Fold", rows: Sequence[int]) -> Brief:
    """Digest, equity and number of trades."""
    from shared.domain.decision import TRADE, WIDTH

    return Brief(fold.digest.hex(), fold.equity, sum(rows[at] == TRADE for at in range(0, len(rows), WIDTH)))


def sweep(
    job: Job,
    sets: Sequence[Settings],
    measure: "Callable[[Fold, Sequence[int]], T]",
    *,
    workers: int | None = None,
    is_compiled: bool | None = None,
    root: Path | None = None,
) -> Iterator[Outcome[T]]:
    """Fold every set and `measure` it, in the order of the sets. `measure`: a function of a module, called over there.

    `workers`: default all cores. `is_compiled`: default what is quicker. `root`: folder of machine code.
    """
    count = max(1, min(workers or os.cpu_count() or 1, len(sets)))
    if is_compiled is None:
        is_compiled = compiled.is_quicker(len(job.bars.open_ms) * len(sets) // count, job.strategy, root)
    size = max(1, len(sets) // (count * TASKS))
    tasks = [sets[at : at + size] for at in range(0, len(sets), size)]
    with ProcessPoolExecutor(count, get_context("spawn"), _begin, (job, measure, is_compiled, root)) as pool:
        if is_compiled and tasks and not compiled.is_there(job.strategy, root):
            yield from pool.submit(_fold_all, tasks.pop(0)).result()  # one compiles, the others load
        for outcomes in pool.map(_fold_all, tasks):
            yield from outcomes


_measured: Callable[[Settings], Outcome[Any]]  # of this process, which is a worker


def _begin(job: Job, measure: "Callable[[Fold, Sequence[int]], Any]", is_compiled: bool, root: Path | None) -> None:
    """A worker's start: its form, then the engine, the strategy and the bars in that form."""
    global _measured
    gc.set_threshold(100_000, 50, 100)  # as `backtest`
    if is_compiled:
        compiled.switch_on(root, job.strategy)
    from services.cli.file_run import columns, prepare
    from shared.domain.errors import PaperfoldError
    from shared.engine.fold import Fold
    from shared.strategy.load import load
    from shared.strategy.planning import plan_for

    loaded = load(job.strategy, "strategy")
    bars = columns(job.bars, 0, len(job.bars.open_ms), is_compiled)

    def measured(settings: Settings) -> Outcome[Any]:
        try:
            plan = plan_for(loaded, variant=job.variant, overrides=settings, instrument=job.rules.instrument)
            part = prepare(plan, job.bars, job.window, job.rules, job.maker_ppm, job.taker_ppm, job.cash)
            fold = Fold(plan, part.setup)
            rows = fold.fold(Bars._make(column[part.first : part.end] for column in bars))
            return Outcome(settings, measure(fold, rows))
        except PaperfoldError as error:  # of this set; the others go on
            return Outcome(settings, None, str(error))

    _measured = measured


def _fold_all(sets: Sequence[Settings]) -> list[Outcome[Any]]:
    return [_measured(settings) for settings in sets]
