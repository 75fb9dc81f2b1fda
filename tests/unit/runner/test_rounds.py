"""When caches are written: each run every so many bars, and of many runs a part at a time."""

from itertools import pairwise

import pytest

from services.runner.commit import COUNTED_BARS, round_of
from shared.domain.timeframe import MINUTE_MS
from shared.settings import Runner
from tests.support.desk import FIRST_MS

SNAPSHOT_BARS = Runner().snapshot_bars


def begins(run_id: int, minute: int, bars: int) -> bool:
    at_ms = FIRST_MS + minute * MINUTE_MS
    return round_of(run_id, at_ms, bars) != round_of(run_id, at_ms - MINUTE_MS, bars)


@pytest.mark.parametrize(
    ("bars", "a_minute"),
    [pytest.param(COUNTED_BARS, {66, 67}, id="counters"), pytest.param(SNAPSHOT_BARS, {4, 5}, id="snapshots")],
)
def test_a_thousand_runs_take_turns(bars: int, a_minute: set[int]) -> None:
    per_minute = [sum(begins(run_id, minute, bars) for run_id in range(1, 1001)) for minute in range(4 * bars)]
    assert set(per_minute) == a_minute


@pytest.mark.parametrize("bars", [COUNTED_BARS, SNAPSHOT_BARS])
def test_each_run_begins_a_round_every_so_many_bars(bars: int) -> None:
    for run_id in range(1, 40):
        begun = [minute for minute in range(4 * bars) if begins(run_id, minute, bars)]
        assert [b - a for a, b in pairwise(begun)] == [bars] * 3


def test_a_snapshot_comes_with_counters() -> None:
    begun = [minute for minute in range(4 * SNAPSHOT_BARS) if begins(7, minute, SNAPSHOT_BARS)]
    assert all(begins(7, minute, COUNTED_BARS) for minute in begun)
