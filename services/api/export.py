"""A run as the document that a backtest of the same fold writes, from the rows alone, a piece at a time.

The document is its lists one after the other, the record is in the order of the fold: what is read for one list is
written and forgotten before the next is read.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from sqlalchemy import Connection

from services.api.library import Plans
from services.api.totals import catch_up_market
from shared.domain.decision import Decision, EquityPoint, Fill, OrderEvent, Trade
from shared.domain.errors import PaperfoldError
from shared.domain.timeframe import MINUTE_MS
from shared.performance.document import LISTS, BarsFolded, Header, Sums, beginning, compact, ending
from shared.performance.market import Market
from shared.store import frames
from shared.store.decisions import read_decisions
from shared.store.rows import Record
from shared.store.runs import Run

PIECE = 500  # rows of a list: about 100 KB of text

# Whose list, and what is added up while it is read: a trade looks at the fill that closed it, so that fills are read
# once more with the trades.
PARTS: tuple[tuple[Record, tuple[Record, ...]], ...] = (
    (OrderEvent, (OrderEvent,)),
    (Fill, ()),
    (Trade, (Fill, Trade)),
    (EquityPoint, (EquityPoint,)),
)


class NothingToExportError(PaperfoldError):
    """The run has not folded a bar that may trade."""


def pieces(conn: Connection, plans: Plans, run: Run) -> Iterator[str]:
    """The document's text up to the run's last committed bar. Raises NothingToExportError before the first piece."""
    header = header_of(conn, plans, run)
    sums = Sums.of(header)
    yield compact(beginning(header))[:-1]
    for record, added in PARTS:
        found = read_decisions(conn, run.id, run.rules, 0, run.seq, {record, *added})
        yield f',"{LISTS[record].name}":['
        yield from _joined(_rows(record, added, sums, found))
        yield "]"
    yield "," + compact(ending(header, sums))[1:] + "\n"


def header_of(conn: Connection, plans: Plans, run: Run) -> Header:
    """What the run has folded. Raises NothingToExportError."""
    first_ms, last_ms, warmup_from_ms = folded(conn, run)
    plan, end_ms = plans.of(conn, run), last_ms + MINUTE_MS
    count, gaps = frames.count_and_gaps(conn, run.instrument_id, (run.start_ms, end_ms))
    market = Market(first_ms, frames.open_price(conn, run.instrument_id, first_ms))
    catch_up_market(conn, run.instrument_id, market, end_ms)
    return Header(
        engine_version=run.engine_version,
        strategy=plan.name,
        version_sha256=plan.version_sha256,
        variant=run.variant,
        params=dict(plan.params),
        rules=run.rules,
        costs=run.costs,
        cash=run.cash,
        bars=BarsFolded(run.start_ms, first_ms, last_ms, warmup_from_ms, count, tuple(gaps)),
        digest=(run.digest or b"").hex(),
        market=market,
    )


def folded(conn: Connection, run: Run) -> tuple[int, int, int]:
    """(first, last, where the warmup begins) of the run's minutes. Raises NothingToExportError."""
    first_ms = frames.first_open_ms(conn, run.instrument_id, run.start_ms)
    if run.position_ms is None or run.digest is None or run.warmup_from_ms is None or first_ms is None:
        raise NothingToExportError(f"run {run.id} has not folded a bar yet: it is {run.status}")
    if run.position_ms < first_ms:
        raise NothingToExportError(f"run {run.id} is still warming up: no bar at or after its start has been folded")
    return first_ms, run.position_ms, run.warmup_from_ms


def _rows(record: Record, added: Iterable[Record], sums: Sums, found: Iterable[Decision]) -> Iterator[object]:
    """Elements of a record's list; adds up what belongs to it."""
    written, rules = LISTS[record].written, sums.tally.rules
    for decision in found:
        if type(decision) in added:
            sums.step(decision)
        if type(decision) is record:
            yield written(rules, decision)


def _joined(rows: Iterator[object]) -> Iterator[str]:
    """Elements as they stand in a list's text, many at once."""
    comma = ""
    while part := list(islice(rows, PIECE)):
        yield comma + compact(part)[1:-1]
        comma = ","
