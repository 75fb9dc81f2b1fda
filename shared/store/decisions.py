"""Decisions: append-only under (run_id, seq).

Rule: a row is written once. The same row again is a no-op; another one under its key is a divergence.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from heapq import merge
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.exc import DBAPIError

from shared.domain.decision import Decision, OrderEvent
from shared.domain.errors import DivergenceError
from shared.domain.instrument import InstrumentRules
from shared.store import decision_columns, statements, tables
from shared.store.rows import LAYOUT, Record, Scale, columns, from_row, lines

Batch = Iterable[tuple[int, InstrumentRules, Sequence[Decision]]]

CHUNK = 2_000  # rows read at a time: five times as many take as long, and 20 MB more

_SQL = statements.load("decisions")
_LAST = 1 << 62
_DIVERGED = "PF001"  # SQLSTATE of functions.sql


def write_decisions(conn: Connection, batch: Batch) -> None:
    """Rows of many runs. Raises DivergenceError where another row stands under a key."""
    with divergence():
        conn.execute(_SQL["write"], literals(batch))


def literals(batch: Batch) -> dict[str, str]:
    """Rows of many runs as array literals, by table."""
    sorted_out: dict[tuple[Record, Scale], tuple[list[int], list[Decision]]] = defaultdict(lambda: ([], []))
    for run_id, rules, decisions in batch:
        scale = Scale.of(rules)
        for decision in decisions:
            ids, records = sorted_out[type(decision), scale]
            ids.append(run_id)
            records.append(decision)
    found: dict[Record, list[str]] = {record: [] for record in LAYOUT}
    for (record, scale), (ids, records) in sorted_out.items():
        found[record].append(lines(scale, record, ids, records))
    return {LAYOUT[record][0].name: "{" + ",".join(parts) + "}" for record, parts in found.items()}


@contextmanager
def divergence() -> Iterator[None]:
    """What the server says of another row under a key, as DivergenceError."""
    try:
        yield
    except DBAPIError as error:
        cause: Any = error.orig
        if cause.pgcode != _DIVERGED:
            raise
        raise DivergenceError(cause.diag.message_primary) from error


def read_decisions(
    conn: Connection,
    run_id: int,
    rules: InstrumentRules,
    after_seq: int = 0,
    until_seq: int = _LAST,
    records: Iterable[Record] = tuple(LAYOUT),
) -> Iterator[Decision]:
    """Decisions of a run with after_seq < seq <= until_seq, in order, of these kinds, read as they are asked for.

    Raises DivergenceError on a row that no fold has written.
    """
    scale = Scale.of(rules)
    streams = [_read(conn, scale, record, run_id, after_seq, until_seq) for record in records]
    return merge(*streams, key=itemgetter(0))


class OrderSums(NamedTuple):
    """How many order events of each kind there are, and the entries that wait."""

    submitted: int
    rejected: int
    cancelled: int
    cancelled_entries: int
    expired: int
    waiting: set[int]


def order_counts(conn: Connection, run_id: int, until_seq: int) -> OrderSums:
    """Of a run's orders up to a decision."""
    found = conn.execute(_SQL["order_counts"], {"run_id": run_id, "until_seq": until_seq}).one()._asdict()
    return OrderSums(**found | {"waiting": set(found["waiting"])})


def page(
    conn: Connection,
    run_id: int,
    rules: InstrumentRules,
    record: Record,
    limit: int,
    offset: int = 0,
    newest: bool = False,
) -> tuple[list[Decision], int]:
    """Rows of one kind and how many there are in all. Of orders: the latest event of each."""
    table = LAYOUT[record][0]
    key, which = table.c.seq, table.c.run_id == run_id
    if record is OrderEvent:
        which &= key == table.c.order_seq  # an order is called what its first event is
    total = conn.scalar(select(func.count()).select_from(table).where(which))
    in_order = select(*_columns(table, record)).where(which).order_by(key.desc() if newest else key)
    rows = conn.execute(in_order.limit(limit).offset(offset)).all()
    if record is OrderEvent:
        rows = _latest(conn, run_id, [row.order_seq for row in rows])
    scale = Scale.of(rules)
    return [from_row(scale, record, run_id, row) for row in rows], int(total or 0)


def _latest(conn: Connection, run_id: int, names: list[int]) -> Sequence[Any]:
    """The latest event of each of these orders."""
    t = tables.orders.c
    wanted = select(*_columns(tables.orders, OrderEvent)).where(t.run_id == run_id, t.order_seq.in_(names))
    found = conn.execute(wanted.ext(distinct_on(t.order_seq)).order_by(t.order_seq, t.seq.desc()))
    latest = {row.order_seq: row for row in found}
    return [latest[name] for name in names]


def _read(
    conn: Connection, scale: Scale, record: Record, run_id: int, after_seq: int, until_seq: int
) -> Iterator[Decision]:
    while True:
        try:
            found = decision_columns.read(conn, scale, record, run_id, after_seq, until_seq, CHUNK)
        except (ValueError, KeyError):
            found = _one_by_one(conn, scale, record, run_id, after_seq, until_seq)  # it says which, and what
        yield from found
        if len(found) < CHUNK:
            return
        after_seq = found[-1].seq


def _one_by_one(
    conn: Connection, scale: Scale, record: Record, run_id: int, after_seq: int, until_seq: int
) -> list[Decision]:
    table = LAYOUT[record][0]
    wanted = select(*_columns(table, record)).where(table.c.run_id == run_id).order_by(table.c.seq).limit(CHUNK)
    rows = conn.execute(wanted.where(table.c.seq > after_seq, table.c.seq <= until_seq)).all()
    return [from_row(scale, record, run_id, row) for row in rows]


def _columns(table: Table, record: Record) -> list[Any]:
    return [table.c[name] for name in columns(record)]
