"""Who folds a run, and how what it folded becomes durable: leases, claims, and the fence around every commit.

    runner --register, renew--> runners.lease_until        (the database's clock; nobody else's counts)
    runner --claim------------> runs.runner_id, runs.epoch (epoch rises with every owner)
    runner --commits.commit---> only where runner, epoch, position and digest are still what its fold started from

Rule: a lease says when others may take a run; it never says that a commit is allowed. That is decided by the
compare-and-set alone, so a frozen owner that wakes up after a takeover changes nothing: its run does not come back, and
it drops the run from memory. Two runners that both believe they own a run would write the same rows anyway, because
rows follow from the record; the fence keeps the run's row and its commands in one order.

After any error of the database: forget what is in memory, and recover.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from shared.domain.run import RunHealth, RunMode, RunStatus
from shared.store import runs, statements
from shared.store.arrays import array
from shared.store.runs import Run

MOST_ATTEMPTS = 3

Failure = Literal["failed", "diverged", "superseded"]

_SQL = statements.load("ownership")


class Progress(NamedTuple):
    """One run's step from what its owner read or committed last to what it has folded since: type run_step."""

    run_id: int
    epoch: int
    old_position_ms: int | None
    old_digest: bytes | None  # None before the first committed bar
    new_position_ms: int | None
    new_digest: bytes | None
    new_seq: int
    status: RunStatus
    status_detail: str | None = None
    health: RunHealth = "ok"
    equity: Decimal | None = None
    quantity: Decimal | None = None
    progress: float | None = None
    is_level: bool = False  # all that is recorded is folded: whatever this claim could fail at is behind it


@dataclass(frozen=True, slots=True)
class Runner:
    """A runner that lives."""

    id: UUID
    host: str
    version: str
    capacity: int
    lease_left_s: float
    runs: int
    backtests: int
    started_ms: int  # wall


def register(conn: Connection, runner_id: UUID, version: str, capacity: int, host: str, lease_s: float) -> None:
    """Make the runner known, alive for `lease_s` from now."""
    conn.execute(_SQL["forget_runners"])
    conn.execute(
        _SQL["register"],
        {"runner_id": runner_id, "version": version, "capacity": capacity, "host": host, "lease_s": lease_s},
    )


def renew(conn: Connection, runner_id: UUID, lease_s: float) -> bool:
    """Stay alive for `lease_s` from now. False: nobody knows this runner; register again."""
    return conn.execute(_SQL["renew"], {"runner_id": runner_id, "lease_s": lease_s}).rowcount == 1


def claim(conn: Connection, runner_id: UUID, engine_version: str, slots: Mapping[RunMode, int]) -> list[Run]:
    """Runs that nobody serves, as many as there are slots for their mode, oldest first: mine from here on.

    Only runs of this engine version. A run that was claimed MOST_ATTEMPTS times without a committed bar fails instead.
    """
    exhausted = conn.execute(_SQL["exhausted"], {"most": MOST_ATTEMPTS}).all()
    _log(conn, runner_id, [(row.id, "failed", row.detail) for row in exhausted])
    return _claim(conn, runner_id, [engine_version], slots)


def claim_older(conn: Connection, runner_id: UUID, engine_version: str, mode: RunMode = "paper") -> Run | None:
    """One run of an older engine version that nobody serves: to be folded again before it is moved or superseded."""
    versions = list(conn.scalars(_SQL["other_versions"], {"version": engine_version}))
    claimed = _claim(conn, runner_id, versions, {mode: 1})
    return claimed[0] if claimed else None


def owned(conn: Connection, runner_id: UUID) -> dict[int, int]:
    """Epochs of the runs that are this runner's now, by run."""
    return {row.id: row.epoch for row in conn.execute(_SQL["owned"], {"runner_id": runner_id})}


def fix_warmup(conn: Connection, runner_id: UUID, run_id: int, epoch: int, warmup_from_ms: int) -> bool:
    """Record where the fold starts, once, before the first bar. False: not mine, or fixed already."""
    given = {"runner_id": runner_id, "run_id": run_id, "epoch": epoch, "warmup_from_ms": warmup_from_ms}
    return conn.execute(_SQL["fix_warmup"], given).rowcount == 1


def move_version(conn: Connection, runner_id: UUID, run_id: int, epoch: int, engine_version: str) -> bool:
    """The run folds to the same rows under this version. False: not mine."""
    given = {"runner_id": runner_id, "run_id": run_id, "epoch": epoch, "version": engine_version}
    moved = conn.execute(_SQL["move_version"], given).rowcount == 1
    if moved:
        _log(conn, runner_id, [(run_id, "moved", f"to engine version {engine_version}")])
    return moved


def mark_failed(
    conn: Connection,
    runner_id: UUID,
    run_id: int,
    epoch: int,
    error: str,
    status: Failure = "failed",
) -> bool:
    """End a run that cannot go on, saying why. False: not mine any more."""
    given = {"runner_id": runner_id, "run_id": run_id, "epoch": epoch, "failure": error, "status": status}
    ended = conn.execute(_SQL["fail"], given).rowcount == 1
    if ended:
        _log(conn, runner_id, [(run_id, status, error)])
    return ended


def hand_back(conn: Connection, runner_id: UUID, run_id: int, epoch: int, reason: str) -> bool:
    """Let go of a run whose process died: whoever claims it next tries again, MOST_ATTEMPTS times in all."""
    handed = conn.execute(_SQL["hand_back"], {"runner_id": runner_id, "run_id": run_id, "epoch": epoch}).rowcount == 1
    if handed:
        _log(conn, runner_id, [(run_id, "handed_back", reason)])
    return handed


def vouch(conn: Connection, runner_id: UUID, run_ids: Iterable[int]) -> None:
    """Their claims were no failed attempts: it was the database that failed. Runs of others stay as they are."""
    conn.execute(_SQL["vouch"], {"runner_id": runner_id, "ids": array(run_ids)})


def release(conn: Connection, runner_id: UUID) -> list[int]:
    """Give all runs back and end the lease: the next runner takes over at once. Ids of the runs."""
    released = release_runs(conn, runner_id, None)
    conn.execute(_SQL["give_up"], {"runner_id": runner_id})
    return released


def release_runs(conn: Connection, runner_id: UUID, run_ids: Iterable[int] | None) -> list[int]:
    """Give some runs back (None: all of them). Ids of those that were this runner's."""
    ids = None if run_ids is None else array(run_ids)
    rows = conn.execute(_SQL["release"], {"runner_id": runner_id, "ids": ids}).all()
    _log(conn, runner_id, [(row.id, row.event, row.detail) for row in rows])
    return sorted(row.id for row in rows)


def runners(conn: Connection) -> list[Runner]:
    """Runners that live, oldest first."""
    return [Runner(*row) for row in conn.execute(_SQL["runners"])]


def _claim(conn: Connection, runner_id: UUID, versions: Sequence[str], slots: Mapping[RunMode, int]) -> list[Run]:
    ids: list[int] = []
    for mode, count in slots.items():
        wanted = {"mode": mode, "versions": array(versions), "slots": count}
        ids += conn.scalars(_SQL["candidates"], wanted) if count > 0 and versions else []
    if not ids:
        return []
    rows = conn.execute(_SQL["claim"], {"runner_id": runner_id, "ids": array(ids)}).all()
    _log(conn, runner_id, [(row.id, row.event, row.detail) for row in rows])
    return runs.get_many(conn, [row.id for row in rows])


def _log(conn: Connection, runner_id: UUID, entries: Sequence[tuple[int, str, str | None]]) -> None:
    if entries:
        ids, events, details = zip(*entries, strict=True)
        given = {"run_id": array(ids), "event": array(events), "detail": array(details)}
        conn.execute(_SQL["log"], {"who": f"runner {runner_id}", **given})
