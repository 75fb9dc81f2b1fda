"""Commands: recorded once a key, given their minute with the commit of their run, refused by a run that has ended."""

import pytest
from sqlalchemy import Connection, text

from shared.domain.command import Command
from shared.store import commands, commits, market, ownership, runs
from shared.store.commits import Committed
from tests.support.store import NO_BAR, START, M, a_claimed_run, a_run, a_runner, a_step


@pytest.mark.parametrize(
    ("accepted", "last", "effective"),
    [
        pytest.param(10 * M + 1, 8 * M, 11 * M, id="the next minute"),
        pytest.param(10 * M, 8 * M, 11 * M, id="strictly after a boundary"),
        pytest.param(11 * M - 1, 8 * M, 11 * M, id="up to the last millisecond"),
        pytest.param(10 * M + 1, 10 * M, 11 * M, id="the minute that is being made"),
        pytest.param(10 * M + 1, 11 * M, 12 * M, id="never a minute that was folded"),
        pytest.param(10 * M + 1, 50 * M, 51 * M, id="behind a fold that is ahead of the clock"),
        pytest.param(10 * M + 1, -M, 11 * M, id="a run without a bar"),
    ],
)
def test_a_command_gets_its_minute(conn: Connection, accepted: int, last: int, effective: int) -> None:
    runner = a_runner(conn)
    run = a_claimed_run(conn, runner)
    market.set_clock(conn, START)
    added = commands.add(conn, run.id, "stop", "tests", close_position=True)
    assert added is not None
    conn.execute(text("update run_commands set accepted_ms = :ms"), {"ms": START + accepted})
    assert commands.has_waiting(conn, [run.id]) == {run.id}
    expected = Command(added[0].id, "stop", START + effective, close_position=True)
    step = a_step(run, **NO_BAR) if last < 0 else a_step(run, last // M + 1)  # type: ignore[arg-type]
    assert commits.commit(conn, runner, [step]).assigned == {run.id: [expected]}
    later = a_step(runs.get(conn, run.id), 9)
    assert commits.commit(conn, runner, [later]) == Committed()  # once
    assert commands.assigned(conn, run.id) == [expected]
    assert commands.has_waiting(conn, [run.id]) == set()


def test_commands_are_assigned_by_id_and_only_to_runs_that_are_moved(conn: Connection) -> None:
    market.set_clock(conn, START)
    runner = a_runner(conn)
    one, two, lost = (a_claimed_run(conn, runner) for _ in range(3))
    for run, kind in ((one, "pause"), (two, "stop"), (one, "resume"), (lost, "stop")):
        commands.add(conn, run.id, kind, "tests")  # type: ignore[arg-type]
    done = commits.commit(conn, runner, [a_step(one), a_step(lost, epoch=7)])
    assert done.lost == {lost.id}
    assert [command.kind for command in done.assigned[one.id]] == ["pause", "resume"]
    for other in (two, lost):
        assert other.id not in done.assigned
        assert [command.effective_ms for command in commands.list_commands(conn, other.id)] == [None]


def test_the_same_key_adds_one_command(conn: Connection) -> None:
    market.set_clock(conn, START)
    run = a_run(conn)
    first = commands.add(conn, run.id, "pause", "tests", idempotency_key="k")
    again = commands.add(conn, run.id, "pause", "tests", idempotency_key="k")
    other = commands.add(conn, run.id, "pause", "tests")
    assert first is not None
    assert again == (first[0], False)
    assert other is not None
    assert (first[1], other[1]) == (True, True)


def test_an_ended_run_takes_no_command(conn: Connection) -> None:
    market.set_clock(conn, START)
    run = a_run(conn)
    commands.add(conn, run.id, "pause", "tests")
    assert runs.stop_unclaimed(conn, run.id)
    assert commands.add(conn, run.id, "stop", "tests") is None


def test_only_a_run_that_nobody_ever_claimed_is_stopped_from_outside(conn: Connection) -> None:
    runner = a_runner(conn)
    run = a_claimed_run(conn, runner)
    ownership.release(conn, runner)
    assert not runs.stop_unclaimed(conn, run.id)
    fresh = a_run(conn)
    assert runs.stop_unclaimed(conn, fresh.id)
    assert runs.get(conn, fresh.id).status == "stopped"
    assert not runs.stop_unclaimed(conn, fresh.id)
