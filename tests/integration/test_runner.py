"""A runner folds what is recorded and commits what it decided; whatever happens in between, parity holds."""

import time
from collections.abc import Iterator

import pytest

from shared.bus import stream
from shared.domain.bar import Bar
from shared.domain.timeframe import DAY_MS, MINUTE_MS
from shared.store import bars
from shared.store import database as db
from shared.store.ownership import fix_warmup
from tests.support.desk import BUSY, Desk, walk

SKIPPED = frozenset({40, 41, 200, 201, 202, 750})


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    desk = Desk(database, redis_url, walk(1500, skipped=SKIPPED))
    yield desk
    desk.close()


def test_it_folds_history_then_the_stream_and_equals_its_own_backtest(desk: Desk) -> None:
    desk.history(100)
    run_id = desk.start()
    desk.runner()
    desk.level(run_id)
    desk.minutes(120)
    desk.level(run_id)
    run = desk.run(run_id)
    assert (run.status, run.health) == ("running", "ok")
    assert run.warmup_from_ms is not None
    assert run.seq > 200
    desk.assert_parity(run_id)


def test_a_run_waits_for_its_history_and_says_so(desk: Desk) -> None:
    desk.sql("update instruments set history_starts_ms = null")
    run_id = desk.start(start_ms=desk.first_ms + 2 * DAY_MS)
    desk.runner()
    desk.until(lambda: desk.run(run_id).health == "waiting_for_history")
    assert desk.run(run_id).status == "warming"
    desk.command(run_id, "stop")
    desk.until(lambda: desk.run(run_id).status == "stopped")


def test_commands_act_once_at_their_minute_and_are_part_of_the_fold(desk: Desk) -> None:
    desk.history(60)
    run_id = desk.start()
    desk.runner()
    desk.minutes(5)
    desk.level(run_id)
    desk.command(run_id, "pause")
    desk.until(lambda: bool(desk.sql("select 1 from run_commands where effective_ms is not null")))
    desk.minutes(5)
    desk.level(run_id)
    assert desk.run(run_id).status == "paused"
    desk.command(run_id, "close_position")
    desk.minutes(3)
    desk.command(run_id, "resume")
    desk.minutes(20)
    desk.level(run_id)
    assert desk.run(run_id).status == "running"
    assert desk.sql("select count(*) from run_notes where code in ('paused', 'unpaused')") == [(2,)]
    desk.assert_parity(run_id)


@pytest.mark.parametrize("close", [False, True], ids=["keeps the position", "closes it first"])
def test_a_stop_ends_the_run(desk: Desk, close: bool) -> None:
    desk.history(60)
    run_id = desk.start()
    desk.runner()
    desk.minutes(30)
    desk.level(run_id)
    desk.command(run_id, "stop", close=close)
    for _ in range(10):
        desk.minutes(1)
        time.sleep(0.1)
        if desk.run(run_id).status == "stopped":
            break
    desk.until(lambda: desk.run(run_id).status == "stopped")
    assert desk.run(run_id).runner_id is None
    if close:
        assert desk.run(run_id).quantity is None
    desk.assert_parity(run_id)


def test_sigterm_gives_runs_back_and_the_next_runner_takes_them_at_once(desk: Desk) -> None:
    desk.history(60)
    run_id = desk.start()
    first = desk.runner()
    desk.minutes(10)
    desk.level(run_id)
    assert first.stop() == 0
    assert desk.run(run_id).health == "waiting_for_runner"
    desk.runner()
    desk.minutes(10)
    desk.level(run_id, timeout_s=5.0)
    desk.assert_parity(run_id)


def test_a_killed_runner_is_replaced_within_15_seconds(desk: Desk) -> None:
    desk.history(60)
    run_id = desk.start()
    first = desk.runner()
    desk.minutes(10)
    desk.level(run_id)
    desk.runner()
    first.kill()
    desk.minutes(10)
    desk.level(run_id, timeout_s=15.0)
    assert desk.sql("select count(*) from run_log where event = 'taken_over'") == [(1,)]
    desk.assert_parity(run_id)


def test_the_bus_may_be_flushed(desk: Desk) -> None:
    desk.history(60)
    run_id = desk.start()
    desk.runner()
    desk.minutes(20)
    desk.level(run_id)
    desk.bus.flushall()
    desk.minutes(10, publish=False)
    desk.level(run_id)
    desk.minutes(10)
    desk.level(run_id)
    desk.assert_parity(run_id)


def test_deleting_all_snapshots_changes_nothing(desk: Desk) -> None:
    desk.history(300)
    run_id = desk.start(start_ms=desk.first_ms + 10 * MINUTE_MS)
    first = desk.runner()
    desk.level(run_id)
    desk.minutes(10)
    desk.level(run_id)
    assert desk.sql("select count(*) > 0 from snapshots") == [(True,)]
    first.kill()
    desk.sql("delete from snapshots")
    desk.runner()
    desk.minutes(10)
    desk.level(run_id)
    desk.assert_parity(run_id)


def test_a_snapshot_that_leads_elsewhere_is_dropped(desk: Desk) -> None:
    desk.history(300)
    run_id = desk.start(start_ms=desk.first_ms + 10 * MINUTE_MS)
    first = desk.runner()
    desk.level(run_id)
    first.kill()
    desk.sql("update snapshots set m = set_byte(m, 8 * 13, (get_byte(m, 8 * 13) + 1) % 256)")
    desk.runner()
    desk.minutes(10)
    desk.level(run_id)
    desk.assert_parity(run_id)


def test_what_sources_say_later_changes_nothing(desk: Desk) -> None:
    desk.history(1100)
    run_id = desk.start(start_ms=desk.first_ms + 5 * MINUTE_MS)
    runner = desk.runner()
    desk.level(run_id)
    before = desk.run(run_id)
    old = desk.day[500]
    revised = Bar(old.open_ms, old.open, old.high + 10, old.low, old.close, old.volume)
    absent = desk.first_ms + 200 * MINUTE_MS
    late = Bar(absent, old.open, old.high, old.low, old.close, old.volume)
    earlier = walk(60, seed=3, from_ms=desk.first_ms - 60 * MINUTE_MS)
    with db.begin(desk.engine) as conn:
        for bar in (revised, late):
            said = bars.record(conn, desk.instrument_id, [bar], (bar.open_ms, bar.open_ms + MINUTE_MS), "rest", 0)
            assert [revision.bar for revision in said.revisions] == [bar]
        bars.record(conn, desk.instrument_id, earlier, (desk.first_ms - 60 * MINUTE_MS, desk.first_ms), "rest", 0)
    runner.kill()
    desk.sql("delete from snapshots")
    desk.runner()
    desk.minutes(20)
    desk.level(run_id)
    assert desk.run(run_id).warmup_from_ms == before.warmup_from_ms
    desk.assert_parity(run_id)


def test_a_fold_that_raises_fails_its_run_alone(desk: Desk) -> None:
    desk.history(60)
    rich = BUSY.replace("name: busy", "name: rich").replace("base_size: 0.3", "base_size: 9")
    bad = desk.start(rich, cash="46000000000")
    good = desk.start()
    desk.runner()
    desk.runner()
    desk.minutes(30)
    desk.level(good)
    desk.until(lambda: desk.run(bad).status == "failed")
    assert "out of range" in (desk.run(bad).failure or "")
    assert desk.run(good).attempts == 0
    assert desk.sql("select count(*) from run_log where event in ('claimed', 'taken_over')") == [(2,)]
    desk.assert_parity(good)


def test_a_run_whose_rows_were_changed_behind_it_has_diverged(desk: Desk) -> None:
    desk.history(60)
    run_id = desk.start()
    first = desk.runner()
    desk.minutes(20)
    desk.level(run_id)
    first.kill()
    desk.sql("delete from snapshots")
    desk.sql("update bars set close = close + 1, high = high + 1 where open_ms = :ms", ms=desk.day[62].open_ms)
    desk.runner()
    desk.until(lambda: desk.run(run_id).status == "diverged")
    assert not desk.parity(run_id).equal


def test_streams_and_warmups_are_what_they_say(desk: Desk) -> None:
    desk.history(60)
    run_id = desk.start()
    desk.runner()
    desk.level(run_id)
    run = desk.run(run_id)
    with db.begin(desk.engine) as conn:
        assert not fix_warmup(conn, run.runner_id or run_id, run.id, run.epoch, 0)  # type: ignore[arg-type]
    desk.minutes(3)
    assert stream.last_open_ms(desk.bus, "BTC/USDT") == desk.now_ms - MINUTE_MS
