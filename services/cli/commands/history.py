"""`paperfold history`: the record of a running system's database: what is in it, whether it is sound, more for it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from services.cli.commands.runs import JSON
from services.cli.progress import progress
from services.cli.system import data_dir_option
from services.cli.tables import Json, minute, print_json, print_table
from services.cli.times import when
from shared.domain.coverage import Range
from shared.domain.errors import InputError
from shared.domain.timeframe import MINUTE_MS

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from services.cli.importing import Imported
    from shared.store.market import Instrument

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
SHOWN = 5


@click.group()
def history() -> None:
    """Recorded minutes: list and verify them, import bar files."""


@history.command("list")
@click.option("--instrument", help="Only this one.")
@JSON
@data_dir_option
def list_(instrument: str | None, as_json: bool, data_dir: Path | None) -> None:
    """Which minutes are decided, instrument by instrument."""
    from services.cli.record import opened
    from services.cli.record_checks import contents, revisions
    from shared.store import database

    found: list[Json] = []
    with opened(data_dir) as engine, database.begin(engine) as conn:
        for one in _instruments(conn, instrument):
            ranges = [
                {"from_ms": part.range[0], "to_ms": part.range[1], "bars": part.bars, "absent": part.absent,
                 "without_trades": part.without_trades}
                for part in contents(conn, one)
            ]  # fmt: skip
            found.append({"instrument": one.name, "ranges": ranges, "revisions": revisions(conn, one)})
    if as_json:
        print_json(found)
        return
    print_table(
        ("instrument", "from", "to", "minutes>", "bars>", "absent>", "without trades>", "revisions>"),
        [
            (
                one["instrument"], when(part["from_ms"]), when(part["to_ms"] - MINUTE_MS),
                (part["to_ms"] - part["from_ms"]) // MINUTE_MS, part["bars"], part["absent"], part["without_trades"],
                sum(one["revisions"].values()) if part is one["ranges"][0] else None,
            )
            for one in found
            for part in one["ranges"]
        ],
    )  # fmt: skip


@history.command()
@click.option("--instrument", help="Only this one.")
@JSON
@data_dir_option
def verify(instrument: str | None, as_json: bool, data_dir: Path | None) -> int:
    """Whether the record keeps its own rules; exit 1 when it does not."""
    from services.cli.record import opened
    from services.cli.record_checks import RULES, broken
    from shared.store import database

    with opened(data_dir) as engine:
        with database.begin(engine) as conn:
            instruments = _instruments(conn, instrument)
        found = []
        with progress("verifying", len(instruments)) as step:
            for one in instruments:
                with database.begin(engine) as conn:
                    found += broken(conn, one)
                step(1)
    if as_json:
        names = ("instrument", "rule", "count", "first_ms")
        broken_rules = [{name: getattr(one, name) for name in names} for one in found]
        print_json({"sound": not found, "instruments": len(instruments), "broken": broken_rules})
    else:
        for bad in found:
            click.echo(f"{bad.instrument}: {bad.rule}: broken by {bad.count}, first {minute(bad.first_ms)}")
        click.echo(f"{len(instruments)} instruments, {len(RULES)} rules: {'broken' if found else 'sound'}")
    return 1 if found else 0


@history.command("import")
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--instrument", help="What the files hold. Default: what their names tell.")
@click.option("--gaps-are-absent", is_flag=True, help="Minutes missing inside a file did not trade; decided for good.")
@JSON
@data_dir_option
def import_(
    files: tuple[Path, ...], instrument: str | None, gaps_are_absent: bool, as_json: bool, data_dir: Path | None
) -> None:
    """Bar FILES into the record. What is decided stays; what a file says otherwise is kept as a revision.

    A minute that is missing inside a file stays undecided unless --gaps-are-absent is given.
    """
    from services.cli.importing import import_files, instrument_told, read_files
    from services.cli.record import opened

    name = instrument_told(files) if instrument is None else instrument
    read = read_files(files)
    with (
        opened(data_dir) as engine,
        progress("importing", sum(len(file.times) for file in read)) as step,
    ):
        done = import_files(engine, name, read, gaps_are_absent, step)
    if as_json:
        names = ("instrument", "minutes", "new", "same", "conflicting", "decided", "holes")
        print_json({key: getattr(done, key) for key in names})
    else:
        _tell(done)


def _tell(done: "Imported") -> None:
    click.echo(
        f"{done.instrument}: {done.minutes:,} minutes: {done.new:,} new, {done.same:,} same, "
        f"{done.conflicting:,} conflicting"
    )
    for conflict in done.conflicts:
        click.echo(f"  {conflict}")
    if done.conflicting > len(done.conflicts):
        click.echo(f"  and {done.conflicting - len(done.conflicts):,} more; the record stands, they are revisions")
    if done.holes:
        minutes = sum(end - start for start, end in done.holes) // MINUTE_MS
        click.echo(
            f"  {minutes:,} minutes stay undecided ({_ranges(done.holes)}); "
            "--gaps-are-absent decides those inside files"
        )


def _ranges(ranges: tuple[Range, ...]) -> str:
    shown = [f"{when(start)} to {when(end - MINUTE_MS)}" for start, end in ranges[:SHOWN]]
    return ", ".join(shown) + (f" and {len(ranges) - SHOWN} more" if len(ranges) > SHOWN else "")


@history.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def fetch() -> None:
    """Minutes from the exchange: not available yet."""
    raise click.UsageError(
        "history fetch is not available yet: a running system fetches what its strategies and runs need; "
        "`paperfold history import` takes bar files"
    )


def _instruments(conn: "Connection", name: str | None) -> "list[Instrument]":
    from shared.store import market

    if name is None:
        return market.list_instruments(conn)
    found = market.find_instrument(conn, name)
    if found is None:
        raise InputError("--instrument", "one that the database knows", name)
    return [found]
