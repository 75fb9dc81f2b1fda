"""The whole system on this machine: started in order, kept alive, stopped in order.

postgres, valkey -> schema -> exchange_sim -> ingest, api, runners, dashboard -> ready
"""

import contextlib
import fcntl
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from services.cli.up import status
from services.cli.up.layout import make_stores, secret, write_private
from services.cli.up.loopback import answers
from services.cli.up.owner import make_folder, make_private
from services.cli.up.postgres import USER, Postgres
from services.cli.up.processes import (
    Child,
    GivenUpError,
    Identity,
    LineLog,
    Recipe,
    Tended,
    end,
    identity,
    start_until_ready,
)
from services.cli.up.recipes import LOOPBACK, Plan, migrate_recipe
from services.cli.up.valkey import Valkey
from services.cli.up.watch import Watch
from shared.domain.errors import UnavailableError

READY_TIMEOUT_S = 60.0
TEND_S = 0.1
PROBE_S = 0.5
MIGRATE_TIMEOUT_S = 600.0
STOP_ORPHAN = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))

# Who ends with whom, first to last; names up to their number.
STOP_ORDER = (("runner", "ingest"), ("api", "dashboard"), ("exchange_sim",), ("valkey",), ("postgres",))


@dataclass(frozen=True, slots=True)
class Stop:
    """What the person at the terminal wants: nothing yet, an end, or an end at once."""

    asked: threading.Event = field(default_factory=threading.Event)
    forced: threading.Event = field(default_factory=threading.Event)

    def on_signal(self, *_: object) -> None:
        (self.forced if self.asked.is_set() else self.asked).set()


class System:
    """One running system. `say` shows a line to the person at the terminal."""

    def __init__(
        self,
        plan: Plan,
        stop: Stop,
        say: Callable[[str], None],
        services: Mapping[str, Recipe],
        when_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self.plan = plan
        self.services = services  # by name, in the order in which they start
        self.when_ready = when_ready
        self.stop_wish = stop
        self.say = say
        self.tended: list[Tended] = []
        self.started_ms = time.time_ns() // 1_000_000
        self.database_url = self.redis_url = ""
        self._watch: Watch | None = None
        self._told: object = None

    def run(self) -> int:
        """Start everything, stay until asked to stop, stop everything; also when something keeps it from starting."""
        with lock(self.plan.data):
            try:
                self._end_orphans()
                with contextlib.suppress(GivenUpError):
                    self._start()
                    self._stay()
            finally:
                self._stop()
        return 0

    def _start(self) -> None:
        plan = self.plan
        make_private(plan.data / "logs", None)
        make_folder(plan.data / "sim", 0o700)
        self._watch = Watch()
        self._start_stores()
        self._migrate()
        for name, recipe in self.services.items():
            if self.stop_wish.asked.is_set():
                return
            self._adopt(Child(recipe, self._log(name))).child.start()
            self._tell()
            if name == "exchange_sim":
                self._wait_for_port(plan.sim_port)

    def _start_stores(self) -> None:
        plan = self.plan
        token = secret(plan.token_file)
        password = secret(plan.data / "database.password")
        if not token or not password:
            raise UnavailableError(f"an empty secret in {plan.data}")
        self.database_url, self.redis_url = plan.named_database_url, plan.named_redis_url
        if not self.database_url or not self.redis_url:
            stores = make_stores(plan.data)
            if not stores.home.is_relative_to(plan.data):
                name = stores.owner and stores.owner.name
                self.say(f"The stores' user {name} cannot enter {plan.data}: their files are in {stores.home}")
        if not self.database_url:
            postgres = Postgres(stores.home, stores.sockets, password, stores.owner)
            self._start_store(postgres)
            postgres.create_database(USER)
            self.database_url = postgres.url()
        if not self.redis_url:
            valkey = Valkey(stores.home, stores.sockets, stores.owner)
            self._start_store(valkey)
            self.redis_url = valkey.url()
        write_private(plan.database_url_file, self.database_url + "\n")
        write_private(plan.redis_url_file, self.redis_url + "\n")

    def _start_store(self, store: Postgres | Valkey) -> None:
        recipe = store.recipe()
        child = self._adopt(Child(recipe, self._log(recipe.name))).child
        start_until_ready(child, store.ready, given_up=self.stop_wish.asked)
        self._tell()

    def _migrate(self) -> None:
        child = Child(migrate_recipe(self.plan), self._log("migrate"))
        child.start()
        deadline = time.monotonic() + MIGRATE_TIMEOUT_S
        while child.running and time.monotonic() < deadline and not self.stop_wish.asked.wait(0.05):
            pass
        code = child.exit_code
        child.stop()
        if code != 0 and not self.stop_wish.asked.is_set():
            raise UnavailableError(f"the database cannot be brought to the newest schema; see {child.log.path}")

    def _stay(self) -> None:
        """Keep every process alive until asked to stop; say so once when the system answers, or does not."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        probes = {"api": f"{self.plan.api_url}/readyz", "dashboard": f"{self.plan.dashboard_url}/livez"}
        next_probe = 0.0
        warned = False
        while not self.stop_wish.asked.wait(TEND_S):
            self._tend()
            now = time.monotonic()
            if probes and now >= next_probe:
                next_probe = now + PROBE_S
                probes = {name: url for name, url in probes.items() if not answers(url)}
                if not probes:
                    self.when_ready()
                    self.say(self._welcome())
                elif now > deadline and not warned:
                    warned = True
                    logs = ", ".join(str(self._log(name).path) for name in probes)
                    self.say(
                        f"Not ready after {READY_TIMEOUT_S:.0f} s: {', '.join(probes)} does not answer. See {logs}"
                    )

    def _tend(self) -> None:
        """Start again what has died."""
        for tended in self.tended:
            happened = tended.tend(time.monotonic())
            if happened is not None:
                self.say(f"{tended.name:<12} {happened}")
        if self._watch is not None and self._watch.tend():
            self._told = None
        self._tell()

    def _welcome(self) -> str:
        plan = self.plan
        lines = [
            "",
            plan.market.banner or "Binance US, live. Paper trading only: no order ever leaves this machine.",
            "",
            f"  Dashboard     {plan.dashboard_url}",
            f"  Login secret  in {plan.token_file}",
            f"  API           {plan.api_url}/docs",
            f"  Data, logs    {plan.data}",
            "",
            "Ctrl-C stops it; `paperfold up --status` names its processes.",
        ]
        return "\n".join(lines)

    def _stop(self) -> None:
        """Stop in order, each group together; forced: everything at once."""
        for names in STOP_ORDER:
            members = self._group(names)
            for child in members:
                child.interrupt()
            patience_s = max((child.recipe.grace_s for child in members), default=0.0)
            deadline = time.monotonic() + patience_s
            while any(child.running for child in members) and time.monotonic() < deadline:
                if self.stop_wish.forced.wait(0.02):
                    break
            for child in members:
                child.stop(grace_s=0.0)
        if self._watch is not None:
            self._watch.dismiss()
        (self.plan.data / status.FILE).unlink(missing_ok=True)

    def _end_orphans(self) -> None:
        """End services of a supervisor that was killed. Its stores are ended where they are started again."""
        left = status.read(self.plan.data)
        if left is None:
            return
        for entry in left["processes"]:
            process = status.identity_of(entry).process() if entry["pid"] else None
            if process is not None and any(word.startswith("services.") for word in process.cmdline()):
                self.say(f"{entry['name']:<12} of an earlier start still runs as process {process.pid}: ended")
                end([process], STOP_ORPHAN)

    def _adopt(self, child: Child) -> Tended:
        tended = Tended(child)
        self.tended.append(tended)
        return tended

    def _log(self, name: str) -> LineLog:
        return LineLog(self.plan.data / "logs" / f"{name}.log", self.say)

    def _tell(self) -> None:
        """Tell the watcher and the status file who runs, when that has changed."""
        rows = [(tended.name, tended.child.identity, tended.child.running) for tended in self.tended]
        if rows == self._told or self._watch is None:
            return
        self._told = rows
        self._watch.tell([self._group(names) for names in STOP_ORDER])
        status.write(self.plan.data, self._description(self._watch.pid))

    def _group(self, names: tuple[str, ...]) -> list[Child]:
        """Children of these names, with or without a number."""
        return [tended.child for tended in self.tended if tended.name.split("-")[0] in names]

    def _description(self, watcher_pid: int) -> status.System:
        plan = self.plan
        return {
            "market": plan.market.name,
            "fingerprint": plan.market.fingerprint,
            "started_ms": self.started_ms,
            "data": str(plan.data),
            "api_url": plan.api_url,
            "api_token": secret(plan.token_file),
            "dashboard_url": plan.dashboard_url,
            "database_url": self.database_url,
            "redis_url": self.redis_url,
            "supervisor": _entry("supervisor", identity(os.getpid())),
            "watcher_pid": watcher_pid,
            "processes": [
                _entry(tended.name, tended.child.identity)
                | {
                    "state": "running" if tended.child.running else "restarting",
                    "starts": tended.child.starts,
                    "log": str(tended.child.log.path),
                }
                for tended in self.tended
            ],
        }

    def _wait_for_port(self, port: int, timeout_s: float = 15.0) -> None:
        """Give a server time to open its port; who needs it tries again anyway."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and not self.stop_wish.asked.wait(TEND_S):
            self._tend()
            with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1.0):
                return


@contextlib.contextmanager
def lock(data: Path) -> Iterator[IO[str]]:
    """One supervisor for a data folder, whatever happens to it: the kernel lets go when it dies."""
    with (data / "lock").open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            system = status.read(data)
            who = (
                f"process {system['supervisor']['pid']}, {system['dashboard_url']}"
                if system
                else "starting or stopping"
            )
            raise UnavailableError(f"a system already runs on {data} ({who})") from None
        yield file


def _entry(name: str, who: Identity | None) -> dict[str, object]:
    return {"name": name, "pid": who and who.pid, "started": who and who.started}
