"""`paperfold up`: what the person asked for, checked, as a Plan."""

import contextlib
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import click

from shared.domain.errors import InputError, UnavailableError

PORTS = {"dashboard": 8080, "api": 8000, "exchange_sim": 9443}
NEXT_PORTS = 50  # tried after a default one that is taken
DEMO_RATE = 60.0
LOOPBACK = "127.0.0.1"


@click.command()
@click.option(
    "--market",
    type=click.Choice(["auto", "binance-us", "sim"]),
    default="auto",
    show_default=True,
    help="auto: Binance US if it answers within ten seconds, else a simulated exchange.",
)
@click.option(
    "--sim-bars",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="Bars that the simulated exchange replays; without, it generates them. May be given several times.",
)
@click.option("--sim-rate", type=click.FloatRange(0, 6000, min_open=True), help="Exchange seconds per second.")
@click.option("--sim-start", help="ISO time of the simulated exchange's clock at its first start.")
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Default: one folder per market.")
@click.option("--port", type=click.IntRange(0, 65535), help="Of the dashboard; 0: any free one. Default: 8080.")
@click.option("--api-port", type=click.IntRange(0, 65535), help="Of the API; 0: any free one. Default: 8000.")
@click.option("--sim-port", type=click.IntRange(0, 65535), help="Of the simulated exchange. Default: 9443.")
@click.option("--runners", type=click.IntRange(1, 64), default=1, show_default=True, help="Runner processes.")
@click.option("--capacity", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Runs per runner.")
@click.option("--demo", is_flag=True, help="Simulated exchange, with a strategy started.")
@click.option("--status", "show_status", is_flag=True, help="Name the processes of the running system, and end.")
@click.option("--json", "as_json", is_flag=True, help="With --status: for programs.")
def up(
    market: str,
    sim_bars: tuple[Path, ...],
    sim_rate: float | None,
    sim_start: str | None,
    data_dir: Path | None,
    port: int | None,
    api_port: int | None,
    sim_port: int | None,
    runners: int,
    capacity: int,
    demo: bool,
    show_status: bool,
    as_json: bool,
) -> int:
    """Run the whole system on this machine: embedded PostgreSQL and Redis-compatible server, every service, supervised.

    Ctrl-C stops it; a second one stops it at once.
    """
    if show_status:
        return _show_status(data_dir, as_json)
    if demo:
        if market == "binance-us":
            raise click.UsageError("--demo runs on the simulated exchange")
        market, sim_rate = "sim", sim_rate or DEMO_RATE
    if market == "binance-us" and (sim_bars or sim_rate is not None or sim_start is not None):
        raise click.UsageError("--sim-bars, --sim-rate and --sim-start belong to --market sim")

    # Imported here: `--help` and `--status` need none of it.
    from services.cli.up.demo import start_demo
    from services.cli.up.layout import cache_root, make_data
    from services.cli.up.market import choose
    from services.cli.up.recipes import HERE, Plan, service_recipes
    from services.cli.up.status import remember
    from services.cli.up.system import Stop, System
    from shared.settings import Exchange

    bars = tuple(path.resolve() for path in sim_bars)
    chosen = choose(market, Exchange().rest_url, bars)
    _must_be_alone(data_dir or chosen.folder)
    if chosen.banner is not None:
        click.secho(chosen.banner, fg="black", bg="yellow", bold=True)
    data = make_data(data_dir or chosen.folder)
    _keep_market(data, f"{chosen.name} {chosen.fingerprint}".strip())
    strategies = HERE / "strategies"
    plan = Plan(
        data=data,
        market=chosen,
        bars=bars,
        rate=sim_rate or 1.0,
        start=None if sim_start is None else _time(sim_start),
        dashboard_port=_port("--port", port, PORTS["dashboard"]),
        api_port=_port("--api-port", api_port, PORTS["api"]),
        sim_port=_port("--sim-port", sim_port, PORTS["exchange_sim"]),
        runners=runners,
        capacity=capacity,
        strategies=strategies if strategies.is_dir() else None,
        cache=cache_root(),
        database_url_file=data / "database.url",
        redis_url_file=data / "redis.url",
        token_file=data / "admin.token",
        named_database_url=_named("DATABASE__URL"),
        named_redis_url=_named("REDIS__URL"),
    )
    stop = Stop()
    system = System(
        plan, stop, click.echo, service_recipes(plan), lambda: start_demo(plan, click.echo) if demo else None
    )
    with _signals(stop.on_signal):
        remember(data)
        return system.run()


def _show_status(data_dir: Path | None, as_json: bool) -> int:
    from services.cli.up import status

    systems = list(status.running(None if data_dir is None else data_dir.resolve()))
    if as_json:
        click.echo(json.dumps([status.public(system) for system in systems], indent=1))
    elif systems:
        click.echo("\n\n".join(status.table(system) for system in systems))
    else:
        click.echo("No system of yours is running here. `paperfold up` starts one.", err=True)
    return 0 if systems else 1


@contextlib.contextmanager
def _signals(on_signal: Callable[..., None]) -> Iterator[None]:
    """Ctrl-C, a polite kill and a closed terminal ask for the same."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, on_signal) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _must_be_alone(data: Path) -> None:
    """Said before anything else is: other ports would be of no use. The lock of the folder decides."""
    from services.cli.up import status

    for system in status.running(data.resolve()):
        who = f"process {system['supervisor']['pid']}, {system['dashboard_url']}"
        raise UnavailableError(f"a system already runs on {data} ({who}); `paperfold up --status` says more")


def _keep_market(data: Path, market: str) -> None:
    """A folder belongs to the market of its first start."""
    file = data / "market"
    if not file.exists():
        file.write_text(market + "\n", encoding="utf-8")
    found = file.read_text(encoding="utf-8").strip()
    if found != market:
        raise InputError(
            f"--data-dir {data}", f"belongs to the market {found!r}; two markets never share a folder", market
        )


def _named(key: str) -> str:
    """A server's address from the environment, or from the file that it names; empty: none."""
    from shared.settings import PREFIX

    file = os.environ.get(f"{PREFIX}{key}_FILE")
    text = os.environ.get(f"{PREFIX}{key}", "") if file is None else Path(file).read_text(encoding="utf-8")
    return text.strip()


def _time(text: str) -> str:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InputError("--sim-start", "expected an ISO time like 2023-03-10T00:00Z", text) from None
    if time.tzinfo is None:
        raise InputError("--sim-start", "expected a time with its zone, like 2023-03-10T00:00Z", text)
    return time.isoformat()


def _port(option: str, wanted: int | None, default: int) -> int:
    """The port asked for, which must be free; else the default one or the next that is free; 0: any."""
    if wanted is not None:
        free = _free(wanted)
        if free is None:
            raise InputError(option, "expected a free port of 127.0.0.1", wanted)
        return free
    for number in range(default, default + NEXT_PORTS):
        if _free(number) is not None:
            if number != default:
                click.echo(f"Port {default} is taken: {number} is used. ({option} names another.)")
            return number
    raise InputError(option, f"no free port from {default} on")


def _free(number: int) -> int | None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: a port in TIME_WAIT is free
        try:
            probe.bind((LOOPBACK, number))
        except OSError:
            return None
        port: int = probe.getsockname()[1]
        return port
