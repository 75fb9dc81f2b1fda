"""The lease of a process of which there is one: a dead holder is replaced at once, a frozen one when its time is over.

Beside the row with its epoch, the holder keeps a session lock named by that epoch; the server drops it with the
session. So whoever finds the lock free knows that the holder's process is gone, whatever its row still promises.
"""

from uuid import UUID

from sqlalchemy import Connection, text

from shared.domain.errors import FencedError
from shared.store import market

_HELD = text(
    "select epoch, holder, lease_until > clock_timestamp() as is_alive from leases where name = :name for update"
)
_LOCK = text("select pg_try_advisory_lock(hashtext(:name), cast(:epoch % 2147483647 as int))")
_UNLOCK = text("select pg_advisory_unlock(hashtext(:name), cast(:epoch % 2147483647 as int))")


def take(conn: Connection, name: str, holder: UUID, lease_s: float) -> int | None:
    """Epoch of the lease, now held by this session; None while another's holds it. `conn` must stay open meanwhile."""
    row = conn.execute(_HELD, {"name": name}).first()
    if row is not None and row.holder != holder and row.is_alive:
        key = {"name": name, "epoch": row.epoch}
        if not conn.scalar(_LOCK, key):
            return None
        conn.execute(_UNLOCK, key)
        market.give_up_lease(conn, name, row.epoch)
    epoch = market.acquire_lease(conn, name, holder, lease_s)
    if epoch is not None:
        conn.execute(_LOCK, {"name": name, "epoch": epoch})
    return epoch


def renew(conn: Connection, name: str, holder: UUID, epoch: int, lease_s: float) -> None:
    """Go on holding it. Raises FencedError when it is someone else's now."""
    if market.acquire_lease(conn, name, holder, lease_s) != epoch:
        raise FencedError(f"lease {name}: epoch {epoch} is over")
