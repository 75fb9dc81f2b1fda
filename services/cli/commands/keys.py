"""`keys list`, `keys create`, `keys revoke`: who may look, who may trade. An administrator's commands."""

from pathlib import Path
from urllib.parse import quote

import click

from services.cli.client import connected
from services.cli.commands.runs import JSON
from services.cli.system import data_dir_option
from services.cli.tables import minute, print_json, print_table

ROLES = ("viewer", "trader", "admin")


@click.group()
def keys() -> None:
    """Tokens of people and programs. A viewer sees everything, a trader also starts and stops, an admin gives keys."""


@keys.command(name="list")
@JSON
@data_dir_option
def list_all(as_json: bool, data_dir: Path | None) -> None:
    """Everybody's keys, revoked ones too; the tokens themselves are kept nowhere."""
    with connected(data_dir) as client:
        items = client.get("/keys")["items"]
    if as_json:
        print_json(items)
        return
    print_table(
        ("name", "role", "created", "last used", ""),
        [
            (
                one["name"], one["role"], minute(one["created_ms"]), minute(one["last_used_ms"]),
                "revoked" if one["is_revoked"] else "",
            )
            for one in items
        ],
    )  # fmt: skip


@keys.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True)
@JSON
@data_dir_option
def create(name: str, role: str, as_json: bool, data_dir: Path | None) -> None:
    """A token for NAME, on stdout: it is shown this once."""
    with connected(data_dir) as client:
        made = client.post("/keys", {"name": name, "role": role})
    if as_json:
        print_json(made)
    else:
        click.echo(made["token"])


@keys.command()
@click.argument("name")
@data_dir_option
def revoke(name: str, data_dir: Path | None) -> None:
    """End NAME's key; sessions that it opened end with it."""
    with connected(data_dir) as client:
        client.delete(f"/keys/{quote(name, safe='')}")
    click.echo(f"{name} has no key any more")
