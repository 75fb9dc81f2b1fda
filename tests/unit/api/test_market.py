"""The bar that has begun: recorded minutes of its frame, and the forming minute."""

import pytest

from services.api.routes.market import feed_json, forming
from shared.bus.codec import Tick
from shared.domain.timeframe import MINUTE_MS
from shared.store.frames import Frames
from shared.store.reads import Feed

FIVE = 5 * MINUTE_MS


def tick(minute: int) -> Tick:
    return Tick("BTC/USDT", minute * MINUTE_MS, 10.0, 14.0, 9.0, 12.0, 2.0, minute * MINUTE_MS + 30_000)


BEGUN = (FIVE, 11.0, 13.0, 8.0, 10.0, 5.0)


@pytest.mark.parametrize(
    ("found", "tick", "expected"),
    [
        pytest.param(Frames([], BEGUN, 7 * MINUTE_MS), tick(7), (FIVE, 11.0, 14.0, 8.0, 12.0, 7.0), id="joined"),
        pytest.param(Frames([], BEGUN, 7 * MINUTE_MS), tick(6), BEGUN, id="a minute that is recorded counts once"),
        pytest.param(Frames([], BEGUN, 7 * MINUTE_MS), None, BEGUN, id="no tick"),
        pytest.param(Frames([], None, FIVE), tick(5), (FIVE, 10.0, 14.0, 9.0, 12.0, 2.0), id="the tick alone"),
        pytest.param(Frames([], None, FIVE), None, None, id="nothing has begun"),
        pytest.param(
            Frames([], BEGUN, 10 * MINUTE_MS), tick(10), (2 * FIVE, 10.0, 14.0, 9.0, 12.0, 2.0), id="the next frame"
        ),
    ],
)
def test_a_frame_forms(found: Frames, tick: Tick | None, expected: object):
    assert forming(found, tick, FIVE) == expected


@pytest.mark.parametrize(
    ("until", "now", "lag_s", "health"),
    [
        pytest.param(10 * MINUTE_MS, 10 * MINUTE_MS + 59_000, 0.0, "ok", id="every closed minute is decided"),
        pytest.param(10 * MINUTE_MS, 12 * MINUTE_MS, 120.0, "ok", id="two minutes behind"),
        pytest.param(10 * MINUTE_MS, 13 * MINUTE_MS, 180.0, "stale", id="three minutes behind"),
        pytest.param(None, 13 * MINUTE_MS, None, "stale", id="no history"),
        pytest.param(10 * MINUTE_MS, None, None, "stale", id="no clock"),
    ],
)
def test_a_feed_that_is_behind_is_stale(until: int | None, now: int | None, lag_s: float | None, health: str):
    feed = Feed(1, "BTC/USDT", "TRADING", until, None, None)
    assert (feed_json(feed, now)["lag_s"], feed_json(feed, now)["health"]) == (lag_s, health)
