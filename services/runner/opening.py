"""From a claimed row to a run in memory, in a child, or among those that wait for their history or for a child."""

import gc
import time
from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import Engine

from services.runner import recovery, waiting
from services.runner.bus import Bus
from services.runner.holdings import Holdings
from services.runner.waiting import Waiting
from shared import log, metrics, replay
from shared.domain.errors import DivergenceError, PaperfoldError, UnavailableError
from shared.engine.fold import Fold
from shared.engine.version import ENGINE_VERSION
from shared.store import commands, commits, database
from shared.store.runs import Run

RECOVERED = metrics.counter("paperfold_runs_recovered_total", "Runs brought into memory")

_log = log.get("runner")


class Opening:
    """Opens the runs of one runner. One that cannot be opened fails alone."""

    def __init__(self, engine: Engine, holdings: Holdings, bus: Bus) -> None:
        self._engine = engine
        self._holdings = holdings
        self._bus = bus

    def open_those(self, fresh: Sequence[Run], until: float) -> bool:
        """Claimed runs, then those that wait, the longest unseen first; what does not fit into a round comes next.

        `until`: by the monotonic clock. False: it passed among the claimed runs, and the next round should not wait.
        """
        before = len(self._holdings.held)
        is_in_time = self._open_some(fresh, until)
        if len(self._holdings.held) > before:
            _settle()
        return is_in_time

    def _open_some(self, fresh: Sequence[Run], until: float) -> bool:
        for run in fresh:
            self._guarded(run, partial(self._begin, run))
            if time.monotonic() > until:
                return False
        for one in list(self._holdings.waiting.values()):
            self._guarded(one.run, partial(self._open, one))
            if time.monotonic() > until:
                break
        return True

    def _guarded(self, run: Run, work: Callable[[], None]) -> None:
        try:
            work()
        except UnavailableError:
            raise
        except DivergenceError as error:
            self._holdings.fail(run.id, run.epoch, str(error), "diverged")
        except PaperfoldError as error:
            self._holdings.fail(run.id, run.epoch, str(error))
        except Exception as error:
            _log.exception("recovery_raised", run=run.id)
            self._holdings.fail(run.id, run.epoch, f"{type(error).__name__}: {error}")

    def _begin(self, run: Run) -> None:
        with database.begin(self._engine) as conn:
            plan = replay.plan_of(conn, run)
        self._open(Waiting(run, plan))

    def _open(self, before: Waiting) -> None:
        holdings = self._holdings
        is_older = before.run.engine_version != ENGINE_VERSION  # a child judges it
        with database.begin(self._engine) as conn:
            now = before if is_older else waiting.look(conn, holdings.runner_id, before)
        if not now.is_ready:
            self._wait(now)
        elif not is_older and (fold := self._begun(now)) is not None:
            self._take_in(now, fold)
        elif not holdings.children.has(now.run.mode):
            holdings.waiting.pop(now.run.id, None)
            holdings.children.start(now.run, holdings.runner_id)
        else:
            self._wait(now)

    def _begun(self, now: Waiting) -> Fold | None:
        """Where the fold of a live run goes on; None of one that is a child's work."""
        if now.run.mode != "paper":
            return None
        with database.begin(self._engine) as conn:
            fold = replay.begun(conn, now.run, now.plan)
            is_long = recovery.bars_to_fold(conn, now.run, fold) > recovery.CHILD_FROM_BARS
        return None if is_long else fold

    def _take_in(self, now: Waiting, fold: Fold) -> None:
        run = now.run
        self._holdings.waiting.pop(run.id, None)
        self._holdings.held[run.id] = recovery.recover(self._engine, run, now.plan, fold)
        RECOVERED.inc()
        _log.info("run_resumed", run=run.id, position_ms=run.position_ms, seq=run.seq, epoch=run.epoch)

    def _wait(self, now: Waiting) -> None:
        """Let a run wait, and say so; one that is told to stop meanwhile has nothing to fold, and is stopped."""
        holdings, run = self._holdings, now.run
        before = holdings.waiting.pop(run.id, None)
        holdings.waiting[run.id] = now
        is_told = before is not None and before.share == now.share
        if run.position_ms is not None or (is_told and run.id not in holdings.asked):
            return
        with database.begin(self._engine) as conn:
            stops = any(command.kind == "stop" for command in commands.list_commands(conn, run.id))
            if is_told and not stops:
                return
            step = now.step("stopped" if stops else "warming")
            is_lost = bool(commits.commit(conn, holdings.runner_id, [step]).lost)
        if stops or is_lost:
            holdings.waiting.pop(run.id, None)
        self._bus.tell([] if is_lost else [step])


def _settle() -> None:
    """Runs in memory stay: with 1,000 of them the collector took 75 ms to see that, amid a bar."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
