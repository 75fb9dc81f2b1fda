"""`paperfold db`: the database's schema and its roles."""

from pathlib import Path

import click

from services.cli.system import data_dir_option, find_database

PASSWORD_VARIABLE = "PAPERFOLD__DATABASE__ANALYST_PASSWORD_FILE"  # noqa: S105  a name, no secret


@click.group()
def db() -> None:
    """The database: schema, roles."""


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
