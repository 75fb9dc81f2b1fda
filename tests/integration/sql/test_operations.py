"""Questions of who keeps it going: books that balance, rows that are whole, who did what, what the disk holds."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from shared.store import database as db
from shared.store import tables
from tests.support.sql_answers import asked, by_run, documents
from tests.support.sql_world import World


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
