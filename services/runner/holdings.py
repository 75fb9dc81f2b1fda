"""What a runner has of its runs: those in memory, those that wait, those in children; and how one fails alone."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Engine

from services.runner.children import Children
from services.runner.held import Held
from services.runner.waiting import Waiting
from shared import log, metrics
from shared.store import database, ownership

FAILED = metrics.counter("paperfold_runs_failed_total", "Folds that raised, and divergences")
LOST = metrics.counter("paperfold_runs_lost_total", "Runs that were taken from this process while it lived")

_log = log.get("runner")


class Holdings:
    """The runs of one runner, by id. A run is in one of the three places, or about to be opened."""

    def __init__(self, engine: Engine, runner_id: UUID, children: Children) -> None:
        self.runner_id = runner_id
        self.held: dict[int, Held] = {}
        self.waiting: dict[int, Waiting] = {}
        self.children = children
        self.asked: set[int] = set()  # runs that have a command without a minute
        self.sound: set[int] = set()  # runs that were in memory when the database failed
        self._engine = engine

    def drop(self, run_id: int) -> None:
        """Forget a run."""
        self.held.pop(run_id, None)
        self.waiting.pop(run_id, None)

    def drop_lost(self, owned: Mapping[int, int]) -> None:
        """Forget runs that someone else has taken over meanwhile; `owned`: epochs of those that are ours."""
        here = {run_id: held.run.epoch for run_id, held in self.held.items()}
        here |= {run_id: waiting.run.epoch for run_id, waiting in self.waiting.items()}
        for run_id, epoch in here.items():
            if owned.get(run_id) != epoch:
                self.lose(run_id)

    def lose(self, run_id: int) -> None:
        """Forget a run that is someone else's by now."""
        _log.warning("run_lost", run=run_id)
        LOST.inc()
        self.drop(run_id)

    def fail(self, run_id: int, epoch: int, reason: str, status: ownership.Failure = "failed") -> None:
        """Forget a run that cannot go on, and record why. The others go on."""
        self.drop(run_id)
        _log.error("run_failed", run=run_id, reason=reason, status=status)
        FAILED.inc()
        with database.begin(self._engine) as conn:
            ownership.mark_failed(conn, self.runner_id, run_id, epoch, reason, status)

    def forget(self) -> None:
        """Forget all of them; children end."""
        self.sound |= self.held.keys()
        self.held.clear()
        self.waiting.clear()
        self.children.stop()
