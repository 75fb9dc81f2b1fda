"""Counters of rules: fresh within a quarter of an hour, and the same from whoever folds the run again."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from shared import replay
from shared.domain.timeframe import MINUTE_MS
from shared.store import counters
from shared.store import database as db
from shared.store.counters import Counts
from tests.support.desk import Desk, walk

# long entries wait for a condition that never holds; shorts have another reading of the same close
BLOCKED = """
name: blocked
symbol: BTC/USDT
timeframes: { entry: 3m }
indicators: [{ id: mean, type: SMA, timeframe: entry, length: 3 }]
logic:
  entry_long: ["close > mean", "close < 0"]
  exit_long: ["bars_held > 2"]
  entry_short: ["close < mean", { any: ["close > close[2]", "volume >= 0"] }]
  exit_short: ["close > mean"]
risk_management: { position_size: { base_size: 0.3 } }
"""


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    desk = Desk(database, redis_url, walk(1500, skipped=frozenset({40, 41, 200, 201, 202, 330})))
    yield desk
    desk.close()


def counted(desk: Desk, run_id: int) -> tuple[int | None, dict[int, Counts]]:
    with db.begin(desk.engine) as conn:
        return counters.read(conn, run_id)


def folded_again(desk: Desk, run_id: int, until_ms: int) -> Mapping[int, Counts]:
    """Counts of the run's rules from its first bar up to the one at `until_ms`."""
    run = desk.run(run_id)
    with db.begin(desk.engine) as conn:
        fold = replay.fold_of(replay.plan_of(conn, run), run, run.warmup_from_ms or 0)
        for bars in replay.recorded(conn, run.instrument_id, run.warmup_from_ms or 0, until_ms + MINUTE_MS):
            fold.fold(bars)
    assert fold.position_ms == until_ms
    found = enumerate(fold.rule_counts(), 1)
    return {number: Counts(one.evaluated, one.held, one.not_ready) for number, one in found}


def assert_refolds(desk: Desk, run_id: int) -> int:
    """The recorded counters are those of a re-fold; the position they are of."""
    position_ms, found = counted(desk, run_id)
    assert position_ms is not None
    assert found == folded_again(desk, run_id, position_ms)
    return position_ms


def test_the_rule_that_keeps_a_side_shut_is_found_by_its_counts(desk: Desk) -> None:
    desk.history(240)
    run_id = desk.start(BLOCKED, start_ms=desk.first_ms + 60 * MINUTE_MS)
    desk.runner()
    desk.minutes(20)
    desk.level(run_id)
    assert desk.sql("select distinct side from trades") == [("short",)]
    rows = desk.sql("select side, place, rule from v_rules where run_id = :run and held = 0", run=run_id)
    assert rows == [("entry_long", "2 of 2", "close < 0")]
    assert desk.sql("select number, side, place from v_rules where side = 'entry_short' order by number") == [
        (4, "entry_short", "1 of 2"),
        (5, "entry_short", "2 of 2, any 1 of 2"),
        (6, "entry_short", "2 of 2, any 2 of 2"),
    ]
    assert_refolds(desk, run_id)


def test_counters_are_never_older_than_a_quarter_of_an_hour_and_those_of_neighbours_take_turns(desk: Desk) -> None:
    desk.history(60)
    ids = [desk.start(BLOCKED) for _ in range(4)]
    desk.runner()
    desk.level(*ids)
    written: dict[int, set[int]] = {run_id: set() for run_id in ids}
    for _ in range(40):
        desk.minutes(1)
        desk.level(*ids)
        for run_id in ids:
            position_ms = counted(desk, run_id)[0] or 0
            assert desk.now_ms - MINUTE_MS - position_ms < 15 * MINUTE_MS
            written[run_id].add(position_ms)
    live = [{ms for ms in found if ms >= desk.first_ms + 60 * MINUTE_MS} for found in written.values()]
    assert min(len(found) for found in live) >= 2
    assert len(set.union(*live)) == sum(len(found) for found in live)
    for run_id in ids:
        assert_refolds(desk, run_id)


def test_counters_end_with_their_run_and_are_given_back_with_it(desk: Desk) -> None:
    desk.history(63)
    run_id = desk.start(BLOCKED)
    runner = desk.runner()
    desk.minutes(7)
    desk.level(run_id)
    assert runner.stop() == 0
    assert assert_refolds(desk, run_id) == desk.run(run_id).position_ms
    desk.runner()
    desk.minutes(2)
    desk.level(run_id)
    desk.command(run_id, "stop")
    desk.until(lambda: desk.run(run_id).status == "stopped")
    assert assert_refolds(desk, run_id) == desk.run(run_id).position_ms


def test_counters_go_on_after_a_kill_and_without_any_cache(desk: Desk) -> None:
    desk.history(300)
    run_id = desk.start(BLOCKED, start_ms=desk.first_ms + 30 * MINUTE_MS)
    first = desk.runner(lease_s=2.0)
    desk.minutes(5)
    desk.level(run_id)
    first.kill()
    desk.sql("delete from snapshots")
    desk.sql("delete from run_counters")
    desk.runner()
    desk.minutes(16)
    desk.level(run_id)
    assert assert_refolds(desk, run_id) > desk.now_ms - 16 * MINUTE_MS
    desk.assert_parity(run_id)


def test_a_backtest_ends_with_the_counts_of_its_last_bar(desk: Desk, tmp_path: Path) -> None:
    desk.history(400)
    run_id = desk.backtest(BLOCKED, start_ms=desk.first_ms + 100 * MINUTE_MS, end_ms=desk.first_ms + 331 * MINUTE_MS)
    desk.runner(PAPERFOLD__RUNNER__CACHE_DIR=str(tmp_path))
    desk.until(lambda: desk.run(run_id).has_ended, 240.0, (run_id,))
    assert assert_refolds(desk, run_id) == desk.first_ms + 329 * MINUTE_MS  # the last minute has no bar
