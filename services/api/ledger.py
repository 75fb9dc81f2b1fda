"""What a run's decisions add up to, kept between requests: a reader of a long run adds only the rows that are new.

Decisions are append-only, so what was added once stays right. A run whose seq went back (a database put back to an
older copy) is added up anew.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from sqlalchemy import Connection, func, select

from services.api.library import Plans
from shared.domain.decision import Decision, Fill, OrderEvent
from shared.domain.timeframe import MINUTE_MS
from shared.performance.book import Book
from shared.performance.money import to_units
from shared.performance.position import Resting
from shared.performance.sheet import Statistics
from shared.performance.statistics import Tally
from shared.store import frames, runs, tables
from shared.store.decisions import read_decisions
from shared.store.runs import Run

MOST_KEPT = 2_000  # runs; a few KB each


@dataclass(slots=True)
class Holding:
    """What a run holds now: the fills and waiting orders since its last closed trade."""

    book: Book
    resting: Resting = field(default_factory=Resting)
    seq: int = 0
    lock: Lock = field(default_factory=Lock)

    def catch_up(self, conn: Connection, run: Run) -> None:
        for decision in new_decisions(conn, run, self.seq):
            if isinstance(decision, Fill):
                self.book.step(decision)
            elif isinstance(decision, OrderEvent):
                self.resting.step(decision)
        self.seq = max(self.seq, run.seq)


@dataclass(slots=True)
class Whole:
    """All of a run's statistics."""

    tally: Tally
    seq: int = 0
    lock: Lock = field(default_factory=Lock)
    written: tuple[int, int, Statistics] | None = None  # (seq, end_ms, report)

    def report(self, end_ms: int) -> Statistics:
        """Statistics until `end_ms`; written once for each state."""
        if self.written is None or self.written[:2] != (self.seq, end_ms):
            self.written = (self.seq, end_ms, self.tally.report(end_ms))
        return self.written[2]

    def catch_up(self, conn: Connection, run: Run) -> None:
        for decision in new_decisions(conn, run, self.seq):
            self.tally.step(decision)
        self.seq = max(self.seq, run.seq)


class Ledgers:
    """Holdings and statistics of the runs that were asked for lately."""

    def __init__(self) -> None:
        self.plans = Plans()
        self._counts: OrderedDict[int, tuple[int, tuple[int, int]]] = OrderedDict()  # run: (seq, (trades, won))
        self._holdings: OrderedDict[int, Holding] = OrderedDict()
        self._wholes: OrderedDict[int, Whole] = OrderedDict()
        self._lock = Lock()

    def trade_counts(self, conn: Connection, found: Sequence[Run]) -> dict[int, tuple[int, int]]:
        """Closed trades and how many of them won, of each of these runs."""
        with self._lock:
            kept = {run.id: self._counts[run.id] for run in found if run.id in self._counts}
        known = {run.id: kept[run.id][1] for run in found if run.id in kept and kept[run.id][0] == run.seq}
        changed = [run for run in found if run.id not in known]
        traded = [run.id for run in changed if run.seq > 0]
        counted = runs.trade_counts(conn, traded) if traded else {}
        for run in changed:
            known[run.id] = counted.get(run.id, (0, 0))
            self._keep(self._counts, run.id, (run.seq, known[run.id]))
        return known

    def holding(self, conn: Connection, run: Run) -> Holding:
        """What the run holds at its last commit."""
        with self._lock:
            kept = self._holdings.get(run.id)
        if kept is None or kept.seq > run.seq:
            kept = Holding(Book(run.rules), seq=_last_trade(conn, run.id, run.seq))
        with kept.lock:
            kept.catch_up(conn, run)
        self._keep(self._holdings, run.id, kept)
        return kept

    def statistics(self, conn: Connection, run: Run) -> Statistics:
        """The run's statistics at its last commit."""
        with self._lock:
            kept = self._wholes.get(run.id)
        if kept is None or kept.seq > run.seq:
            first_ms = frames.first_open_ms(conn, run.instrument_id, run.start_ms)
            start_ms = run.start_ms if first_ms is None else first_ms
            kept = Whole(Tally(run.rules, to_units(run.rules, run.cash), start_ms))
        with kept.lock:
            kept.catch_up(conn, run)
            at_ms = run.start_ms if run.position_ms is None else run.position_ms + MINUTE_MS
            report = kept.report(max(at_ms, kept.tally.start_ms))
        if run.position_ms is not None and run.position_ms >= run.start_ms:
            self._keep(self._wholes, run.id, kept)
        return report

    def _keep(self, kept: "OrderedDict[int, Any]", run_id: int, value: object) -> None:
        with self._lock:
            kept[run_id] = value
            kept.move_to_end(run_id)
            while len(kept) > MOST_KEPT:
                kept.popitem(last=False)


def new_decisions(conn: Connection, run: Run, after_seq: int) -> Iterable[Decision]:
    """Decisions up to the run's last commit; asks nothing when there are none."""
    return read_decisions(conn, run.id, run.rules, after_seq, run.seq) if run.seq > after_seq else ()


def _last_trade(conn: Connection, run_id: int, until_seq: int) -> int:
    t = tables.trades.c
    last: int | None = conn.scalar(select(func.max(t.seq)).where(t.run_id == run_id, t.seq <= until_seq))
    return last or 0
