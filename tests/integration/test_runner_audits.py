"""Every live run is folded again from its first bar, by itself: what is equal is said, what is not goes on no more."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.support.desk import Desk, walk

OFTEN = {"PAPERFOLD__RUNNER__AUDIT_S": "0.5", "PAPERFOLD__RUNNER__POLL_S": "0.1"}


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    with closing(Desk(database, redis_url, walk(200))) as desk:
        yield desk


def audits_of(desk: Desk, run_id: int) -> list[str]:
    said = "select detail from run_log where run_id = :id and event = 'audited' order by id"
    return [str(detail) for (detail,) in desk.sql(said, id=run_id)]


def events_of(desk: Desk, run_id: int) -> list[object]:
    return [event for (event,) in desk.sql("select event from run_log where run_id = :id order by id", id=run_id)]


def test_live_runs_are_audited_again_and_again_while_they_go_on(desk: Desk) -> None:
    desk.history(60)
    runs = [desk.start(), desk.start(cash="5000")]
    desk.runner(**OFTEN)
    desk.minutes(20)
    desk.level(*runs)
    desk.until(lambda: all(len(audits_of(desk, run)) >= 2 for run in runs), 60.0)
    desk.minutes(5)
    desk.level(*runs)
    for run in runs:
        decisions = desk.parity(run).decisions
        assert decisions > 40
        desk.until(lambda run=run, count=decisions: f"equal: {count} decisions" in audits_of(desk, run)[-1], 60.0)
        assert {desk.run(run).status, desk.run(run).health} == {"running", "ok"}
        assert set(events_of(desk, run)) == {"created", "claimed", "audited"}


@pytest.mark.parametrize("table", ["fills", "orders", "trades", "equity"])
def test_a_run_whose_recorded_rows_were_changed_has_diverged_and_its_neighbour_goes_on(desk: Desk, table: str) -> None:
    column = {"fills": "price", "orders": "quantity", "trades": "gross", "equity": "equity"}[table]
    desk.history(60)
    bad, good = desk.start(), desk.start()
    desk.runner(**OFTEN)
    desk.minutes(20)
    desk.level(bad, good)
    newest = f"select max(seq) from {table} where run_id = :id and {column} is not null"
    desk.sql(f"update {table} set {column} = {column} + 1 where run_id = :id and seq = ({newest})", id=bad)
    desk.until(lambda: desk.run(bad).status == "diverged", 60.0)
    failure = desk.run(bad).failure or ""
    assert failure.startswith("folded again from its first bar, it differs from the record: ")
    assert f"{table} seq " in failure
    assert f"{column} is recorded as" in failure
    desk.minutes(3)
    desk.level(good)
    assert desk.run(good).status == "running"
    assert desk.run(bad).runner_id is None
    desk.assert_parity(good)


def test_an_audit_that_cannot_be_made_says_so_and_is_not_tried_at_once_again(desk: Desk) -> None:
    desk.history(60)
    run = desk.start()
    runner = desk.runner(PAPERFOLD__RUNNER__POLL_S="0.1", PAPERFOLD__RUNNER__AUDIT_S="3600")
    desk.minutes(20)
    desk.level(run)
    assert events_of(desk, run) == ["created", "claimed"]  # not due: it is younger than an hour
    text = desk.sql("select text from strategy_versions")
    desk.sql("update strategy_versions set text = 'name: [' ")
    desk.sql("update runs set created_at = created_at - interval '2 hours'")
    desk.until(lambda: events_of(desk, run)[-1] == "audit_failed", 60.0)
    desk.minutes(3)
    desk.level(run)
    assert events_of(desk, run) == ["created", "claimed", "audit_failed"]
    desk.sql("update strategy_versions set text = :text", text=text[0][0])
    desk.sql("update run_log set at = at - interval '2 hours' where event = 'audit_failed'")
    desk.until(lambda: events_of(desk, run)[-1] == "audited", 60.0)
    assert runner.stop() == 0
    assert events_of(desk, run) == ["created", "claimed", "audit_failed", "audited", "released"]


def test_nothing_is_audited_where_the_setting_says_never(desk: Desk) -> None:
    desk.history(60)
    run = desk.start()
    desk.runner(PAPERFOLD__RUNNER__POLL_S="0.1", PAPERFOLD__RUNNER__AUDIT_S="0")
    desk.sql("update runs set created_at = created_at - interval '2 years'")
    desk.minutes(20)
    desk.level(run)
    desk.minutes(20)
    desk.level(run)
    assert events_of(desk, run) == ["created", "claimed"]
