"""Builders for tests against a database: a market, a strategy, runs; engines that are closed at the end."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, event

from shared.domain.bar import Bar
from shared.domain.instrument import Costs
from shared.store import commits, database, market, ownership, runs, strategies
from shared.store.ownership import Progress
from shared.store.runs import NewRun, Run
from tests.support.instruments import RULES

M = 60_000
START = 29_000_000 * M
COSTS = Costs(1000, 2000, 200, 100)
NO_BAR = {"minutes": 0, "new_position_ms": None, "new_digest": None}  # of a_step: nothing was folded


@contextmanager
def engine_of(url: str) -> Iterator[Engine]:
    """A small pool that leaves nothing open."""
    engine = patient(database.connect(url, "tests"))
    try:
        yield engine
    finally:
        engine.dispose()


def patient(engine: Engine) -> Engine:
    """Its sessions may idle in a transaction for longer than a service's: a test, and a server that runs within it, are
    beside as many more as there are workers, and may not get to run for seconds.
    """

    @event.listens_for(engine, "connect")
    def wait(connection: Any, _: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("set idle_in_transaction_session_timeout = '30s'")
        connection.commit()

    return engine


def a_bar(minute: int, price: float = 100.0, volume: float = 1.5) -> Bar:
    """A plain bar, `minute` minutes behind START."""
    return Bar(START + minute * M, price, price + 1, price - 1, price, volume)


def span(first: int, last: int) -> tuple[int, int]:
    """Minutes first .. last - 1 behind START, as a range."""
    return START + first * M, START + last * M


def an_instrument(conn: Connection, name: str = "BTC/USDT") -> int:
    return market.put_instrument(conn, name, name.replace("/", ""), "TRADING")


def a_run(conn: Connection, *, engine_version: str = "1", mode: str = "paper", key: str | None = None) -> Run:
    """A run of a strategy on BTC/USDT, everything made that it needs."""
    version, _ = strategies.put(conn, "a-strategy", "name: a-strategy\n", "tests")
    instrument_id = an_instrument(conn)
    new = NewRun(
        mode=mode,  # type: ignore[arg-type]
        strategy_version=version.sha256,
        instrument_id=instrument_id,
        rules_id=market.put_rules(conn, instrument_id, RULES),
        costs=COSTS,
        cash=Decimal("10000"),
        start_ms=START,
        end_ms=START + 1000 * M if mode == "backtest" else None,
        history_from_ms=START - 1440 * M,
        engine_version=engine_version,
        created_by="tests",
    )
    return runs.create(conn, new, key)[0]


def a_runner(conn: Connection, lease_s: float = 60.0, version: str = "1") -> UUID:
    """A runner that lives for `lease_s`."""
    runner_id = uuid4()
    ownership.register(conn, runner_id, version, 10, "test-host", lease_s)
    return runner_id


def commit_progress(conn: Connection, runner_id: UUID, steps: Sequence[Progress]) -> set[int]:
    """Commit steps without decisions; the runs that are still the runner's and were moved."""
    return {step.run_id for step in steps} - commits.commit(conn, runner_id, steps).lost


def a_claimed_run(conn: Connection, runner_id: UUID) -> Run:
    """A run that this runner owns."""
    run = a_run(conn)
    (claimed,) = ownership.claim(conn, runner_id, "1", {"paper": 1})
    assert claimed.id == run.id
    return claimed


def a_step(run: Run, minutes: int = 1, **other: object) -> Progress:
    """The step from what `run` says to `minutes` later."""
    position = (START - M if run.position_ms is None else run.position_ms) + minutes * M
    values: dict[str, object] = {
        "run_id": run.id, "epoch": run.epoch, "old_position_ms": run.position_ms, "old_digest": run.digest,
        "new_position_ms": position, "new_digest": position.to_bytes(32, "big"), "new_seq": run.seq + minutes,
        "status": "running",
    }  # fmt: skip
    return Progress(**{**values, **other})  # type: ignore[arg-type]
