"""docs/sql.md: every question is asked by an analyst who has logged in, and answers what the API says."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from services.cli.up.postgres import Postgres
from services.cli.up.valkey import Valkey
from shared.store import database as db
from shared.store import tables
from tests.support import sql_page
from tests.support.sql_page import PAGE, SAME, Column
from tests.support.sql_world import ABSENT, World, world_of

QUESTIONS = {question.title: question for question in sql_page.questions()}
MS = 60_000
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def world(postgres_server: Postgres, valkey_server: Valkey) -> Iterator[World]:
    valkey_server.flush()
    postgres_server.create_database("sql_page", template="template_paperfold")
    try:
        with world_of(postgres_server.url("sql_page"), valkey_server.url()) as world:
            yield world
    finally:
        postgres_server.drop_database("sql_page")


def asked(world: World, title: str, **given: object) -> Rows:
    """The rows of a question, with what it asks for."""
    question = QUESTIONS[title]
    usual = {"run": world.runs["old"], "strategy": "cross", "instrument": "BTC/USDT", "day": "2025-01-01"}
    return world.psql(question.sql, **{name: (usual | given)[name] for name in question.variables})


def by_run(rows: Rows) -> dict[int, dict[str, str]]:
    found = {int(row["run_id"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def close(found: str, wanted: float | None, digits: int) -> bool:
    """A ratio that was rounded to so many digits, and the API's, which is not."""
    return abs(Decimal(found) - Decimal(repr(wanted))) <= Decimal(1).scaleb(-digits) / 2 + Decimal("1e-12")


def folded(world: World) -> list[int]:
    """Runs that have a document."""
    return [world.runs[name] for name in ("old", "new", "blocked", "tiny", "resting", "stopped", "test", "next")]


def documents(world: World) -> dict[int, Any]:
    return {run_id: world.get(f"/runs/{run_id}/export") for run_id in folded(world)}


# ---------------------------------------------------------------------------------------------------------- the page


def test_the_page_asks_at_least_twenty_questions_each_once() -> None:
    assert len(QUESTIONS) == len(sql_page.questions()) >= 20


def test_the_page_s_tables_of_columns_are_the_database_s(world: World) -> None:
    found = world.psql("""
        select c.relname as view, a.attname as name, col_description(c.oid, a.attnum) as comment
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
        where c.relkind = 'v' and c.relnamespace = 'public'::regnamespace
    """)
    wanted = {Column(row["view"], row["name"], *sql_page.parted(row["comment"])) for row in found}
    assert set(sql_page.columns_on_the_page()) == wanted
    assert len([column for column in wanted if column.meaning == SAME]) > 10


def test_the_page_maps_every_table() -> None:
    part = PAGE.read_text(encoding="utf-8").partition("## Tables")[2].partition("## Views")[0]
    cells = [line.split("|")[1] for line in part.splitlines() if line.startswith("| ")][1:]
    named = [name.strip() for cell in cells for name in cell.split(",")]
    assert sorted(named) == sorted(tables.metadata.tables)


@pytest.mark.parametrize("title", QUESTIONS)
def test_every_question_has_an_answer(world: World, title: str) -> None:
    assert asked(world, title), title


def test_an_analyst_is_told_in_utc_and_writes_nothing(world: World) -> None:
    assert world.psql("show timezone") == [{"TimeZone": "UTC"}]
    for statement in ("delete from audit", "create table books (title text)", "select * from api_keys"):
        with pytest.raises(AssertionError, match=r"permission denied|read-only transaction"):
            world.psql(statement)
        with pytest.raises(AssertionError, match="permission denied"):
            world.psql(f"set default_transaction_read_only = off; {statement}")


# ------------------------------------------------------------------------------------------- against what the API says


def test_runs_stand_as_the_api_says(world: World) -> None:
    rows = by_run(asked(world, "How do the runs stand?"))
    runs = world.get("/runs?limit=100")["items"]
    assert list(rows) == [run["id"] for run in runs] == sorted(world.runs.values(), reverse=True)
    for run in runs:
        row = rows[run["id"]]
        assert [row[name] for name in ("strategy", "instrument", "status", "health")] == [
            run[name] for name in ("strategy", "instrument", "status", "health")
        ]
        assert run["version_sha256"].startswith(row["version"])
        assert (int(row["trade_count"]), int(row["win_count"])) == (run["trade_count"], run["win_count"])
        assert Decimal(row["pnl_quote"]) == Decimal(run["pnl_quote"])
    assert {run["status"] for run in runs} >= {"running", "stopped", "finished", "warming", "pending"}
    assert {run["health"] for run in runs} == {"ok", "waiting_for_history", "waiting_for_runner"}


def test_profit_by_strategy_and_day_is_that_of_the_documents(world: World) -> None:
    wanted: dict[tuple[str, str], tuple[Decimal, int, int]] = defaultdict(lambda: (Decimal(0), 0, 0))
    for run_id, doc in documents(world).items():
        if run_id != world.runs["test"]:
            for day in doc["breakdowns"]["day"]:
                key = doc["strategy"]["name"], day["key"]
                pnl, trades, runs = wanted[key]
                wanted[key] = (pnl + Decimal(day["equity_change_abs"]), trades + day["trade_count"], runs + 1)
    rows = asked(world, "What did each strategy make on each day?")
    found = {
        (row["strategy"], row["day"]): (Decimal(row["pnl_quote"]), int(row["trade_count"]), int(row["runs"]))
        for row in rows
    }
    assert found == wanted
    assert {day for _, day in found} == {"2025-01-01", "2025-01-02"}


def test_costs_are_those_of_the_statistics(world: World) -> None:
    rows = by_run(asked(world, "What do slippage and fees cost each run?"))
    for run_id in folded(world):
        stats = world.get(f"/runs/{run_id}/stats")
        assert (run_id in rows) == (stats["fill_count"] > 0)
        if run_id in rows:
            row = rows[run_id]
            assert int(row["fills"]) == stats["fill_count"]
            for name in ("volume", "fees", "slippage"):
                assert Decimal(row[f"{name}_quote"]) == Decimal(stats[f"{name}_abs"]), name
    assert len(rows) > 4
    assert any(int(row["maker_fills"]) for row in rows.values())


def test_drawdowns_are_those_of_the_statistics(world: World) -> None:
    rows = by_run(asked(world, "How deep was each run's worst drawdown?"))
    for run_id in folded(world):
        stats, row = world.get(f"/runs/{run_id}/stats"), rows[run_id]
        assert close(row["drawdown_ratio"], stats["max_drawdown_ratio"], 8)
        assert Decimal(row["drawdown_quote"]) == Decimal(stats["max_drawdown_abs"])
        if stats["drawdown_count"]:
            assert int(row["low_ms"]) == stats["max_drawdown_low_ms"]
    assert any(Decimal(row["drawdown_ratio"]) > Decimal("0.05") for row in rows.values())


@pytest.mark.parametrize(
    ("title", "breakdown", "spell"),
    [
        ("At which hour of the day does a run earn?", "hour", lambda row: f"{int(row['hour']):02d}"),
        ("On which weekday?", "weekday", lambda row: row["weekday"].lower()),
    ],
    ids=["hour", "weekday"],
)
def test_trades_by_the_clock_are_those_of_the_breakdowns(world: World, title: str, breakdown: str, spell: Any) -> None:
    rows = asked(world, title)
    wanted = world.get(f"/runs/{world.runs['old']}/breakdowns?by={breakdown}")[breakdown]
    assert [(spell(row), int(row["trade_count"]), int(row["wins"]), Decimal(row["net_quote"])) for row in rows] == [
        (one["key"], one["trade_count"], one["wins"], Decimal(one["net_abs"])) for one in wanted
    ]
    if breakdown == "hour":
        assert [Decimal(row["slippage_quote"]) for row in rows] == [Decimal(one["slippage_abs"]) for one in wanted]
        assert [Decimal(row["fees_quote"]) for row in rows] == [Decimal(one["fees_abs"]) for one in wanted]
        assert len(rows) > 20


def test_reasons_of_exits_are_those_of_the_breakdowns(world: World) -> None:
    found: dict[str, tuple[int, Decimal]] = {}
    for row in asked(world, "What closes its trades, and what does that bring?"):
        count, net = found.get(row["exit_reason"], (0, Decimal(0)))
        found[row["exit_reason"]] = (count + int(row["trade_count"]), net + Decimal(row["net_quote"]))
    wanted = world.get(f"/runs/{world.runs['old']}/breakdowns?by=exit_reason")["exit_reason"]
    assert found == {one["key"]: (one["trade_count"], Decimal(one["net_abs"])) for one in wanted}
    assert {"exit", "stop", "target"} <= set(found)


def test_who_earns_is_who_earns_in_the_statistics(world: World) -> None:
    rows = by_run(asked(world, "Which runs earn more than they lose?"))
    for run_id, row in rows.items():
        stats = world.get(f"/runs/{run_id}/stats")
        assert int(row["trade_count"]) == stats["trade_count"]
        assert close(row["winrate"], stats["winrate"], 6)
        assert (row["profit_factor"] == "") == (stats["profit_factor"] is None or stats["wins"] == 0)
        if row["profit_factor"]:
            assert close(row["profit_factor"], stats["profit_factor"], 6)
        assert abs(Decimal(row["expectancy_quote"]) - Decimal(stats["expectancy_abs"])) <= Decimal("1e-8")
        assert Decimal(row["best_quote"]) == Decimal(stats["best_trade_abs"])
        assert Decimal(row["worst_quote"]) == Decimal(stats["worst_trade_abs"])
    assert len(rows) > 4


def test_the_worst_trades_are_the_document_s_with_their_excursions(world: World) -> None:
    rows = asked(world, "Which trades hurt most, and how far were they ahead before?")
    trades = world.get(f"/runs/{world.runs['old']}/export")["trades"]
    wanted = sorted(trades, key=lambda trade: Decimal(trade["net_quote"]))[:10]
    for row, trade in zip(rows, wanted, strict=True):
        assert (int(row["seq"]), row["side"], row["exit_reason"]) == (trade["seq"], trade["side"], trade["exit_reason"])
        assert Decimal(row["net_quote"]) == Decimal(trade["net_quote"])
        for name in ("return_ratio", "mae_ratio", "mfe_ratio"):
            assert close(row[name], trade[name], 8), name


def test_versions_compare_as_their_documents(world: World) -> None:
    rows = {row["version"]: row for row in asked(world, "Is the new version of a strategy better than the old?")}
    docs = documents(world)
    for name in ("old", "new"):
        doc = docs[world.runs[name]]
        row, stats = rows[doc["strategy"]["version_sha256"][:12]], doc["stats"]
        assert (int(row["runs"]), int(row["trade_count"])) == (1, stats["trade_count"])
        assert close(row["mean_pnl_ratio"], stats["profit_ratio"], 8)
        assert Decimal(row["fees_quote"]) == Decimal(stats["closed_fees_abs"])
        assert Decimal(row["slippage_quote"]) == Decimal(stats["closed_slippage_abs"])
    assert len(rows) == 2


def test_exposure_is_that_of_the_statistics(world: World) -> None:
    rows = by_run(asked(world, "How much of the time does a run hold a position?"))
    for run_id in folded(world):
        assert close(rows[run_id]["exposure_ratio"], world.get(f"/runs/{run_id}/stats")["exposure_time_ratio"], 8)


def test_what_is_at_risk_is_what_the_api_holds(world: World) -> None:
    rows = by_run(asked(world, "What is at risk now?"))
    live = {run_id: world.get(f"/runs/{run_id}/position") for run_id in [*world.live(), world.runs["next"]]}
    assert set(rows) == {run_id for run_id, held in live.items() if held["side"] != "flat"}
    total: dict[str, Decimal] = defaultdict(Decimal)
    for run_id, row in rows.items():
        held = live[run_id]
        assert (row["side"], abs(Decimal(row["quantity"]))) == (held["side"], Decimal(held["quantity"]))
        names = {"entry_price": "entry_price", "mark_price": "mark_price", "unrealised_quote": "unrealised_quote",
                 "stop_price": "stop", "target_price": "target"}  # fmt: skip
        for ours, theirs in names.items():
            assert Decimal(row[ours]) == Decimal(held[theirs]), ours
        risk = abs(Decimal(held["mark_price"]) - Decimal(held["stop"])) * Decimal(held["quantity"])
        assert Decimal(row["at_risk_quote"]) == risk
        total["at_risk_quote"] += risk
        total["net_quote"] += Decimal(row["quantity"]) * Decimal(held["mark_price"])
        total["gross_quote"] += Decimal(held["quantity"]) * Decimal(held["mark_price"])
    (whole,) = asked(world, "How much is held of each instrument, all runs together?")
    assert {name: Decimal(whole[name]) for name in total} == total
    assert (whole["instrument"], int(whole["positions"]), whole["without_stop"]) == ("BTC/USDT", len(rows), "0")
    assert len(rows) > 1


def test_rules_are_counted_as_the_api_counts(world: World) -> None:
    for name in ("old", "blocked"):
        rows = asked(world, "Which rule keeps a run from trading?", run=world.runs[name])
        items = world.get(f"/runs/{world.runs[name]}/rules")["items"]
        assert sorted(
            (row["side"], row["place"], row["rule"], row["evaluated"], row["held"]) for row in rows
        ) == sorted((one["side"], one["place"], one["text"], str(one["evaluated"]), str(one["held"])) for one in items)
    (row,) = asked(world, "Which rules of which runs have never held?")
    assert (int(row["run_id"]), row["rule"]) == (world.runs["blocked"], "close < 0")


def test_those_that_wait_wait_in_the_api_too(world: World) -> None:
    rows = by_run(asked(world, "Which runs wait, and for what?"))
    runs = {run["id"]: run for run in world.get("/runs?limit=100")["items"]}
    wanted = {run_id: run["health"] for run_id, run in runs.items() if run["health"] != "ok"}
    assert {run_id: row["health"] for run_id, row in rows.items()} == wanted
    assert rows[world.runs["waiting"]]["waits_for"] == "every runner is full"
    assert rows[world.runs["ether"]]["waits_for"] == (
        "history from 2025-01-02 00:00:00+00, the record begins at 2025-01-02 20:00:00+00"
    )


def test_a_run_of_another_engine_waits_for_a_runner_of_its_own(world: World) -> None:
    waiting = world.runs["waiting"]
    change = "update runs set engine_version = :version where id = :id"
    before = world.desk.run(waiting).engine_version
    world.desk.sql(change, version="77", id=waiting)
    try:
        rows = by_run(asked(world, "Which runs wait, and for what?"))
    finally:
        world.desk.sql(change, version=before, id=waiting)
    assert rows[waiting]["waits_for"] == "no runner of engine 77 lives"


def test_orders_that_came_to_nothing_are_those_of_the_documents(world: World) -> None:
    wanted: Counter[tuple[str, str, str, str]] = Counter()
    for doc in documents(world).values():
        last = {event["order_seq"]: event for event in doc["orders"]}
        wanted.update(
            (doc["strategy"]["name"], event["event"], event["reason"], event["type"])
            for event in last.values()
            if event["event"] in ("rejected", "cancelled", "expired")
        )
    rows = asked(world, "Which orders came to nothing, and why?")
    found = {tuple(row[name] for name in ("strategy", "event", "reason", "type")): int(row["orders"]) for row in rows}
    assert found == wanted
    assert {event for _, event, _, _ in wanted} == {"rejected", "cancelled", "expired"}


def test_fills_are_the_document_s_and_lie_within_their_bars(world: World) -> None:
    known = {bar.open_ms: bar for bar in world.desk.day}
    for name in ("old", "resting", "stopped"):
        rows = asked(world, "Do fills fit the bars they happened in?", run=world.runs[name])
        fills = world.get(f"/runs/{world.runs[name]}/export")["fills"]
        for row, fill in zip(rows, fills, strict=True):
            bar = known[fill["ts_ms"] - fill["ts_ms"] % MS]
            assert (int(row["seq"]), row["side"], row["reason"]) == (fill["seq"], fill["side"], fill["reason"])
            assert Decimal(row["price"]) == Decimal(fill["price"])
            assert Decimal(row["reference_price"]) == Decimal(fill["reference_price"])
            assert [float(row[part]) for part in ("open", "high", "low", "close")] == [
                bar.open, bar.high, bar.low, bar.close,
            ]  # fmt: skip
            assert row["moment"] == ("open" if fill["ts_ms"] % MS == 0 else "inside")
            assert row["within"] == "t"


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


def test_the_books_balance_and_nothing_is_missing(world: World) -> None:
    books = by_run(asked(world, "Do the books balance?"))
    assert {Decimal(row[name]) for row in books.values() for name in ("difference", "quantity_difference")} == {0}
    for run_id, doc in documents(world).items():
        kinds = ("orders", "fills", "trades", "equity")
        row = by_run(asked(world, "Is any decision missing?"))[run_id]
        notes = world.get(f"/runs/{run_id}/notes")["total"]
        assert int(row["decisions"]) == sum(len(doc[kind]) for kind in kinds) + notes
        assert row["is_whole"] == "t"
        assert run_id in books
    assert {row["agree"] for row in asked(world, "Do the counters of rules agree with each other?")} == {"t"}


@pytest.mark.parametrize(
    ("title", "change", "column"),
    [
        ("Do the books balance?", "update fills set fee = fee + 0.00000001", "difference"),
        ("Is any decision missing?", "delete from fills", "is_whole"),
        ("Do fills fit the bars they happened in?", "update fills set reference = reference * 1.1", "within"),
    ],
    ids=["a fee", "a fill", "a price"],
)
def test_a_tampered_row_is_seen(world: World, title: str, change: str, column: str) -> None:
    run, one = world.runs["test"], "where run_id = :run and seq = :seq"
    (seq,) = world.desk.sql("select min(seq) from fills where run_id = :run", run=run)[0]

    def odd() -> set[str]:
        rows = asked(world, title, run=run)
        return {row[column] for row in rows if int(row.get("run_id", run)) == run}

    before = odd()
    with db.begin(world.desk.engine) as conn:
        conn.execute(text(f"create table kept as select * from fills {one}"), {"run": run, "seq": seq})
        conn.execute(text(f"{change} {one}"), {"run": run, "seq": seq})
    try:
        assert odd() != before
    finally:
        with db.begin(world.desk.engine) as conn:
            conn.execute(text(f"delete from fills {one}"), {"run": run, "seq": seq})
            conn.execute(text("insert into fills select * from kept"))
            conn.execute(text("drop table kept"))
    assert odd() == before


def test_the_trail_of_what_people_did_is_whole(world: World) -> None:
    rows = asked(world, "Who started what, and what else did people do?")
    assert {row["who"] for row in rows} == {"admin"}
    assert sorted(int(row["subject"]) for row in rows if row["action"] == "run_created") == sorted(world.runs.values())
    stopped = str(world.runs["stopped"])
    assert [row["action"] for row in rows if row["subject"] == stopped] == [
        "run_stop", "run_resume", "run_pause", "run_created",
    ]  # fmt: skip
    events = [row["event"] for row in asked(world, "Who has folded a run?", run=stopped)]
    assert events == [one["event"] for one in reversed(world.get(f"/runs/{stopped}/log")["items"])]
    commands = asked(world, "When did commands act?")
    assert [row["kind"] for row in commands] == ["stop", "resume", "pause"]
    assert all(0 < Decimal(row["waited_s"]) <= 60 for row in commands)


def test_runners_hold_what_the_api_says(world: World) -> None:
    (row,) = asked(world, "Which runners live, and what do they hold?")
    (runner,) = world.get("/system")["runners"]
    assert (row["id"], row["host"], int(row["capacity"])) == (runner["id"], runner["host"], runner["capacity"])
    assert int(row["runs"]) + int(row["backtests"]) == runner["runs"] == runner["capacity"]


def test_commits_follow_the_bars_that_they_are_of(world: World) -> None:
    rows = asked(world, "How long from a bar's arrival to its commit?")
    assert {int(row["run_id"]) for row in rows} >= {*world.live(), world.runs["next"]}
    assert all(int(row["bar_to_commit_ms"]) >= 0 for row in rows)


def test_the_disk_is_taken_by_what_is_there(world: World) -> None:
    sizes = {row["name"]: int(row["bytes"]) for row in asked(world, "What takes the disk?")}
    assert set(tables.metadata.tables) < set(sizes)
    assert sizes["bars"] == world.desk.sql("select pg_total_relation_size('bars')")[0][0]
    runs = by_run(asked(world, "How much does each run take?"))
    assert {run_id: int(row["decisions"]) for run_id, row in runs.items()} == {
        run_id: world.desk.run(run_id).seq for run_id in world.runs.values()
    }
    for row in asked(world, "How far back does everything reach, and how fast does it grow?"):
        name = row["name"]
        assert int(row["rows"]) == world.desk.sql(f"select count(*) from {name}")[0][0]
