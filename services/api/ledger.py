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
from services.api.totals import Whole, fresh, new_decisions
from shared.domain.decision import Fill, OrderEvent
from shared.performance.book import Book
from shared.performance.breakdowns import Breakdown, Row
from shared.performance.position import Resting
from shared.performance.sheet import Statistics
from shared.store import runs, tables
from shared.store.runs import Run

MOST_KEPT = 2_000  # runs; a few KB each
MOST_TRADES = 1_000_000  # in all statistics kept; 32 bytes each, for the medians


@dataclass(slots=True)
class Holding:
    """What a run holds now: the fills and waiting orders since its last closed trade."""

    book: Book
    resting: Resting = field(default_factory=Resting)
    seq: int = 0
    lock: Lock = field(default_factory=Lock)

    def catch_up(self, conn: Connection, run: Run) -> None:
        for decision in new_decisions(conn, run, self.seq, (OrderEvent, Fill)):
            if isinstance(decision, Fill):
                self.book.step(decision)
            elif isinstance(decision, OrderEvent):
                self.resting.step(decision)
            self.seq = decision.seq  # an error behind it must not make it count twice
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

    def statistics(self, conn: Connection, run: Run, most: int | None = None) -> Statistics:
        """The run's statistics at its last commit. Raises LongWayError when more than `most` decisions are new."""
        whole = self._whole(conn, run)
        with whole.lock:
            whole.catch_up(conn, run, most)
            return whole.report()

    def breakdowns(
        self, conn: Connection, run: Run, names: Iterable[Breakdown], most: int | None = None
    ) -> dict[Breakdown, list[Row]]:
        """Breakdowns of the run's trades at its last commit. Raises LongWayError as `statistics` does."""
        whole = self._whole(conn, run)
        with whole.lock:
            whole.catch_up(conn, run, most)
            return {name: whole.breakdown(name) for name in names}

    def take(self, run_id: int, whole: Whole) -> None:
        """Keep what somebody else has added up."""
        self._shed()
        self._keep(self._wholes, run_id, whole)

    def _whole(self, conn: Connection, run: Run) -> Whole:
        with self._lock:
            kept = self._wholes.get(run.id)
        if kept is None or kept.seq > run.seq:
            kept = Whole(fresh(conn, run))
            self._shed()
        if run.position_ms is not None and run.position_ms >= run.start_ms:
            self._keep(self._wholes, run.id, kept)
        return kept

    def _shed(self) -> None:
        """Statistics of runs that were not asked for lately go first, when they hold too much."""
        with self._lock:
            held = sum(one.tally.trades.group.count for one in self._wholes.values())
            while held > MOST_TRADES and len(self._wholes) > 1:
                held -= self._wholes.popitem(last=False)[1].tally.trades.group.count

    def _keep(self, kept: "OrderedDict[int, Any]", run_id: int, value: object) -> None:
        with self._lock:
            kept[run_id] = value
            kept.move_to_end(run_id)
            while len(kept) > MOST_KEPT:
                kept.popitem(last=False)


def _last_trade(conn: Connection, run_id: int, until_seq: int) -> int:
    t = tables.trades.c
    last: int | None = conn.scalar(select(func.max(t.seq)).where(t.run_id == run_id, t.seq <= until_seq))
    return last or 0
