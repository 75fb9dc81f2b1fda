"""The door to PostgreSQL: one thread, one transaction at a time, each fenced by the lease's epoch.

Rule: an error of the database is never mended here. It ends the epoch of this process (app.py), and start-up recovers.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine

from shared.bus.codec import Entry, Gap
from shared.domain.bar import Bar
from shared.domain.coverage import Range
from shared.domain.errors import InvariantError
from shared.domain.timeframe import MINUTE_MS
from shared.exchange.finality import Absent, Final, Outcome, Revision
from shared.store import bars, database, ingest_lease, market

P = ParamSpec("P")
T = TypeVar("T")

LEASE = "ingest"
LEASE_S = 10.0
RENEW_S = 2.0
WAIT_S = 0.5


class Recorder:
    """Runs transactions as the one active ingest."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._holder: UUID = uuid4()
        self._thread = ThreadPoolExecutor(1, "record")
        self._session: Connection | None = None  # the lease's own: its end is our end
        self._epoch: int | None = None

    async def open(self) -> None:
        """Become the active ingest; waits while another is. Raises UnavailableError."""
        while (epoch := await self._in_thread(self._take)) is None:
            await asyncio.sleep(WAIT_S)
        self._epoch = epoch

    async def keep(self) -> None:
        """Renew the lease for ever. Raises FencedError, UnavailableError."""
        while True:
            await asyncio.sleep(RENEW_S)
            await self._in_thread(self._renew)

    async def close(self) -> None:
        """Let the next process go on at once."""
        await self._in_thread(self._leave)

    def shutdown(self) -> None:
        self._thread.shutdown()

    async def run(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`work` in a transaction of the active ingest. Raises FencedError, UnavailableError."""
        return await self._in_thread(lambda: self._fenced(work, *args, **kwargs))

    async def read(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`work` in a transaction without a fence: reading, or before the lease is ours."""

        def free() -> T:
            with database.begin(self._engine) as conn:
                return work(conn, *args, **kwargs)

        return await self._in_thread(free)

    def _fenced(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._epoch is None:
            raise InvariantError("nothing is recorded without the lease")
        with database.begin(self._engine) as conn:
            market.hold_lease(conn, LEASE, self._epoch)
            return work(conn, *args, **kwargs)

    def _take(self) -> int | None:
        with database.unavailable():
            if self._session is None:
                self._session = self._engine.connect()
            with self._session.begin():
                return ingest_lease.take(self._session, LEASE, self._holder, LEASE_S)

    def _renew(self) -> None:
        if self._session is None or self._epoch is None:
            raise InvariantError("there is no lease to renew")
        with database.unavailable(), self._session.begin():
            ingest_lease.renew(self._session, LEASE, self._holder, self._epoch, LEASE_S)

    def _leave(self) -> None:
        session, epoch = self._session, self._epoch
        self._session = self._epoch = None
        if session is None:
            return
        try:
            with database.unavailable(), session.begin():
                if epoch is not None:
                    market.give_up_lease(session, LEASE, epoch)
        finally:
            session.invalidate()  # not back to the pool: the lock belongs to the session
            session.close()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


@dataclass(slots=True)
class _Batch:
    """Consecutive outcomes of one source: one statement."""

    source: bars.Source
    covered: Range
    rows: list[Bar]
    is_revision: bool = False


def record_outcomes(conn: Connection, instrument_id: int, outcomes: Sequence[Outcome]) -> tuple[list[Entry], int]:
    """Write what was decided, in order. Returns what the stream is to say about it, and how many revisions were new."""
    received_ms = int(time.time() * 1000)
    entries: list[Entry] = []
    revisions = 0
    for batch in _batches(outcomes):
        done = bars.record(conn, instrument_id, batch.rows, batch.covered, batch.source, received_ms)
        revisions += len(done.revisions)
        if batch.is_revision:
            continue
        rows: Sequence[Bar] = batch.rows
        minutes = (batch.covered[1] - batch.covered[0]) // MINUTE_MS
        if len(done.new) < minutes:  # an import may have decided one, an absent one too: the stream tells the record
            rows = bars.read_bars(conn, instrument_id, *batch.covered, limit=minutes)
        entries += entries_of(rows, batch.covered)
    return entries, revisions


def _batches(outcomes: Sequence[Outcome]) -> list[_Batch]:
    batches: list[_Batch] = []
    for outcome in outcomes:
        match outcome:
            case Final(bar, by):
                source: bars.Source = "ws" if by == "frame" else "rest"
                new = _Batch(source, (bar.open_ms, bar.open_ms + MINUTE_MS), [bar])
            case Absent(from_ms, to_ms):
                new = _Batch("rest", (from_ms, to_ms), [])
            case Revision(bar):
                new = _Batch("ws", (bar.open_ms, bar.open_ms + MINUTE_MS), [bar], is_revision=True)
        last = batches[-1] if batches else None
        if last is not None and _follows(last, new):
            last.covered = (last.covered[0], new.covered[1])
            last.rows += new.rows
        else:
            batches.append(new)
    return batches


def _follows(last: _Batch, new: _Batch) -> bool:
    same = last.source == new.source or not new.rows or not last.rows
    return same and not (last.is_revision or new.is_revision) and last.covered[1] == new.covered[0]


def entries_of(rows: Sequence[Bar], covered: Range) -> Iterator[Entry]:
    """Stream entries of a decided range: its bars, and a gap for each stretch without any."""
    at = covered[0]
    for bar in rows:
        if bar.open_ms > at:
            yield Gap(at, bar.open_ms)
        yield bar
        at = bar.open_ms + MINUTE_MS
    if at < covered[1]:
        yield Gap(at, covered[1])
