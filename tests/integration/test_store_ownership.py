"""Ownership: leases in the database's clock, claims under epochs, and the fence around every commit."""

import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, text

from shared.domain.errors import UnavailableError
from shared.store import database as store
from shared.store import ownership, runs, tables
from shared.store.ownership import Progress
from shared.store.runs import Run
from tests.support.store import NO_BAR, START, M, a_claimed_run, a_run, a_runner, a_step, commit_progress


def expire(conn: Connection, runner_id: UUID) -> None:
    conn.execute(text("update runners set lease_until = now() - interval '1 s' where id = :id"), {"id": runner_id})


def events(conn: Connection, run_id: int) -> list[str]:
    return [entry.event for entry in reversed(runs.read_log(conn, run_id)[0])]


# ------------------------------------------------------------------------------------------------------------ claims


def test_a_claim_takes_the_oldest_runs_that_nobody_serves(conn: Connection) -> None:
    made = [a_run(conn).id for _ in range(4)]
    one, two = a_runner(conn), a_runner(conn)
    first = ownership.claim(conn, one, "1", {"paper": 2})
    assert [(run.id, run.epoch, run.attempts, run.runner_id) for run in first] == [
        (made[0], 1, 1, one), (made[1], 1, 1, one),
    ]  # fmt: skip
    assert [run.id for run in ownership.claim(conn, two, "1", {"paper": 9})] == made[2:]
    assert ownership.claim(conn, two, "1", {"paper": 9}) == []
    assert ownership.owned(conn, one) == dict.fromkeys(made[:2], 1)


def test_a_claim_takes_only_modes_that_it_was_given_slots_for(conn: Connection) -> None:
    paper, backtest = a_run(conn).id, a_run(conn, mode="backtest").id
    runner = a_runner(conn)
    assert ownership.claim(conn, runner, "1", {"paper": 0}) == []
    assert [run.id for run in ownership.claim(conn, runner, "1", {"paper": 0, "backtest": 1})] == [backtest]
    assert [run.id for run in ownership.claim(conn, runner, "1", {"paper": 1, "backtest": 1})] == [paper]


def test_a_claim_takes_only_its_own_engine_version(conn: Connection) -> None:
    old, new = a_run(conn, engine_version="9").id, a_run(conn, engine_version="10").id
    runner = a_runner(conn, version="10")
    assert [run.id for run in ownership.claim(conn, runner, "10", {"paper": 9})] == [new]
    assert ownership.claim_older(conn, runner, "9") is None
    older = ownership.claim_older(conn, runner, "10")
    assert older is not None
    assert older.id == old
    assert ownership.move_version(conn, runner, old, older.epoch, "10")
    assert runs.get(conn, old).engine_version == "10"


def test_a_run_is_taken_over_when_the_lease_is_over_and_not_before(conn: Connection) -> None:
    one, two = a_runner(conn), a_runner(conn)
    run = a_claimed_run(conn, one)
    assert ownership.claim(conn, two, "1", {"paper": 1}) == []
    expire(conn, one)
    assert runs.get(conn, run.id).health == "waiting_for_runner"
    (taken,) = ownership.claim(conn, two, "1", {"paper": 1})
    assert (taken.id, taken.runner_id, taken.epoch) == (run.id, two, run.epoch + 1)
    assert taken.health == "ok"
    assert events(conn, run.id) == ["created", "claimed", "taken_over"]
    assert ownership.owned(conn, one) == {}


def test_a_renewed_lease_keeps_its_runs(conn: Connection) -> None:
    one, two = a_runner(conn), a_runner(conn)
    a_claimed_run(conn, one)
    expire(conn, one)
    assert ownership.renew(conn, one, 60.0)
    assert ownership.claim(conn, two, "1", {"paper": 1}) == []
    assert not ownership.renew(conn, uuid4(), 60.0)


def test_released_runs_are_free_at_once(conn: Connection) -> None:
    one, two = a_runner(conn), a_runner(conn)
    run = a_claimed_run(conn, one)
    assert ownership.release(conn, one) == [run.id]
    freed = runs.get(conn, run.id)
    assert (freed.runner_id, freed.attempts, freed.health) == (None, 0, "waiting_for_runner")
    assert [claimed.id for claimed in ownership.claim(conn, two, "1", {"paper": 1})] == [run.id]
    assert events(conn, run.id) == ["created", "claimed", "released", "claimed"]
    assert [runner.id for runner in ownership.runners(conn)] == [two]


def test_some_runs_can_be_released(conn: Connection) -> None:
    runner = a_runner(conn)
    made = [a_run(conn).id for _ in range(3)]
    ownership.claim(conn, runner, "1", {"paper": 3})
    assert ownership.release_runs(conn, runner, made[1:]) == made[1:]
    assert ownership.release_runs(conn, uuid4(), made) == []
    assert ownership.owned(conn, runner) == dict.fromkeys(made[:1], 1)


def test_a_run_that_kills_three_runners_fails(conn: Connection) -> None:
    run = a_run(conn)
    for _ in range(3):
        runner = a_runner(conn)
        assert len(ownership.claim(conn, runner, "1", {"paper": 1})) == 1
        expire(conn, runner)
    assert ownership.claim(conn, a_runner(conn), "1", {"paper": 1}) == []
    failed = runs.get(conn, run.id)
    assert (failed.status, failed.failure) == ("failed", "claimed 3 times without folding a bar")
    assert failed.ended_ms is not None
    assert events(conn, run.id)[-1] == "failed"


@pytest.mark.parametrize(
    ("step", "attempts"),
    [
        pytest.param({"minutes": 1}, 0, id="a committed bar clears attempts"),
        pytest.param(NO_BAR, 1, id="a commit without a bar does not"),
        pytest.param(NO_BAR | {"is_level": True}, 0, id="having nothing left to fold does"),
        pytest.param(NO_BAR | {"health": "waiting_for_history"}, 0, id="waiting for history is no failure"),
    ],
)  # fmt: skip
def test_attempts(conn: Connection, step: dict[str, object], attempts: int) -> None:
    runner = a_runner(conn)
    run = a_claimed_run(conn, runner)
    assert commit_progress(conn, runner, [a_step(run, **step)]) == {run.id}  # type: ignore[arg-type]
    assert runs.get(conn, run.id).attempts == attempts


def test_an_owner_vouches_for_runs_of_its_own(conn: Connection) -> None:
    runner, other = a_runner(conn), a_runner(conn)
    run, others = a_claimed_run(conn, runner), a_claimed_run(conn, other)
    ownership.vouch(conn, runner, [run.id, others.id])
    assert [runs.get(conn, one.id).attempts for one in (run, others)] == [0, 1]


def test_concurrent_claims_share_nothing(engine: Engine) -> None:
    with store.begin(engine) as conn:
        made = {a_run(conn).id for _ in range(40)}
        runners = [a_runner(conn) for _ in range(4)]
    barrier = Barrier(len(runners))

    def claim(runner: UUID) -> list[int]:
        mine: list[int] = []
        barrier.wait()
        for _ in range(12):
            with store.begin(engine) as conn:
                mine += [run.id for run in ownership.claim(conn, runner, "1", {"paper": 1})]
        return mine

    with ThreadPoolExecutor(len(runners)) as pool:
        claimed = [run_id for mine in pool.map(claim, runners) for run_id in mine]
    assert sorted(claimed) == sorted(made)


def test_a_row_that_is_claimed_while_another_looks_is_not_claimed_twice(engine: Engine) -> None:
    """The loser has judged the row by its old owner; it waits for nothing, and judges again with the row locked."""
    with store.begin(engine) as conn:
        run = a_run(conn)
        one, two = a_runner(conn), a_runner(conn)
    with store.begin(engine) as first:
        assert len(ownership.claim(first, one, "1", {"paper": 1})) == 1
        with store.begin(engine) as second:
            assert ownership.claim(second, two, "1", {"paper": 1}) == []
    with store.begin(engine) as conn:
        assert runs.get(conn, run.id).runner_id == one
        assert ownership.claim(conn, two, "1", {"paper": 1}) == []


def test_an_owner_that_froze_inside_a_commit_is_replaced(engine: Engine) -> None:
    """Its row lock hides the run from claims; the server ends its transaction after 3 s of silence."""
    with store.begin(engine) as conn:
        one, two = a_runner(conn), a_runner(conn)
        run = a_claimed_run(conn, one)

    def take() -> list[Run]:
        with store.begin(engine) as conn:
            return ownership.claim(conn, two, "1", {"paper": 1})

    service = store.connect(engine.url.render_as_string(hide_password=False), "a service")
    frozen = service.connect()
    assert commit_progress(frozen, one, [a_step(run)]) == {run.id}
    with store.begin(engine) as conn:
        expire(conn, one)
    assert take() == []
    deadline = time.monotonic() + 10
    while not (taken := take()) and time.monotonic() < deadline:
        pass
    assert [(found.id, found.position_ms) for found in taken] == [(run.id, None)]
    with pytest.raises(UnavailableError), store.unavailable():
        frozen.commit()
    frozen.close()
    service.dispose()


# ------------------------------------------------------------------------------------------------------------- fence


def test_a_commit_moves_the_run(conn: Connection) -> None:
    runner = a_runner(conn)
    run = a_claimed_run(conn, runner)
    step = a_step(run, 3, equity=Decimal("10001.50"), quantity=Decimal("-0.5"), status_detail="live", progress=0.5)
    assert commit_progress(conn, runner, [step]) == {run.id}
    moved = runs.get(conn, run.id)
    assert (moved.position_ms, moved.digest, moved.seq) == (START + 2 * M, step.new_digest, 3)
    assert (moved.equity, moved.quantity, moved.progress) == (Decimal("10001.50"), Decimal("-0.5"), 0.5)
    assert (moved.status, moved.status_detail, moved.health) == ("running", "live", "ok")
    assert commit_progress(conn, runner, [a_step(moved)]) == {run.id}


@pytest.mark.parametrize(
    "stale",
    [
        pytest.param({"epoch": 0}, id="an old epoch"),
        pytest.param({"old_position_ms": None}, id="no position"),
        pytest.param({"old_position_ms": START - M}, id="an old position"),
        pytest.param({"old_digest": b"other"}, id="another digest"),
        pytest.param({"old_digest": None}, id="no digest"),
    ],
)
def test_a_commit_from_elsewhere_does_not_come_back(conn: Connection, stale: dict[str, object]) -> None:
    runner = a_runner(conn)
    run = a_claimed_run(conn, runner)
    commit_progress(conn, runner, [a_step(run, 5)])
    before = runs.get(conn, run.id)
    step: Progress = a_step(before)._replace(**stale)  # type: ignore[arg-type]
    assert commit_progress(conn, runner, [step]) == set()
    assert runs.get(conn, run.id) == before


def test_a_commit_of_another_runner_does_not_come_back(conn: Connection) -> None:
    run = a_claimed_run(conn, a_runner(conn))
    assert commit_progress(conn, a_runner(conn), [a_step(run)]) == set()


def test_a_frozen_owner_that_wakes_up_changes_nothing(conn: Connection) -> None:
    one, two = a_runner(conn), a_runner(conn)
    run = a_claimed_run(conn, one)
    expire(conn, one)
    (taken,) = ownership.claim(conn, two, "1", {"paper": 1})
    ownership.renew(conn, one, 60.0)
    assert commit_progress(conn, one, [a_step(run)]) == set()
    assert commit_progress(conn, two, [a_step(taken)]) == {run.id}


def test_each_run_of_a_commit_is_judged_alone(conn: Connection) -> None:
    runner = a_runner(conn)
    for _ in range(3):
        a_run(conn)
    claimed = ownership.claim(conn, runner, "1", {"paper": 3})
    steps = [a_step(run) for run in claimed]
    steps[1] = steps[1]._replace(epoch=7)
    assert commit_progress(conn, runner, steps) == {claimed[0].id, claimed[2].id}


def test_an_ended_run_has_no_owner_and_takes_no_commit(conn: Connection) -> None:
    runner = a_runner(conn)
    run = a_claimed_run(conn, runner)
    assert commit_progress(conn, runner, [a_step(run, status="finished")]) == {run.id}
    ended = runs.get(conn, run.id)
    assert (ended.status, ended.runner_id, ended.has_ended) == ("finished", None, True)
    assert ended.ended_ms is not None
    assert commit_progress(conn, runner, [a_step(ended)]) == set()
    assert ownership.claim(conn, runner, "1", {"paper": 1}) == []


def test_two_owners_commit_the_same_step_once(engine: Engine) -> None:
    """Both read the same row and wait for each other; the second is judged by what the first left behind."""
    with store.begin(engine) as conn:
        runner = a_runner(conn)
        for _ in range(20):
            a_run(conn)
        steps = [a_step(run) for run in ownership.claim(conn, runner, "1", {"paper": 20})]
    barrier = Barrier(2)

    def commit(mine: list[Progress]) -> set[int]:
        with store.begin(engine) as conn:
            barrier.wait()
            return commit_progress(conn, runner, mine)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(commit, [steps, steps[::-1]])
    assert first | second == {step.run_id for step in steps}
    assert first & second == set()


def test_a_thousand_runs_are_one_commit(engine: Engine) -> None:
    with store.begin(engine) as conn:
        runner = a_runner(conn)
        run = a_run(conn)
        copied = ", ".join(column.name for column in tables.runs.columns if column.name != "id")
        conn.execute(text(f"insert into runs ({copied}) select {copied} from runs, generate_series(1, 999)"))
        claimed = ownership.claim(conn, runner, "1", {"paper": 1000})
    assert run.id in {one.id for one in claimed}
    started = time.perf_counter()
    with store.begin(engine) as conn:
        assert len(commit_progress(conn, runner, [a_step(one) for one in claimed])) == 1000
    print(f"1,000 runs committed in {1000 * (time.perf_counter() - started):.0f} ms")


def test_a_run_that_cannot_go_on_is_ended_by_its_owner_only(conn: Connection) -> None:
    runner = a_runner(conn)
    run = a_claimed_run(conn, runner)
    assert not ownership.mark_failed(conn, runner, run.id, run.epoch - 1, "boom")
    assert not ownership.mark_failed(conn, uuid4(), run.id, run.epoch, "boom")
    assert ownership.mark_failed(conn, runner, run.id, run.epoch, "fills seq 3: other price", "diverged")
    ended = runs.get(conn, run.id)
    assert (ended.status, ended.failure, ended.runner_id) == ("diverged", "fills seq 3: other price", None)
    assert events(conn, run.id)[-1] == "diverged"


def test_the_start_of_a_fold_is_fixed_once(conn: Connection) -> None:
    runner = a_runner(conn)
    run = a_claimed_run(conn, runner)
    assert not ownership.fix_warmup(conn, runner, run.id, run.epoch + 1, START - 9 * M)
    assert ownership.fix_warmup(conn, runner, run.id, run.epoch, START - 9 * M)
    assert not ownership.fix_warmup(conn, runner, run.id, run.epoch, START - 5 * M)
    assert runs.get(conn, run.id).warmup_from_ms == START - 9 * M
