"""A step that is written out is the step: the same rows, digest, rule counts and state, bit by bit."""

import math
import struct
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, assume, given, settings

from shared.domain.bar import Bars
from shared.engine import fold as fold_module
from shared.engine.fold import WRITE_WITHIN_US, Fold
from shared.indicators.registry import REGISTRY
from shared.interpreted.trees import KERNEL
from shared.interpreted.writer import written_out
from shared.kernel import load_module
from shared.strategy.load import load
from tests.support.compiled_fold import Folded, Job, fold_job
from tests.support.differential import fold_of, strategy
from tests.support.series import Market, bars_of
from tests.unit.engine.cases import CASES, CROSS, MARKETS, commands_over, text
from tests.unit.engine.generated import Run, runs
from tests.unit.engine.order_cases import ORDER_CASES
from tests.unit.engine.written_cases import HEAD, TEXTS

TINY = Market(61, 400, ("holes", "wide", "jumps", "quiet"))
SMALL = {"length": 5, "lookback": 30, "period": 6, "rsi_length": 5}  # where an indicator has such a parameter


def both_forms(monkeypatch: pytest.MonkeyPatch, job: Job) -> tuple[Folded, Folded]:
    """A job folded as its kernels stand, and written out from its first bar on."""
    folded = []
    for bars in (10**9, -WRITE_WITHIN_US):
        monkeypatch.setattr(fold_module, "WRITE_FROM_US", bars)
        folded.append(fold_job(job))
    return folded[0], folded[1]


def commands_at(market: Market, seed: int) -> tuple[tuple[int, str, int, bool], ...]:
    asked = commands_over(bars_of(market), seed, seed % 4, stops=False)
    return tuple((command.id, command.kind, command.effective_ms, command.close_position) for command in asked)


@pytest.mark.parametrize("at", range(len(CASES)), ids=list(CASES))
def test_a_case_is_the_same_written_out(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    market = list(MARKETS.values())[at % len(MARKETS)]
    one, other = both_forms(monkeypatch, Job(list(CASES.values())[at], market, commands=commands_at(market, at)))
    assert one == other


@pytest.mark.parametrize("case", ORDER_CASES)
def test_an_order_case_is_the_same_written_out(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    market = MARKETS["wild"]
    one, other = both_forms(monkeypatch, Job(ORDER_CASES[case], market, cuts=(1, 300), commands=commands_at(market, 3)))
    assert one == other


@pytest.mark.parametrize("name", ["ema-cross", "volume-profile-breakout"])
def test_a_shipped_strategy_is_the_same_written_out(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    one, other = both_forms(monkeypatch, Job(strategy(name), Market(62, 4_000, ("holes", "quiet", "wide"))))
    assert one.rows
    assert one == other


@pytest.mark.parametrize("lag", [0, 2])
def test_every_indicator_is_the_same_written_out(monkeypatch: pytest.MonkeyPatch, lag: int) -> None:
    lines = []
    for type_, sheet in REGISTRY.items():
        params = "".join(f", {name}: {value}" for name, value in SMALL.items() if name in sheet.param_names())
        lines.append(f"  - {{ id: it_{type_}, type: {type_}, timeframe: 5m, lag: {lag}{params} }}\n")
    text = f"symbol: BTC/USDT\ntimeframes: {{ entry: 15m }}\nindicators:\n{''.join(lines)}"
    one, other = both_forms(monkeypatch, Job(text, Market(63, 2_500, ("holes", "quiet", "days")), cuts=(777,)))
    assert any(word == word for word in struct.unpack(f"<{len(one.f) // 8}d", one.f))
    assert one == other


@settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(run=runs())
def test_whatever_a_strategy_says_it_is_the_same_written_out(run: Run) -> None:
    assume(load(run.text, "generated.yaml").spec is not None)
    with pytest.MonkeyPatch.context() as monkeypatch:
        one, other = both_forms(monkeypatch, Job(run.text, TINY))
    assert one == other


@pytest.mark.parametrize(("timeframe", "before", "after"), [("3m", 3_500, 3_700), ("1h", 5_700, 5_900)])
def test_a_fold_is_written_out_once_it_has_much_work_behind_it(
    monkeypatch: pytest.MonkeyPatch, timeframe: str, before: int, after: int
) -> None:
    """Two indicators at every third bar, or at every sixtieth: what bars take decides after how many of them."""
    monkeypatch.setattr(fold_module, "WRITE_FROM_US", 6_000)
    monkeypatch.setattr(fold_module, "WRITE_WITHIN_US", 1)
    bars = bars_of(Market(64, after, ()))
    fold = fold_of(text(CROSS, entry=timeframe), bars)
    plain = fold._step
    fold.fold(Bars(*(column[:before] for column in bars)))
    assert fold._step is plain
    fold.fold(Bars(*(column[before:] for column in bars)))
    assert fold._step is not plain


def test_runs_of_one_plan_share_the_text_and_others_have_their_own() -> None:
    bars = bars_of(Market(65, 10, ()))

    def step(text: str, start_at: int) -> Callable[..., None]:
        fold: Fold = fold_of(text, bars, start_ms=bars.open_ms[start_at])
        fold.write_out()
        return fold._step

    text = strategy("ema-cross")
    assert step(text, 0) is step(text, 5)
    assert step(text, 0) is not step(text.replace("length: 21", "length: 22"), 0)


# --- what writing out must not get wrong, in kernels of its own ------------------------------------------------------


def words(values: Sequence[float]) -> list[bytes]:
    return [struct.pack("<d", value) if value == value else b"NaN" for value in values]


@pytest.mark.parametrize("case", TEXTS)
@pytest.mark.parametrize("first", [0.3, 1.5, 3.0, -0.0, math.nan])
@pytest.mark.parametrize("varying", [frozenset({0}), frozenset()])
def test_a_kernel_does_the_same_written_out(case: str, first: float, varying: frozenset[int]) -> None:
    text = HEAD + TEXTS[case].strip("\n") + "\n"
    plain = load_module(text).step
    k = [6, 4]
    for p in ([-0.0, 2.0], [0.0, 2.0]):
        found = []
        for step in (plain, written_out(plain, text, k, p, varying)):
            f, m = [first, 2.0, 1.0, 4.0, 3.0, 0.25, 9.0], [1]
            for _ in range(3):
                step(f, m, k, p, [])
            found.append((words(f), m))
        assert found[0] == found[1]


def test_an_error_of_a_kernel_is_its_error() -> None:
    text = HEAD + "    f[0] = 1.0\n    if f[1] > 1.0:\n        raise OverflowError('out of range')\n    f[0] = 2.0\n"
    step = written_out(load_module(text).step, text, [], [], frozenset())
    f = [0.0, 2.0]
    with pytest.raises(OverflowError, match="out of range"):
        step(f, [], [], [], [])
    assert f == [1.0, 2.0]


def test_what_most_bars_run_calls_little_else() -> None:
    """Else writing out would be for nothing, and nobody would notice."""
    fold = fold_of(strategy("ema-cross"), bars_of(Market(66, 10, ())))
    fold.write_out()
    scope = fold._step.__globals__
    called = {name.split("__")[0].removeprefix(KERNEL) for name in scope if name.startswith(KERNEL)}
    assert "to_ticks" not in called
    assert not called & {"push", "mean", "gt", "both", "tally", "equity_row", "is_overdue", "close_ms", "grow"}
