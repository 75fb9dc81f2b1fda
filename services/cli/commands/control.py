"""`start`, `stop`, `pause`, `resume`, `close`: what a person asks of a running system."""

import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from services.cli.client import Client, WrongInputError, connected
from services.cli.commands.backtest import Money
from services.cli.commands.runs import JSON, RUN
from services.cli.strategy_file import checked, overrides, read
from services.cli.system import data_dir_option
from services.cli.tables import Json, minute, print_json
from services.cli.times import TIME
from shared.domain.errors import UnavailableError
from shared.domain.run import ENDED

POLL_S = 0.2


@click.command()
@click.argument("strategy", metavar="FILE|NAME")
@click.option("--start-at", "start_ms", type=TIME, help="Start as of a past minute. Default: the next one.")
@click.option("--variant")
@click.option("--instrument", help="Default: the strategy's.")
@click.option("--cash", type=Money(), help="Default: the strategy's.")
@click.option("--set", "settings", multiple=True, metavar="ID.param=V", help="Change a parameter.")
@click.option("--idempotency-key", "key", help="The same key again gives the run that the first call made.")
@JSON
@data_dir_option
def start(
    strategy: str,
    start_ms: int | None,
    variant: str | None,
    instrument: str | None,
    cash: Decimal | None,
    settings: tuple[str, ...],
    key: str | None,
    as_json: bool,
    data_dir: Path | None,
) -> None:
    """Start a paper run of a strategy FILE (uploaded when the system does not know its text) or NAME."""
    params = {name: number(text) for name, text in overrides(settings).items()}
    file = _file(strategy)
    body: Json = {"strategy": strategy, "mode": "paper", "variant": variant, "instrument": instrument, "params": params}
    body |= {"cash": None if cash is None else f"{cash:f}", "start_at": start_ms}
    loaded = None if file is None else checked(file)
    with connected(data_dir) as client:
        if file is not None and loaded is not None and loaded.spec is not None:
            body |= {"strategy": loaded.spec.name, "version_sha256": loaded.sha256}
            if not _knows(client, loaded.spec.name, loaded.sha256):
                client.post("/strategies", {"text": read(file), "name": file.stem}, file=str(file))
        asked = {name: value for name, value in body.items() if value is not None}
        run = client.post("/runs", asked, key, file=None if file is None else str(file))
    if as_json:
        names = ("strategy", "version_sha256", "instrument", "status", "start_ms")
        print_json({"run_id": run["id"], **{name: run[name] for name in names}})
    else:
        click.echo(f"Run {run['id']}: {run['strategy']} on {run['instrument']} from {minute(run['start_ms'])} UTC")
        if client.api.dashboard_url is not None:
            click.echo(f"{client.api.dashboard_url}/runs/{run['id']}")


def number(text: str) -> int | float | str:
    """A parameter's value as it is stored: a number where it reads as one."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _file(text: str) -> Path | None:
    """The strategy file that was named; None when it is a name."""
    path = Path(text)
    if path.is_file():
        return path
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        raise click.UsageError(f"{text}: no such file")
    return None


def _knows(client: Client, name: str, sha256: str) -> bool:
    try:
        found = client.get(f"/strategies/{quote(name, safe='')}")
    except WrongInputError:
        return False
    return any(version["sha256"] == sha256 for version in found["versions"])


def _waiting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Options and argument of every command to a run."""
    for wrap in (
        data_dir_option,
        JSON,
        click.option(
            "--timeout", type=click.FloatRange(min=0), default=120.0, show_default=True, help="Of --wait [s]."
        ),
        click.option("--wait", is_flag=True, help="Until it has taken effect."),
        click.argument("run", type=RUN),
    ):
        function = wrap(function)
    return function


@click.command()
@_waiting
@click.option(
    "--close/--keep", "close_position", default=False, help="What becomes of an open position. Default: keep."
)
def stop(close_position: bool, **how: Any) -> None:
    """End a run."""
    _ask("stop", {"close_position": close_position}, **how)


@click.command()
@_waiting
def pause(**how: Any) -> None:
    """No new entries; stops and targets stay."""
    _ask("pause", {}, **how)


@click.command()
@_waiting
def resume(**how: Any) -> None:
    """Entries again."""
    _ask("resume", {}, **how)


@click.command()
@_waiting
def close(**how: Any) -> None:
    """Close what is open; the run goes on."""
    _ask("close", {}, **how)


def _has_ended(run: Json) -> bool:
    return run["status"] in ENDED


def _ask(
    what: str,
    body: Json,
    run: int,
    wait: bool,
    timeout: float,
    as_json: bool,
    data_dir: Path | None,
) -> None:
    """Give a command, and say what became of it."""
    with connected(data_dir) as client:
        answer = client.post(f"/runs/{run}/{what}", body)
        command, found = answer["command"], answer["run"]
        if wait:
            found = _awaited(client, run, command, timeout)
            given = client.get(f"/runs/{run}")["commands"]
            command = next(one for one in given if one["id"] == command["id"])
    if as_json:
        print_json({"run_id": run, "status": found["status"], "command": command})
        return
    acts = command["effective_ms"]
    soon = "" if wait or _has_ended(found) else f"; acts at {minute(acts)}" if acts else "; acts at the next minute"
    click.echo(f"Run {run}: {what} accepted{soon}. It is {found['status']}.")


def _awaited(client: Client, run: int, command: Json, timeout_s: float) -> Json:
    """The run once its command has had its effect. A stop has when the run has ended; the others with their bar."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = client.get(f"/runs/{run}")
        acts = next(one["effective_ms"] for one in found["commands"] if one["id"] == command["id"])
        folded = acts is not None and found["last_bar_ms"] is not None and found["last_bar_ms"] >= acts
        if _has_ended(found) or (folded and command["kind"] != "stop"):
            return found
        if time.monotonic() > deadline:
            raise UnavailableError(f"run {run} has not done it within {timeout_s:g} s: it is {found['status']}")
        time.sleep(POLL_S)
