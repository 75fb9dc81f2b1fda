"""Snapshots of folds: a cache. Deleting all of them changes nothing but how long a takeover lasts."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from shared.store import tables

KEPT = 2  # the newest may turn out not to match its run; the one before it still saves a re-fold


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State of a fold after the bar at `position_ms`."""

    run_id: int
    position_ms: int
    engine_version: str
    plan_sha256: str
    seq: int
    digest: bytes
    f: bytes  # float64 vector
    m: bytes  # int64 vector


def write(conn: Connection, snapshots: Sequence[Snapshot]) -> None:
    """Keep these, at most one a run, and only the newest KEPT of each run."""
    if not snapshots:
        return
    t = tables.snapshots
    statement = insert(t).values([asdict(snapshot) for snapshot in snapshots])
    newer = {name: statement.excluded[name] for name in ("engine_version", "plan_sha256", "seq", "digest", "f", "m")}
    conn.execute(statement.on_conflict_do_update(index_elements=[t.c.run_id, t.c.position_ms], set_=newer))
    rank = func.row_number().over(partition_by=t.c.run_id, order_by=t.c.position_ms.desc())
    ids = [snapshot.run_id for snapshot in snapshots]
    ranked = select(t.c.run_id, t.c.position_ms, rank.label("rank")).where(t.c.run_id.in_(ids)).subquery()
    old = (t.c.run_id == ranked.c.run_id) & (t.c.position_ms == ranked.c.position_ms) & (ranked.c.rank > KEPT)
    conn.execute(delete(t).where(old))


def latest(
    conn: Connection, run_id: int, engine_version: str, plan_sha256: str, until_ms: int | None = None
) -> Snapshot | None:
    """The newest snapshot of this engine and plan, not behind `until_ms` (a run's committed position)."""
    t = tables.snapshots
    wanted = select(*(t.c[name] for name in Snapshot.__dataclass_fields__)).where(
        t.c.run_id == run_id, t.c.engine_version == engine_version, t.c.plan_sha256 == plan_sha256
    )
    if until_ms is not None:
        wanted = wanted.where(t.c.position_ms <= until_ms)
    row = conn.execute(wanted.order_by(t.c.position_ms.desc()).limit(1)).first()
    if row is None:
        return None
    vectors = (bytes(row.digest), bytes(row.f), bytes(row.m))
    return Snapshot(row.run_id, row.position_ms, row.engine_version, row.plan_sha256, row.seq, *vectors)


def drop(conn: Connection, run_id: int) -> None:
    """Forget a run's snapshots: they did not match."""
    conn.execute(delete(tables.snapshots).where(tables.snapshots.c.run_id == run_id))
