"""What a stream sends: closed frames complete, once and in order, whatever the windows in which time passes."""

import json
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.exchange_sim.app import open_market
from services.exchange_sim.feed import Feed
from services.exchange_sim.market import Market, pages
from services.exchange_sim.path import way
from services.exchange_sim.recorded import Recorded
from shared.domain.timeframe import MINUTE_MS
from shared.settings import Sim

DAY = 1_704_412_800_000
MARKET = open_market(Sim())
HOURS = 4 * 60 * MINUTE_MS


def gather(feed, after, until, window):
    found = []
    at = after
    while at < until:
        found += feed.updates(at, min(at + window, until))
        at += window
    return found


@pytest.mark.parametrize(
    "window", [pytest.param(ms, id=f"{ms} ms") for ms in (20, 1_999, 12_000, 60_000, 120_000, 7_777_777)]
)
@pytest.mark.parametrize("symbol", ["BTCUSDT", "SOLUSDT"])
def test_every_traded_minute_is_closed_once_in_order_by_the_next_trade(symbol, window):
    feed = Feed(MARKET, symbol, "silent")
    hours = HOURS if window > 20 else 10 * MINUTE_MS
    closed = [u for u in gather(feed, DAY, DAY + hours, window) if not u.is_forming]
    truth = [row for row in pages(feed.series, DAY - 600 * MINUTE_MS, DAY + hours) if row.trades]
    expected = [
        (first + 1, last)
        for last, row in pairwise(truth)
        if DAY < (first := way(row, f"1:{symbol}", 10**6)[0][0]) + 1 <= DAY + hours
    ]
    assert [(u.at_ms, u.row) for u in closed] == expected
    assert all(a.row.last_id + 1 == b.row.first_id for a, b in pairwise(closed))


def test_after_a_pause_the_minute_before_is_closed_and_not_an_old_one():
    feed = Feed(MARKET, "SOLUSDT", "silent")
    assert feed.updates(DAY, DAY + 10 * MINUTE_MS)  # then nobody listened for an hour
    resumed = [u for u in feed.updates(DAY + 70 * MINUTE_MS, DAY + 90 * MINUTE_MS) if not u.is_forming]
    truth = [row for row in pages(feed.series, DAY, DAY + 90 * MINUTE_MS) if row.trades]
    first = truth.index(resumed[0].row)
    assert [u.row for u in resumed] == truth[first : first + len(resumed)]
    assert resumed[0].row.open_ms >= DAY + 60 * MINUTE_MS


def test_forming_frames_come_every_two_seconds_and_only_after_trades():
    feed = Feed(MARKET, "SOLUSDT", "silent")
    updates = gather(feed, DAY, DAY + HOURS, 1_000)
    forming = [u for u in updates if u.is_forming]
    assert len(forming) > 100
    assert all(b.at_ms - a.at_ms >= 2_000 and (b.at_ms - a.at_ms) % 2_000 == 0 for a, b in pairwise(forming))
    assert all(a.row != b.row for a, b in pairwise(forming))
    assert all(u.row.open_ms < u.at_ms <= u.row.open_ms + MINUTE_MS and u.row.trades > 0 for u in forming)
    assert updates == sorted(updates, key=lambda u: (u.at_ms, u.is_forming))
    seen = -1
    for update in updates:  # never a frame of an older minute after one of a newer, but for the closed one at its trade
        assert update.row.open_ms >= seen
        seen = update.row.open_ms


def test_wide_windows_keep_only_the_last_forming_frame():
    feed = Feed(MARKET, "BTCUSDT", "silent")
    updates = feed.updates(DAY, DAY + 100 * MINUTE_MS + 30_000)
    assert sum(u.is_forming for u in updates) == 1
    assert sum(not u.is_forming for u in updates) > 90


def test_pushed_minutes_close_by_timer_the_empty_ones_too():
    feed = Feed(MARKET, "SOLUSDT", "push")
    closed = [u for u in gather(feed, DAY, DAY + HOURS, 777) if not u.is_forming]
    truth = list(pages(feed.series, DAY, DAY + HOURS))
    assert [(u.at_ms, u.row) for u in closed] == [(row.open_ms + MINUTE_MS, row) for row in truth]
    empty = next(u for u in closed if u.row.trades == 0)
    k = json.loads(empty.frame())["k"]
    assert (k["n"], k["f"], k["L"], k["v"], k["x"]) == (0, -1, -1, "0.00000000", True)


@pytest.mark.parametrize("policy", ["silent", "push"])
def test_nothing_comes_before_it_is_said_to(policy):
    feed = Feed(MARKET, "ETHUSDT", policy)
    for now in range(DAY, DAY + 20 * MINUTE_MS, 431):
        assert feed.updates(now, feed.next_ms(now) - 1) == []


def test_an_outage_is_silence_and_the_last_minute_waits_for_a_trade_after_it(tmp_path):
    times = [DAY, DAY + MINUTE_MS, DAY + 10 * MINUTE_MS, DAY + 11 * MINUTE_MS]
    columns = {"open_time": times, **{name: [100.0] * 4 for name in ("open", "high", "low", "close", "volume")}}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    series = Recorded("BTC/USDT", [tmp_path / "a.parquet"])
    updates = gather(Feed(Market("m", 1, {"BTCUSDT": series}), "BTCUSDT", "silent"), DAY, DAY + HOURS, 1_000)
    closed = [(u.row.open_ms, u.at_ms // MINUTE_MS * MINUTE_MS) for u in updates if not u.is_forming]
    assert closed == [(times[0], times[1]), (times[1], times[2]), (times[2], times[3])]
    assert all(u.row.open_ms in times for u in updates)


def test_a_frame_has_the_venues_shape():
    feed = Feed(MARKET, "BTCUSDT", "silent")
    update = next(u for u in feed.updates(DAY, DAY + HOURS) if not u.is_forming)
    frame = json.loads(update.frame())
    row = update.row
    assert list(frame) == ["e", "E", "s", "k"]
    assert list(frame["k"]) == ["t", "T", "s", "i", "f", "L", "o", "c", "h", "l", "v", "n", "x", "q", "V", "Q", "B"]
    assert (frame["e"], frame["E"], frame["s"]) == ("kline", update.at_ms, "BTCUSDT")
    assert (frame["k"]["t"], frame["k"]["T"], frame["k"]["i"]) == (row.open_ms, row.open_ms + 59_999, "1m")
    assert frame["k"]["n"] == frame["k"]["L"] - frame["k"]["f"] + 1 == row.trades
    assert frame["k"]["o"] == f"{row.open / 1e8:.8f}"
    assert frame["k"]["B"] == "0"
