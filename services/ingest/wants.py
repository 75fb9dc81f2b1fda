"""Which instruments are streamed and how much history they need: settings, unfinished runs and known strategies."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from shared import log
from shared.domain.coverage import Range
from shared.domain.timeframe import DAY_MS, floor_ms
from shared.settings import Ingest
from shared.store import market, strategies, tables
from shared.strategy.load import load
from shared.strategy.planning import plan_for
from shared.strategy.problems import StrategyError

FOREVER = 1 << 62


@dataclass(slots=True)
class Want:
    """One instrument: ranges of minutes that someone wants decided. A live one ends at FOREVER."""

    ranges: list[Range] = field(default_factory=list)


class StrategyNeeds:
    """What known strategies need; a version never changes, so each is read once."""

    def __init__(self) -> None:
        self._known: dict[str, list[tuple[str, int]]] = {}

    def of(self, conn: Connection) -> Iterable[tuple[str, int]]:
        """(instrument, settle in ms) of each strategy's current version, with each of its variants."""
        t = tables.strategies.c
        for sha256 in conn.scalars(select(t.current_sha256).where(t.archived_at.is_(None))).all():
            if sha256 not in self._known:
                self._known[sha256] = _needs_of(strategies.get_version(conn, sha256).text)
            yield from self._known[sha256]


def wanted(
    conn: Connection, settings: Ingest, needs: StrategyNeeds, now_ms: int
) -> tuple[dict[str, Want], dict[str, market.Instrument]]:
    """Wants by instrument, and every instrument that the database knows."""
    wants: dict[str, Want] = {}
    for name in settings.instruments:
        _add(wants, name, (now_ms - settings.history_days * DAY_MS, FOREVER))
    for need in market.needs(conn):
        end_ms = FOREVER if need.live or need.end_ms is None else need.end_ms
        _add(wants, need.instrument, (need.from_ms, end_ms))
    for name, settle_ms in needs.of(conn):
        _add(wants, name, (now_ms - settle_ms, FOREVER))
    return wants, {one.name: one for one in market.list_instruments(conn)}


def _add(wants: dict[str, Want], name: str, wanted: Range) -> None:
    wants.setdefault(name, Want()).ranges.append((floor_ms(wanted[0], DAY_MS), wanted[1]))


def _needs_of(text: str) -> list[tuple[str, int]]:
    loaded = load(text, "strategy.yaml")
    if loaded.spec is None:
        log.get("wants").warning("strategy_not_read", sha256=loaded.sha256, reason=str(loaded.errors[:1]))
        return []
    found = []
    for variant in (None, *loaded.spec.variants):
        try:
            plan = plan_for(loaded.spec, variant=variant)
        except StrategyError as error:
            log.get("wants").warning("strategy_without_plan", reason=str(error))
            continue
        found.append((plan.instrument, plan.settle_ms))
    return found
