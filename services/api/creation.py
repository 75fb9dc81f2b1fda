"""What a person asks for as a run, and what follows from it: everything that the fold will need is fixed here."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection

from services.api import library, schemas
from services.api.errors import NotFoundError
from shared.domain.errors import InputError, OutOfRangeError
from shared.domain.instrument import InstrumentRules, parse_instrument
from shared.domain.timeframe import MINUTE_MS, floor_ms
from shared.engine.setup import cash_units, costs_of
from shared.engine.version import ENGINE_VERSION
from shared.engine.warmup import wanted_from
from shared.exchange.fees import rates_at
from shared.exchange.rules import shipped_rules
from shared.store import market, strategies
from shared.store.runs import NewRun, Run
from shared.store.strategies import Version
from shared.strategy.planning import plan_for
from shared.strategy.spec import Spec

MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Window:
    """When a run may trade: open times of its first minute and, of a backtest, the end (exclusive)."""

    start_ms: int
    end_ms: int | None


def new_run(conn: Connection, asked: schemas.NewRun, who: str) -> NewRun:
    """The run to create. Raises NotFoundError, InputError (StrategyError with every problem), UnavailableError."""
    version = find_version(conn, asked.strategy, asked.version_sha256)
    spec = library.spec_of(version.text, version.strategy)
    plan = plan_for(spec, variant=asked.variant, overrides=asked.params, instrument=asked.instrument)
    now_ms = market.exchange_now(conn)
    window = window_of(asked, spec, now_ms)
    instrument_id, rules_id, rules = find_rules(conn, plan.instrument)
    fees = rates_at(window.start_ms)
    cash = plan.cash if asked.cash is None else asked.cash
    check_cash(cash, rules)
    return NewRun(
        mode=asked.mode,
        strategy_version=version.sha256,
        instrument_id=instrument_id,
        rules_id=rules_id,
        costs=costs_of(plan, fees.maker_ppm / MILLION, fees.taker_ppm / MILLION),
        cash=cash,
        start_ms=window.start_ms,
        end_ms=window.end_ms,
        history_from_ms=wanted_from(window.start_ms, plan.settle_ms),
        engine_version=ENGINE_VERSION,
        created_by=who,
        variant=asked.variant,
        params=asked.params,
    )


def find_version(conn: Connection, name: str, sha256: str | None) -> Version:
    """A version of a strategy, the current one unless named. Raises NotFoundError."""
    strategy = strategies.find(conn, name)
    if strategy is None:
        raise NotFoundError(f"no strategy is called {name!r}")
    if sha256 is None or sha256 == strategy.current.sha256:
        return strategy.current
    found = next((version for version in strategies.versions(conn, name) if version.sha256 == sha256), None)
    if found is None:
        raise NotFoundError(f"strategy {name} has no version {sha256}")
    return found


def window_of(asked: schemas.NewRun, spec: Spec, now_ms: int) -> Window:
    """A paper run starts at the next minute of the exchange, or at the past one asked for; a backtest is all past."""
    this_minute = floor_ms(now_ms, MINUTE_MS)
    if asked.mode == "paper":
        refuse_beside(asked, {"from": asked.from_, "to": asked.to}, "a paper run takes start_at, not from and to")
        start_ms = this_minute + MINUTE_MS if asked.start_at is None else asked.start_at
        if start_ms > this_minute + MINUTE_MS:
            raise InputError("start_at", "not in the future: the exchange's clock shows " + str(now_ms), start_ms)
        return Window(start_ms, None)
    refuse_beside(asked, {"start_at": asked.start_at}, "a backtest takes from and to, not start_at")
    first = spec.from_ms if asked.from_ is None else asked.from_
    last = spec.to_ms if asked.to is None else asked.to
    if first is None:
        raise InputError("from", "needed: the strategy states no backtest.from")
    end_ms = this_minute if last is None else floor_ms(last, MINUTE_MS) + MINUTE_MS
    if end_ms > this_minute:
        raise InputError("to", "a minute that has closed: the exchange's clock shows " + str(now_ms), last)
    start_ms = floor_ms(first, MINUTE_MS)
    if start_ms >= end_ms:
        raise InputError("from", "at or before `to`", start_ms)
    return Window(start_ms, end_ms)


def refuse_beside(asked: schemas.NewRun, given: dict[str, int | None], rule: str) -> None:
    for name, value in given.items():
        if value is not None:
            raise InputError(name, rule, value)


def find_rules(conn: Connection, name: str) -> tuple[int, int, InstrumentRules]:
    """(instrument id, rules id, rules): the exchange's latest, else the shipped ones. Raises InputError."""
    instrument = market.find_instrument(conn, name)
    if instrument is not None:
        latest = market.latest_rules(conn, instrument.id)
        if latest is not None:
            return instrument.id, *latest
    try:
        rules = shipped_rules(name)
    except InputError:
        raise InputError("instrument", "one whose trading rules are known", name) from None
    instrument_id = market.put_instrument(conn, name, name.replace("/", "")) if instrument is None else instrument.id
    return instrument_id, market.put_rules(conn, instrument_id, rules), rules


def check_cash(cash: Decimal, rules: InstrumentRules) -> None:
    """Raises InputError for an amount that the engine would refuse."""
    try:
        cash_units(cash, rules)
    except OutOfRangeError:
        raise InputError("cash", f"above 0 and below 2^62 units of 1e-{rules.quote_decimals}", cash) from None


def is_what_was_asked(run: Run, asked: schemas.NewRun) -> bool:
    """Whether a request could have made this run: what it leaves open may be anything."""
    end_ms = None if asked.to is None else asked.to + MINUTE_MS
    return (
        (run.strategy, run.mode, run.variant, dict(run.params))
        == (asked.strategy, asked.mode, asked.variant, asked.params)
        and asked.version_sha256 in (None, run.strategy_version)
        and (asked.instrument is None or parse_instrument(asked.instrument) == run.instrument)
        and asked.cash in (None, run.cash)
        and asked.start_at in (None, run.start_ms)
        and asked.from_ in (None, run.start_ms)
        and end_ms in (None, run.end_ms)
    )
