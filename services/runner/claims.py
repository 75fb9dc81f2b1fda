"""Which runs a runner takes: those that the record says are its own, those that nobody has, one of an older engine."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from services.runner.holdings import Holdings
from shared.domain.run import RunMode
from shared.engine.version import ENGINE_VERSION
from shared.store import ownership, runs
from shared.store.runs import Run


def claim(conn: Connection, holdings: Holdings, capacity: int) -> list[Run]:
    """Runs to open, as many as there is room for. Those that someone else has taken over are dropped first."""
    owned = ownership.owned(conn, holdings.runner_id)
    holdings.drop_lost(owned)
    strange = owned.keys() - {*holdings.held, *holdings.waiting, *holdings.children.runs()}
    fresh = runs.get_many(conn, sorted(strange)) if strange else []
    slots = _slots(holdings, capacity, fresh)
    fresh += ownership.claim(conn, holdings.runner_id, ENGINE_VERSION, slots)
    return fresh + _claim_older(conn, holdings, slots, fresh)


def _slots(holdings: Holdings, capacity: int, fresh: Sequence[Run]) -> dict[RunMode, int]:
    """Room for further runs. Backtests that wait for history take nobody's place."""
    waiting, children = holdings.waiting.values(), holdings.children
    here = [held.run for held in holdings.held.values()] + [one.run for one in waiting]
    live = sum(run.mode == "paper" for run in [*here, *fresh]) + children.has("paper")
    tests = [one for one in waiting if one.run.mode == "backtest" and one.is_ready]
    is_taken = children.has("backtest") or tests or any(run.mode == "backtest" for run in fresh)
    return {"paper": max(0, capacity - live), "backtest": 0 if is_taken else 1}


def _claim_older(conn: Connection, holdings: Holdings, slots: Mapping[RunMode, int], fresh: Sequence[Run]) -> list[Run]:
    """One run of an older engine, where a place and a child are free for it."""
    for mode, count in slots.items():
        free = count - sum(run.mode == mode for run in fresh)
        if free > 0 and not holdings.children.has(mode):
            older = ownership.claim_older(conn, holdings.runner_id, ENGINE_VERSION, mode)
            if older is not None:
                return [older]
    return []
