"""A fold over columns of bars with a beginning and an end, and its document: what `backtest` runs."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from services.cli.commands.backtest import Window, no_bars
from services.cli.progress import progress
from services.cli.times import when
from shared.domain.bar import Bars
from shared.domain.command import Command
from shared.domain.errors import InputError
from shared.domain.instrument import InstrumentRules
from shared.engine.fold import Fold, decisions
from shared.engine.setup import Setup, costs_of
from shared.engine.version import ENGINE_VERSION
from shared.engine.warmup import folded_from
from shared.kernel import column_f, column_m
from shared.performance.document import BarsFolded, Header, Json, document
from shared.performance.market import Market
from shared.strategy.plan import Plan

SLICE = 20_000  # bars between two moves of the progress bar


@dataclass(frozen=True, slots=True)
class Part:
    """What is folded of some bars: from index `first`, trading from `traded`, up to `end`, exclusive."""

    setup: Setup
    first: int
    traded: int
    end: int


class Folded(NamedTuple):
    """A fold at its end: its document, and what the document leaves out."""

    document: Json
    fold: Fold
    part: Part


def run_on(
    plan: Plan,
    bars: Bars,
    window: Window,
    rules: InstrumentRules,
    maker_ppm: int,
    taker_ppm: int,
    cash: Decimal | None,
    compiled: bool,
    commands: Sequence[Command] = (),
) -> Folded:
    """Fold the window's bars and write the document. Raises InputError when no bar is left."""
    part = prepare(plan, bars, window, rules, maker_ppm, taker_ppm, cash)
    setup, times = part.setup, bars.open_ms
    fold = Fold(plan, setup)
    rows = _folded(fold, columns(bars, part.first, part.end, compiled), commands)
    header = Header(
        ENGINE_VERSION, plan.name, plan.version_sha256, plan.variant, dict(plan.params), rules, setup.costs, setup.cash,
        BarsFolded.of(times[part.traded : part.end], setup.start_ms, setup.warmup_from_ms), fold.digest.hex(),
        Market.of(bars, part.traded, part.end),
    )  # fmt: skip
    return Folded(document(header, decisions(rows)), fold, part)


def prepare(
    plan: Plan,
    bars: Bars,
    window: Window,
    rules: InstrumentRules,
    maker_ppm: int,
    taker_ppm: int,
    cash: Decimal | None,
) -> Part:
    """The setup of a fold over the window's bars, and which bars these are. Raises InputError when none is left."""
    times = bars.open_ms
    start_ms = times[0] if window.from_ms is None else window.from_ms
    end = len(times) if window.to_ms is None else bisect_right(times, window.to_ms)
    traded = bisect_left(times, start_ms)
    if traded >= end:
        last = "the end" if window.to_ms is None else when(window.to_ms)
        raise no_bars(f"{when(start_ms)} .. {last}", times)
    first_ms = int(times[0])
    if window.warmup_from_ms is not None:
        warmup_from_ms = window.warmup_from_ms
        if warmup_from_ms > max(start_ms, first_ms):
            raise InputError("--warmup-from", f"at or before the start, {when(start_ms)}", when(warmup_from_ms))
    else:
        warmup_from_ms = first_ms if window.from_ms is None else folded_from(start_ms, plan.settle_ms, first_ms)
    million = Decimal(1_000_000)
    costs = costs_of(plan, Decimal(maker_ppm) / million, Decimal(taker_ppm) / million)
    setup = Setup(rules, costs, plan.cash if cash is None else cash, int(start_ms), int(warmup_from_ms))
    return Part(setup, bisect_left(times, warmup_from_ms), traded, end)


def columns(bars: Bars, first: int, end: int, compiled: bool) -> Bars:
    """The part that is folded, as the engine's form wants it: arrays when compiled, lists else."""
    if compiled:
        return Bars._make((column_m(bars.open_ms)[first:end], *(column_f(c)[first:end] for c in bars[1:])))
    return Bars._make(list(column[first:end]) for column in bars)


def _folded(fold: Fold, bars: Bars, commands: Sequence[Command]) -> "array[int]":
    rows = array("q")
    count = len(bars.open_ms)
    with progress("folding", count if count > SLICE else 0) as step:
        for at in range(0, count, SLICE):
            part = Bars._make(column[at : at + SLICE] for column in bars)
            rows += fold.fold(part, [c for c in commands if c.effective_ms > fold.position_ms])
            if fold.has_ended:
                break
            step(len(part.open_ms))
    return rows
