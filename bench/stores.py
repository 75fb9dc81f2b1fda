"""The embedded stores, as `paperfold up` runs them: fsync on, sockets in a closed folder, a fresh migrated database."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Stores:
    """Where they are reached, and a folder that goes with them."""

    database_url: str
    redis_url: str
    folder: Path
    pids: tuple[int, int]  # PostgreSQL's first process, and Valkey


@contextmanager
def running() -> Iterator[Stores]:
    """Both servers, for as long as the block lasts; ended with it, and with this process if it is killed."""
    from services.cli.up.layout import make_stores
    from services.cli.up.postgres import Postgres
    from services.cli.up.processes import LineLog
    from services.cli.up.valkey import Valkey
    from services.cli.up.watch import Watch
    from shared.store.migrate import upgrade

    folder = Path(tempfile.mkdtemp(prefix="paperfold-bench-", dir="/tmp"))
    folder.chmod(0o711)  # the stores' user passes through it
    watch = Watch()
    children = []
    try:
        stores = make_stores(folder)
        for server in (
            Postgres(stores.home, stores.sockets, "bench-password", stores.owner),
            Valkey(stores.home, stores.sockets, stores.owner),
        ):
            children.append(server.start(LineLog(folder / f"{type(server).__name__}.log")))
            watch.tell([children])
            if isinstance(server, Postgres):
                postgres = server
            else:
                valkey = server
        upgrade(postgres.url())
        yield Stores(postgres.url(), valkey.url(), folder, (children[0].pid or 0, children[1].pid or 0))
    finally:
        for child in reversed(children):
            child.stop()
        watch.dismiss()
        shutil.rmtree(folder, ignore_errors=True)
