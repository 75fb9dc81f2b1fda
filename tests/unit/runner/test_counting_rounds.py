"""When counters are written: each run every 15 bars, and of many runs a fifteenth at a time."""

from itertools import pairwise

from services.runner.commit import COUNTED_BARS, counting_round
from shared.domain.timeframe import MINUTE_MS
from tests.support.desk import FIRST_MS


def begins(run_id: int, minute: int) -> bool:
    at_ms = FIRST_MS + minute * MINUTE_MS
    return counting_round(run_id, at_ms) != counting_round(run_id, at_ms - MINUTE_MS)


def test_a_thousand_runs_take_turns() -> None:
    per_minute = [sum(begins(run_id, minute) for run_id in range(1, 1001)) for minute in range(60)]
    assert set(per_minute) == {66, 67}


def test_each_run_begins_a_round_every_so_many_bars() -> None:
    for run_id in range(1, 40):
        begun = [minute for minute in range(60) if begins(run_id, minute)]
        assert [b - a for a, b in pairwise(begun)] == [COUNTED_BARS] * 3
