"""Long folds, children, leases and slots of runners: what must hold when many things happen at once."""

import os
import signal
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from services.api.export import pieces
from services.api.library import Plans
from services.cli.commands.backtest import Window
from services.cli.file_run import run_on
from services.runner.recovery import CHILD_FROM_BARS
from shared.domain.timeframe import DAY_MS, MINUTE_MS
from shared.engine.version import ENGINE_VERSION
from shared.performance.document import dumps
from shared.store import database as db
from shared.store import strategies
from shared.strategy.load import load
from shared.strategy.planning import plan_for
from tests.support.desk import COSTS, RULES, Desk, columns, owner, walk

SKIPPED = frozenset({40, 41, 200, 201, 202, 750, 1498, 1499})
QUIET = """
name: quiet
symbol: BTC/USDT
timeframes: { entry: 15m }
indicators:
  - { id: fast, type: EMA, timeframe: 15m, length: 12 }
  - { id: slow, type: EMA, timeframe: 1h, length: 26 }
logic:
  entry_long: ["fast > slow"]
  exit_long: ["fast < slow"]
risk_management:
  stop_loss: { base_percent: 0.02 }
"""


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    desk = Desk(database, redis_url, walk(1500, skipped=SKIPPED))
    yield desk
    desk.close()


@pytest.fixture
def long_desk(database: str, redis_url: str) -> Iterator[Desk]:
    """So much history that a catch-up is a compiled child's work."""
    desk = Desk(database, redis_url, walk(CHILD_FROM_BARS + 12_000, skipped=SKIPPED))
    yield desk
    desk.close()


def children(desk: Desk) -> list[int]:
    """Processes of children that are connected."""
    found = desk.processes
    pids = []
    for runner in found:
        for line in Path("/proc").iterdir():
            if line.name.isdigit():
                try:
                    stat = (line / "stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
                except OSError:
                    continue
                if int(stat[1]) == runner.process.pid and stat[0] != "Z":
                    pids.append(int(line.name))
    return pids


def export(desk: Desk, run_id: int) -> str:
    with db.begin(desk.engine) as conn:
        return "".join(pieces(conn, Plans(), desk.run(run_id)))


def backtest(desk: Desk, run_id: int) -> str:
    """What `paperfold backtest --json` writes of the same bars."""
    run = desk.run(run_id)
    with db.begin(desk.engine) as conn:
        text = strategies.get_version(conn, run.strategy_version).text
    plan = plan_for(load(text, f"{run.strategy}.yaml"))
    last_ms = run.position_ms if run.end_ms is None else run.end_ms - MINUTE_MS
    recorded = columns([bar for bar in desk.day if bar.open_ms < desk.now_ms])
    window = Window(run.start_ms, last_ms, run.warmup_from_ms)
    folded = run_on(plan, recorded, window, RULES, COSTS.maker_ppm, COSTS.taker_ppm, Decimal(10_000), False)
    return dumps(folded.document)


def test_a_backtest_is_folded_by_a_compiled_child_and_equals_the_command_line(desk: Desk, tmp_path: Path) -> None:
    desk.history(1500)
    end_ms = desk.first_ms + 1500 * MINUTE_MS
    run_id = desk.backtest(start_ms=desk.first_ms + 100 * MINUTE_MS, end_ms=end_ms)
    desk.runner(PAPERFOLD__RUNNER__CACHE_DIR=str(tmp_path))  # nothing is compiled yet
    desk.until(lambda: desk.run(run_id).has_ended, 240.0, (run_id,))
    run = desk.run(run_id)
    assert (run.status, run.health, run.failure, run.runner_id) == ("finished", "ok", None, None)
    assert run.progress is None
    assert run.position_ms == end_ms - 3 * MINUTE_MS  # the last two minutes have no bar
    desk.assert_parity(run_id)
    assert export(desk, run_id) == backtest(desk, run_id)


@pytest.mark.parametrize("harm", ["kill", "terminate", "connection"])
def test_a_backtest_survives_its_child(long_desk: Desk, harm: str) -> None:
    desk = long_desk
    desk.history(60_000)
    run_id = desk.backtest(start_ms=desk.first_ms + 100 * MINUTE_MS, end_ms=desk.now_ms)
    desk.runner()
    desk.until(lambda: bool(children(desk)))
    if harm == "connection":
        cut = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'paperfold-runner-child'"
        desk.until(lambda: bool(desk.sql(cut)))
    else:
        os.kill(children(desk)[0], signal.SIGKILL if harm == "kill" else signal.SIGTERM)
    desk.until(lambda: desk.run(run_id).has_ended, 60.0, (run_id,))
    assert (desk.run(run_id).status, desk.run(run_id).failure) == ("finished", None)
    desk.assert_parity(run_id)


def test_backtests_that_wait_for_history_take_nobodys_place(desk: Desk) -> None:
    desk.history(200)
    waiting = [
        desk.backtest(start_ms=desk.first_ms + 100 * MINUTE_MS, end_ms=desk.first_ms + 400 * MINUTE_MS)
        for _ in range(2)
    ]
    ready = desk.backtest(start_ms=desk.first_ms + 50 * MINUTE_MS, end_ms=desk.first_ms + 190 * MINUTE_MS)
    paper = desk.start()
    desk.runner(capacity=1)
    desk.minutes(5)
    desk.level(paper)
    desk.until(lambda: desk.run(ready).status == "finished", 60.0, (ready,))
    desk.until(lambda: all(desk.run(one).health == "waiting_for_history" for one in waiting), about=tuple(waiting))
    desk.until(lambda: not children(desk))
    before = desk.sql("select xmin::text from runs where id = :id", id=waiting[0])
    time.sleep(1.5)
    assert desk.sql("select xmin::text from runs where id = :id", id=waiting[0]) == before  # waiting writes nothing
    assert 0.4 < (desk.run(waiting[0]).progress or 0) < 0.6
    desk.history(300)
    desk.until(lambda: all(desk.run(one).status == "finished" for one in waiting), 60.0, tuple(waiting))
    desk.assert_parity(*waiting, ready, paper)


@pytest.mark.parametrize("close", [False, True], ids=["keeps the position", "closes it first"])
def test_a_backtest_can_be_stopped(long_desk: Desk, close: bool) -> None:
    desk = long_desk
    desk.history(200)
    run_id = desk.backtest(start_ms=desk.first_ms + 100 * MINUTE_MS, end_ms=desk.first_ms + 62_000 * MINUTE_MS)
    desk.runner()
    desk.until(lambda: desk.run(run_id).health == "waiting_for_history")
    desk.command(run_id, "stop", close=close)
    desk.until(lambda: desk.run(run_id).status == "stopped", about=(run_id,))


def test_a_frozen_runner_is_replaced_though_its_child_lives(long_desk: Desk) -> None:
    desk = long_desk
    desk.history(61_000)
    paper = desk.start()
    first = desk.runner(lease_s=5.0)
    desk.minutes(20)
    desk.level(paper)
    test = desk.backtest(start_ms=desk.first_ms + 100 * MINUTE_MS, end_ms=desk.now_ms)
    desk.until(lambda: desk.run(test).position_ms is not None, 60.0)
    first.freeze()
    lease, at = desk.sql("select lease_until from runners"), desk.run(test).position_ms
    desk.until(lambda: desk.run(test).position_ms != at, 60.0)
    assert desk.sql("select lease_until from runners") == lease  # a child does not vouch for its runner
    desk.runner(lease_s=5.0)
    desk.minutes(1)
    desk.level(paper, timeout_s=9.0)
    assert owner(desk, paper) is not None
    first.thaw()
    desk.until(lambda: desk.run(test).status == "finished", 90.0, (test,))
    desk.minutes(1)
    desk.level(paper)
    desk.assert_parity(paper)


def test_a_run_that_waits_and_was_lost_gives_its_place_back(desk: Desk) -> None:
    desk.sql("update instruments set history_starts_ms = null")
    lost = desk.start(start_ms=desk.first_ms + 2 * DAY_MS)
    first = desk.runner(capacity=1, lease_s=1.0)
    desk.until(lambda: desk.run(lost).health == "waiting_for_history")
    first.freeze()
    second = desk.runner(capacity=1, lease_s=30.0)
    desk.until(lambda: bool(desk.sql("select 1 from run_log where event = 'taken_over'")))
    desk.until(lambda: desk.run(lost).health == "waiting_for_history")
    second.freeze()
    first.thaw()
    desk.sql("update instruments set history_starts_ms = :ms", ms=desk.first_ms)
    desk.history(100)
    other = desk.start()
    desk.minutes(5)
    desk.level(other)


def test_runners_may_die_many_times_within_one_minute(desk: Desk) -> None:
    desk.history(60)
    run_id = desk.start()
    runner = desk.runner(lease_s=1.0)
    desk.minutes(3)
    desk.level(run_id)
    for _ in range(5):
        before = desk.run(run_id).epoch
        runner.kill()
        runner = desk.runner(lease_s=1.0)
        desk.until(lambda before=before: desk.run(run_id).epoch > before)  # type: ignore[misc]
        time.sleep(0.7)
    desk.minutes(3)
    desk.level(run_id)
    assert desk.run(run_id).status == "running"
    desk.assert_parity(run_id)


def test_long_catch_ups_starve_neither_the_lease_nor_the_live(long_desk: Desk) -> None:
    desk = long_desk
    desk.history(6_000)
    live = desk.start()
    desk.runner(lease_s=2.0)
    desk.minutes(2)
    desk.level(live)
    behind = [desk.start(start_ms=desk.first_ms + 60 * MINUTE_MS) for _ in range(6)]
    desk.until(lambda: all(desk.run(one).runner_id for one in behind))
    desk.runner(lease_s=2.0)
    through = 0  # minutes that the live run had while others were behind; were they in its way, it had one
    while any((desk.run(one).position_ms or 0) < desk.now_ms - 3 * MINUTE_MS for one in behind):
        desk.minutes(1)
        at = desk.now_ms - MINUTE_MS
        desk.until(lambda at=at: (desk.run(live).position_ms or 0) >= at, 60.0)  # type: ignore[misc]
        through += 1
    desk.level(live, *behind, timeout_s=60.0)
    assert desk.sql("select count(*) from run_log where event = 'taken_over'") == [(0,)]
    assert desk.sql("select count(*) from run_log where event = 'claimed'") == [(7,)]
    assert through >= 4
    desk.assert_parity(live, *behind[:2])


def test_a_long_catch_up_is_a_childs_work_and_goes_on_live(long_desk: Desk) -> None:
    desk = long_desk
    desk.history(60_000)
    busy = desk.start(start_ms=desk.first_ms + 500 * MINUTE_MS)
    quiet = desk.start(QUIET, start_ms=desk.first_ms + 3 * DAY_MS)
    first = desk.runner()
    desk.until(lambda: bool(children(desk)))
    desk.minutes(20)
    most, until = 0, time.monotonic() + 120.0
    while any((desk.run(one).position_ms or 0) < desk.now_ms - MINUTE_MS for one in (busy, quiet)):
        most = max(most, len(children(desk)))
        assert time.monotonic() < until
        time.sleep(0.1)
    assert most == 1  # one at a time, however many are behind
    desk.minutes(20)
    desk.level(busy, quiet)
    desk.until(lambda: not children(desk))
    for one in (busy, quiet):
        run = desk.run(one)
        assert (run.status, run.health, run.progress) == ("running", "ok", None)
        assert '"child_finished"' in first.lines
    first.kill()  # what the child wrote compiled, the next restores interpreted
    desk.runner()
    desk.minutes(10)
    desk.level(busy, quiet)
    desk.assert_parity(busy, quiet)
    assert export(desk, quiet) == backtest(desk, quiet)
    assert export(desk, busy) == backtest(desk, busy)


def test_a_run_from_before_the_first_bar_of_all_starts_there(desk: Desk) -> None:
    desk.history(100)
    paper = desk.start(start_ms=desk.first_ms - 5 * DAY_MS)
    test = desk.backtest(start_ms=desk.first_ms - 5 * DAY_MS, end_ms=desk.now_ms)
    desk.runner()
    desk.level(paper, timeout_s=10.0)
    desk.until(lambda: desk.run(test).status == "finished", 60.0, (test,))
    desk.assert_parity(paper, test)
    assert export(desk, test) == backtest(desk, test)


@pytest.mark.needs("embedded_stores")
def test_a_bus_that_hangs_starves_nobody(desk: Desk, valkey_server: object, database: str) -> None:
    desk.history(60)
    run_id = desk.start()
    desk.runner(lease_s=4.0)
    desk.minutes(3)
    desk.level(run_id)
    pid = int(desk.bus.info("server")["process_id"])
    os.kill(pid, signal.SIGSTOP)
    try:
        desk.runner(lease_s=4.0)
        for _ in range(6):
            desk.minutes(1, publish=False)
            desk.level(run_id, timeout_s=5.0)
            time.sleep(1.0)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert desk.sql("select count(*) from run_log where event = 'taken_over'") == [(0,)]
    desk.minutes(3)
    desk.level(run_id)
    desk.assert_parity(run_id)


def test_a_bus_that_is_not_there_at_start_is_no_reason_not_to_start(desk: Desk) -> None:
    desk.history(60)
    run_id = desk.start()
    desk.runner(PAPERFOLD__REDIS__URL="redis://127.0.0.1:1/0")
    desk.minutes(3)
    desk.level(run_id)
    desk.assert_parity(run_id)


@pytest.mark.parametrize("is_same", [True, False], ids=["the same rows", "other rows"])
def test_a_run_of_an_older_engine_moves_on_or_is_superseded(desk: Desk, is_same: bool) -> None:
    desk.history(60)
    run_id = desk.start()
    first = desk.runner()
    desk.minutes(20)
    desk.level(run_id)
    first.kill()
    desk.sql("update runs set engine_version = '0'")
    if not is_same:
        desk.sql("update fills set price = price + 1 where seq = (select max(seq) from fills)")
    desk.minutes(5)
    desk.runner()
    if is_same:
        desk.level(run_id, timeout_s=60.0)
        run = desk.run(run_id)
        assert (run.status, run.engine_version, run.attempts) == ("running", ENGINE_VERSION, 0)
        desk.assert_parity(run_id)
    else:
        desk.until(lambda: desk.run(run_id).status == "superseded", 60.0, (run_id,))
        assert "price is recorded as" in (desk.run(run_id).failure or "")
