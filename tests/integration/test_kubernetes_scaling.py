"""The question by which KEDA scales runners: asked as `analyst`, it counts the runs that want one."""

from pathlib import Path

from sqlalchemy import Engine, text

from shared.store import database as db
from shared.store import ownership, roles, runs
from tests.support.manifests import build, named
from tests.support.store import a_run, a_runner, engine_of

OVERLAY = Path(__file__).resolve().parents[2] / "deploy" / "kubernetes" / "overlays" / "external-stores"


def wanted(engine: Engine) -> int:
    """What KEDA is told."""
    (trigger,) = named(build(OVERLAY))["ScaledObject", "runner"]["spec"]["triggers"]
    with db.begin(engine) as conn:
        roles.create_roles(conn)
        conn.execute(text(f"set local role {roles.ANALYST}"))
        ((count,),) = conn.execute(text(trigger["metadata"]["query"])).all()
        return int(count)


def test_runs_that_wait_and_runs_that_are_folded_count_alike(database: str) -> None:
    with engine_of(database) as engine:
        assert wanted(engine) == 0
        with db.begin(engine) as conn:
            waiting = [a_run(conn).id for _ in range(3)]
            a_run(conn, mode="backtest")
        assert wanted(engine) == 3, "a backtest needs no runner of its own"
        with db.begin(engine) as conn:
            runner = a_runner(conn)
            assert len(ownership.claim(conn, runner, "1", {"paper": 2})) == 2
        assert wanted(engine) == 3, "those that were taken still want theirs"
        with db.begin(engine) as conn:
            assert runs.stop_unclaimed(conn, waiting[2])
        assert wanted(engine) == 2
