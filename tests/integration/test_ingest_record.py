"""Ingest against the real simulator, PostgreSQL and Redis: what it records is what the exchange did."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.ingest.record import record_outcomes
from shared.bus.codec import Gap
from shared.exchange.finality import Absent, Final
from shared.store import bars, market, strategies
from shared.store import database as stores
from tests.support.ingest import M, Record, an_ingest, begin_of
from tests.support.sim import start_sim
from tests.support.store import a_bar, a_run, an_instrument, engine_of, span
from tests.support.waiting import wait_for

START = "2024-01-05T12:00:00Z"
START_MS = int(datetime(2024, 1, 5, 12, tzinfo=UTC).timestamp() * 1000)
NAMES = ("BTC/USDT", "ETH/USDT", "SOL/USDT")


def bar_file(folder: Path, minutes: int, lost: set[int], quiet: set[int]) -> Path:
    """A bar file from START on; minutes in `lost` have no row, those in `quiet` no trade."""
    rng = random.Random(7)
    lines = ["open_time,open,high,low,close,volume"]
    price = 20_000
    for i in range(minutes):
        if i in lost:
            continue
        if i in quiet:
            lines.append(f"{START_MS + i * M},{price},{price},{price},{price},0")
            continue
        close = price + rng.randrange(-50, 51)
        high, low = max(price, close) + rng.randrange(20), min(price, close) - rng.randrange(20)
        lines.append(f"{START_MS + i * M},{price},{high},{low},{close},{rng.randrange(1, 900) / 100}")
        price = close
    path = folder / "binanceus_BTCUSDT_1m_made.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("policy", ["silent", "push"])
def test_the_record_is_the_truth(policy, database, redis_url, tmp_path):
    with (
        start_sim(instruments=NAMES, rate=600, start=START, no_trade_policy=policy) as sim,
        an_ingest(sim, database, redis_url, tmp_path / "log", NAMES, ingest__history_days=1) as ingest,
        engine_of(database) as engine,
    ):
        ingest.start()
        midnight = START_MS - 36 * 60 * M  # a day before, floored
        records = [Record(engine, redis_url, sim, name) for name in NAMES]
        for record in records:
            record.wait_until(START_MS + 60 * M)
            wait_for(lambda record=record: [start for start, _ in record.coverage] == [midnight], 30, "history")
            record.check()
            record.check_stream()
        with stores.begin(engine) as conn:
            assert abs(market.exchange_now(conn) - sim.clock()["exchange_ms"]) < 60_000
            rules = {name: market.find_instrument(conn, name) for name in NAMES}
            assert all(one is not None and one.status == "TRADING" for one in rules.values())
            latest = market.latest_rules(conn, rules["BTC/USDT"].id)
            assert latest is not None
            assert latest[1].source == "exchange-info"
        assert ingest.stop() == 0
        assert record.rows("select lease_until = '-infinity' from leases") == [(True,)]
        record.check()


def test_downtime_becomes_gaps_and_quiet_minutes_become_bars(database, redis_url, tmp_path):
    lost = {*range(20, 29), 40, *range(55, 58)}
    quiet = {*range(5, 12), *range(29, 33), 54, *range(70, 90)}
    path = bar_file(tmp_path, 900, lost, quiet)
    start = datetime.fromtimestamp(START_MS / 1000 + 180, UTC).isoformat()
    with (
        start_sim(bars=[path], rate=600, start=start) as sim,
        an_ingest(sim, database, redis_url, tmp_path / "log") as ingest,
        engine_of(database) as engine,
    ):
        ingest.start()
        record = Record(engine, redis_url, sim)
        record.wait_until(START_MS + 95 * M)
        first, end = record.check()
        assert first <= START_MS + 4 * M
        entries = record.check_stream()
        gaps = [
            minute for entry in entries if isinstance(entry, Gap) for minute in range(entry.from_ms, entry.to_ms, M)
        ]
        began = begin_of(entries[0])  # a slow machine's feed comes later than the first of them
        assert gaps == [minute for i in sorted(lost) if (minute := START_MS + i * M) >= began] != []
        assert [bar.open_ms for bar in record.bars() if bar.trades == 0 and bar.open_ms < end] == [
            START_MS + i * M for i in sorted(quiet)
        ]
        assert record.until_ms > first


def test_gaps_in_history_are_proved_before_they_are_gaps(database, redis_url, tmp_path):
    lost = {*range(300, 340), 1_000}
    path = bar_file(tmp_path, 2_000, lost, set())
    start = datetime.fromtimestamp(START_MS / 1000 + 1_500 * 60, UTC).isoformat()
    with (
        start_sim(bars=[path], rate=60, start=start) as sim,
        an_ingest(sim, database, redis_url, tmp_path / "log", ingest__history_days=3) as ingest,
        engine_of(database) as engine,
    ):
        ingest.start()
        record = Record(engine, redis_url, sim)
        wait_for(lambda: len(record.coverage) == 1 and record.coverage[0][0] == START_MS, 40, "all history is decided")
        record.check()
        assert record.rows("select history_starts_ms from instruments") == [(START_MS,)]


def test_what_an_import_had_decided_is_told_as_it_stands(database):
    """The feed catches up, the exchange knows nothing of a minute, and a file has just brought it: it is no gap."""
    with engine_of(database) as engine, stores.begin(engine) as conn:
        i = an_instrument(conn)
        bars.record(conn, i, [a_bar(0), a_bar(2), a_bar(3)], span(0, 4), "import", 7)  # minute 1 is absent for good
        outcomes = [Final(a_bar(0, 90.0), "rest"), Final(a_bar(1), "rest"), Absent(*span(2, 3)), Absent(*span(3, 6))]
        entries, _ = record_outcomes(conn, i, outcomes)
        assert entries == [a_bar(0), Gap(*span(1, 2)), a_bar(2), a_bar(3), Gap(*span(4, 6))]
        bars.record(conn, i, [a_bar(7)], span(7, 8), "import", 7)
        assert record_outcomes(conn, i, [Absent(*span(6, 9))])[0] == [Gap(*span(6, 7)), a_bar(7), Gap(*span(8, 9))]
        bars.record(conn, i, [a_bar(10)], span(10, 11), "import", 7)
        outcomes = [Final(a_bar(9), "frame"), Absent(*span(10, 11)), Final(a_bar(11), "frame")]
        assert record_outcomes(conn, i, outcomes)[0] == [a_bar(9), a_bar(10), a_bar(11)]


def test_confirmed_finality_takes_no_frames_word(database, redis_url, tmp_path):
    with (
        start_sim(instruments=NAMES[:1], rate=60, start=START, no_trade_policy="push") as sim,
        an_ingest(sim, database, redis_url, tmp_path / "log", ingest__finality="confirmed") as ingest,
        engine_of(database) as engine,
    ):
        ingest.start()
        record = Record(engine, redis_url, sim)
        record.wait_until(START_MS + 6 * M)
        record.check()
        assert {row[0] for row in record.rows("select source from bars")} == {"rest"}


def test_frames_decide_where_they_join(database, redis_url, tmp_path):
    with (
        start_sim(instruments=NAMES[:1], rate=60, start=START, no_trade_policy="push") as sim,
        an_ingest(sim, database, redis_url, tmp_path / "log") as ingest,
        engine_of(database) as engine,
    ):
        ingest.start()
        record = Record(engine, redis_url, sim)
        record.wait_until(START_MS + 12 * M)
        record.check()
        assert ("ws",) in record.rows("select source from bars")


STRATEGY = """\
name: slow
symbol: ETH/USDT
timeframes: {entry: 1h}
indicators:
  - {id: slow, type: EMA, timeframe: entry, length: 20}
logic:
  entry_long: ["close > slow"]
  exit_long: ["close < slow"]
"""


def test_what_runs_and_strategies_need_is_fetched(database, redis_url, tmp_path):
    with (
        start_sim(instruments=NAMES, rate=60, start=START) as sim,
        an_ingest(sim, database, redis_url, tmp_path / "log", ()) as ingest,
        engine_of(database) as engine,
    ):
        ingest.start()
        btc, eth = (Record(engine, redis_url, sim, name) for name in NAMES[:2])
        wait_for(lambda: btc.rows("select * from instruments"), 20)
        assert btc.coverage == []
        with stores.begin(engine) as conn:
            strategies.put(conn, "slow", STRATEGY, "tests")
        wait_for(lambda: len(eth.coverage) == 1 and eth.until_ms > START_MS, 30)
        wait_for(lambda: eth.coverage[0][0] < START_MS - 100 * 60 * M, 30)  # an EMA of 20 hours settles in days
        eth.check()
        with stores.begin(engine) as conn:
            run = a_run(conn)
            conn.exec_driver_sql(
                "update runs set start_ms = %s, history_from_ms = %s", (START_MS - 100 * M, START_MS - 720 * M)
            )
        wait_for(lambda: [start for start, _ in btc.coverage] == [START_MS - 720 * M] and btc.until_ms > START_MS, 30)
        btc.check()
        assert run.mode == "paper"
