"""`paperfold parity`: a run folded again from the record, or a document from a file of bars; equal or not."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from services.cli.commands.runs import JSON
from services.cli.progress import progress
from services.cli.system import data_dir_option
from services.cli.tables import Json, minute, print_json
from shared.domain.timeframe import MINUTE_MS

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from shared.store.runs import Run

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
PAGE = 500


@click.command()
@click.argument("run", required=False, metavar="RUN|DOCUMENT")
@click.option("--all", "all_runs", is_flag=True, help="Every run that has folded a bar.")
@click.option("--strategy", type=FILE, help="With DOCUMENT: the strategy's file.")
@click.option("--bars", "bars_file", type=FILE, help="With DOCUMENT: a bar file.")
@JSON
@data_dir_option
def parity(
    run: str | None,
    all_runs: bool,
    strategy: Path | None,
    bars_file: Path | None,
    as_json: bool,
    data_dir: Path | None,
) -> int:
    """Fold a RUN again from its first recorded bar and compare every order, fill, trade and equity point by value.

    Or run an exported DOCUMENT's strategy over a bar file, over the same window, and compare the two documents.
    Exit 0 only when all are equal; the first difference is printed.
    """
    if run is not None and not run.isdigit():
        if strategy is None or bars_file is None:
            raise click.UsageError("a document needs --strategy FILE and --bars FILE; a run is named by its number")
        from services.cli.document_parity import compare

        difference = compare(Path(run), strategy, bars_file)
        if as_json:
            print_json({"document": run, "equal": difference is None, "difference": difference})
        else:
            click.echo(f"{run}: {'equal' if difference is None else difference}")
        return 0 if difference is None else 1
    if strategy is not None or bars_file is not None:
        raise click.UsageError("--strategy and --bars belong to a document")
    if (run is None) != all_runs:
        raise click.UsageError("expected RUN, or --all")
    return _check_runs(None if run is None else int(run), as_json, data_dir)


def _check_runs(run_id: int | None, as_json: bool, data_dir: Path | None) -> int:
    from services.cli.record import opened
    from shared.compiled import COMPILE_FROM_BARS, switch_on

    found: list[Json] = []
    with opened(data_dir) as engine:
        runs = _runs(engine, run_id)
        if max(map(_minutes, runs), default=0) > COMPILE_FROM_BARS:
            switch_on()  # before the engine is imported
        for run in runs:
            found.append(_checked(engine, run))
            if not as_json:
                click.echo(_sentence(found[-1]))
    if as_json:
        print_json(found[0] if run_id is not None else found)
    elif not found:
        click.echo("no run has folded a bar yet", err=True)
    return 0 if all(one["equal"] for one in found) else 1


def _runs(engine: "Engine", run_id: int | None) -> "list[Run]":
    """The run, or all that have folded a bar, oldest first. Raises InputError when there is no such run."""
    from shared.store import database, runs

    with database.begin(engine) as conn:
        if run_id is not None:
            return [runs.get(conn, run_id)]
        found: list[Run] = []
        while page := runs.list_runs(conn, limit=PAGE, offset=len(found))[0]:
            found += page
    return [run for run in reversed(found) if run.position_ms is not None]


def _minutes(run: "Run") -> int:
    """How many there are to fold, at most."""
    if run.position_ms is None or run.warmup_from_ms is None:
        return 0
    return (run.position_ms - run.warmup_from_ms) // MINUTE_MS + 1


def _checked(engine: "Engine", run: "Run") -> Json:
    from shared import replay
    from shared.engine.version import ENGINE_VERSION

    at_ms = run.warmup_from_ms or 0
    with progress(f"run {run.id}", _minutes(run)) as step:

        def on_slice(position_ms: int) -> None:
            nonlocal at_ms
            step((position_ms + MINUTE_MS - at_ms) // MINUTE_MS)
            at_ms = position_ms + MINUTE_MS

        verdict = replay.check_apart(engine, run, on_slice)
    found: Json = {"run_id": run.id, **asdict(verdict), "position_ms": run.position_ms}
    if run.engine_version != ENGINE_VERSION:
        found["engine"] = f"recorded by engine version {run.engine_version}, folded again by {ENGINE_VERSION}"
    return found


def _sentence(found: Json) -> str:
    folded = f"{found['decisions']} decisions over {found['bars']} bars"
    until = minute(found["position_ms"])
    engine = f" ({found['engine']})" if "engine" in found else ""
    if found["equal"] and until is None:
        return f"Run {found['run_id']}: nothing has been folded yet"
    if found["equal"]:
        return f"Run {found['run_id']}: equal, {folded} up to {until}{engine}"
    return f"Run {found['run_id']}: DIFFERENT{engine}, {folded}. First difference: {found['difference']}"
