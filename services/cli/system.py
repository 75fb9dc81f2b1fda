"""Which system a command talks to: one that `paperfold up` started here, else the one that the environment names.

--data-dir, PAPERFOLD_DATA_DIR -> the system on that folder, and no other
else                           -> the one that runs on this machine; several: the person has to say which
else                           -> PAPERFOLD__API__URL and PAPERFOLD__API__TOKEN, PAPERFOLD__DATABASE__URL
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click

from shared.domain.errors import UnavailableError

PREFIX = "PAPERFOLD__"  # as in shared/settings.py, which takes a tenth of a second to import
FOLDER_VARIABLE = "PAPERFOLD_DATA_DIR"

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Api:
    """Where the API is, the token to show, and where its dashboard is, if that is known."""

    url: str
    token: str
    dashboard_url: str | None = field(default=None, compare=False)


class AmbiguousError(UnavailableError):
    """Several systems run here, and nobody said which is meant."""


def data_dir_option(function: Function) -> Function:
    """`--data-dir`, of every command that talks to a running system."""
    option = click.option(
        "--data-dir",
        type=click.Path(file_okay=False, path_type=Path),
        envvar=FOLDER_VARIABLE,
        help="Of a system that `paperfold up` started here; needed when several run.",
    )
    return option(function)


def find_api(data_dir: Path | None) -> Api:
    """The API to talk to. Raises UnavailableError with what to do."""
    system = _running(data_dir)
    if system is not None:
        return Api(system["api_url"], system["api_token"], system.get("dashboard_url"))
    url = named("API__URL")
    if url:
        token = named("API__TOKEN")
        if not token:
            raise UnavailableError(f"{PREFIX}API__URL is set, {PREFIX}API__TOKEN is not: the API wants a token")
        return Api(url.rstrip("/"), token)
    raise UnavailableError(
        f"no system of yours is running here: `paperfold up` starts one; {PREFIX}API__URL and {PREFIX}API__TOKEN "
        "name one elsewhere"
    )


def find_database(data_dir: Path | None) -> str:
    """URL of the database that holds the record. Raises UnavailableError with what to do."""
    system = _running(data_dir)
    url: str = system["database_url"] if system is not None else named("DATABASE__URL")
    if not url:
        raise UnavailableError(
            "this reads the database, and no system of yours is running here: `paperfold up` starts one; "
            f"{PREFIX}DATABASE__URL (or {PREFIX}DATABASE__URL_FILE) names a database elsewhere"
        )
    return url


def named(key: str) -> str:
    """A setting of the environment, or of the file that it names; empty: none."""
    text = os.environ.get(f"{PREFIX}{key}", "").strip()
    file = os.environ.get(f"{PREFIX}{key}_FILE")
    if text or file is None:
        return text
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UnavailableError(f"{PREFIX}{key}_FILE: {file}: {error.strerror}") from error


def _running(data_dir: Path | None) -> dict[str, Any] | None:
    """The system that runs here and is meant; None when none runs and no folder was named."""
    if data_dir is None and not _has_folders():
        return None
    from services.cli.up import status

    found = list(status.running(None if data_dir is None else data_dir.resolve()))
    if data_dir is not None and not found:
        raise UnavailableError(f"no system runs on {data_dir}: `paperfold up --data-dir {data_dir}` starts it")
    if len(found) > 1:
        which = "; ".join(f"--data-dir {system['data']} ({system['market']}, {system['api_url']})" for system in found)
        raise AmbiguousError(f"{len(found)} systems run here, say which: {which}")
    return found[0] if found else None


def _has_folders() -> bool:
    from services.cli.up.layout import data_root

    return data_root().is_dir()
