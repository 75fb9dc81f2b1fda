"""Runs as the API shows them: a row of `runs`, what the strategy's text says, and what the run holds."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import Connection

from services.api import library
from services.api.ledger import Holding, Ledgers
from services.api.times import iso, iso_or_none
from shared.domain.instrument import InstrumentRules
from shared.domain.timeframe import MINUTE_MS
from shared.performance.money import half_even, to_units
from shared.performance.position import open_position, unrealised
from shared.performance.sheet import Statistics
from shared.store import commands, frames
from shared.store.runs import Run
from shared.strategy.plan import Plan

Json = dict[str, object]

FLAT: Json = {"side": "flat", "quantity": None, "entry_price": None, "stop": None, "target": None}
HEADLINE = (
    "trade_count", "wins", "losses", "winrate", "profit_abs", "profit_ratio", "profit_closed_abs", "profit_factor",
    "max_drawdown_ratio", "current_drawdown_ratio", "sharpe",
)  # fmt: skip


def run_json(conn: Connection, ledgers: Ledgers, run: Run) -> Json:
    return runs_json(conn, ledgers, [run])[0]


def runs_json(conn: Connection, ledgers: Ledgers, found: Sequence[Run]) -> list[Json]:
    """Runs as in lists, in the same order."""
    counts = ledgers.trade_counts(conn, found)
    open_now = [run for run in found if run.quantity]
    marks = frames.closes(conn, [(run.instrument_id, run.position_ms or 0) for run in open_now]) if open_now else {}
    holdings = {run.id: ledgers.holding(conn, run) for run in open_now}
    return [
        _run(run, ledgers.plans.of(conn, run), counts[run.id], holdings.get(run.id),
             marks.get((run.instrument_id, run.position_ms or 0)))
        for run in found
    ]  # fmt: skip


def _run(run: Run, plan: Plan, counts: tuple[int, int], holding: Holding | None, mark: Decimal | None) -> Json:
    rules = run.rules
    cash = to_units(rules, run.cash)
    equity = cash if run.equity is None else to_units(rules, run.equity)
    ticks = None if mark is None else to_ticks(rules, mark)
    position = None if holding is None else open_position(holding.book, holding.resting.orders.values(), None)
    open_quote = 0 if position is None or holding is None or ticks is None else unrealised(holding.book, ticks)
    return {
        "id": run.id,
        "mode": run.mode,
        "strategy": run.strategy,
        "version_sha256": run.strategy_version,
        "variant": run.variant,
        "params": dict(run.params),
        "instrument": run.instrument,
        "entry_timeframe": plan.entry_timeframe,
        "cash": rules.quote_text(cash),
        "quote": run.instrument.partition("/")[2],
        "status": run.status,
        "health": run.health,
        "status_detail": run.status_detail,
        "created_ms": run.created_ms,
        "created_at": iso(run.created_ms),
        "start_ms": run.start_ms,
        "start_at": iso(run.start_ms),
        "end_ms": run.end_ms,
        "warmup_from_ms": run.warmup_from_ms,
        "last_bar_ms": run.position_ms,
        "last_bar_at": iso_or_none(run.position_ms),
        "progress": run.progress,
        "equity_quote": rules.quote_text(equity),
        "pnl_quote": rules.quote_text(equity - cash),
        "pnl_ratio": (equity - cash) / cash,
        "unrealised_quote": rules.quote_text(open_quote),
        "position": FLAT if position is None else {name: position[name] for name in FLAT},
        "trade_count": counts[0],
        "win_count": counts[1],
        "attempts": run.attempts,
        "failure": run.failure,
        "runner_id": None if run.runner_id is None else str(run.runner_id),
        "engine_version": run.engine_version,
        "synthetic_short": library.may_short(plan),
    }


def position_json(conn: Connection, ledgers: Ledgers, run: Run) -> Json:
    """What the run holds, at the close of the last bar folded."""
    if not run.quantity or run.position_ms is None:
        return {**FLAT, "rungs": []}
    holding = ledgers.holding(conn, run)
    close = frames.closes(conn, [(run.instrument_id, run.position_ms)]).get((run.instrument_id, run.position_ms))
    mark = None if close is None else (run.position_ms + MINUTE_MS - 1, to_ticks(run.rules, close))
    return open_position(holding.book, holding.resting.orders.values(), mark) or {**FLAT, "rungs": []}


def to_ticks(rules: InstrumentRules, price: Decimal) -> int:
    """A recorded price as ticks, as the engine takes it: to 1e-8, then to the nearest tick, ties to even."""
    return half_even(round(price.scaleb(8)), int(rules.tick_size.scaleb(8)))


def headline(stats: Statistics) -> Json:
    """The statistics that a run's page shows first, with their sample sizes and reasons."""
    chosen: Json = {name: stats[name] for name in HEADLINE}
    for part in ("n", "reasons"):
        whole = stats[part]
        assert isinstance(whole, dict)  # noqa: S101 - a sheet's
        chosen[part] = {name: value for name, value in whole.items() if name in HEADLINE}
    return chosen


def command_json(command: commands.Recorded) -> Json:
    return {
        "id": command.id,
        "kind": command.kind,
        "close_position": command.close_position,
        "accepted_ms": command.accepted_ms,
        "effective_ms": command.effective_ms,
        "requested_by": command.requested_by,
    }
