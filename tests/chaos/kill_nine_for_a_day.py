"""`make chaos`: a day of real bars, and forty kills. Too long for `make test`, so pytest does not find it by itself."""

from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from shared.domain.timeframe import DAY_MS, MINUTE_MS
from tests.support.kill_nine import Profile, kills_change_no_byte

FIRST_MS = 1_678_406_400_000  # 2023-03-10 00:00 UTC


@pytest.mark.real_data
@pytest.mark.timeout(900)
def test_forty_kills_in_a_day_change_no_byte(place: Path, real_data: Path) -> None:
    bars = pq.read_table(real_data / "binanceus_BTCUSDT_1m_20230301_20230321.parquet")
    lived = bars.filter(pc.less(bars["open_time"], FIRST_MS + DAY_MS))
    until_then = place / "lived_BTCUSDT_1m.parquet"
    pq.write_table(lived, until_then)
    last_ms = lived["open_time"][-1].as_py()
    assert last_ms == FIRST_MS + DAY_MS - MINUTE_MS
    kills_change_no_byte(place, Profile(until_then, FIRST_MS, last_ms, 600.0, 40))
