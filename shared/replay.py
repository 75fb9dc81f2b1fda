"""A recorded run as a fold: what a runner recovers, and what a parity check folds again from its first bar.

Stands on the engine and on the store; they do not know each other. Rule: a fold made here reads the record only -
covered bars, assigned commands, and what the run pinned - so that everyone who makes one gets the same bits.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from sqlalchemy import Connection

from shared.domain.bar import Bars
from shared.domain.command import Command
from shared.domain.decision import Decision
from shared.domain.errors import InputError
from shared.domain.timeframe import MINUTE_MS
from shared.engine.fold import Fold, Snapshot, decisions
from shared.engine.setup import Setup
from shared.engine.version import ENGINE_VERSION
from shared.engine.warmup import folded_from
from shared.store import bars, commands, market, snapshots, strategies
from shared.store.decisions import read_decisions
from shared.store.runs import Run
from shared.strategy.load import load
from shared.strategy.plan import Plan
from shared.strategy.planning import plan_for

SLICE_MS = 20_000 * MINUTE_MS  # read and folded at a time


def plan_of(conn: Connection, run: Run) -> Plan:
    """The plan that a run folds. Raises InputError when its text no longer reads as it did."""
    text = strategies.get_version(conn, run.strategy_version).text
    return plan_for(
        load(text, f"{run.strategy}.yaml"), variant=run.variant, overrides=run.params, instrument=run.instrument
    )


def warmup_of(conn: Connection, run: Run, plan: Plan) -> int | None:
    """Where the run's fold starts; None while the record does not reach back far enough to say."""
    if run.warmup_from_ms is not None:
        return run.warmup_from_ms
    if bars.covered_until(conn, run.instrument_id, run.history_from_ms) > run.history_from_ms:
        return run.history_from_ms
    instrument = market.find_instrument(conn, run.instrument)
    if instrument is None or instrument.history_starts_ms is None:
        return None
    start = folded_from(run.start_ms, plan.settle_ms, instrument.history_starts_ms)
    return start if bars.covered_until(conn, run.instrument_id, start) > start else None


def fold_of(plan: Plan, run: Run, warmup_from_ms: int) -> Fold:
    """A run's fold before its first bar."""
    return Fold(plan, Setup(run.rules, run.costs, run.cash, run.start_ms, warmup_from_ms))


def recorded(conn: Connection, instrument_id: int, from_ms: int, to_ms: int) -> Iterator[Bars]:
    """Covered bars of [from_ms, to_ms) in slices, oldest first; ends where coverage ends."""
    until = min(to_ms, bars.covered_until(conn, instrument_id, from_ms))
    for start in range(from_ms, until, SLICE_MS):
        part = bars.read_columns(conn, instrument_id, start, min(until, start + SLICE_MS))
        if part.open_ms:
            yield part


def recover(conn: Connection, run: Run, plan: Plan, use_snapshots: bool = True) -> Fold:
    """The fold as its last commit left it: the newest snapshot and the tail, else everything again.

    The caller compares `digest` with the run's: they differ only if the record was changed behind the run.
    """
    if run.warmup_from_ms is None:
        raise InputError(f"run {run.id}", "a fold starts somewhere", None)
    fold = fold_of(plan, run, run.warmup_from_ms)
    if run.position_ms is None:
        return fold
    if use_snapshots:
        kept = snapshots.latest(conn, run.id, ENGINE_VERSION, fold.program, run.position_ms)
        if kept is not None:
            fold.restore(Snapshot(kept.plan_sha256, kept.position_ms, kept.seq, kept.digest, kept.f, kept.m))
    for _ in advance(conn, run, fold, run.position_ms):
        pass
    return fold


def advance(
    conn: Connection, run: Run, fold: Fold, until_ms: int, given: Sequence[Command] | None = None
) -> Iterator[list[Decision]]:
    """Fold recorded bars after the fold's position up to `until_ms` (inclusive); decisions, slice by slice."""
    known = commands.assigned(conn, run.id) if given is None else given
    for part in recorded(conn, run.instrument_id, fold.position_ms + MINUTE_MS, until_ms + MINUTE_MS):
        ahead = [command for command in known if command.effective_ms > fold.position_ms]
        yield decisions(fold.fold(part, ahead))
        if fold.has_ended:
            return


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a parity check found."""

    equal: bool
    decisions: int  # compared
    bars: int  # folded again
    difference: str | None = None  # the first one, in words


def check(conn: Connection, run: Run, on_slice: Callable[[int], None] | None = None) -> Verdict:
    """Fold a run again from its first bar, without snapshots, and compare every decision by value.

    `on_slice` is told the position reached after each slice.
    """
    if run.position_ms is None or run.warmup_from_ms is None:
        return Verdict(True, 0, 0)
    plan = plan_of(conn, run)
    fold = fold_of(plan, run, run.warmup_from_ms)
    compared = folded = 0
    kept = read_decisions(conn, run.id, run.rules)
    known = commands.assigned(conn, run.id)
    for part in recorded(conn, run.instrument_id, run.warmup_from_ms, run.position_ms + MINUTE_MS):
        ahead = [command for command in known if command.effective_ms > fold.position_ms]
        again = decisions(fold.fold(part, ahead))
        folded += len(part.open_ms)
        for decision in again:
            found = next(kept, None)
            compared += 1
            if found != decision:
                return Verdict(False, compared, folded, _difference(found, decision))
        if on_slice is not None:
            on_slice(fold.position_ms)
        if fold.has_ended:
            break
    if run.status == "stopped" and not fold.has_ended:
        for decision in decisions(fold.stop_here()):
            found = next(kept, None)
            compared += 1
            if found != decision:
                return Verdict(False, compared, folded, _difference(found, decision))
    extra = next(kept, None)
    if extra is not None:
        return Verdict(False, compared, folded, _difference(extra, None))
    if fold.position_ms != run.position_ms:
        return Verdict(False, compared, folded, f"position: recorded {run.position_ms}, folded {fold.position_ms}")
    if fold.digest != run.digest:
        recorded_digest = run.digest.hex() if run.digest is not None else None
        return Verdict(False, compared, folded, f"digest: recorded {recorded_digest}, folded {fold.digest.hex()}")
    return Verdict(True, compared, folded)


def _difference(found: Decision | None, folded: Decision | None) -> str:
    if found is None:
        return f"recorded nothing, folded {folded}"
    if folded is None:
        return f"recorded {found}, folded nothing"
    if type(found) is not type(folded):
        return f"seq {folded.seq}: recorded {found}, folded {folded}"
    for name, a, b in zip_longest(found._fields, found, folded):
        if a != b:
            return f"{type(found).__name__} seq {folded.seq}: {name} is recorded as {a}, folded as {b}"
    return f"recorded {found}, folded {folded}"


def started_at(run: Run, warmup_from_ms: int) -> Run:
    """The run with its fold's start fixed."""
    return replace(run, warmup_from_ms=warmup_from_ms)
