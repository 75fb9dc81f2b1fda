"""What a scrape says is so at that moment: of runs by the record, of stores and of the exchange while they are away."""

import re
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from services.api import neighbours
from services.runner.watch import LATE_SECONDS, Clock
from shared.store import bars, figures, market, ownership
from shared.store import database as store
from shared.store.ownership import MOST_ATTEMPTS
from tests.support.api import Api, served
from tests.support.ingest import Record, an_ingest
from tests.support.sim import free_port, start_sim
from tests.support.store import START, M, a_bar, a_run, a_runner, a_step, commit_progress, engine_of, span
from tests.support.waiting import wait_for


def value(scraped: str, sample: str) -> float | None:
    """A sample's value; None when it is not there."""
    found = re.search(rf"^{re.escape(sample)} (\S+)$", scraped, re.MULTILINE)
    return None if found is None else float(found[1])


# --- the record ------------------------------------------------------------------------------------------------------


def test_every_word_is_counted_from_the_beginning(conn: Connection) -> None:
    """A rise from nothing is one that Prometheus does not see."""
    found = figures.read(conn)
    assert set(found.runs.values()) == set(found.live.values()) == {0}
    assert len(found.runs) == 2 * 10
    assert found.live.keys() == {"ok", "stale", "waiting_for_runner", "waiting_for_history"}
    assert (found.behind_ms, found.runners_missing) == (0, 0)
    assert found.size_bytes > 1_000_000


def test_a_run_without_a_runner_is_seen_and_how_many_runners_are_missing(conn: Connection) -> None:
    for _ in range(3):
        a_run(conn)
    a_run(conn, mode="backtest")
    assert figures.read(conn).live["waiting_for_runner"] == figures.read(conn).runners_missing == 3
    runner = a_runner(conn)
    conn.execute(text("update runners set capacity = 2"))
    assert figures.read(conn).runners_missing == 1
    ownership.claim(conn, runner, "1", {"paper": 2})
    found = figures.read(conn)
    assert (found.live["waiting_for_runner"], found.live["ok"], found.runners_missing) == (1, 2, 1)
    conn.execute(text("update runners set lease_until = now() - interval '1 s'"))
    found = figures.read(conn)
    assert (found.live["waiting_for_runner"], found.live["ok"], found.runners_missing) == (3, 0, 3)


def test_the_slowest_run_that_is_folded_says_how_far_it_is_behind(conn: Connection) -> None:
    one, two = a_run(conn), a_run(conn)
    bars.record(conn, one.instrument_id, [a_bar(minute) for minute in range(10)], span(0, 10), "import", 0)
    runner = a_runner(conn)
    claimed = {run.id: run for run in ownership.claim(conn, runner, "1", {"paper": 2})}
    assert figures.read(conn).behind_ms == 0  # neither has begun
    done = commit_progress(conn, runner, [a_step(claimed[one.id], 10), a_step(claimed[two.id], 7)])
    assert done == {one.id, two.id}
    assert figures.read(conn).behind_ms == 3 * M
    conn.execute(text("update runners set lease_until = now() - interval '1 s'"))
    assert figures.read(conn).behind_ms == 0  # it waits, which is another word


def test_a_run_that_takes_runner_after_runner_down_is_counted_though_nobody_lived_to_count_it(conn: Connection) -> None:
    run = a_run(conn)
    conn.execute(text("update runs set attempts = :most where id = :id"), {"most": MOST_ATTEMPTS, "id": run.id})
    ownership.claim(conn, a_runner(conn), "1", {"paper": 1})
    assert figures.read(conn).runs["paper", "failed"] == 1


# --- the API ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def api(database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr(neighbours, "LOOK_S", 0.05)
    with served(database, redis_url) as found:
        yield found


def scraped(api: Api) -> str:
    return api.anybody.get("/metrics").text


def test_the_api_says_what_the_record_says(api: Api) -> None:
    wait_for(lambda: value(scraped(api), 'paperfold_runs{mode="paper",status="pending"}') == 0)
    api.upload()
    api.create()
    wait_for(lambda: value(scraped(api), 'paperfold_live_runs{health="waiting_for_runner"}') == 1)
    api.claim()
    wait_for(lambda: value(scraped(api), 'paperfold_live_runs{health="waiting_for_runner"}') == 0)
    assert value(scraped(api), 'paperfold_runs{mode="paper",status="pending"}') == 1
    assert all(value(scraped(api), f'paperfold_neighbour_up{{neighbour="{name}"}}') for name in ("database", "redis"))


def test_a_database_that_takes_no_writes_is_down_and_nothing_old_is_said(api: Api) -> None:
    up, runs = 'paperfold_neighbour_up{neighbour="database"}', 'paperfold_runs{mode="paper",status="failed"}'
    wait_for(lambda: value(scraped(api), runs) == 0)
    api.app.state.context.refused_write = (float("inf"), "database: No space left on device")
    wait_for(lambda: value(scraped(api), up) == 0)
    assert value(scraped(api), runs) is None
    assert value(scraped(api), 'paperfold_neighbour_up{neighbour="redis"}') == 1
    api.app.state.context.refused_write = None
    wait_for(lambda: value(scraped(api), up) == 1)
    assert value(scraped(api), runs) == 0


def test_a_store_that_takes_its_time_does_not_answer() -> None:
    assert neighbours.is_in_time(None, 100.0)
    assert neighbours.is_in_time(100.0, 100.0 + neighbours.SLOW_S)
    assert not neighbours.is_in_time(100.0, 100.1 + neighbours.SLOW_S)


# --- a runner --------------------------------------------------------------------------------------------------------


def observed() -> float:
    (family,) = LATE_SECONDS.collect()
    return next(float(one.value) for one in family.samples if one.name.endswith("_sum"))


def test_a_commit_is_late_by_exchange_time_once_a_minute_and_never_by_what_was_missed(conn: Connection) -> None:
    market.set_clock(conn, START + M + 2_500, rate=1e-9)  # as good as standing still
    one = a_run(conn)
    begun, clock = observed(), Clock()
    first = a_step(one)
    step = first._replace(old_position_ms=START - M, new_position_ms=START)
    clock.note_lateness([step])  # without exchange time
    clock.measure(conn)
    clock.note_lateness([first, step._replace(old_position_ms=START - 5 * M)])  # a beginning, a catch-up
    assert observed() == begun
    clock.note_lateness([step, step])
    assert observed() - begun == pytest.approx(2.5, abs=0.01)


# --- ingest ----------------------------------------------------------------------------------------------------------


def test_a_feed_is_stale_while_the_exchange_hangs(database: str, redis_url: str, tmp_path: Path) -> None:
    port = free_port()

    def stale() -> tuple[float | None, bool]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            found = answer.read().decode()
        late = value(found, 'paperfold_ingest_late_seconds{instrument="BTC/USDT"}')
        return value(found, 'paperfold_ingest_stale{instrument="BTC/USDT"}'), bool(late)

    with (
        start_sim(instruments=["BTC/USDT"], rate=60, start="2024-01-05T12:00:00Z") as sim,
        an_ingest(sim, database, redis_url, tmp_path / "log", ingest__metrics_port=port) as ingest,
        engine_of(database) as engine,
    ):
        ingest.start()
        record = Record(engine, redis_url, sim)
        record.wait_until(1)
        wait_for(lambda: stale()[0] == 0)
        sim.process.send_signal(signal.SIGSTOP)
        wait_for(lambda: stale() == (1, True))
        until_ms = record.until_ms
        sim.process.send_signal(signal.SIGCONT)
        record.wait_until(until_ms + M)
        wait_for(lambda: stale()[0] == 0)


def test_who_records_says_so(database: str, redis_url: str, tmp_path: Path) -> None:
    """And who waits for the lease does not; with the database it loses it."""
    port = free_port()

    def held() -> float | None:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            return value(answer.read().decode(), "paperfold_ingest_lease_held")

    with (
        start_sim(instruments=["BTC/USDT"], rate=60, start="2024-01-05T12:00:00Z") as sim,
        an_ingest(sim, database, redis_url, tmp_path / "first") as first,
        an_ingest(sim, database, redis_url, tmp_path / "second", ingest__metrics_port=port) as second,
        engine_of(database) as engine,
    ):
        first.start()
        Record(engine, redis_url, sim).wait_until(1)
        second.start()
        wait_for(lambda: port_answers(port))
        assert held() == 0
        first.kill()
        wait_for(lambda: held() == 1)
        with store.begin(engine) as conn:
            conn.execute(
                text("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ingest'")
            )
        wait_for(lambda: "epoch_ended" in second.text)
        wait_for(lambda: held() == 1)


def port_answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=1):
            return True
    except OSError:
        return False
