"""Runs: what is folded, how far it is, who folds it. One row holds all that a fold needs to know beside the record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, case, exists, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from shared.domain.errors import InputError
from shared.domain.instrument import Costs, InstrumentRules
from shared.domain.run import ENDED, RunHealth, RunMode, RunStatus
from shared.store import tables

Params = Mapping[str, float | int | bool | str]


@dataclass(frozen=True, slots=True)
class NewRun:
    """What a person decides about a run, and what follows from it at creation."""

    mode: RunMode
    strategy_version: str
    instrument_id: int
    rules_id: int
    costs: Costs
    cash: Decimal
    start_ms: int
    history_from_ms: int
    engine_version: str
    created_by: str
    variant: str | None = None
    params: Params = field(default_factory=dict)
    end_ms: int | None = None  # of a backtest: exclusive
    warmup_from_ms: int | None = None
    forked_from: int | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A run as recorded."""

    id: int
    mode: RunMode
    strategy: str
    strategy_version: str
    variant: str | None
    params: Params
    instrument_id: int
    instrument: str
    rules_id: int
    rules: InstrumentRules
    costs: Costs
    cash: Decimal
    start_ms: int
    end_ms: int | None
    history_from_ms: int
    warmup_from_ms: int | None
    engine_version: str
    forked_from: int | None
    status: RunStatus
    health: RunHealth  # waiting_for_runner also when its runner's lease is over
    status_detail: str | None
    position_ms: int | None
    seq: int
    digest: bytes | None
    progress: float | None
    runner_id: UUID | None
    epoch: int
    attempts: int
    failure: str | None
    equity: Decimal | None
    quantity: Decimal | None
    created_by: str
    created_ms: int  # wall
    ended_ms: int | None  # wall

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class LogEntry:
    """What a runner or a person did to a run."""

    id: int
    at_ms: int  # wall
    event: str
    who: str
    detail: str | None


def create(conn: Connection, new: NewRun, idempotency_key: str | None = None) -> tuple[Run, bool]:
    """A run, and whether it was made now: the same key again gives the run that the first call made."""
    t = tables.runs
    values = {
        "mode": new.mode, "strategy_version": new.strategy_version, "variant": new.variant, "params": dict(new.params),
        "instrument_id": new.instrument_id, "rules_id": new.rules_id, "cash": new.cash, "start_ms": new.start_ms,
        "end_ms": new.end_ms, "history_from_ms": new.history_from_ms, "warmup_from_ms": new.warmup_from_ms,
        "engine_version": new.engine_version, "forked_from": new.forked_from, "created_by": new.created_by,
        "maker_ppm": new.costs.maker_ppm, "taker_ppm": new.costs.taker_ppm,
        "slippage_ppm": new.costs.slippage_ppm, "half_spread_ppm": new.costs.half_spread_ppm,
        "idempotency_key": idempotency_key,
    }  # fmt: skip
    made = conn.scalar(
        pg_insert(t).values(values).on_conflict_do_nothing(index_elements=[t.c.idempotency_key]).returning(t.c.id)
    )
    if made is None:
        return get(conn, conn.scalar(select(t.c.id).where(t.c.idempotency_key == idempotency_key)) or 0), False
    log(conn, made, "created", new.created_by)
    return get(conn, made), True


def find(conn: Connection, run_id: int) -> Run | None:
    """The run, if there is one."""
    found = get_many(conn, [run_id])
    return found[0] if found else None


def get(conn: Connection, run_id: int) -> Run:
    """The run. Raises InputError when there is none."""
    found = find(conn, run_id)
    if found is None:
        raise InputError("run", "a run that exists", run_id)
    return found


def get_many(conn: Connection, run_ids: Sequence[int]) -> list[Run]:
    """Those runs, by id."""
    wanted = _select().where(tables.runs.c.id.in_(run_ids)).order_by(tables.runs.c.id)
    return [_run(row) for row in conn.execute(wanted)]


def list_runs(
    conn: Connection,
    *,
    status: Sequence[RunStatus] = (),
    strategy: str | None = None,
    mode: RunMode | None = None,
    limit: int = 100,
    offset: int = 0,
) -> tuple[list[Run], int]:
    """Runs, newest first, and how many there are in all. No status: any."""
    t = tables.runs.c
    wanted = _select()
    if status:
        wanted = wanted.where(t.status.in_(status))
    if strategy is not None:
        wanted = wanted.where(tables.strategy_versions.c.strategy == strategy)
    if mode is not None:
        wanted = wanted.where(t.mode == mode)
    total = conn.scalar(select(func.count()).select_from(wanted.subquery()))
    rows = conn.execute(wanted.order_by(t.id.desc()).limit(limit).offset(offset))
    return [_run(row) for row in rows], int(total or 0)


def trade_counts(conn: Connection, run_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Closed trades and how many of them won, by run; runs without a trade are left out."""
    t = tables.trades.c
    won = func.count().filter(t.gross > t.fees)
    rows = conn.execute(select(t.run_id, func.count(), won).where(t.run_id.in_(run_ids)).group_by(t.run_id))
    return {run_id: (closed, wins) for run_id, closed, wins in rows}


def stop_unclaimed(conn: Connection, run_id: int) -> bool:
    """End a run that no runner ever claimed: nothing was folded, so nobody else has to know."""
    t = tables.runs
    never = (t.c.id == run_id) & (t.c.epoch == 0) & t.c.runner_id.is_(None) & t.c.ended_at.is_(None)
    values = {"status": "stopped", "health": "ok", "ended_at": func.clock_timestamp()}
    return conn.execute(update(t).where(never).values(values)).rowcount == 1


def log(conn: Connection, run_id: int, event: str, who: str, detail: str | None = None) -> None:
    """Note what was done to a run."""
    conn.execute(insert(tables.run_log).values(run_id=run_id, event=event, who=who, detail=detail))


def read_log(conn: Connection, run_id: int, limit: int = 200, offset: int = 0) -> tuple[list[LogEntry], int]:
    """What was done to a run, newest first, and how many entries there are in all."""
    t = tables.run_log.c
    total = conn.scalar(select(func.count()).where(t.run_id == run_id)) or 0
    wanted = select(t.id, _ms(t.at), t.event, t.who, t.detail).where(t.run_id == run_id)
    rows = conn.execute(wanted.order_by(t.id.desc()).limit(limit).offset(offset))
    return [LogEntry(*row) for row in rows], total


def _ms(at: Any) -> Any:
    return func.floor(func.extract("epoch", at) * 1000).cast(tables.runs.c.id.type)


def _select() -> Any:
    r, w = tables.runs, tables.runners
    served = exists().where(w.c.id == r.c.runner_id, w.c.lease_until > func.clock_timestamp())
    health = case((r.c.ended_at.is_not(None) | served, r.c.health), else_="waiting_for_runner")
    return (
        select(
            r,
            health.label("health_now"),
            _ms(r.c.created_at).label("created_ms"),
            _ms(r.c.ended_at).label("ended_ms"),
            tables.strategy_versions.c.strategy,
            tables.instruments.c.name.label("instrument"),
            *(tables.instrument_rules.c[name] for name in _RULES),
        )
        .join(tables.strategy_versions, tables.strategy_versions.c.sha256 == r.c.strategy_version)
        .join(tables.instruments, tables.instruments.c.id == r.c.instrument_id)
        .join(tables.instrument_rules, tables.instrument_rules.c.id == r.c.rules_id)
    )


_RULES = ("tick_size", "lot_step", "min_quantity", "min_notional", "source", "captured_ms")
_SAME = [name for name in Run.__dataclass_fields__ if name not in ("rules", "costs", "health", "digest")]


def _run(row: Row[Any]) -> Run:
    values = row._mapping
    return Run(
        **{name: values[name] for name in _SAME},
        rules=InstrumentRules(row.instrument, *(values[name] for name in _RULES)),
        costs=Costs(row.maker_ppm, row.taker_ppm, row.slippage_ppm, row.half_spread_ppm),
        health=row.health_now,
        digest=None if row.digest is None else bytes(row.digest),
    )
