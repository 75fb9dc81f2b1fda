"""Taking over a run that has folded a year of minutes, beside reading that year from PostgreSQL by COPY.

With a snapshot: its owner was killed 238 minutes after writing it, nearly the worst; what a runner does in its loop.
Without any: everything is folded again, compiled, by the child process that a runner starts; start to exit, warm cache.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

from bench import bars, stores
from bench.table import Row, Series, rounds, say

HERE = Path(__file__).resolve().parent
MINUTES = 525_600
ROUND = 240  # bars between two snapshots of a run; runs that follow each other take turns
PART = 20_000  # as a fold reads them


def measure(count: int) -> list[Row]:
    """Rows of this topic."""
    with stores.running() as found:
        return _measure(count, found)


def _measure(count: int, found: stores.Stores) -> list[Row]:
    from shared.domain.bar import Bar
    from shared.engine.version import ENGINE_VERSION
    from shared.store import database, ownership
    from shared.store.bars import read_columns
    from tests.support.desk import Desk

    say("a year of minutes")
    columns = bars.generated(MINUTES + 2 * ROUND)
    desk = Desk(
        found.database_url,
        found.redis_url,
        [Bar(*minute) for minute in zip(*(column.tolist() for column in columns), strict=True)],
    )
    own = {"PAPERFOLD__RUNNER__CACHE_DIR": str(found.folder / "cache"), "PAPERFOLD__RUNNER__POLL_S": "0.3"}
    strategies = {
        "ema-cross": (HERE.parent / "strategies/ema-cross.yaml").read_text(encoding="utf-8"),
        "volume-profile-breakout": (HERE.parent / "strategies/volume-profile-breakout.yaml").read_text(
            encoding="utf-8"
        ),
    }
    try:
        for at in range(0, MINUTES, 50_000):
            desk.history(min(50_000, MINUTES - at))
        # whatever warmup one of them asks for, the record begins where it begins
        runs = {name: desk.start(text, start_ms=desk.first_ms) for name, text in strategies.items()}
        say("folding it once")
        runner = desk.runner(**own)
        desk.level(*runs.values(), timeout_s=600.0)
        desk.until(lambda: all(desk.run(run).runner_id is not None for run in runs.values()), 60.0)
        time.sleep(3.0)
        for least in (False, True):  # to where both have just written one, then to just before the next
            left = [_left(desk, run) for run in runs.values()]
            desk.history(min(left) - 1 if least else max(left))
            desk.level(*runs.values(), timeout_s=120.0)
        runner.kill()
        runner_id = uuid4()
        with database.begin(desk.engine) as conn:
            ownership.register(conn, runner_id, ENGINE_VERSION, 10, "bench", 3600.0)
        deadline = time.monotonic() + 30.0
        mine: set[int] = set()
        while mine != set(runs.values()) and time.monotonic() < deadline:
            with database.begin(desk.engine) as conn:
                mine |= {run.id for run in ownership.claim(conn, runner_id, ENGINE_VERSION, {"paper": 10})}
            time.sleep(0.2)

        def reading() -> float:
            started = time.perf_counter()
            with database.begin(desk.engine) as conn:
                for at in range(desk.first_ms, desk.now_ms, PART * 60_000):
                    read_columns(conn, desk.instrument_id, at, min(at + PART * 60_000, desk.now_ms))
            return time.perf_counter() - started

        def kept(name: str) -> float:
            return _recovered(desk, runs[name])

        def again(name: str) -> float:
            desk.sql("delete from snapshots where run_id = :run", run=runs[name])
            run = desk.run(runs[name])
            environment = own | {
                "PAPERFOLD__DATABASE__URL": found.database_url, "PAPERFOLD__REDIS__URL": found.redis_url,
                "PAPERFOLD_PARENT": str(os.getpid()),
            }  # fmt: skip
            started = time.perf_counter()
            command = [sys.executable, "-m", "services.runner.child", str(run.id), str(runner_id), str(run.epoch)]
            subprocess.run(command, env=os.environ | environment, cwd=HERE.parent, check=True)
            return time.perf_counter() - started

        say(f"{count} rounds")
        with_snapshot = rounds(count, {"copy": reading, **{name: (lambda name=name: kept(name)) for name in runs}})
        without = rounds(count, {"copy": reading, **{name: (lambda name=name: again(name)) for name in runs}})
        ends = {desk.run(run).status for run in runs.values()}
        assert ends == {"running"}, ends
    finally:
        desk.close()
    return _rows(with_snapshot, without, list(runs))


def _left(desk: object, run_id: int) -> int:
    """Bars until the run's next snapshot."""
    last = desk.now_ms // 60_000 - 1  # type: ignore[attr-defined]
    return ROUND - (last + run_id) % ROUND  # type: ignore[no-any-return]


def _recovered(desk: object, run_id: int) -> float:
    """Seconds that a runner needs to stand where the run's last owner stood."""
    from shared import replay
    from shared.store import database

    run = desk.run(run_id)  # type: ignore[attr-defined]
    engine = desk.engine  # type: ignore[attr-defined]
    started = time.perf_counter()
    with database.begin(engine) as conn:
        plan = replay.plan_of(conn, run)
        fold = replay.begun(conn, run, plan)
    behind = (run.position_ms - fold.position_ms) // 60_000
    replay.recover(engine, run, fold)
    took = time.perf_counter() - started
    assert fold.digest == run.digest, "the fold does not stand where it stood"
    assert behind == ROUND - 2, f"{behind} bars behind: no snapshot, or a newer one"
    return took


def _rows(kept: dict[str, Series], again: dict[str, Series], names: list[str]) -> list[Row]:
    rows = [again["copy"].row("reading a year of bars by COPY", "s")]
    for name in names:
        ratio = kept[name].over(kept["copy"])
        rows.append(
            kept[name].row(
                f"{name}, snapshot there", "s", ratio=ratio, reference="COPY", budget="<= 1x", met=ratio <= 1.0
            )
        )
    for name in names:
        ratio = again[name].over(again["copy"])
        rows.append(
            again[name].row(
                f"{name}, snapshots deleted", "s", ratio=ratio, reference="COPY", budget="<= 5x", met=ratio <= 5.0,
                note="a compiled child, start to exit",
            )
        )  # fmt: skip
    return rows
