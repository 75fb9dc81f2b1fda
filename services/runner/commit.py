"""The one place where decided becomes durable: one fenced transaction for all runs of a runner.

    compare-and-set of every run, decisions, commands get their minute: one statement | caches, now and then | tell

Rule: what does not come back from the compare-and-set is someone else's; its rows are not written and it is dropped.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Connection, Engine

from services.runner.held import Held
from shared.domain.run import RunHealth
from shared.domain.timeframe import MINUTE_MS
from shared.engine.fold import Fold
from shared.engine.version import ENGINE_VERSION
from shared.store import commits, counters, curves, database, snapshots
from shared.store.counters import Counter
from shared.store.ownership import Progress
from shared.store.snapshots import Snapshot

COUNTED_BARS = 15  # base bars between two writings of a run's counters, if not of its snapshots


@dataclass(slots=True)
class Committed:
    """What a commit did."""

    told: list[Progress] = field(default_factory=list)  # of the runs that came back
    lost: list[int] = field(default_factory=list)  # runs that are not ours any more


def snapshot_of(held: Held) -> Snapshot:
    """A run's state as a row."""
    state = held.fold.snapshot()
    return Snapshot(
        held.run.id, state.position_ms, ENGINE_VERSION, state.program, state.seq, state.digest, state.f, state.m
    )


def counters_of(run_id: int, fold: Fold) -> list[Counter]:
    """What a run's rules have come to, as rows."""
    return [
        Counter(run_id, number, one.side, one.place, one.text, one.evaluated, one.held, one.not_ready, fold.position_ms)
        for number, one in enumerate(fold.rule_counts(), 1)
    ]


def round_of(run_id: int, position_ms: int, bars: int) -> int:
    """Caches are written once a round of so many bars. Rounds of runs that follow each other begin a minute apart: of
    many runs that were claimed together, never more than one in `bars` writes with the same commit.
    """
    return (position_ms // MINUTE_MS + run_id) // bars


def commit(
    engine: Engine,
    runner_id: UUID,
    runs: Sequence[tuple[Held, RunHealth]],
    snapshot_bars: int,
    asking: Sequence[Held] = (),
) -> Committed:
    """Commit what these runs have folded; give the commands of `asking` runs their minute as well.

    Snapshots are written every `snapshot_bars`; 0: with this commit.
    Raises UnavailableError (forget everything and recover), DivergenceError (one of the runs has diverged).
    """
    steps = {held.run.id: (held, held.progress(health)) for held, health in runs}
    for held in asking:
        steps.setdefault(held.run.id, (held, held.progress(held.told[1])))
    caches = _Caches.due(steps.values(), snapshot_bars)
    with database.begin(engine) if caches else database.at_once(engine) as conn:
        done = commits.commit(
            conn,
            runner_id,
            [step for _, step in steps.values()],
            [(held.run.id, held.run.rules, held.rows) for held, _ in steps.values() if held.rows],
        )
        caches.without(done.lost).write(conn)
    mine = [steps[run_id] for run_id in sorted(steps.keys() - done.lost)]
    for held, step in mine:
        held.committed(step)
        held.obey(done.assigned.get(held.run.id, ()))
    for held in caches.snapped:
        held.snapshot_at_ms = held.fold.position_ms
    for held in caches.counted:
        held.counted_at_ms = held.fold.position_ms
    return Committed([step for _, step in mine], sorted(done.lost))


@dataclass(slots=True)
class _Caches:
    """Runs whose snapshots and hours of curves, and whose counters, are written with this commit."""

    snapped: list[Held]
    counted: list[Held]

    @classmethod
    def due(cls, runs: Iterable[tuple[Held, Progress]], snapshot_bars: int) -> "_Caches":
        snapped, counted = [], []
        for held, step in runs:
            if _is_due(held, step, held.snapshot_at_ms, snapshot_bars):
                snapped.append(held)
            if _is_due(held, step, held.counted_at_ms, min(snapshot_bars, COUNTED_BARS)):
                counted.append(held)
        return cls(snapped, counted)

    def __bool__(self) -> bool:
        return bool(self.snapped or self.counted)

    def without(self, lost: Container[int]) -> "_Caches":
        for runs in (self.snapped, self.counted):
            runs[:] = [held for held in runs if held.run.id not in lost]
        return self

    def write(self, conn: Connection) -> None:
        if self.snapped:
            snapshots.write(conn, [snapshot_of(held) for held in self.snapped])
            curves.extend_levels(conn, [held.run.id for held in self.snapped])
        counters.write(conn, [counter for held in self.counted for counter in counters_of(held.run.id, held.fold)])


def _is_due(held: Held, step: Progress, written_ms: int, bars: int) -> bool:
    """Does a cache that was written at `written_ms` have to be written again: in another round, at the end, or always
    (0 bars)?
    """
    if step.new_position_ms is None:
        return False
    if bars == 0 or step.status in ("stopped", "finished"):
        return True
    return round_of(held.run.id, written_ms, bars) != round_of(held.run.id, step.new_position_ms, bars)
