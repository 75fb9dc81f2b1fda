"""Owners that freeze at every statement of their commit, commands that arrive at every one, and two owners at once."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from services.runner.commit import COUNTED_BARS, round_of
from shared.domain.command import CommandKind
from shared.domain.timeframe import MINUTE_MS
from tests.support import freezes
from tests.support.desk import BUSY, Desk, RunnerProcess, owner, walk

EVERY_BAR = {"PAPERFOLD__RUNNER__SNAPSHOT_BARS": "1"}  # snapshots, counters and curves are in each commit
IN_CLIENT = [(point, EVERY_BAR) for point in freezes.IN_CLIENT] + [("call", {}), ("after", {})]
IN_SERVER: list[tuple[str, dict[str, str]]] = [(point, {}) for point in freezes.IN_SERVER]
TAKEOVER_S = 15.0


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    desk = Desk(database, redis_url, walk(600, skipped=frozenset({70, 71})))
    freezes.install(desk.engine)
    yield desk
    desk.close()


class Owners:
    """One run a point, each with a runner of its own that will stop there."""

    def __init__(self, desk: Desk, points: list[tuple[str, dict[str, str]]], armed: Path) -> None:
        self.desk, self.armed = desk, armed
        self.is_in_server = points is IN_SERVER
        self.points: list[str] = []
        self.run_ids: list[int] = []
        self.runners: list[RunnerProcess] = []
        self.gate = ExitStack()
        for number, (point, environment) in enumerate(points):
            run_id = desk.start(BUSY.replace("name: busy", f"name: busy-{number}"))
            given = {"FREEZE_AT": point, "FREEZE_WHEN": str(armed), **environment}
            self.runners.append(desk.runner(capacity=1, MODULE="tests.support.freezing_runner", **given))
            desk.until(lambda run_id=run_id: owner(desk, run_id) is not None, 30.0)  # type: ignore[misc]
            self.points.append(point)
            self.run_ids.append(run_id)
        desk.minutes(12)
        desk.level(*self.run_ids)

    def stop(self) -> None:
        """Let the next minute stop every owner at its point."""
        if self.is_in_server:
            while any(self._counts_next(run_id) for run_id in self.run_ids):  # caches are statements of the client
                self.desk.minutes(1)
            self.desk.level(*self.run_ids)
            self.gate.enter_context(freezes.closed_gate(self.desk.engine))
        self.armed.touch()
        self.desk.minutes(1)
        self.desk.until(self._have_stopped, freezes.WAIT_S - 4.0, self)

    def _counts_next(self, run_id: int) -> bool:
        next_ms = self.desk.now_ms
        return round_of(run_id, next_ms, COUNTED_BARS) != round_of(run_id, next_ms - MINUTE_MS, COUNTED_BARS)

    def _have_stopped(self) -> bool:
        if self.is_in_server:
            return freezes.waiting(self.desk.engine) == len(self.points)
        return all(runner.is_frozen() for runner in self.runners)

    def freeze(self) -> None:
        """Freeze those, too, that wait for the server."""
        for runner in self.runners:
            runner.freeze()

    def thaw(self) -> None:
        self.gate.close()
        for runner in self.runners:
            runner.thaw()

    def __str__(self) -> str:
        """Where they have not stopped."""
        return str([point for point, runner in zip(self.points, self.runners, strict=True) if not runner.is_frozen()])


def ask(desk: Desk, run_ids: list[int], kind: CommandKind) -> None:
    for run_id in run_ids:
        desk.command(run_id, kind)


def assert_every_command_acts(desk: Desk) -> None:
    """Each command has its minute, after every minute that had been folded when it was accepted."""
    assert desk.sql("select count(*) from run_commands where effective_ms is null") == [(0,)]
    assert desk.sql("select count(*) from run_commands where effective_ms <= accepted_ms") == [(0,)]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("points", "goes_through"),
    [
        pytest.param(IN_CLIENT, None, id="between the client's statements"),
        pytest.param(IN_SERVER, True, id="while the server goes through with theirs"),
        pytest.param(IN_SERVER, False, id="while the server ends their sessions"),
    ],
)
def test_frozen_owners_are_replaced_and_wake_up_to_nothing(
    desk: Desk, tmp_path: Path, points: list[tuple[str, dict[str, str]]], goes_through: bool | None
) -> None:
    desk.history(60)
    owners = Owners(desk, points, tmp_path / "armed")
    owners.stop()
    owners.freeze()
    ask(desk, owners.run_ids, "pause")  # between the statements of transactions that will never commit, or that will
    before = {run_id: desk.run(run_id) for run_id in owners.run_ids}
    if goes_through:
        owners.gate.close()
        desk.level(*owners.run_ids)  # nobody has to be awake for it
    elif goes_through is False:
        freezes.end_waiting(desk.engine)
        desk.until(lambda: freezes.waiting(desk.engine) == 0)
        owners.gate.close()
        assert all(desk.run(i).position_ms == before[i].position_ms for i in owners.run_ids)
    desk.runner(capacity=len(points))
    took = desk.until(lambda: all(desk.run(i).epoch > before[i].epoch for i in owners.run_ids), TAKEOVER_S)
    assert took <= TAKEOVER_S
    desk.minutes(3)
    desk.level(*owners.run_ids)
    owners.thaw()
    ask(desk, owners.run_ids, "resume")
    desk.minutes(10)
    desk.level(*owners.run_ids)
    assert_every_command_acts(desk)
    assert desk.sql("select count(*) from runs where status in ('failed', 'diverged')") == [(0,)]
    desk.assert_parity(*owners.run_ids)


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "points",
    [pytest.param(IN_CLIENT, id="in the client"), pytest.param(IN_SERVER, id="in the server")],
)
def test_commands_may_arrive_between_any_two_statements(
    desk: Desk, tmp_path: Path, points: list[tuple[str, dict[str, str]]]
) -> None:
    desk.history(60)
    owners = Owners(desk, points, tmp_path / "armed")
    owners.stop()
    ask(desk, owners.run_ids, "pause")
    owners.thaw()  # in time: the owner goes on in its transaction
    desk.minutes(4)
    desk.level(*owners.run_ids, timeout_s=40.0)
    ask(desk, owners.run_ids, "close_position")
    ask(desk, owners.run_ids, "resume")
    desk.minutes(10)
    desk.level(*owners.run_ids)
    assert_every_command_acts(desk)
    desk.assert_parity(*owners.run_ids)


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
