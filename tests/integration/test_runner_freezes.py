"""Owners that freeze at every statement of their commit, commands that arrive at every one, and two owners at once."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.domain.command import CommandKind
from tests.support.desk import BUSY, Desk, RunnerProcess, owner, walk

# Statements of a commit that writes rows, counted from the compare-and-set; then around COMMIT itself.
POINTS = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "commit", "after")
EVERY_BAR = {"PAPERFOLD__RUNNER__SNAPSHOT_BARS": "1"}  # snapshots, counters and curves are in each commit
TAKEOVER_S = 15.0


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    desk = Desk(database, redis_url, walk(600, skipped=frozenset({70, 71})))
    yield desk
    desk.close()


def frozen_owners(desk: Desk, armed: Path) -> dict[str, tuple[int, RunnerProcess]]:
    """One run a point, each with a runner of its own that will freeze there once `armed` exists."""
    owners: dict[str, tuple[int, RunnerProcess]] = {}
    for point in POINTS:
        run_id = desk.start(BUSY.replace("name: busy", f"name: busy-{point}"))
        runner = desk.runner(
            capacity=1, MODULE="tests.support.freezing_runner", FREEZE_AT=point, FREEZE_WHEN=str(armed), **EVERY_BAR
        )
        desk.until(lambda run_id=run_id: owner(desk, run_id) is not None, 30.0)
        owners[point] = (run_id, runner)
    desk.minutes(12)
    desk.level(*(run_id for run_id, _ in owners.values()))
    return owners


def freeze(desk: Desk, owners: dict[str, tuple[int, RunnerProcess]], armed: Path) -> None:
    """Let the next minute freeze every owner at its point."""
    armed.touch()
    for _ in range(8):  # a minute that decides nothing has fewer statements: the next one has them
        desk.minutes(1)
        try:
            desk.until(lambda: all(runner.is_frozen() for _, runner in owners.values()), 1.0)
        except AssertionError:
            continue
        return
    awake = [point for point, (_, runner) in owners.items() if not runner.is_frozen()]
    raise AssertionError(f"not frozen at {awake}")


def ask(desk: Desk, run_ids: list[int], kind: CommandKind) -> None:
    for run_id in run_ids:
        desk.command(run_id, kind)


def assert_every_command_acts(desk: Desk) -> None:
    """Each command has its minute, after every minute that had been folded when it was accepted."""
    assert desk.sql("select count(*) from run_commands where effective_ms is null") == [(0,)]
    assert desk.sql("select count(*) from run_commands where effective_ms <= accepted_ms") == [(0,)]


@pytest.mark.timeout(180)
def test_frozen_owners_are_replaced_and_wake_up_to_nothing(desk: Desk, tmp_path: Path) -> None:
    desk.history(60)
    armed = tmp_path / "armed"
    owners = frozen_owners(desk, armed)
    run_ids = [run_id for run_id, _ in owners.values()]
    freeze(desk, owners, armed)
    ask(desk, run_ids, "pause")  # between the statements of twelve transactions that will never commit, or just have
    desk.runner(capacity=len(POINTS))
    before = {run_id: desk.run(run_id).epoch for run_id in run_ids}
    took = desk.until(lambda: all(desk.run(i).epoch > before[i] for i in run_ids), TAKEOVER_S)
    assert took <= TAKEOVER_S
    desk.minutes(3)
    desk.level(*run_ids)
    for _, runner in owners.values():
        runner.thaw()
    ask(desk, run_ids, "resume")
    desk.minutes(10)
    desk.level(*run_ids)
    assert_every_command_acts(desk)
    assert desk.sql("select count(*) from runs where status in ('failed', 'diverged')") == [(0,)]
    desk.assert_parity(*run_ids)


@pytest.mark.timeout(180)
def test_commands_may_arrive_between_any_two_statements(desk: Desk, tmp_path: Path) -> None:
    desk.history(60)
    armed = tmp_path / "armed"
    owners = frozen_owners(desk, armed)
    run_ids = [run_id for run_id, _ in owners.values()]
    freeze(desk, owners, armed)
    ask(desk, run_ids, "pause")
    for _, runner in owners.values():
        runner.thaw()  # in time: the owner goes on in its transaction
    desk.minutes(4)
    desk.level(*run_ids, timeout_s=40.0)
    ask(desk, run_ids, "close_position")
    ask(desk, run_ids, "resume")
    desk.minutes(10)
    desk.level(*run_ids)
    assert_every_command_acts(desk)
    desk.assert_parity(*run_ids)


def test_two_runners_that_both_own_a_run_write_no_different_row(desk: Desk) -> None:
    desk.history(60)
    run_id = desk.start()
    desk.runner()
    desk.level(run_id)
    desk.runner()
    desk.until(lambda: len(desk.sql("select id from runners")) == 2)
    ids = [str(row[0]) for row in desk.sql("select id from runners")]
    done = threading.Event()

    def swap() -> None:
        turn = 0
        while not done.wait(0.07):  # the row points to one, then to the other; epochs say nothing
            desk.sql("update runs set runner_id = cast(:id as uuid) where id = :run", id=ids[turn % 2], run=run_id)
            turn += 1

    swapping = threading.Thread(target=swap)
    swapping.start()
    for _ in range(60):
        desk.minutes(1)
        desk.until(lambda: (desk.run(run_id).position_ms or 0) >= desk.now_ms - 180_000, 20.0)
    done.set()
    swapping.join()
    desk.level(run_id)
    assert desk.run(run_id).status == "running"
    desk.assert_parity(run_id)
