"""The runner's loop: claim, fold, commit, tell. Safe to kill at any line: start-up is recovery.

Rule: after any error of the database everything in memory is forgotten and read again; there is no second way back.
"""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal
from uuid import UUID, uuid4

from redis import Redis
from sqlalchemy import Engine

from services.runner import claims
from services.runner.children import Children
from services.runner.claims import Waiting, waiting_step
from services.runner.commit import commit
from services.runner.held import Held
from services.runner.source import SLICE_MS, Slices, Source, joined
from services.runner.watch import Clock, health_of
from shared import log, metrics
from shared.bus import pubsub
from shared.bus.codec import RunEvent
from shared.domain.errors import DivergenceError, PaperfoldError, UnavailableError
from shared.domain.run import RunHealth, RunMode
from shared.domain.timeframe import MINUTE_MS
from shared.engine.version import ENGINE_VERSION
from shared.settings import Runner as RunnerSettings
from shared.store import commands, database, ownership
from shared.store.ownership import Progress
from shared.store.runs import Run
from shared.strategy.plan import Plan

BARS = metrics.counter("paperfold_bars_folded_total", "Base bars folded, over all runs")
COMMIT_SECONDS = metrics.histogram("paperfold_commit_seconds", "One fenced transaction, decisions included")
HELD = metrics.gauge("paperfold_runs_held", "Runs in memory")
FAILED = metrics.counter("paperfold_runs_failed_total", "Folds that raised, and divergences")
RECOVERED = metrics.counter("paperfold_runs_recovered_total", "Runs brought into memory")

BLOCK_MS = 200  # longest wait for a bar; commands and stops are looked at in between


class Runner:
    """One runner process. `stop` set: commits, writes snapshots, gives its runs back and returns."""

    def __init__(self, settings: RunnerSettings, engine: Engine, bus: Redis, children: Children) -> None:
        self.settings = settings
        self.engine = engine
        self.bus = bus
        self.children = children
        self.id: UUID = uuid4()
        self.held: dict[int, Held] = {}
        self.waiting: dict[int, Waiting] = {}
        self.asked: set[int] = set()  # runs that have a command without a minute
        self.behind: set[int] = set()  # runs that the record has more for
        self.source = Source(bus)
        self.clock = Clock()
        self.log = log.get("runner")
        self._registered = False
        self._next_round = 0.0
        self._control: pubsub.Subscription | None = None

    def run(self, stop: threading.Event) -> None:
        """Fold until `stop` is set."""
        while not stop.is_set():
            try:
                self._round()
            except UnavailableError as error:
                self.log.warning("unavailable", error=str(error), forgotten=len(self.held))
                self._forget()
                stop.wait(0.5)
        self._release()

    # --- one round ---------------------------------------------------------------------------------------------------

    def _round(self) -> None:
        woken = self._woken()
        due = woken or time.monotonic() >= self._next_round
        if due:
            self._next_round = time.monotonic() + self.settings.poll_s
            self._keep_house()
        self._stop_those_asked()
        if not self._catch_up(everyone=due) and self.held:
            self._take_new(1 if due else BLOCK_MS)
        elif not self.held:
            time.sleep(min(0.1, self.settings.poll_s))
        self._commit()

    def _woken(self) -> bool:
        """Did someone say that PostgreSQL has something new?"""
        try:
            if self._control is None:
                self._control = pubsub.Subscription(self.bus, "control")
            woken = False
            while self._control.next() is not None:
                woken = True
            return woken
        except UnavailableError:
            self._control = None
            return False

    def _keep_house(self) -> None:
        """Lease, clock, claims, runs that wait for history, children."""
        with database.begin(self.engine) as conn:
            if not self._registered or not ownership.renew(conn, self.id, self.settings.lease_s):
                host = socket.gethostname()
                version, capacity = ENGINE_VERSION, self.settings.capacity
                ownership.register(conn, self.id, version, capacity, host, self.settings.lease_s)
                self._registered = True
            self.clock.measure(conn)
            known = {*self.held, *self.waiting, *self.children.runs()}
            claimed = [run for run in ownership.owned(conn, self.id) if run.id not in known]
            live = len(self.held) + len(self.waiting) + self.children.count("paper")
            slots: dict[RunMode, int] = {
                "paper": max(0, self.settings.capacity - live),
                "backtest": max(0, 1 - self.children.count("backtest")),
            }
            claimed += ownership.claim(conn, self.id, ENGINE_VERSION, slots)
            self.asked = commands.has_waiting(conn, list(self.held))
        for run_id in self.children.finished():
            self.log.info("child_finished", run=run_id)
        for run_id, epoch, reason in self.children.failed():
            self._fail(run_id, epoch, reason)
        for run in [*claimed, *(waiting.run for waiting in self.waiting.values())]:
            self._open(run)
        self.source.follow(list(self.held.values()))

    def _open(self, run: Run) -> None:
        """Bring a claimed run into memory, hand it to a child, or let it wait for its history."""
        try:
            with database.begin(self.engine) as conn:
                run, plan, is_ready = claims.open_run(conn, self.id, run)
                long = is_ready and claims.bars_to_fold(conn, run, plan) > claims.CHILD_FROM_BARS
                if not is_ready:
                    self._wait(run, plan)
                    return
                self.waiting.pop(run.id, None)
                if run.mode == "backtest" or long:
                    self.children.start(run, self.id)
                    return
                held = claims.recover(conn, run, plan)
        except DivergenceError as error:
            self._fail(run.id, run.epoch, str(error), "diverged")
        except UnavailableError:
            raise
        except PaperfoldError as error:
            self._fail(run.id, run.epoch, str(error))
        except Exception as error:
            self.log.exception("recovery_raised", run=run.id)
            self._fail(run.id, run.epoch, f"{type(error).__name__}: {error}")
        else:
            self.held[run.id] = held
            RECOVERED.inc()
            self.log.info("run_resumed", run=run.id, position_ms=run.position_ms, seq=run.seq, epoch=run.epoch)

    def _wait(self, run: Run, plan: Plan) -> None:
        """Let a run wait for its history; one that is told to stop meanwhile has nothing to fold, and is stopped."""
        with database.begin(self.engine) as conn:
            stops = any(command.kind == "stop" for command in commands.list_commands(conn, run.id))
            if run.id in self.waiting and not stops:
                return
            step = waiting_step(run, "stopped" if stops else "warming")
            back = ownership.commit_progress(conn, self.id, [step])
            ownership.assign_commands(conn, dict.fromkeys(back, run.start_ms - MINUTE_MS))
        if back and not stops:
            self.waiting[run.id] = Waiting(run, plan)
        else:
            self.waiting.pop(run.id, None)
        self._tell([step] if back else [])

    def _stop_those_asked(self) -> None:
        for held in self.held.values():
            held.stop_if_asked()

    def _catch_up(self, everyone: bool) -> bool:
        """Read the record for runs that are behind the stream; all of them now and then, for the stream may be gone."""
        behind = [
            held
            for held in self.held.values()
            if not held.fold.has_ended and (everyone or held.run.id in self.behind or self.source.is_behind(held))
        ]
        if not behind:
            return False
        with database.begin(self.engine) as conn:
            slices = Slices(conn)
            found = [(held, new) for held in behind if (new := slices.after(held)) is not None]
        self.behind = {held.run.id for held, (_, until_ms) in found if until_ms - held.cursor_ms >= SLICE_MS}
        for held, (bars, until_ms) in found:
            self._guarded(held, partial(held.take, bars, until_ms))
            BARS.inc(len(bars.open_ms))
        return bool(found)

    def _take_new(self, block_ms: int) -> bool:
        try:
            found = self.source.read(block_ms)
        except UnavailableError as error:
            self.log.warning("bus_unavailable", error=str(error))
            time.sleep(0.2)  # the record is polled meanwhile
            return False
        for held in list(self.held.values()):
            entries = found.get(held.run.instrument)
            if entries:
                bars, until_ms = joined(entries, held.cursor_ms)
                self._guarded(held, partial(held.take, bars, until_ms))
                BARS.inc(len(bars.open_ms))
        return bool(found)

    def _guarded(self, held: Held, fold: Callable[[], None]) -> None:
        """A fold that raises fails its run alone."""
        try:
            fold()
        except Exception as error:
            self.log.exception("fold_raised", run=held.run.id)
            self._fail(held.run.id, held.run.epoch, f"bar after {held.fold.position_ms}: {error}")

    # --- becoming durable --------------------------------------------------------------------------------------------

    def _commit(self) -> None:
        changed = [(held, health) for held in self.held.values() if held.differs(health := health_of(held, self.clock))]
        asking = [held for run_id, held in self.held.items() if run_id in self.asked and not held.fold.has_ended]
        self.asked = set()
        if changed or asking:
            with COMMIT_SECONDS.time():
                self._commit_these(changed, asking)
        HELD.set(len(self.held))

    def _commit_these(self, changed: Sequence[tuple[Held, RunHealth]], asking: Sequence[Held]) -> None:
        lease_s, snapshot_bars = self.settings.lease_s, self.settings.snapshot_bars
        try:
            done = commit(self.engine, self.id, lease_s, changed, snapshot_bars, asking)
        except DivergenceError as error:
            if len(changed) > 1 or asking:  # which one? each by itself
                for one in changed:
                    self._commit_these([one], [])
                return
            held = changed[0][0]
            self._fail(held.run.id, held.run.epoch, str(error), "diverged")
            return
        for run_id in done.lost:
            self.log.warning("run_lost", run=run_id)
            self.held.pop(run_id, None)
        for progress in done.told:
            if progress.status in ("stopped", "finished"):
                self.held.pop(progress.run_id, None)
                self.log.info("run_ended", run=progress.run_id, status=progress.status)
        self._tell(done.told)

    def _tell(self, told: Sequence[Progress]) -> None:
        events = [RunEvent(p.run_id, p.new_seq, p.new_position_ms, p.status, p.health) for p in told]
        if events:
            try:
                pubsub.publish_runs(self.bus, events)
            except UnavailableError:
                self.log.debug("not_told", runs=len(events))

    def _fail(
        self, run_id: int, epoch: int, reason: str, status: Literal["failed", "diverged", "superseded"] = "failed"
    ) -> None:
        self.held.pop(run_id, None)
        self.waiting.pop(run_id, None)
        self.log.error("run_failed", run=run_id, reason=reason, status=status)
        FAILED.inc()
        with database.begin(self.engine) as conn:
            ownership.mark_failed(conn, self.id, run_id, epoch, reason, status)

    def _forget(self) -> None:
        self.held.clear()
        self.waiting.clear()
        self.children.stop()
        self._next_round = 0.0

    def _release(self) -> None:
        """Commit what is folded, write snapshots, give the runs back."""
        self.children.stop()
        try:
            changed = [(held, held.told[1]) for held in self.held.values()]
            commit(self.engine, self.id, self.settings.lease_s, changed, 1)
            with database.begin(self.engine) as conn:
                released = ownership.release(conn, self.id)
            self.log.info("released", runs=len(released))
        except PaperfoldError as error:
            self.log.warning("not_released", error=str(error))
