"""`make backup FILE=…`, `make restore FILE=…`: the database of a system in containers, to a file and back.

The programs are those of the server's image; this one needs no `.venv`. The file is what `paperfold db backup` writes:
either restores the other's.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, NamedTuple

from deploy.compose import checks, env_file
from deploy.compose.stack import MOUNTED, ROOT, Stack, prepared, waited
from services.cli import backup_seal

POSTGRES_IMAGE = "postgres:18-bookworm"
DATABASE = "paperfold"
LOCK_WAIT_MS = 10_000  # for an upgrade that is under way
READY_S = 120.0
STORES = ("postgres", "redis")
VERSIONS = ROOT / "shared" / "store" / "migrations" / "versions"
DUMP = (
    "pg_dump", f"--username={DATABASE}", "--format=custom", "--no-owner", "--no-privileges",
    "--exclude-table-data=sessions", f"--lock-wait-timeout={LOCK_WAIT_MS}", DATABASE,
)  # fmt: skip
RESTORE = (
    "pg_restore", f"--username={DATABASE}", f"--dbname={DATABASE}", "--single-transaction", "--exit-on-error",
    "--no-owner", "--no-privileges",
)  # fmt: skip
PSQL = ("psql", f"--username={DATABASE}", "--no-psqlrc", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1")
TABLES = "select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'm', 'f')"
# The clock was measured against another server's, and a simulated exchange has not gone on meanwhile: until ingest has
# measured it, nobody knows the exchange's time.
AFTER = """
    delete from market_clock;
    insert into audit (who, action, subject, detail)
    values ('make', 'database_restored', :'market', jsonb_build_object('file', :'file', 'schema', :'schema'));
    analyze;
"""
RECORD_END = """
    select to_char(to_timestamp(max(to_ms) / 1000) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"') from coverage
"""
END = "\\."  # of a COPY block


class Manifest(NamedTuple):
    """What a backup is of: read from its rows."""

    schema: str
    market: str  # empty: nothing ever claimed the database
    fingerprint: str

    @property
    def words(self) -> str:
        return f"{self.market} {self.fingerprint}".strip() or "nobody's"


def backup(stack: Stack, file: Path) -> int:
    """Everything that must survive, in one snapshot, while the system runs; whole, or not at all."""
    if file.exists():
        raise SystemExit(f"{file} is there already: a backup is never written over another")
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            inside(stack, "postgres", *DUMP, stdout=out)
        found = manifest(part, image_of(stack.file))
        backup_seal.seal(part)
        with part.open("rb") as whole:
            os.fsync(whole.fileno())
        put(part, file)
    finally:
        part.unlink(missing_ok=True)
    print(f"{file}: schema {found.schema}, market {found.words}, {file.stat().st_size:,} bytes")
    return 0


def put(part: Path, file: Path) -> None:
    """Give a file its name, unless another has it meanwhile."""
    try:
        os.link(part, file)
    except FileExistsError:
        raise SystemExit(f"{file} is there already: a backup is never written over another") from None
    except OSError:  # a disk or share that has no second names
        part.rename(file)


def restore(env: Path, file: Path) -> int:
    """Into a system that is new: its database must hold no table. Redis is emptied, for it may know later minutes.

    What is refused is refused before anything is written or stopped.
    """
    found = manifest(file, image_of(env))
    newest = max(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))
    if found.schema > newest:
        raise SystemExit(f"{file} is of schema {found.schema}, this release knows those up to {newest}")
    is_new = prepared(env, found.market or "auto")
    for folder in MOUNTED:
        checks.opened_for_containers(folder)
    stack = Stack(env, [])
    with_empty_stores(stack)
    if stack.compose("stop", every_profile=True):
        return 1
    with_empty_stores(stack)
    with file.open("rb") as dump:
        inside(stack, "postgres", *RESTORE, stdin=dump)
    inside(stack, "redis", "redis-cli", "flushall")
    if stack.compose("run", "--rm", "migrate"):
        return 1
    about = {"market": found.words, "file": file.name, "schema": found.schema}
    inside(stack, "postgres", *PSQL, *(f"--set={name}={value}" for name, value in about.items()), text=AFTER)
    end = inside(stack, "postgres", *PSQL, f"--command={RECORD_END}")
    print(f"{file}: schema {found.schema}, market {found.words}: restored, its record ends at {end or 'no minute'}")
    if found.market == "sim" and end:
        go_on_from(env, end, is_new)
    print(f"Start it: make up{'' if env.name == '.env' else f' ENV={env.name}'}")
    return 0


def with_empty_stores(stack: Stack) -> None:
    """Start the stores, unless they run. Ends the program when the database holds a table."""
    if stack.compose("up", "-d", *STORES):
        raise SystemExit("the stores do not start: Compose says why")
    if not waited(lambda: all(is_healthy(stack, name) for name in STORES), READY_S):
        raise SystemExit("the stores do not become healthy: `make logs` says why")
    if inside(stack, "postgres", *PSQL, f"--command={TABLES}") != "0":
        raise SystemExit(
            "the database of this system is not empty: restore into a new one (ENV=.env.restored), or drop this one "
            "first (docs/operations.md, Backup and restore)"
        )


def go_on_from(env: Path, end: str, is_new: bool) -> None:
    """A simulated exchange keeps its clock in a volume of its own: a new one begins where the record ends."""
    line = f"PAPERFOLD__SIM__START={end}"
    if is_new:
        with env.open("a", encoding="utf-8") as out:
            out.write(f"# a simulated exchange without a clock begins where the restored record ends\n{line}\n")
    else:
        print(f"The simulated exchange must not begin before that: {line} in {env.name}, unless it kept its clock.")


def manifest(file: Path, image: str) -> Manifest:
    """Of a backup. Ends the program for a file that is none, or not all of one: it is read to its end."""
    if backup_seal.is_intact(file) is False:
        raise SystemExit(f"{file}: changed since it was written: its checksum is another")
    unpacked(file, image, "--file=/dev/null")
    script = unpacked(file, image, "--data-only", "--table=market", "--table=alembic_version", "--file=-")
    rows = first_rows(script)
    if "alembic_version" not in rows:
        raise SystemExit(f"{file}: no backup of a Paperfold database: no schema version in it")
    owner = rows.get("market", {})
    return Manifest(rows["alembic_version"]["version_num"], owner.get("market", ""), owner.get("fingerprint", ""))


def unpacked(file: Path, image: str, *options: str) -> str:
    """What pg_restore makes of a backup without a database. Ends the program with its last words when it cannot."""
    command = ("docker", "run", "--rm", "--interactive", "--network=none", "--entrypoint=pg_restore", image, *options)
    with file.open("rb") as dump:
        done = subprocess.run(command, stdin=dump, capture_output=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{file}: no backup that pg_restore can read: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode()


def first_rows(script: str) -> dict[str, dict[str, str]]:
    """First row of each COPY block, by table and column."""
    found: dict[str, dict[str, str]] = {}
    lines = iter(script.splitlines())
    for line in lines:
        if line.startswith("COPY ") and line.endswith(" FROM stdin;"):
            table, _, columns = line.removeprefix("COPY public.").removesuffix(") FROM stdin;").partition(" (")
            row = next(lines, END)
            if row != END:
                found[table] = dict(zip(columns.split(", "), row.split("\t"), strict=True))
    return found


def inside(
    stack: Stack, service: str, *command: str, stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None,
    text: str = "",
) -> str:  # fmt: skip
    """Run a program in a service's container; what it says. Ends this program with its last words when it fails."""
    given: dict[str, Any] = {"input": text.encode()} if stdin is None else {"stdin": stdin}
    done = subprocess.run(
        ["docker", "exec", "--interactive", container_of(stack, service), *command],
        stdout=stdout or subprocess.PIPE, stderr=subprocess.PIPE, check=False, **given,
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} in {service}: {done.stderr.decode(errors='replace').strip()}")
    return (done.stdout or b"").decode().strip()


def container_of(stack: Stack, service: str) -> str:
    """The service's container. Ends the program when it does not run."""
    found = checks.containers(stack.values["COMPOSE_PROJECT_NAME"], service)
    if not found:
        raise SystemExit(
            f"{service} does not run: make up{'' if stack.file.name == '.env' else f' ENV={stack.file.name}'}"
        )
    return found[0]


def is_healthy(stack: Stack, service: str) -> bool:
    shown = ("docker", "inspect", "--format={{.State.Health.Status}}", container_of(stack, service))
    return subprocess.run(shown, stdout=subprocess.PIPE, text=True, check=False).stdout.strip() == "healthy"


def image_of(env: Path) -> str:
    values = env_file.read(env, os.environ) if env.is_file() else {}
    return os.environ.get("POSTGRES_IMAGE") or values.get("POSTGRES_IMAGE") or POSTGRES_IMAGE


def main() -> int:
    parser = argparse.ArgumentParser(prog="backup", description=__doc__)
    parser.add_argument("--env", type=lambda text: Path(text).resolve(), default=ROOT / ".env")
    parser.add_argument("verb", choices=("backup", "restore"))
    parser.add_argument("file", type=Path)
    args = parser.parse_args()
    if args.verb == "restore" and not args.file.is_file():
        raise SystemExit(f"{args.file} is not there")
    if args.verb == "backup" and not args.env.exists():
        raise SystemExit(f"{args.env.name} is not there: nothing has been started with `make up`")
    if args.verb == "backup" and not (args.file.parent.is_dir() and os.access(args.file.parent, os.W_OK)):
        raise SystemExit(f"{args.file.parent} is no folder that can be written")
    checks.engine_answers()
    if args.verb == "restore":
        return restore(args.env, args.file)
    checks.file_is_whole(args.env, os.environ)
    return backup(Stack(args.env, []), args.file)


if __name__ == "__main__":
    sys.exit(main())
