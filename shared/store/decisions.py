"""Decisions: append-only under (run_id, seq).

Rule: a row is written once. The same row again is a no-op; another one under its key is a divergence.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from heapq import merge
from operator import itemgetter
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Connection, Table, Text, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from shared.domain.decision import Decision, OrderEvent
from shared.domain.errors import DivergenceError
from shared.domain.instrument import InstrumentRules
from shared.store.arrays import CHUNK, array
from shared.store.rows import LAYOUT, Record, Scale, columns, from_row, to_row

Batch = Iterable[tuple[int, InstrumentRules, Sequence[Decision]]]
Row = tuple[Any, ...]

_LAST = 1 << 62


def write_decisions(conn: Connection, batch: Batch) -> None:
    """Rows of many runs, one statement a table. Raises DivergenceError where another row stands under a key."""
    by_record: dict[Record, list[Row]] = defaultdict(list)
    for run_id, rules, decisions in batch:
        scale = Scale.of(rules)
        for decision in decisions:
            by_record[type(decision)].append((run_id, *to_row(scale, decision)))
    for record, rows in by_record.items():
        for start in range(0, len(rows), CHUNK):
            _write(conn, LAYOUT[record][0], rows[start : start + CHUNK])


def read_decisions(
    conn: Connection, run_id: int, rules: InstrumentRules, after_seq: int = 0, until_seq: int = _LAST
) -> Iterator[Decision]:
    """Decisions of a run with after_seq < seq <= until_seq, in order, read as they are asked for.

    Raises DivergenceError on a row that no fold has written.
    """
    scale = Scale.of(rules)
    streams = [_read(conn, scale, record, run_id, after_seq, until_seq) for record in LAYOUT]
    return merge(*streams, key=itemgetter(0))


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
    wanted = select(*_columns(table, record)).where(table.c.run_id == run_id)
    key: Any = table.c.seq
    if record is OrderEvent:
        latest = wanted.ext(distinct_on(table.c.order_seq)).order_by(table.c.order_seq, table.c.seq.desc()).subquery()
        wanted, key = select(latest), latest.c.order_seq
    total = conn.scalar(select(func.count()).select_from(wanted.subquery()))
    rows = conn.execute(wanted.order_by(key.desc() if newest else key).limit(limit).offset(offset))
    scale = Scale.of(rules)
    return [from_row(scale, record, run_id, row) for row in rows], int(total or 0)


def _read(
    conn: Connection, scale: Scale, record: Record, run_id: int, after_seq: int, until_seq: int
) -> Iterator[Decision]:
    table = LAYOUT[record][0]
    wanted = select(*_columns(table, record)).where(table.c.run_id == run_id).order_by(table.c.seq).limit(CHUNK)
    while True:
        rows = conn.execute(wanted.where(table.c.seq > after_seq, table.c.seq <= until_seq)).all()
        for row in rows:
            yield from_row(scale, record, run_id, row)
        if len(rows) < CHUNK:
            return
        after_seq = rows[-1].seq


def _columns(table: Table, record: Record) -> list[Any]:
    return [table.c[name] for name in columns(record)]


def _insertion(table: Table) -> Any:
    names = table.columns.keys()
    given = func.unnest(*(cast(bindparam(c.name, type_=Text), ARRAY(c.type)) for c in table.columns))
    rows = given.table_valued(*names).render_derived()
    return insert(table).from_select(names, select(*(rows.c[name] for name in names))).on_conflict_do_nothing()


def _recorded(table: Table) -> Any:
    keys = func.unnest(*(cast(bindparam(name, type_=Text), ARRAY(BigInteger)) for name in ("run_id", "seq")))
    wanted = keys.table_valued("run_id", "seq").render_derived()
    return select(table).join(wanted, (wanted.c.run_id == table.c.run_id) & (wanted.c.seq == table.c.seq))


_INSERTIONS = {table.name: _insertion(table) for table, _ in LAYOUT.values()}
_RECORDED = {table.name: _recorded(table) for table, _ in LAYOUT.values()}


def _write(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    values = {name: array(column) for name, column in zip(table.columns.keys(), zip(*rows, strict=True), strict=True)}
    if conn.execute(_INSERTIONS[table.name], values).rowcount != len(rows):
        _compare(conn, table, rows, {name: values[name] for name in ("run_id", "seq")})


def _compare(conn: Connection, table: Table, rows: Sequence[Row], keys: dict[str, str]) -> None:
    """Some keys were taken: by the same rows, or the run has diverged. NUMERIC compares by value, as Decimal does."""
    recorded = {(row.run_id, row.seq): row for row in conn.execute(_RECORDED[table.name], keys)}
    for row in rows:
        for name, folded, found in zip(table.columns.keys(), row, recorded[row[0], row[1]], strict=True):
            if folded != found:
                place = f"{table.name} run {row[0]} seq {row[1]}"
                raise DivergenceError(f"{place}: {name} is recorded as {_spell(found)}, folded as {_spell(folded)}")


def _spell(value: object) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else repr(value)
