"""`strategies`, `runs`, `show`, `trades`, `rules`, `export`: what a running system knows."""

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, get_args

import click

from services.cli.client import connected
from services.cli.system import data_dir_option
from services.cli.tables import Json, console, minute, money, percent, position, print_facts, print_json, print_table
from shared.domain.run import RunStatus

RUN = click.IntRange(min=1)
OUT = click.Path(dir_okay=False, path_type=Path)
NEWEST_TRADES = 20  # that a table shows
JSON = click.option("--json", "as_json", is_flag=True, help="For programs, on stdout.")


@click.command()
@JSON
@data_dir_option
def strategies(as_json: bool, data_dir: Path | None) -> None:
    """Strategies that the system knows."""
    with connected(data_dir) as client:
        items = client.get("/strategies")["items"]
    if as_json:
        print_json(items)
        return
    print_table(
        ("name", "instrument", "timeframe", "variants", "version", "versions>", "active runs>"),
        [
            (
                one["name"], one["instrument"], one["entry_timeframe"], ", ".join(one["variants"]) or None,
                one["version_sha256"][:12], one["versions"], one["runs_active"],
            )
            for one in items
        ],
    )  # fmt: skip


@click.command()
@click.option("--status", multiple=True, type=click.Choice(get_args(RunStatus)), help="May be given several times.")
@click.option("--strategy", help="Only runs of this strategy.")
@click.option("--mode", type=click.Choice(["paper", "backtest"]), help="Only these. Default: both.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="The newest so many.")
@JSON
@data_dir_option
def runs(
    status: tuple[str, ...], strategy: str | None, mode: str | None, limit: int, as_json: bool, data_dir: Path | None
) -> None:
    """Runs, newest first."""
    with connected(data_dir) as client:
        found = client.get("/runs", status=status or None, strategy=strategy, mode=mode, limit=limit)
    if as_json:
        print_json(found["items"])
        return
    print_table(
        (
            "id>", "mode", "strategy", "set", "instrument", "status", "health", "last bar", "equity>", "P&L>", "%>",
            "trades>", "position",
        ),
        [
            (
                run["id"], run["mode"], _strategy(run), parameters(run), run["instrument"], _status(run),
                run["health"], minute(run["last_bar_ms"]), money(run["equity_quote"]), money(run["pnl_quote"]),
                percent(run["pnl_ratio"]), run["trade_count"], position(run["position"]),
            )
            for run in found["items"]
        ],
    )  # fmt: skip
    if found["total"] > len(found["items"]):
        click.echo(f"{len(found['items'])} of {found['total']} runs; --limit shows more", err=True)


def parameters(run: Json) -> str | None:
    """What was set beside the file, in a few words."""
    return ", ".join(f"{name}={value}" for name, value in run["params"].items()) or None


@click.command()
@click.argument("run", type=RUN)
@JSON
@data_dir_option
def show(run: int, as_json: bool, data_dir: Path | None) -> None:
    """One run: what it does, what it holds, how it went."""
    with connected(data_dir) as client:
        found = client.get(f"/runs/{run}")
    if as_json:
        print_json(found)
        return
    stats = found["stats"]
    held = found["position"]
    print_facts(
        [
            ("run", f"{found['id']} ({found['mode']}, engine {found['engine_version']})"),
            ("strategy", f"{_strategy(found)} ({found['version_sha256'][:12]})"),
            ("parameters", parameters(found)),
            ("instrument", f"{found['instrument']} {found['entry_timeframe']}"),
            ("status", _status(found)),
            ("health", found["health"]),
            ("detail", found["status_detail"]),
            ("failure", found["failure"]),
            ("start", minute(found["start_ms"])),
            ("folded from", minute(found["warmup_from_ms"])),
            ("last bar", minute(found["last_bar_ms"])),
            ("cash", f"{money(found['cash'])} {found['quote']}"),
            ("equity", f"{money(found['equity_quote'])} ({percent(found['pnl_ratio'])})"),
            ("position", position(held)),
            ("stop, target", None if held["side"] == "flat" else f"{held['stop']}, {held['target']}"),
            ("unrealised", None if held["side"] == "flat" else money(found["unrealised_quote"])),
            ("trades", f"{found['trade_count']}, {found['win_count']} won"),
            ("drawdown", percent(stats["max_drawdown_ratio"], sign="")),
        ]
    )
    for one in found["commands"]:
        click.echo(f"command {one['id']}: {one['kind']} by {one['requested_by']}, {_acts(one)}")


@click.command()
@click.argument("run", type=RUN)
@click.option("--limit", type=click.IntRange(min=1), help=f"The newest so many. Default: {NEWEST_TRADES}, as JSON all.")
@JSON
@data_dir_option
def trades(run: int, limit: int | None, as_json: bool, data_dir: Path | None) -> None:
    """Closed trades of a run, oldest first."""
    most = limit or (None if as_json else NEWEST_TRADES)
    with connected(data_dir) as client:
        items = client.all_items(f"/runs/{run}/trades", most, newest=most is not None)
    if as_json:
        print_json(items)
        return
    print_table(
        ("seq>", "side", "entered", "exited", "quantity>", "entry>", "exit>", "fees>", "net>", "%>", "exit by"),
        [
            (
                one["seq"], one["side"], minute(one["entry_ms"]), minute(one["exit_ms"]), one["quantity"],
                money(one["entry_price"]), money(one["exit_price"]), money(one["fees_quote"]), money(one["net_quote"]),
                percent(one["return_ratio"]), one["exit_reason"],
            )
            for one in items
        ],
    )  # fmt: skip


@click.command()
@click.argument("run", type=RUN)
@JSON
@data_dir_option
def rules(run: int, as_json: bool, data_dir: Path | None) -> None:
    """Rules of a run, and how often each held: which condition keeps it from trading."""
    with connected(data_dir) as client:
        found = client.get(f"/runs/{run}/rules")
    if as_json:
        print_json(found)
        return
    if found["as_of_ms"] is None:
        click.echo("nothing has been counted yet")
    else:
        first, last = minute(found["from_ms"]), minute(found["as_of_ms"])
        click.echo(f"counted from {first}, warmup included, to the bar of {last}")
    from services.cli.rules_table import RuleLine, rules_table

    console().print(rules_table([RuleLine.of_api(one) for one in found["items"]], title=None))


@click.command()
@click.argument("run", type=RUN)
@click.option("--json", "out", type=OUT, help="- is stdout, which is where it goes without any option.")
@click.option("--report", "report_out", type=OUT, help="Charts and figures as one HTML page, which needs no network.")
@data_dir_option
def export(run: int, out: Path | None, report_out: Path | None, data_dir: Path | None) -> None:
    """A run as the document that `backtest --json` writes, byte for byte, or as its report."""
    path = f"/runs/{run}/export"
    with connected(data_dir) as client:
        if report_out is None:
            with _destination(out) as file:
                client.save(path, file)
            return
        from services.cli.html_report.from_api import material
        from services.cli.html_report.page import page

        document = client.raw(path)
        write_whole(report_out, page(material(client, run, document)).encode())
    if out is not None:
        with _destination(out) as file:
            file.write(document)
            file.flush()


def _destination(out: Path | None) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdout.buffer) if out is None or str(out) == "-" else whole_file(out)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    with whole_file(path) as file:
        file.write(content)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its place when the block ends well."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with fresh.open("wb") as file:
            yield file
        fresh.replace(path)
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}") from error
    finally:
        fresh.unlink(missing_ok=True)


def _strategy(run: dict[str, Any]) -> str:
    return f"{run['strategy']}:{run['variant']}" if run["variant"] else str(run["strategy"])


def _status(run: dict[str, Any]) -> str:
    return str(run["status"]) if run["progress"] is None else f"{run['status']} {run['progress']:.0%}"


def _acts(command: dict[str, Any]) -> str:
    when = minute(command["effective_ms"])
    return f"accepted {minute(command['accepted_ms'])}, " + ("waits for its minute" if when is None else f"acts {when}")
