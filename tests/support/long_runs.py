"""Runs that are longer than a test could fold, and the processes that write their documents."""

import psutil
from sqlalchemy import Engine, text

from shared.store import database

# Orders that came to nothing: about 170 bytes of the document each.
CANCELLED = text("""
insert into orders
select run_id, seq + n, seq + n, ts_ms, 'cancelled', side, type, quantity, price, reason
from (select * from orders where run_id = :run order by seq desc limit 1) as last, generate_series(1, :count) as n
""")
LENGTHENED = text("update runs set seq = (select max(seq) from orders where run_id = :run) where id = :run")
ENOUGH = 90_000  # a document of 15 MB, which fits into no buffer between a child and an asker who does not read


def lengthen(engine: Engine, run_id: int, count: int = ENOUGH) -> None:
    """So many decisions more, of a run that has made an order."""
    with database.begin(engine) as conn:
        conn.execute(CANCELLED, {"run": run_id, "count": count})
        conn.execute(LENGTHENED, {"run": run_id})


def writers(of: int | None = None) -> list[psutil.Process]:
    """The processes below this one, or another, that write documents."""
    found = []
    for one in psutil.Process(of).children(recursive=True):
        try:
            if "services.api.exporting" in one.cmdline() and one.status() != psutil.STATUS_ZOMBIE:
                found.append(one)
        except psutil.NoSuchProcess:
            continue
    return found
