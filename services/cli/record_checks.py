"""The record looked through: what is in it, and whether it keeps its own rules."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from shared.domain.coverage import Range
from shared.store import bars
from shared.store.market import Instrument

_CONTENT = text("""
    select count(*) as bars, count(distinct open_ms) as minutes,
        count(*) filter (where volume = 0) as without_trades
    from bars where instrument_id = :instrument_id and open_ms >= :from_ms and open_ms < :to_ms
""")
_REVISIONS = text("""
    select count(*) filter (where kind = 'corrected') as corrected, count(*) filter (where kind = 'late') as late
    from bar_revisions where instrument_id = :instrument_id
""")

# Rule -> the rows of an instrument that break it, by minute.
RULES = {
    "every bar lies inside coverage": """
        select b.open_ms from bars b
        where b.instrument_id = :instrument_id and not exists (
            select from coverage c
            where c.instrument_id = b.instrument_id and c.from_ms <= b.open_ms and b.open_ms < c.to_ms)""",
    "a minute has one bar": """
        select open_ms from bars where instrument_id = :instrument_id group by open_ms having count(*) > 1""",
    "a bar begins with its minute": """
        select open_ms from bars where instrument_id = :instrument_id and mod(open_ms, 60000) <> 0""",
    "0 < low <= open, close <= high < 1e10": """
        select open_ms from bars
        where instrument_id = :instrument_id
            and not coalesce(
                0 < low and low <= least(open, close) and greatest(open, close) <= high and high < 1e10, false)""",
    "0 <= volume < 1e12": """
        select open_ms from bars
        where instrument_id = :instrument_id and not coalesce(volume >= 0 and volume < 1e12, false)""",
    "numbers are exact as doubles": """
        select open_ms from bars
        where instrument_id = :instrument_id and (
            open::float8::text::numeric <> open or high::float8::text::numeric <> high
            or low::float8::text::numeric <> low or close::float8::text::numeric <> close
            or volume::float8::text::numeric <> volume)""",
    "ranges of coverage neither touch nor overlap": """
        select a.from_ms as open_ms from coverage a
        join coverage b on b.instrument_id = a.instrument_id and b.from_ms > a.from_ms and b.from_ms <= a.to_ms
        where a.instrument_id = :instrument_id""",
    "a correction is of a minute that has a bar": """
        select r.open_ms from bar_revisions r
        where r.instrument_id = :instrument_id and r.kind = 'corrected' and not exists (
            select from bars b where b.instrument_id = r.instrument_id and b.open_ms = r.open_ms)""",
    "a late bar is of a minute that is absent": """
        select r.open_ms from bar_revisions r
        where r.instrument_id = :instrument_id and r.kind = 'late' and exists (
            select from bars b where b.instrument_id = r.instrument_id and b.open_ms = r.open_ms)""",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Content:
    """One decided range."""

    range: Range
    bars: int
    without_trades: int

    @property
    def absent(self) -> int:
        """Minutes that are decided and have no bar."""
        return (self.range[1] - self.range[0]) // 60_000 - self.bars


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule of the record that some minutes break."""

    instrument: str
    rule: str
    count: int
    first_ms: int


def contents(conn: Connection, instrument: Instrument) -> list[Content]:
    """The decided ranges of an instrument, oldest first."""
    found = []
    for from_ms, to_ms in bars.coverage_of(conn, instrument.id):
        row = conn.execute(_CONTENT, {"instrument_id": instrument.id, "from_ms": from_ms, "to_ms": to_ms}).one()
        found.append(Content((from_ms, to_ms), row.bars, row.without_trades))
    return found


def revisions(conn: Connection, instrument: Instrument) -> dict[str, int]:
    """How many corrected and late minutes sources told of."""
    row: Any = conn.execute(_REVISIONS, {"instrument_id": instrument.id}).one()
    return {"corrected": row.corrected, "late": row.late}


def broken(conn: Connection, instrument: Instrument) -> list[Broken]:
    """Every rule that an instrument's record breaks."""
    found = []
    for rule, rows in RULES.items():
        counted = text(f"select count(*) as rows, min(open_ms) as first_ms from ({rows}) b")  # noqa: S608  constants
        row = conn.execute(counted, {"instrument_id": instrument.id}).one()
        if row.rows:
            found.append(Broken(instrument.name, rule, row.rows, row.first_ms))
    return found
