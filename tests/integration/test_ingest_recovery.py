"""Whatever dies, freezes or is emptied: afterwards the record is the truth and the stream tells all of it, once."""

import random
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from services.cli.up.layout import make_stores
from services.cli.up.postgres import Postgres
from services.cli.up.processes import LineLog, start_until_ready
from services.cli.up.valkey import Valkey
from shared.store.migrate import upgrade
from tests.support.ingest import M, Record, an_ingest
from tests.support.sim import free_port, start_sim
from tests.support.store import engine_of
from tests.support.waiting import wait_for

START = "2024-01-05T12:00:00Z"
RATE = 600.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short folder that the stores' user can pass through."""
    place = Path(tempfile.mkdtemp(prefix="paperfold-ingest-", dir="/tmp"))
    place.chmod(0o711)
    yield place
    shutil.rmtree(place)


def test_ingest_killed_at_any_moment_misses_nothing(database, redis_url, tmp_path):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    with (
        start_sim(instruments=["BTC/USDT", "SOL/USDT"], rate=RATE, start=START) as sim,
        an_ingest(sim, database, redis_url, tmp_path / "log", ("BTC/USDT", "SOL/USDT")) as ingest,
        engine_of(database) as engine,
    ):
        ingest.start()
        records = [Record(engine, redis_url, sim, name) for name in ("BTC/USDT", "SOL/USDT")]
        records[0].wait_until(1)
        for _ in range(5):
            time.sleep(rng.uniform(0.1, 2.5))
            ingest.kill()
            ingest.start()
        now = sim.clock()["exchange_ms"]
        for record in records:
            record.wait_until(now)
            record.check()
            record.check_stream()


def test_a_frozen_ingest_is_replaced_and_writes_nothing_when_it_wakes(database, redis_url, tmp_path):
    with (
        start_sim(instruments=["BTC/USDT"], rate=60, start=START) as sim,
        an_ingest(sim, database, redis_url, tmp_path / "first") as first,
        an_ingest(sim, database, redis_url, tmp_path / "second") as second,
        engine_of(database) as engine,
    ):
        record = Record(engine, redis_url, sim)
        first.start()
        record.wait_until(1)
        second.start()
        wait_for(lambda: "feed_started" in first.text, 10)
        first.signal(signal.SIGSTOP)
        wait_for(lambda: "feed_started" in second.text, 20, "the second takes over")
        assert record.rows("select epoch from leases") == [(2,)]
        first.signal(signal.SIGCONT)
        wait_for(lambda: "epoch_ended" in first.text, 20, "the first notices")
        now = sim.clock()["exchange_ms"]
        record.wait_until(now)
        record.check()
        record.check_stream()
        assert second.stop() == 0
        wait_for(lambda: first.text.count("lease_taken") == 2, 10, "the first takes over in turn")
        record.wait_until(sim.clock()["exchange_ms"])
        record.check()
        assert first.stop() == 0


def test_a_flushed_redis_is_told_everything_again(database, redis_url, valkey_server, tmp_path):
    with (
        start_sim(instruments=["BTC/USDT"], rate=RATE, start=START) as sim,
        an_ingest(sim, database, redis_url, tmp_path / "log", ingest__history_days=1) as ingest,
        engine_of(database) as engine,
    ):
        ingest.start()
        record = Record(engine, redis_url, sim)
        wait_for(lambda: len(record.coverage) == 1 and len(record.bars()) > 2000, 20, "history is filled")
        for _ in range(3):
            before = record.until_ms
            valkey_server.flush()
            record.wait_until(before + 5 * M)
            entries = record.check_stream()
            assert entries[0].open_ms <= before - 2000 * M, "the stream holds its past again"
        record.check()


def test_the_record_goes_on_without_redis(database, folder, tmp_path):
    stores = make_stores(folder)
    valkey = Valkey(stores.home, stores.sockets, stores.owner)
    child = valkey.start(LineLog(folder / "valkey.log"))
    try:
        with (
            start_sim(instruments=["BTC/USDT"], rate=RATE, start=START) as sim,
            an_ingest(sim, database, valkey.url(), tmp_path / "log") as ingest,
            engine_of(database) as engine,
        ):
            ingest.start()
            record = Record(engine, valkey.url(), sim)
            record.wait_until(1)
            child.kill()
            record.wait_until(record.until_ms + 20 * M)
            start_until_ready(child, valkey.ready)
            record.wait_until(record.until_ms + 10 * M)
            wait_for(record.stream, 10)
            entries = record.check_stream()
            assert entries[0].open_ms == record.coverage[0][0]
            record.check()
            assert ingest.text.count("lease_taken") == 1
    finally:
        child.stop()


def test_nothing_is_lost_while_postgresql_is_away(redis_url, folder, tmp_path):
    stores = make_stores(folder)
    postgres = Postgres(stores.home, stores.sockets, "secret", stores.owner)
    child = postgres.start(LineLog(folder / "postgres.log"))
    try:
        upgrade(postgres.url())
        with (
            start_sim(instruments=["BTC/USDT"], rate=RATE, start=START) as sim,
            an_ingest(sim, postgres.url(), redis_url, tmp_path / "log") as ingest,
            engine_of(postgres.url()) as engine,
        ):
            ingest.start()
            record = Record(engine, redis_url, sim)
            record.wait_until(1)
            for _ in range(2):
                time.sleep(0.7)
                child.kill()
                time.sleep(1.0)
                start_until_ready(child, postgres.ready)
                engine.dispose()
                record.wait_until(sim.clock()["exchange_ms"])
            record.check()
            record.check_stream()
            assert ingest.stop() == 0
    finally:
        child.stop()


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_the_exchange_may_go_away_and_come_back(how, database, redis_url, tmp_path):
    """Killed, its time has gone on; stopped, it stood still: what it had not closed is not taken for closed."""
    world = {"instruments": ["BTC/USDT"], "rate": RATE, "port": free_port(), "state_dir": tmp_path / "state"}
    with ExitStack() as stack:
        engine = stack.enter_context(engine_of(database))
        sim = stack.enter_context(start_sim(start=START, **world))
        ingest = stack.enter_context(an_ingest(sim, database, redis_url, tmp_path / "log")).start()
        record = Record(engine, redis_url, sim)
        record.wait_until(1)
        for _ in range(2):
            record.wait_until(record.until_ms + 10 * M)
            getattr(sim, how)()
            time.sleep(1.5)
            sim = stack.enter_context(start_sim(**world))
            record.wait_until(sim.clock()["exchange_ms"] + 5 * M)
            record.check()
            record.check_stream()
        assert ingest.text.count("lease_taken") == 1


def test_a_database_of_another_market_is_refused(database, redis_url, tmp_path):
    names = ["BTC/USDT"]
    with (
        start_sim(instruments=names, seed=1) as sim,
        an_ingest(sim, database, redis_url, tmp_path / "1") as ingest,
        engine_of(database) as engine,
    ):
        ingest.start()
        wait_for(lambda: Record(engine, redis_url, sim).rows("select * from market"), 20)
        assert ingest.stop() == 0
    with (
        start_sim(instruments=names, seed=2) as sim,
        an_ingest(sim, database, redis_url, tmp_path / "2") as ingest,
    ):
        assert ingest.start().wait() == 2
        assert "belongs to market sim" in ingest.text
    with (
        start_sim(instruments=names, seed=1) as sim,
        an_ingest(sim, database, redis_url, tmp_path / "3", exchange__market="binance-us") as ingest,
    ):
        assert ingest.start().wait() == 2
        assert "refuses another, was binance-us" in ingest.text


def test_a_wrong_clock_rate_is_refused(database, redis_url, tmp_path):
    with (
        start_sim(instruments=["BTC/USDT"], rate=60) as sim,
        an_ingest(sim, database, redis_url, tmp_path / "log", exchange__clock_rate=1) as ingest,
    ):
        assert ingest.start().wait() == 2
        assert "CLOCK_RATE: the simulated exchange's rate 60, was 1" in ingest.text
