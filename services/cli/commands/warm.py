"""`paperfold warm`: machine code made before anybody waits for it, as at an image's build or after an update."""

import os
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path

import click

from services.cli.progress import progress
from services.cli.strategy_file import checked, planned, read
from shared import compiled

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("files", nargs=-1, type=FILE)
@click.option("--processes", type=click.IntRange(1), default=os.cpu_count() or 1, show_default=True)
def warm(files: tuple[Path, ...], processes: int) -> None:
    """Compile what all strategies call, and each strategy FILE; later processes load it from the disk."""
    for file in files:
        checked(file)  # interpreted here, and refused before anything is compiled
    # each in a process of its own: a process has one form, and imports the engine after choosing it
    with ProcessPoolExecutor(processes, get_context("spawn"), max_tasks_per_child=1) as pool:
        _finish("library", [pool.submit(compiled.compile_library, None, i, processes) for i in range(processes)])
        compiled.remember_library()
        _finish("strategies", [pool.submit(compile_strategy, file) for file in files])
    click.echo(f"library and {len(files)} strateg{'y' if len(files) == 1 else 'ies'} compiled")


def compile_strategy(file: Path) -> None:
    """Fold one bar of a strategy in its compiled form."""
    compiled.switch_on(strategy=read(file))
    from shared.domain.bar import Bars
    from shared.engine.fold import Fold
    from shared.engine.setup import Setup, costs_of
    from shared.exchange.rules import shipped_rules

    plan = planned(checked(file), None, ())
    rules = shipped_rules("BTC/USDT")  # whatever it trades: rules and costs are no part of the machine code
    setup = Setup(rules, costs_of(plan, Decimal(0), Decimal(0)), plan.cash, 0, 0)
    Fold(plan, setup).fold(Bars([0], *([1.0] for _ in Bars._fields[1:])))


def _finish(label: str, jobs: list[Future[int]] | list[Future[None]]) -> None:
    with progress(label, len(jobs)) as step:
        for job in as_completed(jobs):
            job.result()
            step(1)
