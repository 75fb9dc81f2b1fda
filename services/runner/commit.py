"""The one place where decided becomes durable: one fenced transaction for all runs of a runner.

    renew lease | compare-and-set of every run | decisions | commands get their minute | caches | COMMIT | tell

Rule: what does not come back from the compare-and-set is someone else's; its rows are not written and it is dropped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Connection, Engine

from services.runner.held import Held
from shared.domain.command import Command
from shared.domain.run import RunHealth
from shared.domain.timeframe import MINUTE_MS
from shared.engine.fold import Fold
from shared.engine.version import ENGINE_VERSION
from shared.store import counters, curves, database, decisions, ownership, snapshots
from shared.store.counters import Counter
from shared.store.ownership import Progress
from shared.store.snapshots import Snapshot

COUNTED_BARS = 15  # base bars between two writings of a run's counters


@dataclass(slots=True)
class Committed:
    """What a commit did."""

    told: list[Progress] = field(default_factory=list)  # of the runs that came back
    lost: list[int] = field(default_factory=list)  # runs that are not ours any more
    assigned: Mapping[int, list[Command]] = field(default_factory=dict)


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


def counting_round(run_id: int, position_ms: int) -> int:
    """Counters are written once a round. Those of runs that follow each other begin a minute apart: of many runs never
    more than one in COUNTED_BARS begins a round with the same bar.
    """
    return (position_ms // MINUTE_MS + run_id) // COUNTED_BARS


def commit(
    engine: Engine,
    runner_id: UUID,
    lease_s: float | None,
    runs: Sequence[tuple[Held, RunHealth]],
    snapshot_bars: int,
    asking: Sequence[Held] = (),
) -> Committed:
    """Commit what these runs have folded; give the commands of `asking` runs their minute as well.

    `lease_s` None: the lease stays as it is: renewed just now, or a child commits, who cannot vouch for its runner.

    Raises UnavailableError (forget everything and recover), DivergenceError (one of the runs has diverged).
    """
    steps = {held.run.id: (held, held.progress(health)) for held, health in runs}
    for held in asking:
        steps.setdefault(held.run.id, (held, held.progress(held.told[1])))
    with database.begin(engine) as conn:
        if lease_s is not None:
            ownership.renew(conn, runner_id, lease_s)
        back = ownership.commit_progress(conn, runner_id, [progress for _, progress in steps.values()])
        mine = [steps[run_id] for run_id in sorted(back)]
        decisions.write_decisions(conn, [(held.run.id, held.run.rules, held.rows) for held, _ in mine if held.rows])
        assigned = ownership.assign_commands(conn, {held.run.id: _last(held, step) for held, step in mine})
        snapped, counted = _write_caches(conn, mine, snapshot_bars)
    for held, step in mine:
        held.committed(step)
        held.obey(assigned.get(held.run.id, ()))
    for held in snapped:
        held.snapshot_at_ms = held.fold.position_ms
    for held in counted:
        held.counted_at_ms = held.fold.position_ms
    return Committed([step for _, step in mine], sorted(steps.keys() - back), assigned)


def _write_caches(
    conn: Connection, mine: Sequence[tuple[Held, Progress]], snapshot_bars: int
) -> tuple[list[Held], list[Held]]:
    """Snapshots, hours of curves, counters; the runs whose snapshots and whose counters were written."""
    snapped = [held for held, step in mine if _is_due(held, step, held.snapshot_at_ms, snapshot_bars)]
    if snapped:
        snapshots.write(conn, [snapshot_of(held) for held in snapped])
        curves.extend_levels(conn, [held.run.id for held in snapped])
    counted = [
        held
        for held, step in mine
        if _is_due(held, step, held.counted_at_ms, snapshot_bars) or _begins_round(held, step)
    ]
    counters.write(conn, [counter for held in counted for counter in counters_of(held.run.id, held.fold)])
    return snapped, counted


def _last(held: Held, step: Progress) -> int:
    return held.run.start_ms - MINUTE_MS if step.new_position_ms is None else step.new_position_ms


def _is_due(held: Held, step: Progress, written_ms: int, bars: int) -> bool:
    """Does a cache that was written at `written_ms` have to be written again: after so many bars, and at the end?"""
    if step.new_position_ms is None:
        return False
    return step.status in ("stopped", "finished") or step.new_position_ms - written_ms >= bars * MINUTE_MS


def _begins_round(held: Held, step: Progress) -> bool:
    """Not with a snapshot: those of runs that were claimed together come together."""
    if step.new_position_ms is None:
        return False
    before, now = (counting_round(held.run.id, ms) for ms in (held.counted_at_ms, step.new_position_ms))
    return before != now
