"""The embedded PostgreSQL of a data folder on which no system runs, for a command that needs it for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.cli.up.layout import make_data, make_stores, secret
from services.cli.up.owner import make_private
from services.cli.up.postgres import USER, Postgres
from services.cli.up.processes import Child, LineLog, start_until_ready
from services.cli.up.system import lock
from services.cli.up.watch import Watch


@contextmanager
def started(folder: Path) -> Iterator[str]:
    """URL of the database in `folder`, made when missing. Raises UnavailableError while a system runs on it."""
    data = make_data(folder)
    with lock(data):
        make_private(data / "logs", None)
        stores = make_stores(data)
        postgres = Postgres(stores.home, stores.sockets, secret(data / "database.password"), stores.owner)
        log = LineLog(data / "logs" / "postgres.log")
        child, watch = Child(postgres.recipe(), log), Watch()
        try:
            start_until_ready(child, postgres.ready)
            watch.tell([[child]])  # should we be killed, it ends the server
            postgres.create_database(USER)
            yield postgres.url()
        finally:
            child.stop()
            watch.dismiss()
            log.close()
