"""`validate`, `explain` and `schema`: what a strategy file says, without any service."""

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from services.cli.strategy_file import checked, planned, read

if TYPE_CHECKING:
    from shared.strategy.problems import Problem
    from shared.strategy.spec import Loaded

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Problems as JSON on stdout.")
def validate(files: tuple[Path, ...], as_json: bool) -> None:
    """Every problem of strategy files at once; exit 2 when one cannot run."""
    from shared.strategy.load import load

    found = []
    failed = False
    for path in files:
        loaded = load(read(path), str(path))
        failed = failed or loaded.spec is None
        problems = _problems(loaded)
        found += problems
        if not as_json:
            for problem in problems:
                click.echo(str(problem))
            click.echo(f"{path}: {_verdict(loaded)}")
    if as_json:
        keys = ("file", "line", "column", "severity", "message")
        click.echo(json.dumps([{key: getattr(problem, key) for key in keys} for problem in found], indent=1))
    if failed:
        raise click.exceptions.Exit(2)


def _verdict(loaded: "Loaded") -> str:
    errors = sum(problem.severity == "error" for problem in loaded.problems)
    return "valid" if loaded.spec is not None else f"not valid, {errors} {'problem' if errors == 1 else 'problems'}"


def _problems(loaded: "Loaded") -> "list[Problem]":
    """Problems in the order of the file, with what only the instrument's shipped rules can tell."""
    from shared.domain.errors import InputError
    from shared.exchange.rules import shipped_rules
    from shared.strategy.notes import tick_notes

    more: tuple[Problem, ...] = ()
    if loaded.spec is not None:
        with suppress(InputError):  # no rules are shipped for others: their tick is not known here
            more = tick_notes(loaded.spec, shipped_rules(loaded.spec.instrument).tick_size)
    return sorted((*loaded.problems, *more), key=lambda problem: (problem.line, problem.column))


@click.command()
@click.argument("file", type=FILE)
@click.option("--variant")
@click.option("--set", "settings", multiple=True, metavar="ID.param=V")
@click.option("--wiring", is_flag=True, help="Also print the generated step.")
def explain(file: Path, variant: str | None, settings: tuple[str, ...], wiring: bool) -> None:
    """The plan in words: bars needed, indicators, rules, risk."""
    from shared.engine.layout import layout_of
    from shared.engine.wiring import module_text
    from shared.strategy.explain import explain as in_words

    plan = planned(checked(file), variant, settings)
    click.echo(in_words(plan))
    if wiring:
        click.echo(module_text(plan, layout_of(plan)))


@click.command()
def schema() -> None:
    """The JSON Schema of strategy files, for editors."""
    from shared.strategy.json_schema import json_schema

    click.echo(json.dumps(json_schema(), indent=1))
