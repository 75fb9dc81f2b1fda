"""kill -9 of the runner, of ingest, of the stores and of the exchange at random moments changes no byte of a result.

`make chaos` does the same for longer, on real bars (tests/chaos/kill_nine_for_a_day.py).
"""

from pathlib import Path

import pytest

from shared.domain.timeframe import DAY_MS, MINUTE_MS
from tests.support.kill_nine import Profile, kills_change_no_byte
from tests.support.series import Market, frame_of

# Twelve days of history, then the hours in which the systems live; minutes are missing in both.
HISTORY = 12 * DAY_MS // MINUTE_MS
GENERATED = Market(seed=22, minutes=HISTORY + 12 * 60, things=("quiet", "still", "jumps"), swing_ppm=1200)
# (minute after the start, how many)
HOLES = ((-9_000, 61), (-2_000, 1), (101, 1), (214, 3), (329, 1), (450, 20), (600, 1))


@pytest.mark.timeout(420)
def test_ten_kills_change_no_byte(place: Path) -> None:
    frame = frame_of(GENERATED)
    missing = [HISTORY + at + i for at, count in HOLES for i in range(count)]
    bars = place / "generated_BTCUSDT_1m.parquet"
    frame.drop(index=missing).to_parquet(bars)
    first_ms = GENERATED.first_ms + HISTORY * MINUTE_MS
    kills_change_no_byte(place, Profile(bars, first_ms, int(frame["open_time"].iloc[-1]), 600.0, 10))
