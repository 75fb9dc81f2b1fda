"""Strategy files on the command line: read, checked, every problem on stderr, exit 2 when it cannot run."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from shared.strategy.plan import Plan
    from shared.strategy.spec import Loaded


def read(path: Path) -> str:
    """Text of a strategy file; bytes that are no UTF-8 become what the checker refuses by position."""
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}") from error


def checked(path: Path) -> "Loaded":
    """The loaded file; prints all problems and notes, ends the command with 2 on an error."""
    from shared.strategy.load import load

    loaded = load(read(path), str(path))
    for problem in loaded.problems:
        click.echo(str(problem), err=True)
    if loaded.spec is None:
        raise click.exceptions.Exit(2)
    return loaded


def planned(loaded: "Loaded", variant: str | None, settings: Iterable[str], instrument: str | None = None) -> "Plan":
    """The plan with `--variant` and `--set ID.param=V`; ends the command with 2, printing every problem."""
    from shared.strategy.planning import plan_for
    from shared.strategy.problems import StrategyError

    try:
        return plan_for(loaded, variant=variant, overrides=overrides(settings), instrument=instrument)
    except StrategyError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        raise click.exceptions.Exit(2) from error


def overrides(settings: Iterable[str]) -> dict[str, str]:
    """`ID.param=value` texts as a map."""
    given: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or "." not in name:
            raise click.UsageError(f"--set {setting}: expected ID.param=value")
        given[name.strip()] = value.strip()
    return given
