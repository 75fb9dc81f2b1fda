"""All of a run's statistics, added up from its decisions and kept between requests."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock

from sqlalchemy import Connection

from shared.domain.decision import Decision, EquityPoint, Fill, OrderEvent, Trade
from shared.domain.timeframe import DAY_MS, MINUTE_MS
from shared.performance.breakdowns import Breakdown, Row
from shared.performance.market import Market
from shared.performance.money import to_units
from shared.performance.orders import OrderCounts
from shared.performance.sheet import Statistics
from shared.performance.statistics import Tally
from shared.store import frames
from shared.store.decisions import order_counts, read_decisions
from shared.store.rows import Record
from shared.store.runs import Run

ADDED: tuple[Record, ...] = (OrderEvent, Fill, Trade, EquityPoint)  # a note changes no sum


class LongWayError(Exception):
    """More decisions are to be added up than somebody else's request can wait for."""

    def __init__(self, run_id: int) -> None:
        super().__init__(run_id)
        self.run_id = run_id


@dataclass(slots=True)
class Whole:
    """All of a run's statistics."""

    tally: Tally
    seq: int = 0
    lock: Lock = field(default_factory=Lock)
    state: tuple[int, int] = (0, 0)  # (seq, end_ms) that what is written stands for
    written: Statistics | None = None
    broken_down: dict[Breakdown, list[Row]] = field(default_factory=dict)

    def report(self) -> Statistics:
        """Statistics until the last bar; written once for each state."""
        if self.written is None:
            self.written = self.tally.report(self.state[1])
        return self.written

    def breakdown(self, name: Breakdown) -> list[Row]:
        """One of its breakdowns; written once for each state."""
        if name not in self.broken_down:
            self.broken_down[name] = self.tally.breakdown(name, self.state[1])
        return self.broken_down[name]

    def catch_up(self, conn: Connection, run: Run, most: int | None = None) -> None:
        """Add what is new up to the run's last commit. Raises LongWayError when that is more than `most` decisions."""
        if most is not None and run.seq - self.seq > most:
            raise LongWayError(run.id)
        add(conn, run, self.tally)
        self.seq = max(self.seq, run.seq)
        at_ms = run.start_ms if run.position_ms is None else run.position_ms + MINUTE_MS
        state = self.seq, max(at_ms, self.tally.start_ms)
        if state != self.state:
            if self.tally.market is not None:
                catch_up_market(conn, run.instrument_id, self.tally.market, state[1])
            self.state, self.written, self.broken_down = state, None, {}


def fresh(conn: Connection, run: Run) -> Tally:
    """A tally that has seen no decision."""
    market = market_of(conn, run)
    start_ms = run.start_ms if market is None else market.start_ms
    return Tally(run.rules, to_units(run.rules, run.cash), start_ms, market)


def add(conn: Connection, run: Run, tally: Tally) -> None:
    """Let a tally take the decisions behind its last one, up to the run's last commit; an error loses none it took."""
    for decision in new_decisions(conn, run, tally.seq, ADDED):
        tally.step(decision)


def added_at_once(conn: Connection, run: Run) -> Tally:
    """The same for a tally that has seen none: orders, which are the most, are counted where they are."""
    tally = fresh(conn, run)
    for decision in new_decisions(conn, run, 0, [record for record in ADDED if record is not OrderEvent]):
        tally.step(decision)
    tally.orders = OrderCounts(*order_counts(conn, run.id, run.seq))
    tally.seq = run.seq
    tally.settle()
    return tally


def new_decisions(conn: Connection, run: Run, after_seq: int, records: Sequence[Record]) -> Iterable[Decision]:
    """Decisions of these kinds up to the run's last commit; asks nothing when there are none."""
    return read_decisions(conn, run.id, run.rules, after_seq, run.seq, records) if run.seq > after_seq else ()


def market_of(conn: Connection, run: Run) -> Market | None:
    """The market at the run's first bar; None while there is none."""
    first_ms = frames.first_open_ms(conn, run.instrument_id, run.start_ms)
    return None if first_ms is None else Market(first_ms, frames.open_price(conn, run.instrument_id, first_ms))


def catch_up_market(conn: Connection, instrument_id: int, market: Market, end_ms: int) -> None:
    """Closes of the days until `end_ms`, from the newest that it knows on."""
    from_ms = max(market.start_ms, market.days.day * DAY_MS)
    for open_ms, close in frames.day_closes(conn, instrument_id, (from_ms, end_ms)):
        market.step(open_ms, close)
