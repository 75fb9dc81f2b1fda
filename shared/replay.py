"""A recorded run as a fold: what a runner recovers, and what a parity check folds again from its first bar.

Stands on the engine and on the store; they do not know each other. Rule: a fold made here reads the record only -
covered bars, assigned commands, and what the run pinned - so that everyone who makes one gets the same bits.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import zip_longest

from sqlalchemy import Connection, Engine

from shared.domain.bar import Bars
from shared.domain.command import Command
from shared.domain.decision import Decision
from shared.domain.errors import DivergenceError, InputError, OutOfRangeError
from shared.domain.timeframe import MINUTE_MS
from shared.engine.fold import Fold, Snapshot, decisions
from shared.engine.setup import Setup
from shared.engine.version import ENGINE_VERSION
from shared.engine.warmup import folded_from
from shared.store import bars, commands, database, market, runs, snapshots, strategies
from shared.store.decisions import read_decisions
from shared.store.rows import LAYOUT, Scale, columns, to_row
from shared.store.runs import Run
from shared.strategy.load import load
from shared.strategy.plan import Plan
from shared.strategy.planning import plan_for

SLICE_MS = 20_000 * MINUTE_MS  # read and folded at a time

Reading = Callable[[], AbstractContextManager[Connection]]  # a transaction, or a part of one


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


def begun(conn: Connection, run: Run, plan: Plan, use_snapshots: bool = True) -> Fold:
    """What a recovery starts from: the newest snapshot that is this fold's, else the fold before its first bar."""
    if run.warmup_from_ms is None:
        raise InputError(f"run {run.id}", "a fold starts somewhere", None)
    fold = fold_of(plan, run, run.warmup_from_ms)
    if use_snapshots and run.position_ms is not None:
        kept = snapshots.latest(conn, run.id, ENGINE_VERSION, fold.program, run.position_ms)
        if kept is not None:
            fold.restore(Snapshot(kept.plan_sha256, kept.position_ms, kept.seq, kept.digest, kept.f, kept.m))
    return fold


def recover(engine: Engine, run: Run, fold: Fold) -> None:
    """Fold on to the run's last commit, in short transactions: nothing waits for the fold.

    The caller compares `digest` with the run's: they differ only if the record was changed behind the run.
    """
    if run.position_ms is None:
        return
    with database.begin(engine) as conn:
        known = commands.assigned(conn, run.id)
    while fold.position_ms < run.position_ms and not fold.has_ended:
        with database.begin(engine) as conn:
            start_ms, end_ms = fold.position_ms + MINUTE_MS, run.position_ms + MINUTE_MS
            part = next(recorded(conn, run.instrument_id, start_ms, end_ms), None)
        if part is None:
            return
        fold.fold(part, [command for command in known if command.effective_ms > fold.position_ms])


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a parity check found."""

    equal: bool
    decisions: int  # compared
    bars: int  # folded again
    difference: str | None = None  # the first one, in words


def check(conn: Connection, run: Run, on_slice: Callable[[int], None] | None = None) -> Verdict:
    """Fold a run again from its first bar, without snapshots, and compare every decision by value.

    `on_slice` is told the position reached after each slice. The whole of it happens inside the caller's transaction.
    """
    return _Check(lambda: nullcontext(conn), run).verdict(on_slice)


def check_apart(engine: Engine, run: Run, on_slice: Callable[[int], None] | None = None) -> Verdict:
    """The same in many short transactions, as a long fold needs it; also while the run goes on.

    Nothing changes in between: bars, decisions up to the run's seq, and commands up to its position stay as they are.
    """
    return _Check(lambda: database.long_read(engine), run).verdict(on_slice)


class _DifferentError(Exception):
    """The first difference."""


@dataclass(slots=True)
class _Check:
    """A run as its row stands, and how far it has been compared."""

    reading: Reading
    run: Run
    seq: int = field(default=0, init=False)  # compared up to here
    decisions: int = field(default=0, init=False)
    bars: int = field(default=0, init=False)

    def verdict(self, on_slice: Callable[[int], None] | None) -> Verdict:
        try:
            self._compare_all(on_slice)
        except (_DifferentError, DivergenceError) as error:
            return Verdict(False, self.decisions, self.bars, str(error))
        return Verdict(True, self.decisions, self.bars)

    def _compare_all(self, on_slice: Callable[[int], None] | None) -> None:
        run = self.run
        if run.position_ms is not None and run.warmup_from_ms is not None:
            with self.reading() as conn:
                plan, given = plan_of(conn, run), commands.assigned(conn, run.id)
            fold = fold_of(plan, run, run.warmup_from_ms)
            self._fold(fold, given, on_slice)
            if fold.position_ms != run.position_ms:
                said = f"position: recorded {run.position_ms}, folded {fold.position_ms}"
                raise _DifferentError(said + self._uncovered(run.warmup_from_ms, run.position_ms))
            if run.status == "stopped" and not fold.has_ended:
                self._compare(decisions(fold.stop_here()), fold.seq)
            self._compare([], run.seq)
            if fold.seq != run.seq:
                raise _DifferentError(f"seq: recorded {run.seq}, folded {fold.seq}")
            if fold.digest != run.digest:
                recorded_digest = None if run.digest is None else run.digest.hex()
                raise _DifferentError(f"digest: recorded {recorded_digest}, folded {fold.digest.hex()}")
        self._refuse_rows_behind()

    def _fold(self, fold: Fold, given: Sequence[Command], on_slice: Callable[[int], None] | None) -> None:
        run, start_ms = self.run, fold.position_ms + MINUTE_MS
        with self.reading() as conn:
            until_ms = min((run.position_ms or 0) + MINUTE_MS, bars.covered_until(conn, run.instrument_id, start_ms))
        for at in range(start_ms, until_ms, SLICE_MS):
            with self.reading() as conn:
                part = bars.read_columns(conn, run.instrument_id, at, min(until_ms, at + SLICE_MS))
            ahead = [command for command in given if command.effective_ms > fold.position_ms]
            try:
                again = decisions(fold.fold(part, ahead))
            except OutOfRangeError as error:
                raise _DifferentError(f"the fold fails: {error}") from error
            self.bars += len(part.open_ms)
            self._compare(again, fold.seq)
            if on_slice is not None:
                on_slice(fold.position_ms)
            if fold.has_ended:
                return

    def _uncovered(self, first_ms: int, last_ms: int) -> str:
        """Minutes that the run has folded and the record no longer holds as decided, in words; nothing, if none."""
        with self.reading() as conn:
            missing = bars.missing(conn, self.run.instrument_id, (first_ms, last_ms + MINUTE_MS))
        return f"; not covered: {', '.join(f'[{start}, {end})' for start, end in missing[:3])}" if missing else ""

    def _compare(self, again: Sequence[Decision], until_seq: int) -> None:
        """Recorded decisions up to `until_seq`, at most the run's, against those folded again."""
        run, until_seq = self.run, min(until_seq, self.run.seq)
        with self.reading() as conn:
            kept = read_decisions(conn, run.id, run.rules, self.seq, until_seq)
            for found, folded in zip_longest(kept, again):
                self.decisions += 1
                if found != folded:
                    raise _DifferentError(_difference(run, found, folded))
        self.seq = max(self.seq, until_seq)

    def _refuse_rows_behind(self) -> None:
        """Rows behind the run's seq: none, or those of bars that were committed since its row was read."""
        with self.reading() as conn:
            stray = next(read_decisions(conn, self.run.id, self.run.rules, self.run.seq), None)
            if stray is not None and stray.seq > runs.get(conn, self.run.id).seq:
                raise _DifferentError(_difference(self.run, stray, None))


def _difference(run: Run, found: Decision | None, folded: Decision | None) -> str:
    """The first column that differs, as the tables spell it."""
    if found is None or folded is None:
        return f"recorded {_spell(run, found)}, folded {_spell(run, folded)}"
    if type(found) is not type(folded):
        return f"seq {folded.seq}: recorded {_spell(run, found)}, folded {_spell(run, folded)}"
    scale = Scale.of(run.rules)
    table = LAYOUT[type(folded)][0].name
    for name, a, b in zip(columns(type(folded)), to_row(scale, found), to_row(scale, folded), strict=True):
        if a != b:
            return f"{table} seq {folded.seq}: {name} is recorded as {_plain(a)}, folded as {_plain(b)}"
    return f"recorded {found}, folded {folded}"


def _spell(run: Run, decision: Decision | None) -> str:
    if decision is None:
        return "nothing"
    values = to_row(Scale.of(run.rules), decision)
    parts = (f"{name} {_plain(value)}" for name, value in zip(columns(type(decision)), values, strict=True))
    return f"{LAYOUT[type(decision)][0].name} ({', '.join(parts)})"


def _plain(value: object) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
