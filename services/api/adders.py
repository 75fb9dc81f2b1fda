"""Long runs are added up beside the server: who asks for one waits, holding no thread, and nobody else does.

A run of 100,000 trades has a million decisions: seconds of this process' only lock. A child adds them up once; whoever
asks for that run meanwhile waits for the same child, and then adds what is new.
"""

import asyncio
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Lock
from typing import TypeVar

from prometheus_client import Counter
from starlette.concurrency import run_in_threadpool

from services.api.ledger import Ledgers
from services.api.totals import LongWayError, Whole
from shared import log

MANY = 20_000  # decisions: more than about 0.1 s of adding up is a child's work
CHILDREN = 2  # at a time
TIMEOUT_S = 300.0

T = TypeVar("T")

_log = log.get("adders")


class Adders:
    """The children of one server."""

    def __init__(self, url: str, ledgers: Ledgers, done: Counter) -> None:
        self._url, self._ledgers, self._done = url, ledgers, done
        self._threads = ThreadPoolExecutor(CHILDREN, "adder")
        self._pending: dict[int, Future[None]] = {}
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._lock = Lock()
        self._is_closed = False

    async def patiently(self, ask: Callable[[int | None], T]) -> T:
        """The answer of `ask(most)`, which raises LongWayError when more than `most` decisions are to be added up."""
        try:
            return await run_in_threadpool(ask, MANY)
        except LongWayError as error:
            await asyncio.shield(asyncio.wrap_future(self._begun(error.run_id)))
        return await run_in_threadpool(ask, None)

    def close(self) -> None:
        """End the children."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._is_closed = True
            for process in self._processes:
                process.kill()

    def _begun(self, run_id: int) -> "Future[None]":
        with self._lock:
            pending = self._pending.get(run_id)
            if pending is None:
                pending = self._pending[run_id] = self._threads.submit(self._add_up, run_id)
        return pending

    def _add_up(self, run_id: int) -> None:
        """Let a child do it. Should it fail, who asked adds up by himself."""
        try:
            with suppress(pickle.UnpicklingError, EOFError):
                tally, seq = pickle.loads(self._said(run_id))  # noqa: S301  by our own child, on its own pipe
                self._ledgers.take(run_id, Whole(tally, seq))
                self._done.inc()
        finally:
            with self._lock:
                del self._pending[run_id]

    def _said(self, run_id: int) -> bytes:
        """What a child has written; nothing when it failed."""
        command = [sys.executable, "-m", "services.api.adding"]
        asked = json.dumps({"url": self._url, "run": run_id}).encode() + b"\n"
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            with self._lock:
                self._processes.add(process)
                if self._is_closed:
                    process.kill()
            try:
                said, _ = process.communicate(asked, TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
            finally:
                with self._lock:
                    self._processes.discard(process)
        if process.returncode == 0:
            return said
        _log.warning("adding_failed", run=run_id, code=process.returncode)
        return b""
