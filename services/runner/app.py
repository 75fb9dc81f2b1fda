"""The runner's loop: claim, fold, commit, tell. Safe to kill at any line: start-up is recovery.

Rule: after any error of the database everything in memory is forgotten and read again; there is no second way back.
"""

import threading
import time
from collections.abc import Sequence
from uuid import UUID, uuid4

from redis import Redis
from sqlalchemy import Engine

from services.runner.audits import Audits
from services.runner.bus import Bus
from services.runner.children import Children
from services.runner.claims import claim
from services.runner.commit import commit
from services.runner.folding import Folding
from services.runner.held import Held
from services.runner.holdings import Holdings
from services.runner.lease import Lease
from services.runner.opening import Opening
from services.runner.watch import Clock, health_of
from shared import log, metrics
from shared.domain.errors import DivergenceError, PaperfoldError, UnavailableError
from shared.domain.run import RunHealth
from shared.settings import Runner as RunnerSettings
from shared.store import commands, database, ownership

COMMIT_SECONDS = metrics.histogram("paperfold_commit_seconds", "One fenced transaction, decisions included")
HELD = metrics.gauge("paperfold_runs_held", "Runs in memory")
UNAVAILABLE = metrics.counter("paperfold_database_failures_total", "Times the database was away: all was forgotten")
CHILDREN_FAILED = metrics.counter("paperfold_children_failed_total", "Child processes that ended otherwise than well")

BLOCK_MS = 200  # longest wait for a bar; commands and stops are looked at in between

_log = log.get("runner")


class Runner:
    """One runner process. `stop` set: commits, writes snapshots, gives its runs back and returns."""

    def __init__(self, settings: RunnerSettings, engine: Engine, client: Redis, children: Children) -> None:
        self.settings = settings
        self.engine = engine
        self.id: UUID = uuid4()
        self.bus = Bus(client)
        self.holdings = Holdings(engine, self.id, children)
        self.lease = Lease(settings, engine, self.id)
        self.clock = Clock()
        self.opening = Opening(engine, self.holdings, self.bus)
        self.folding = Folding(engine, self.holdings, self.bus)
        self.audits = Audits(engine, self.id, settings.audit_s)
        self._round_s = min(0.5, settings.lease_s / 4)  # what opening and catching up may take of one round
        self._next_round = 0.0

    def run(self, stop: threading.Event) -> None:
        """Fold until `stop` is set."""
        while not stop.is_set():
            try:
                self._round()
            except UnavailableError as error:
                _log.warning("unavailable", error=str(error), forgotten=len(self.holdings.held))
                UNAVAILABLE.inc()
                self.holdings.forget()
                self.audits.stop()
                self._next_round = 0.0
                stop.wait(0.5)
        self._release()

    # --- one round ---------------------------------------------------------------------------------------------------

    def _round(self) -> None:
        woken = self.bus.has_woken()
        due = woken or time.monotonic() >= self._next_round
        if due:
            self._next_round = time.monotonic() + self.settings.poll_s
            self._keep_house()
        self.folding.stop_those_asked()
        busy = self.folding.catch_up(everyone=due, until=self._end_of_part())
        if self.holdings.held:
            self.folding.take_new(0 if due or busy else BLOCK_MS)
        elif not due:
            time.sleep(min(0.1, self.settings.poll_s))
        self._commit()

    def _end_of_part(self) -> float:
        """When opening, or catching up, has had its part of a round, by the monotonic clock."""
        return time.monotonic() + self._round_s

    def _keep_house(self) -> None:
        """Children, lease, clock, claims, audits, runs that wait."""
        self._hand_back_broken()
        # what a crash of the server takes back of this, this runner forgets as well; commits rest on the fence alone
        with database.begin(self.engine, waits_for_disk=False) as conn:
            self.lease.keep(conn)
            self.clock.measure(conn)
            fresh = claim(conn, self.holdings, self.settings.capacity)
            self.holdings.asked = commands.has_waiting(conn, (*self.holdings.held, *self.holdings.waiting))
        self._vouch()
        CHILDREN_FAILED.inc(self.audits.keep())
        if not self.opening.open_those(fresh, self._end_of_part()):
            self._next_round = 0.0
        self.bus.source.follow(list(self.holdings.held.values()))

    def _vouch(self) -> None:
        """After an outage: runs that this runner had in memory are not what it failed at."""
        if self.holdings.sound:
            with database.begin(self.engine, waits_for_disk=False) as conn:
                ownership.vouch(conn, self.id, self.holdings.sound)
            self.holdings.sound = set()

    def _hand_back_broken(self) -> None:
        """Runs whose children have ended otherwise than well are anyone's again."""
        for run, code in self.holdings.children.finished():
            _log.info("child_finished", run=run.id, code=code)
            if code != 0:
                CHILDREN_FAILED.inc()
                with database.begin(self.engine) as conn:
                    ownership.hand_back(conn, self.id, run.id, run.epoch, f"its process ended with {code}")

    # --- becoming durable --------------------------------------------------------------------------------------------

    def _commit(self) -> None:
        held_now, asked = self.holdings.held, self.holdings.asked
        changed = [(held, health) for held in held_now.values() if held.differs(health := self._health(held))]
        asking = [held for run_id, held in held_now.items() if run_id in asked and not held.has_ended]
        self.holdings.asked = set()
        if changed or asking:
            with COMMIT_SECONDS.time():
                self._commit_these(changed, asking)
        HELD.set(len(held_now))

    def _health(self, held: Held) -> RunHealth:
        """A run that folds what is recorded waits for nothing."""
        return "ok" if self.folding.is_behind(held) else health_of(held, self.clock)

    def _commit_these(self, changed: Sequence[tuple[Held, RunHealth]], asking: Sequence[Held]) -> None:
        self.lease.keep_up()
        try:
            done = commit(self.engine, self.id, changed, self.settings.snapshot_bars, asking)
        except DivergenceError as error:
            if len(changed) > 1 or asking:  # which one? each by itself
                for one in changed:
                    self._commit_these([one], [])
                return
            held = changed[0][0]
            self.holdings.fail(held.run.id, held.run.epoch, str(error), "diverged")
            return
        for run_id in done.lost:
            self.holdings.lose(run_id)
        self.clock.note_lateness(done.told)
        for progress in done.told:
            if progress.status in ("stopped", "finished"):
                self.holdings.drop(progress.run_id)
                _log.info("run_ended", run=progress.run_id, status=progress.status)
        self.bus.tell(done.told)

    def _release(self) -> None:
        """Commit what is folded, write snapshots, give the runs back."""
        self.holdings.children.stop()
        self.audits.stop()
        try:
            changed = [(held, held.told[1]) for held in self.holdings.held.values()]
            commit(self.engine, self.id, changed, 1)
            with database.begin(self.engine) as conn:
                released = ownership.release(conn, self.id)
            _log.info("released", runs=len(released))
        except PaperfoldError as error:
            _log.warning("not_released", error=str(error))
