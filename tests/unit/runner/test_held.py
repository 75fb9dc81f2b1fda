"""A run in memory: what ends it, and what it folds after that."""

from dataclasses import replace
from decimal import Decimal

from services.runner.held import Held
from shared import replay
from shared.domain.command import Command
from shared.domain.timeframe import MINUTE_MS
from shared.engine.version import ENGINE_VERSION
from shared.store.runs import Run
from shared.strategy.load import load
from shared.strategy.planning import plan_for
from tests.support.desk import BUSY, COSTS, FIRST_MS, RULES, columns, walk

RUN = Run(
    id=1, mode="paper", strategy="busy", strategy_version="0" * 64, variant=None, params={}, instrument_id=1,
    instrument="BTC/USDT", rules_id=1, rules=RULES, costs=COSTS, cash=Decimal(10_000), start_ms=FIRST_MS, end_ms=None,
    history_from_ms=FIRST_MS, warmup_from_ms=FIRST_MS, engine_version=ENGINE_VERSION, forked_from=None,
    status="pending", health="ok", status_detail=None, position_ms=None, seq=0, digest=None, progress=None,
    runner_id=None, epoch=1, attempts=1, failure=None, equity=None, quantity=None, created_by="desk", created_ms=0,
    ended_ms=None,
)  # fmt: skip


def held(run: Run = RUN, *given: Command) -> Held:
    plan = plan_for(load(BUSY, "busy.yaml"))
    return Held.of(run, replay.fold_of(plan, run, run.warmup_from_ms or 0), given)


def test_a_run_that_is_stopped_before_its_first_bar_folds_none() -> None:
    one = held(RUN, Command(1, "stop", FIRST_MS + MINUTE_MS, False))
    one.stop_if_asked()
    bars = walk(3)
    one.take(columns(bars), bars[-1].open_ms)
    step = one.progress("ok")
    assert (step.status, step.new_position_ms, step.new_seq, one.rows) == ("stopped", None, 0, [])


def test_a_claim_is_told_once_when_nothing_is_left_to_fold() -> None:
    one = held(replace(RUN, status="running"))
    assert not one.differs("ok")
    one.is_level = True
    assert one.differs("ok")
    one.committed(one.progress("ok"))
    assert not one.differs("ok")
