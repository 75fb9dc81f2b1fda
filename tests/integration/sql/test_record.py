"""Questions about the record - missing minutes, the feed, what came late - answer what was recorded."""

from decimal import Decimal

from tests.support.sql_answers import MS, Rows, asked
from tests.support.sql_world import ABSENT, World


def test_missing_minutes_are_the_document_s_gaps_and_say_why(world: World) -> None:
    rows: Rows = []
    for day in ("2025-01-01", "2025-01-02"):
        rows += asked(world, "Which minutes of a day are missing, and how is that known?", day=day)
    first = world.desk.first_ms
    found = [(int(row["from_ms"]), int(row["from_ms"]) + int(row["minutes"]) * MS) for row in rows]
    assert sum(int(row["minutes"]) for row in rows) == len(ABSENT)
    doc = world.get(f"/runs/{world.runs['old']}/export")
    since = doc["bars"]["first_open_ms"]
    assert [list(gap) for gap in found if gap[0] >= since] == doc["bars"]["gaps"]
    assert [(row["verdict"], row["late"]) for row in rows] == [("absent", "1"), ("absent", "0"), ("absent", "0")]
    assert rows[0]["decided_from_at"] == "2025-01-01 00:00:00+00"
    ether = asked(world, "Which minutes of a day are missing, and how is that known?", day="2025-01-02",
                  instrument="ETH/USDT")  # fmt: skip
    assert {row["verdict"] for row in ether} == {"not fetched"}
    assert [(int(row["from_ms"]) - first) // MS for row in ether] == [1440, 2660, 2690]
    assert [int(row["minutes"]) for row in ether[:2]] == [2640 - 1440, 10]


def test_the_feed_is_as_late_as_the_api_says(world: World) -> None:
    rows = {row["instrument"]: row for row in asked(world, "Is the feed up to date?")}
    feeds = {feed["instrument"]: feed for feed in world.get("/system")["feeds"]}
    assert {name: row["health"] for name, row in rows.items()} == {name: feed["health"] for name, feed in feeds.items()}
    assert {name: row["health"] for name, row in rows.items()} == {
        "BTC/USDT": "ok", "ETH/USDT": "stale", "SOL/USDT": "stale",
    }  # fmt: skip
    assert (rows["SOL/USDT"]["lag_s"], feeds["SOL/USDT"]["lag_s"]) == ("", None)
    for name in ("BTC/USDT", "ETH/USDT"):  # the clock goes on between the two looks
        assert 0 <= Decimal(repr(feeds[name]["lag_s"])) - Decimal(rows[name]["lag_s"]) <= 60


def test_late_arrivals_are_told_in_exchange_time(world: World) -> None:
    rows = asked(world, "Where did the bars of a day come from, and how late were they?", day="2025-01-02")
    found = {(row["instrument"], row["source"]): int(row["minutes"]) for row in rows}
    live = (world.desk.at - 2700, 2700 - 1440)
    absent = len([minute for minute in ABSENT if minute >= 1440])
    assert found == {("BTC/USDT", "ws"): live[0], ("BTC/USDT", "rest"): live[1] - absent, ("ETH/USDT", "import"): 40}
    clock = world.desk.sql("select anchor_exchange_ms, anchor_wall_ms, rate from market_clock")[0]
    anchor_ms, anchor_wall_ms, rate = int(str(clock[0])), int(str(clock[1])), float(str(clock[2]))
    live_bars = world.desk.sql("select open_ms, received_ms from bars where source = 'ws'")
    late_ms = sorted(
        anchor_ms + round(rate * (int(str(received)) - anchor_wall_ms)) - (int(str(opened)) + MS)
        for opened, received in live_bars
    )
    (row,) = (row for row in rows if row["source"] == "ws")
    assert Decimal(row["most_late_s"]) * 1000 == late_ms[-1]
    assert Decimal(row["median_late_s"]) * 1000 == late_ms[(len(late_ms) - 1) // 2]


def test_what_was_recorded_late_or_otherwise_is_listed(world: World) -> None:
    rows = asked(world, "What did the exchange say otherwise, later?")
    assert [row["kind"] for row in rows] == ["late", "corrected"]
    assert Decimal(rows[1]["later_volume"]) - Decimal(rows[1]["recorded_volume"]) == 1
    assert rows[0]["recorded_close"] == ""
