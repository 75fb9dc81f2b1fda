"""The runner's loop: claim, fold, commit, tell. Safe to kill at any line: start-up is recovery.

Rule: after any error of the database everything in memory is forgotten and read again; there is no second way back.
"""

import gc
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from uuid import UUID, uuid4

from redis import Redis
from sqlalchemy import Connection, Engine

from services.runner import claims
from services.runner.children import Children
from services.runner.claims import Waiting
from services.runner.commit import commit
from services.runner.held import Held
from services.runner.source import News, Slices, Source
from services.runner.watch import Clock, health_of
from shared import log, metrics, replay
from shared.bus import pubsub
from shared.bus.codec import RunEvent
from shared.domain.errors import DivergenceError, PaperfoldError, UnavailableError
from shared.domain.run import RunHealth, RunMode
from shared.engine.version import ENGINE_VERSION
from shared.settings import Runner as RunnerSettings
from shared.store import commands, commits, database, ownership, runs
from shared.store.ownership import Progress
from shared.store.runs import Run

BARS = metrics.counter("paperfold_bars_folded_total", "Base bars folded, over all runs")
COMMIT_SECONDS = metrics.histogram("paperfold_commit_seconds", "One fenced transaction, decisions included")
HELD = metrics.gauge("paperfold_runs_held", "Runs in memory")
FAILED = metrics.counter("paperfold_runs_failed_total", "Folds that raised, and divergences")
RECOVERED = metrics.counter("paperfold_runs_recovered_total", "Runs brought into memory")

BLOCK_MS = 200  # longest wait for a bar; commands and stops are looked at in between
SLICE_MINUTES = 2_000  # read and folded at once while a run catches up
MOST_ROWS = 10_000  # decided and not committed, at which a catch-up pauses: about a second of the database
BUS_TIMEOUT_S = 0.5  # a bus that does not answer must not cost the lease: the record is polled meanwhile
BUS_PAUSE_S = 3.0  # before it is asked again


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
        self._round_s = min(0.5, settings.lease_s / 4)  # what opening and catching up may take of one round
        self._registered = False
        self._renewed = 0.0  # when the lease was renewed last
        self._next_round = 0.0
        self._bus_again = 0.0
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
        busy = self._catch_up(everyone=due)
        if self.held:
            self._take_new(0 if due or busy else BLOCK_MS)
        elif not due:
            time.sleep(min(0.1, self.settings.poll_s))
        self._commit()

    def _woken(self) -> bool:
        """Did someone say that PostgreSQL has something new?"""
        if time.monotonic() < self._bus_again:
            return False
        try:
            if self._control is None:
                self._control = pubsub.Subscription(self.bus, "control", timeout_s=BUS_TIMEOUT_S)
            woken = False
            while self._control.next() is not None:
                woken = True
            return woken
        except UnavailableError as error:
            self._bus_failed(error)
            return False

    def _bus_failed(self, error: UnavailableError) -> None:
        self.log.warning("bus_unavailable", error=str(error))
        self._control = None
        self._bus_again = time.monotonic() + BUS_PAUSE_S

    def _keep_house(self) -> None:
        """Lease, clock, claims, runs that wait, children."""
        for run, code in self.children.finished():
            self.log.info("child_finished", run=run.id, code=code)
            if code != 0:
                with database.begin(self.engine) as conn:
                    ownership.hand_back(conn, self.id, run.id, run.epoch, f"its process ended with {code}")
        # what a crash of the server takes back of this, this runner forgets as well; commits rest on the fence alone
        with database.begin(self.engine, waits_for_disk=False) as conn:
            if not self._registered or not ownership.renew(conn, self.id, self.settings.lease_s):
                host = socket.gethostname()
                version, capacity = ENGINE_VERSION, self.settings.capacity
                ownership.register(conn, self.id, version, capacity, host, self.settings.lease_s)
                self._registered = True
            self._renewed = time.monotonic()
            self.clock.measure(conn)
            owned = ownership.owned(conn, self.id)
            self._drop_lost(owned)
            strange = owned.keys() - {*self.held, *self.waiting, *self.children.runs()}
            fresh = runs.get_many(conn, sorted(strange)) if strange else []
            slots = self._slots(fresh)
            fresh += ownership.claim(conn, self.id, ENGINE_VERSION, slots)
            fresh += self._claim_older(conn, slots, fresh)
            self.asked = commands.has_waiting(conn, (*self.held, *self.waiting))
        self._open_those(fresh)
        self.source.follow(list(self.held.values()))

    def _slots(self, fresh: Sequence[Run]) -> dict[RunMode, int]:
        """Room for further runs. Backtests that wait for history take nobody's place."""
        here = [held.run for held in self.held.values()] + [waiting.run for waiting in self.waiting.values()]
        live = sum(run.mode == "paper" for run in [*here, *fresh]) + self.children.has("paper")
        tests = [waiting for waiting in self.waiting.values() if waiting.run.mode == "backtest" and waiting.is_ready]
        is_taken = self.children.has("backtest") or tests or any(run.mode == "backtest" for run in fresh)
        return {"paper": max(0, self.settings.capacity - live), "backtest": 0 if is_taken else 1}

    def _claim_older(self, conn: Connection, slots: Mapping[RunMode, int], fresh: Sequence[Run]) -> list[Run]:
        """One run of an older engine, where a place and a child are free for it."""
        for mode, count in slots.items():
            free = count - sum(run.mode == mode for run in fresh)
            if free > 0 and not self.children.has(mode):
                older = ownership.claim_older(conn, self.id, ENGINE_VERSION, mode)
                if older is not None:
                    return [older]
        return []

    def _drop_lost(self, owned: Mapping[int, int]) -> None:
        """Forget runs that someone else has taken over meanwhile."""
        here = {run_id: held.run.epoch for run_id, held in self.held.items()}
        here |= {run_id: waiting.run.epoch for run_id, waiting in self.waiting.items()}
        for run_id, epoch in here.items():
            if owned.get(run_id) != epoch:
                self.log.warning("run_lost", run=run_id)
                self.held.pop(run_id, None)
                self.waiting.pop(run_id, None)

    def _open_those(self, fresh: Sequence[Run]) -> None:
        """Claimed runs, then those that wait, the longest unseen first; what does not fit into a round comes next."""
        before = len(self.held)
        self._open_some(fresh, time.monotonic() + self._round_s)
        if len(self.held) > before:
            self._settle()

    @staticmethod
    def _settle() -> None:
        """Runs in memory stay: with 1,000 of them the collector took 75 ms to see that, amid a bar."""
        gc.unfreeze()
        gc.collect()
        gc.freeze()

    def _open_some(self, fresh: Sequence[Run], until: float) -> None:
        for run in fresh:
            self._guarded_open(run.id, run.epoch, partial(self._begin, run))
            if time.monotonic() > until:
                self._next_round = 0.0
                return
        for waiting in list(self.waiting.values()):
            self._guarded_open(waiting.run.id, waiting.run.epoch, partial(self._open, waiting))
            if time.monotonic() > until:
                return

    def _guarded_open(self, run_id: int, epoch: int, work: Callable[[], None]) -> None:
        """A run that cannot be opened fails alone."""
        try:
            work()
        except UnavailableError:
            raise
        except DivergenceError as error:
            self._fail(run_id, epoch, str(error), "diverged")
        except PaperfoldError as error:
            self._fail(run_id, epoch, str(error))
        except Exception as error:
            self.log.exception("recovery_raised", run=run_id)
            self._fail(run_id, epoch, f"{type(error).__name__}: {error}")

    def _begin(self, run: Run) -> None:
        with database.begin(self.engine) as conn:
            plan = replay.plan_of(conn, run)
        self._open(Waiting(run, plan))

    def _open(self, before: Waiting) -> None:
        """Bring a run into memory, hand it to a child, or let it wait for its history or for a child."""
        is_older = before.run.engine_version != ENGINE_VERSION  # a child judges it
        with database.begin(self.engine) as conn:
            now = before if is_older else claims.look(conn, self.id, before)
        run, plan = now.run, now.plan
        if now.is_ready:
            fold = None
            if run.mode == "paper" and not is_older:
                with database.begin(self.engine) as conn:
                    fold = replay.begun(conn, run, plan)
                    is_long = claims.bars_to_fold(conn, run, fold) > claims.CHILD_FROM_BARS
                fold = None if is_long else fold
            if fold is not None:
                self.waiting.pop(run.id, None)
                self.held[run.id] = claims.recover(self.engine, run, plan, fold)
                RECOVERED.inc()
                self.log.info("run_resumed", run=run.id, position_ms=run.position_ms, seq=run.seq, epoch=run.epoch)
                return
            if not self.children.has(run.mode):
                self.waiting.pop(run.id, None)
                self.children.start(run, self.id)
                return
        self._wait(now)

    def _wait(self, now: Waiting) -> None:
        """Let a run wait, and say so; one that is told to stop meanwhile has nothing to fold, and is stopped."""
        run, before = now.run, self.waiting.pop(now.run.id, None)
        self.waiting[run.id] = now
        is_told = before is not None and before.share == now.share
        if run.position_ms is not None or (is_told and run.id not in self.asked):
            return
        with database.begin(self.engine) as conn:
            stops = any(command.kind == "stop" for command in commands.list_commands(conn, run.id))
            if is_told and not stops:
                return
            step = now.step("stopped" if stops else "warming")
            is_lost = bool(commits.commit(conn, self.id, [step]).lost)
        if stops or is_lost:
            self.waiting.pop(run.id, None)
        self._tell([] if is_lost else [step])

    def _stop_those_asked(self) -> None:
        for held in self.held.values():
            held.stop_if_asked()

    def _catch_up(self, everyone: bool) -> bool:
        """Read the record for runs that are behind the stream; all of them now and then, for the stream may be gone.

        Those that are nearly level come first, and a round ends in time for the lease, the live and a stop.
        """
        behind = [
            held
            for held in self.held.values()
            if not held.has_ended and (everyone or held.run.id in self.behind or self.source.is_behind(held))
        ]
        behind.sort(key=lambda held: (-held.cursor_ms, held.run.instrument_id))
        slices, until = Slices(self.engine, SLICE_MINUTES), time.monotonic() + self._round_s
        left = {held.run.id for held in behind}
        is_busy, rows = False, 0
        for held in behind:
            new = slices.after(held)
            if new is not None:
                bars, until_ms, held.is_level = new
                self._guarded(held, partial(held.take, bars, until_ms))
                BARS.inc(len(bars.open_ms))
                is_busy, rows = True, rows + len(held.rows)
            else:
                held.is_level = True
            if held.is_level:
                left.discard(held.run.id)
            if rows > MOST_ROWS or time.monotonic() > until:
                break
        self.behind = left & self.held.keys() if is_busy else set()
        return is_busy

    def _take_new(self, block_ms: int) -> None:
        if time.monotonic() < self._bus_again:
            time.sleep(block_ms / 1000)
            return
        try:
            news = News(self.source.read(block_ms))
        except UnavailableError as error:
            self._bus_failed(error)
            return
        folded = 0
        for held in list(self.held.values()):
            if (new := news.after(held)) is not None:
                self._guarded(held, partial(held.take, *new))
                folded += len(new[0].open_ms)
        BARS.inc(folded)

    def _guarded(self, held: Held, fold: Callable[[], None]) -> None:
        """A fold that raises fails its run alone."""
        try:
            fold()
        except Exception as error:
            self.log.exception("fold_raised", run=held.run.id)
            self._fail(held.run.id, held.run.epoch, f"bar after {held.fold.position_ms}: {error}")

    # --- becoming durable --------------------------------------------------------------------------------------------

    def _commit(self) -> None:
        changed = [(held, health) for held in self.held.values() if held.differs(health := self._health(held))]
        asking = [held for run_id, held in self.held.items() if run_id in self.asked and not held.has_ended]
        self.asked = set()
        if changed or asking:
            with COMMIT_SECONDS.time():
                self._commit_these(changed, asking)
        HELD.set(len(self.held))

    def _health(self, held: Held) -> RunHealth:
        """A run that folds what is recorded waits for nothing."""
        return "ok" if held.run.id in self.behind else health_of(held, self.clock)

    def _commit_these(self, changed: Sequence[tuple[Held, RunHealth]], asking: Sequence[Held]) -> None:
        self._renew()
        try:
            done = commit(self.engine, self.id, changed, self.settings.snapshot_bars, asking)
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

    def _renew(self) -> None:
        """A round that has folded for long vouches for this runner again before it commits."""
        if time.monotonic() - self._renewed > self.settings.lease_s / 5:
            with database.begin(self.engine, waits_for_disk=False) as conn:
                ownership.renew(conn, self.id, self.settings.lease_s)
            self._renewed = time.monotonic()

    def _tell(self, told: Sequence[Progress]) -> None:
        events = [RunEvent(p.run_id, p.new_seq, p.new_position_ms, p.status, p.health) for p in told]
        if events and time.monotonic() >= self._bus_again:
            try:
                pubsub.publish_runs(self.bus, events)
            except UnavailableError as error:
                self._bus_failed(error)

    def _fail(self, run_id: int, epoch: int, reason: str, status: ownership.Failure = "failed") -> None:
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
            commit(self.engine, self.id, changed, 1)
            with database.begin(self.engine) as conn:
                released = ownership.release(conn, self.id)
            self.log.info("released", runs=len(released))
        except PaperfoldError as error:
            self.log.warning("not_released", error=str(error))
