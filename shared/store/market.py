"""The market that this database belongs to: its name, its clock, its instruments and their rules."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select, text, update

from shared.domain.errors import FencedError, InputError, UnavailableError
from shared.domain.instrument import InstrumentRules, parse_instrument
from shared.store import statements, tables

_SQL = statements.load("market")


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument as this database knows it."""

    id: int
    name: str
    symbol: str  # the exchange's spelling
    status: str
    history_starts_ms: int | None  # first minute that exists at all, once proved


@dataclass(frozen=True, slots=True)
class Clock:
    """exchange time = anchor_exchange_ms + rate x (the database's clock - anchor_wall_ms)."""

    anchor_wall_ms: int
    anchor_exchange_ms: int
    rate: float


@dataclass(frozen=True, slots=True)
class Need:
    """What unfinished runs want decided of one instrument."""

    instrument_id: int
    instrument: str
    from_ms: int
    live: bool  # and go on as minutes close
    end_ms: int | None  # end of the longest backtest, exclusive


def claim_market(conn: Connection, market: str, fingerprint: str = "") -> None:
    """Make this database `market`'s, once. Raises InputError when it belongs to another."""
    conn.execute(_SQL["claim"], {"market": market, "fingerprint": fingerprint})
    owner = market_of(conn)
    if owner != (market, fingerprint):
        raise InputError(
            "database", f"belongs to market {_spell(owner)}, refuses another", _spell((market, fingerprint))
        )


def market_of(conn: Connection) -> tuple[str, str] | None:
    """Market and fingerprint of this database; None before its first claim."""
    row = conn.execute(select(tables.market.c.market, tables.market.c.fingerprint)).first()
    return None if row is None else (row.market, row.fingerprint)


def set_clock(conn: Connection, exchange_ms: int, rate: float = 1.0, age_ms: int = 0) -> None:
    """The exchange's clock showed `exchange_ms`, `age_ms` of wall time ago."""
    conn.execute(_SQL["set_clock"], {"exchange_ms": exchange_ms, "rate": rate, "age_ms": age_ms})


def clock(conn: Connection) -> Clock | None:
    """The exchange's clock; None before ingest has measured it."""
    t = tables.market_clock.c
    row = conn.execute(select(t.anchor_wall_ms, t.anchor_exchange_ms, t.rate)).first()
    return None if row is None else Clock(*row)


def exchange_now(conn: Connection) -> int:
    """Exchange time in milliseconds, by the database's clock. Raises UnavailableError before ingest has measured it."""
    now: int | None = conn.scalar(text("select exchange_now_ms()"))
    if now is None:
        raise UnavailableError("the exchange's clock has not been measured yet: ingest has not started")
    return now


def put_instrument(conn: Connection, name: str, symbol: str, status: str = "unknown") -> int:
    """Id of the instrument, which is made or brought up to date."""
    given = {"name": parse_instrument(name), "symbol": symbol, "status": status}
    return int(conn.execute(_SQL["put_instrument"], given).scalar_one())


def find_instrument(conn: Connection, name: str) -> Instrument | None:
    """The instrument of that name, in any spelling."""
    t = tables.instruments
    row = conn.execute(select(t).where(t.c.name == parse_instrument(name))).first()
    return None if row is None else Instrument(*row)


def list_instruments(conn: Connection) -> list[Instrument]:
    """All instruments by name."""
    t = tables.instruments
    return [Instrument(*row) for row in conn.execute(select(t).order_by(t.c.name))]


def set_history_start(conn: Connection, instrument_id: int, first_ms: int) -> None:
    """The exchange has proved that nothing earlier than `first_ms` exists."""
    t = tables.instruments
    conn.execute(update(t).where(t.c.id == instrument_id).values(history_starts_ms=first_ms))


def put_rules(conn: Connection, instrument_id: int, rules: InstrumentRules) -> int:
    """Id of the latest rules, which are these unless a later capture is known: a new row only when anything changed."""
    values: dict[str, Any] = {
        "instrument_id": instrument_id,
        "captured_ms": rules.captured_ms,
        "source": rules.source,
        "tick_size": rules.tick_size,
        "lot_step": rules.lot_step,
        "min_quantity": rules.min_quantity,
        "min_notional": rules.min_notional,
    }
    conn.execute(_SQL["put_rules"], values)
    return int(conn.execute(_SQL["latest_rules"], {"instrument_id": instrument_id}).scalar_one())


def latest_rules(conn: Connection, instrument_id: int) -> tuple[int, InstrumentRules] | None:
    """Id and rules of the latest capture."""
    rules, instruments = tables.instrument_rules, tables.instruments
    named = select(rules, instruments.c.name.label("instrument")).join(
        instruments, instruments.c.id == rules.c.instrument_id
    )
    newest = named.where(rules.c.instrument_id == instrument_id).order_by(rules.c.captured_ms.desc(), rules.c.id.desc())
    row = conn.execute(newest.limit(1)).first()
    return None if row is None else (row.id, rules_of(row))


def rules_of(row: Row[Any]) -> InstrumentRules:
    """Rules from a row that has their columns, and the instrument's name as `instrument`."""
    return InstrumentRules(
        row.instrument, row.tick_size, row.lot_step, row.min_quantity, row.min_notional, row.source, row.captured_ms
    )


def needs(conn: Connection) -> list[Need]:
    """What unfinished runs want decided, instrument by instrument."""
    return [Need(*row) for row in conn.execute(_SQL["needs"])]


def acquire_lease(conn: Connection, name: str, holder: UUID, lease_s: float) -> int | None:
    """Take or renew the lease `name`; its epoch, or None while another holds it."""
    epoch: int | None = conn.execute(_SQL["acquire"], {"name": name, "holder": holder, "lease_s": lease_s}).scalar()
    return epoch


def hold_lease(conn: Connection, name: str, epoch: int) -> None:
    """Fence of a writing transaction. Raises FencedError when someone else has taken the lease since."""
    if conn.execute(_SQL["hold"], {"name": name, "epoch": epoch}).first() is None:
        raise FencedError(f"lease {name}: epoch {epoch} is over")


def give_up_lease(conn: Connection, name: str, epoch: int) -> None:
    """Let the next process have the lease at once."""
    conn.execute(_SQL["give_up"], {"name": name, "epoch": epoch})


def _spell(owner: tuple[str, str] | None) -> str:
    market, fingerprint = owner or ("nobody", "")
    return f"{market} {fingerprint[:12]}".strip()
