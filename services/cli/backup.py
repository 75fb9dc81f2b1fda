"""A backup: one file in pg_dump's custom format, taken in one snapshot of the database while everything runs.

It holds all that must survive, and can be put back by pg_restore alone. Its manifest - schema version and market - is
read from the rows in it, so that it cannot say anything else than they do. Redis is a cache of these rows and is not in
it; nor are sessions: people log in again.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Text, column, exists, select, table, text

from services.cli import backup_seal
from services.cli.client_programs import run
from shared.domain.errors import InputError, UnavailableError
from shared.store import auth, database, market, migrate, schema_version, statements, tables

VERSION_TABLE = "alembic_version"
NOT_KEPT = "sessions"
LOCK_WAIT_MS = 10_000  # for an upgrade that is under way
STATEMENT_S = 600.0

# Rows of a database that nobody has used yet: `migrate` leaves the version, a service's first look claims the market.
BEFORE_USE = (VERSION_TABLE, "market")

_TABLES = text("""
    select c.relname from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'm', 'S', 'f')
        and not exists (select from pg_depend d where d.objid = c.oid and d.deptype in ('a', 'e', 'i'))
    order by c.relname
""")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is of."""

    schema: str
    market: tuple[str, str] | None  # name and fingerprint; None: nothing ever claimed the database

    @property
    def market_words(self) -> str:
        return "nobody's" if self.market is None else " ".join(self.market).strip()


def backup(url: str, file: Path) -> Manifest:
    """Write the database at `url` to a file that only we can read: whole, or not at all."""
    fresh = file.with_name(f"{file.name}.{os.getpid()}.new")
    _make(file, fresh)
    try:
        run(
            "pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--exclude-table-data={NOT_KEPT}",
            f"--lock-wait-timeout={LOCK_WAIT_MS}", f"--file={fresh}",
        )  # fmt: skip
        manifest = read(fresh)
        backup_seal.seal(fresh)
        _sync(fresh)
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
    _sync(file.parent)
    return manifest


def _make(file: Path, fresh: Path) -> None:
    """An empty file beside the one that is asked for: hashes of tokens will be in it."""
    if file.exists():
        raise InputError("backup", "a file that does not exist yet", str(file))
    try:
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise InputError("backup", "a file that can be written", f"{file}: {error.strerror}") from error


def read(file: Path) -> Manifest:
    """The manifest of a backup. Raises InputError when the file is none."""
    try:
        found = run(
            "pg_restore", None, "--data-only", "--table=market", f"--table={VERSION_TABLE}", "--file=-", str(file)
        )
    except UnavailableError as error:
        raise InputError(str(file), "a backup that pg_restore can read", str(error)) from error
    rows = dict(_copied(found.decode().splitlines()))
    if VERSION_TABLE not in rows:
        raise InputError(str(file), "a backup of a Paperfold database", "no schema version in it")
    owner = rows.get("market")
    return Manifest(
        rows[VERSION_TABLE]["version_num"], None if owner is None else (owner["market"], owner["fingerprint"])
    )


def check(file: Path) -> None:
    """Read a backup to its end. Raises InputError when bytes of it are missing or others than were written."""
    if backup_seal.is_intact(file) is False:
        raise InputError(str(file), "a backup as it was written", "changed since: its checksum is another")
    try:
        run("pg_restore", None, f"--file={os.devnull}", str(file))
    except UnavailableError as error:
        raise InputError(str(file), "a backup that pg_restore can read to its end", str(error)) from error


def restore(url: str, file: Path, who: str) -> Manifest:
    """Put a backup into the empty database at `url`, and bring it to this release's schema.

    All of it or nothing. Raises InputError when the database is not empty, is of another schema or market, when the
    backup was made by a newer release, or when it is not whole.
    """
    manifest = read(file)
    check(file)
    if manifest.schema > schema_version.newest():
        raise InputError(str(file), f"a backup of schema {schema_version.newest()} or older", manifest.schema)
    engine = database.connect(url, "paperfold-cli", pool_size=1, statement_s=STATEMENT_S, transaction_s=STATEMENT_S)
    try:
        with database.begin(engine) as conn:
            make_room(conn, manifest)
        run("pg_restore", url, "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", str(file))
        migrate.upgrade(url)
        with database.begin(engine) as conn:
            detail = {"file": file.name, "schema": manifest.schema}
            auth.note(conn, who, "database_restored", manifest.market_words, detail)
            # measured against another server's clock, and a simulated exchange has not gone on meanwhile
            conn.execute(text("delete from market_clock"))
            conn.execute(text("analyze"))  # a backup holds no statistics for the planner
    finally:
        engine.dispose()
    return manifest


def make_room(conn: Connection, manifest: Manifest) -> None:
    """Drop the empty tables of a database that was prepared and never used. Raises InputError when it is not that."""
    found = list(conn.scalars(_TABLES))
    if not found:
        return
    strange = sorted(set(found) - set(tables.metadata.tables) - {VERSION_TABLE})
    if strange:
        raise InputError("database", "an empty one", f"it holds {strange[0]}, which is not Paperfold's")
    conn.execute(text(f"lock table {', '.join(found)} in access exclusive mode"))
    version = select(column("version_num", Text())).select_from(table(VERSION_TABLE))
    schema = conn.scalar(version) if VERSION_TABLE in found else None
    if schema != manifest.schema:
        raise InputError("database", f"no tables, or empty ones of schema {manifest.schema}", f"schema {schema}")
    owner = market.market_of(conn)
    if owner is not None and owner != manifest.market:
        rule = f"an empty one, or one of market {manifest.market_words}"
        raise InputError("database", rule, " ".join(owner).strip())
    for name in found:
        if name not in BEFORE_USE and conn.scalar(select(exists().select_from(table(name)))):
            raise InputError("database", "an empty one", f"there are rows in {name}")
    statements.run_script(conn, "drop_views")
    conn.execute(text(f"drop table {', '.join(found)} cascade"))


def _copied(lines: Iterable[str]) -> Iterable[tuple[str, dict[str, str]]]:
    """First row of each COPY block of a script, by table."""
    rows = iter(lines)
    for line in rows:
        if line.startswith("COPY ") and line.endswith(" FROM stdin;"):
            table, _, columns = line.removeprefix("COPY ").removesuffix(") FROM stdin;").partition(" (")
            first = next(rows, "\\.")
            if first != "\\.":
                names = [name.strip().strip('"') for name in columns.split(",")]
                yield table.removeprefix("public."), dict(zip(names, first.split("\t"), strict=True))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
