"""Runs that are ours and do not fold yet: where their folds will start, and how much of their history is there."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import Connection

from shared import replay
from shared.domain.run import RunHealth, RunStatus
from shared.domain.timeframe import MINUTE_MS
from shared.store import bars, market, ownership
from shared.store.ownership import Progress
from shared.store.runs import Run
from shared.strategy.plan import Plan


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that is ours and does not fold yet: its history is not there, or no child is free for it."""

    run: Run
    plan: Plan
    share: float | None = None  # of its history that is there; None: all of it

    @property
    def is_ready(self) -> bool:
        return self.share is None

    def step(self, status: RunStatus) -> Progress:
        """What is committed of a run that has folded nothing."""
        run, health = self.run, self.health if status == "warming" else "ok"
        share = (1.0 if self.share is None else self.share) if status == "warming" else None
        return Progress(
            run.id, run.epoch, None, None, None, None, 0, status, health=health, equity=run.cash, progress=share
        )

    @property
    def health(self) -> RunHealth:
        return "waiting_for_runner" if self.is_ready else "waiting_for_history"


def look(conn: Connection, runner_id: UUID, waiting: Waiting) -> Waiting:
    """The run with its fold's start fixed as soon as the record allows, and what it still waits for.

    A live run folds as far as the record reaches; a backtest begins when all of it is there.
    """
    run, plan = waiting.run, waiting.plan
    start_ms = replay.warmup_of(conn, run, plan)
    if run.warmup_from_ms is None and start_ms is not None:
        if not ownership.fix_warmup(conn, runner_id, run.id, run.epoch, start_ms):
            start_ms = None
        run = replace(run, warmup_from_ms=start_ms)
    if start_ms is None or (run.end_ms or 0) > bars.covered_until(conn, run.instrument_id, start_ms):
        return Waiting(run, plan, _share(conn, run))
    return Waiting(run, plan)


def _share(conn: Connection, run: Run) -> float:
    """How much of a run's history is there, 0..1, in steps that are worth a commit."""
    instrument = market.find_instrument(conn, run.instrument)
    begins_ms = 0 if instrument is None or instrument.history_starts_ms is None else instrument.history_starts_ms
    first_ms = max(run.history_from_ms, begins_ms)
    last_ms = max(run.start_ms if run.end_ms is None else run.end_ms, first_ms + MINUTE_MS)
    missing = sum(end - start for start, end in bars.missing(conn, run.instrument_id, (first_ms, last_ms)))
    return round(1.0 - missing / (last_ms - first_ms), 2)
