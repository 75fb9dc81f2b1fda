"""Compiled and interpreted are one text: the same rows, digest, rule counts and state, bit by bit.

Each test is one child process with a cache of its own: workers never wait for each other, each kernel compiles once.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.compiled_fold import Folded, Job, fold_compiled, fold_job
from tests.support.differential import strategy
from tests.support.series import Market, bars_of
from tests.unit.engine.cases import CASES, MARKETS, OFTEN, commands_over, text
from tests.unit.engine.order_cases import ORDER_CASES

SHIPPED = [
    Job(strategy("ema-cross"), Market(51, 6_000, ("holes", "jumps"))),
    Job(strategy("volume-profile-breakout"), Market(52, 9_000, ("holes", "quiet", "wide"))),
]
COMMANDED = MARKETS["days"]


def commands_at(market: Market, seed: int, count: int) -> tuple[tuple[int, str, int, bool], ...]:
    asked = commands_over(bars_of(market), seed, count, stops=False)
    return tuple((command.id, command.kind, command.effective_ms, command.close_position) for command in asked)


JOBS = [
    *SHIPPED,
    Job(CASES["ladder of twenty"], MARKETS["wild"], cuts=(1, 700, 1_500)),
    Job(CASES["huge multipliers"], MARKETS["quiet"]),
    Job(CASES["protection that ends"], MARKETS["wild"]),
    Job(CASES["a timeframe below"], COMMANDED, cuts=(333,)),
    Job(CASES["sources and lags"], MARKETS["holes"]),
    Job(CASES["history and memory"], COMMANDED, cuts=(100, 101, 2_000)),
    Job(CASES["arithmetic"], MARKETS["wild"]),
    Job(CASES["three values"], MARKETS["days"]),
    Job(CASES["the open position"], MARKETS["wild"]),
    Job(CASES["by risk of an ATR, capped"], MARKETS["crash"]),
    Job(CASES["reversal at every other bar"], COMMANDED, commands=commands_at(COMMANDED, 3, 40)),
]
SHORT = [
    Market(54, 900, ("holes", "wide", "jumps", "quiet")),
    Market(55, 900, ("wide", "off_tick", "rally"), swing_ppm=3_000),
]
ORDERS = [
    Job(text, SHORT[i % 2], cuts=(1, 300 + i), commands=commands_at(SHORT[i % 2], i, i % 4))
    for i, text in enumerate(ORDER_CASES.values())
]
TOO_MUCH = [Job(text(OFTEN, risk="position_size: {base_size: 3}"), MARKETS["calm"], cash="46000000000")]


def assert_same(jobs: Sequence[Job], cache: Path, **environment: str) -> list[Folded]:
    compiled = fold_compiled(jobs, cache, **environment)
    for job, mine in zip(jobs, compiled, strict=True):
        interpreted = fold_job(job)
        for name, a, b in zip(Folded._fields, mine, interpreted, strict=True):
            assert a == b, f"{name} of\n{job.text}\nover {job.market}"
    return compiled


def test_compiled_is_interpreted(tmp_path: Path) -> None:
    for folded in assert_same(JOBS, tmp_path):
        assert folded.rows


def test_orders_that_rest_move_and_fill_in_parts_are_the_same(tmp_path: Path) -> None:
    """Strategies that differ in parameters only share their machine code, so that all of them are tried."""
    for folded in assert_same(ORDERS, tmp_path):
        assert folded.rows


def test_compiled_is_interpreted_with_every_index_checked(tmp_path: Path) -> None:
    assert_same([SHIPPED[1], JOBS[2], *ORDERS[-2:]], tmp_path, NUMBA_BOUNDSCHECK="1")


def test_compiled_is_interpreted_on_a_plain_processor(tmp_path: Path) -> None:
    """Without fused multiplication, as the oldest machine would fold it; money out of range ends both forms alike."""
    *_, refused = assert_same([*SHIPPED, *TOO_MUCH], tmp_path, NUMBA_CPU_NAME="generic")
    assert "out of range" in refused.error


@pytest.mark.parametrize("case", ["ladder", "nested groups"])
def test_a_market_is_the_same_every_time(case: str) -> None:
    """Jobs travel as recipes: what is folded in another process is what is folded here."""
    job = Job(CASES[case], MARKETS["quiet"])
    assert fold_job(job) == fold_job(job)
