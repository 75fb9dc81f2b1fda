"""PostgreSQL refuses writes for want of room, now here, now there: no row of a run is lost, doubled or different.

The server itself raises what it says on a full disk (53100), from triggers; tests/compose fills a real one.
"""

from collections.abc import Iterator
from functools import partial

import pytest

from services.cli.__main__ import main
from shared.domain.timeframe import MINUTE_MS
from tests.support.desk import Desk, RunnerProcess, walk

# What a runner writes with every bar here; `leases` and the log of claims have their own.
TABLES = ("orders", "fills", "trades", "equity", "runs", "run_counters", "snapshots", "equity_levels", "runners")
NO_ROOM = """
create function no_room() returns trigger language plpgsql as $$
begin
    raise exception 'could not extend file: No space left on device' using errcode = '53100';
end $$
"""
AT_ONCE = "create trigger no_room before insert or update on {table} for each statement execute function no_room()"
# as late as can be: everything is written, and COMMIT fails
AT_COMMIT = """
create constraint trigger no_room after insert or update on {table}
deferrable initially deferred for each row execute function no_room()
"""


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    desk = Desk(database, redis_url, walk(1440))
    yield desk
    desk.close()


def is_refused_again(runner: RunnerProcess, before: int) -> bool:
    return runner.lines.count("No space left") > before


@pytest.mark.parametrize("trigger", [AT_ONCE, AT_COMMIT], ids=["statement", "commit"])
def test_a_run_goes_on_where_a_full_disk_has_stopped_it(desk: Desk, trigger: str) -> None:
    desk.history(120)
    run = desk.start(start_ms=desk.first_ms + 20 * MINUTE_MS)
    runner = desk.runner(PAPERFOLD__RUNNER__SNAPSHOT_BARS="1")  # every commit writes everything
    desk.level(run)
    desk.sql(NO_ROOM)
    for table in TABLES:
        refused = runner.lines.count("No space left")
        desk.sql(trigger.format(table=table))
        desk.minutes(3)
        desk.until(partial(is_refused_again, runner, refused), about=table)
        desk.sql(f"drop trigger no_room on {table}")
        desk.minutes(3)
        desk.level(run)
    assert desk.run(run).status == "running"
    assert runner.process.poll() is None
    desk.assert_parity(run)
    assert desk.parity(run).bars == desk.at


def test_runners_that_come_and_go_meanwhile_use_up_no_attempt(desk: Desk) -> None:
    """A run fails after three claims without a committed bar, for it may be what kills its runners. Not these."""
    desk.history(120)
    run = desk.start(start_ms=desk.first_ms + 20 * MINUTE_MS)
    desk.sql(NO_ROOM)
    desk.sql(AT_ONCE.format(table="equity"))
    for _ in range(4):
        runner = desk.runner(lease_s=1.0)
        desk.until(partial(is_refused_again, runner, 1))
        runner.kill()
    desk.sql("drop trigger no_room on equity")
    desk.runner(lease_s=1.0)
    desk.level(run)
    assert desk.run(run).status == "running"
    desk.assert_parity(run)


def test_a_check_that_cannot_be_made_is_no_difference(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sort finds no room for its file: whoever asks is told that, not that a run differs."""
    monkeypatch.setenv("PAPERFOLD__DATABASE__URL", desk.database_url)
    desk.history(60)
    desk.runner()
    run = desk.start(start_ms=desk.first_ms)
    desk.level(run)
    desk.sql("alter table equity rename to kept")
    desk.sql("""
        create function no_room() returns boolean language plpgsql as $$
        begin
            raise exception 'could not write to file: No space left on device' using errcode = '53100';
        end $$
    """)
    desk.sql("create view equity as select * from kept where no_room()")
    for command in (["parity", "--all"], ["parity", str(run), "--json"]):
        assert main(command) == 1
        said, why = capsys.readouterr()
        assert said == ""
        assert "could not write to file: No space left on device" in why
    desk.sql("drop view equity")
    desk.sql("alter table kept rename to equity")
    assert main(["parity", "--all"]) == 0
