"""`paperfold db`: the database's schema and roles, questions to it, a backup of it."""

import getpass
import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import click

from services.cli.system import PREFIX, data_dir_option, find_database, named
from shared.domain.errors import InputError

PASSWORD_VARIABLE = "PAPERFOLD__DATABASE__ANALYST_PASSWORD_FILE"  # noqa: S105  a name, no secret


@click.group()
def db() -> None:
    """The database: schema, roles, questions in SQL, backup and restore."""


@db.command()
@data_dir_option
def migrate(data_dir: Path | None) -> None:
    """Bring the schema to the newest version."""
    from shared.store import schema_version
    from shared.store.migrate import upgrade

    upgrade(find_database(data_dir))
    click.echo(f"schema {schema_version.newest()}")


@db.command()
@click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar=PASSWORD_VARIABLE,
    help="Lets `analyst` log in. Without it, the role can only be granted to others.",
)
@data_dir_option
def roles(password_file: Path | None, data_dir: Path | None) -> None:
    """Make the read-only role `analyst`, which sees everything but secrets."""
    from services.cli.record import opened
    from shared.store import database
    from shared.store.roles import create_roles

    password = None if password_file is None else password_file.read_text(encoding="utf-8").strip()
    if password == "":
        raise click.UsageError(f"{password_file} is empty")
    with opened(data_dir) as engine, database.begin(engine) as conn:
        create_roles(conn, password)
    click.echo("role analyst: reads everything but secrets" + ("" if password else "; it cannot log in"))


@db.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@data_dir_option
def psql(arguments: tuple[str, ...], data_dir: Path | None) -> None:
    """PostgreSQL's own shell, as the role `analyst`, which is made when missing. ARGUMENTS are psql's.

    Questions worth asking: docs/sql.md.
    """
    from services.cli.client_programs import connection, find
    from services.cli.record import opened
    from shared.store import database
    from shared.store.roles import ANALYST, ANALYST_SETTINGS, create_roles, is_ready

    with opened(data_dir) as engine, database.begin(engine) as conn:
        if not is_ready(conn):
            create_roles(conn)
    url = find_database(data_dir)
    program, (dsn, environment) = str(find("psql", url)), connection(url)
    settings = {"role": ANALYST, **ANALYST_SETTINGS}
    environment["PGOPTIONS"] = " ".join(f"-c {name}={value}" for name, value in settings.items())
    os.execve(program, [program, f"--dbname={dsn}", *arguments], environment)  # noqa: S606  it has the terminal


@db.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@data_dir_option
def backup(file: Path, data_dir: Path | None) -> None:
    """Write everything that must survive to FILE, in one snapshot, while the system runs."""
    from services.cli.backup import backup as write

    made = write(find_database(data_dir), file)
    click.echo(f"{file}: schema {made.schema}, market {made.market_words}, {file.stat().st_size:,} bytes")


@db.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@data_dir_option
def restore(file: Path, data_dir: Path | None) -> None:
    """Put a backup into an empty database: that of --data-dir, on which no system runs, else the one that
    PAPERFOLD__DATABASE__URL names.

    A folder that does not exist yet is made.
    """
    from services.cli.backup import read
    from services.cli.backup import restore as put_back
    from shared.store import schema_version

    _check_folder(data_dir, read(file).market)
    with _unused_database(data_dir) as url:
        found = put_back(url, file, getpass.getuser())
    click.echo(f"{file}: schema {found.schema}, market {found.market_words}: restored")
    if found.schema != schema_version.newest():
        click.echo(f"brought to schema {schema_version.newest()}")
    if found.market is not None and found.market[0] == "sim":
        click.echo("a simulated exchange keeps its clock in the folder sim/ of its data folder: take that along")
    click.echo("before services start: Redis must be empty (FLUSHALL), for it may hold minutes newer than the backup")


def _check_folder(data_dir: Path | None, market: tuple[str, str] | None) -> None:
    """A data folder belongs to the market of its first start."""
    kept = None if data_dir is None else data_dir / "market"
    if kept is None or market is None or not kept.exists():
        return
    name = kept.read_text(encoding="utf-8").split()[0]
    if name != market[0]:
        raise InputError(f"--data-dir {data_dir}", f"a folder of market {market[0]}", name)


def _unused_database(data_dir: Path | None) -> AbstractContextManager[str]:
    """Where a backup goes: never, without being told, into the system that happens to run here."""
    from services.cli.stores import started

    if data_dir is not None:
        return started(data_dir)
    url = named("DATABASE__URL")
    if not url:
        raise click.UsageError(f"say where to: --data-dir names a folder, {PREFIX}DATABASE__URL a database")
    return nullcontext(url)
