"""Wired into a fold, every indicator says what it says on its own over the bars of its timeframe."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from shared.domain.bar import Bars
from shared.domain.instrument import InstrumentRules
from shared.domain.timeframe import TIMEFRAMES
from shared.engine.fold import Fold
from shared.engine.setup import Setup, costs_of
from shared.indicators.registry import REGISTRY
from shared.strategy.load import load
from shared.strategy.plan import InputRef, Plan
from shared.strategy.planning import plan_for
from tests.conformance.cases import outputs_of
from tests.support.compiled_indicators import run_indicator
from tests.support.series import COLUMNS, MINUTE_MS, Market, frame_of

MARKET = Market(31, 6_500, ("holes", "quiet", "days"))  # days end, and bars close late
SMALL = {"length": 5, "lookback": 30, "period": 6}  # where an indicator has such a parameter


def file(timeframe: str) -> str:
    """A strategy that trades nothing and has every indicator there is."""
    lines = []
    for type_, sheet in REGISTRY.items():
        params = "".join(f", {name}: {value}" for name, value in SMALL.items() if name in sheet.param_names())
        lines.append(f"  - {{ id: it_{type_}, type: {type_}, timeframe: {timeframe}, lag: 0{params} }}\n")
    return f"symbol: BTC/USDT\ntimeframes: {{ entry: 15m }}\nindicators:\n{''.join(lines)}"


def fold_of(text: str, first_ms: int) -> Fold:
    plan = plan_for(load(text, "all.yaml"))
    smallest = Decimal("0.00001")
    rules = InstrumentRules("BTC/USDT", Decimal("0.01"), smallest, smallest, Decimal(1))
    return Fold(plan, Setup(rules, costs_of(plan, Decimal(0), Decimal(0)), Decimal(10_000), first_ms, first_ms))


def bars_of(minutes: pd.DataFrame) -> Bars:
    return Bars(*(minutes[name].tolist() for name in COLUMNS))


def closed(minutes: pd.DataFrame, length_ms: int) -> pd.DataFrame:
    """Bars of a timeframe whose time is over when the last of the minutes is."""
    start = minutes.open_time // length_ms * length_ms
    bars = minutes.groupby(start).agg(
        open=("open", "first"), high=("high", "max"), low=("low", "min"), close=("close", "last"),
        volume=("volume", lambda v: sum(v.tolist())),
    )  # fmt: skip
    return bars[bars.index + length_ms <= minutes.open_time.iloc[-1] + MINUTE_MS]


def alone(plan: Plan, bars: pd.DataFrame, length_ms: int) -> list[np.ndarray]:
    """Outputs of every node over all bars: bars x outputs."""
    made: list[np.ndarray] = []

    def column(ref: InputRef) -> list[float]:
        if ref.node >= 0:
            return list(made[ref.node][:, ref.output])
        opens = bars.index.to_numpy()
        times = {"number": opens / length_ms, "open_ms": opens.astype(float)}
        found = times.get(str(ref.field), bars.get(str(ref.field)))
        assert found is not None, ref
        return list(found)

    for node in plan.nodes:
        rows = list(zip(*(column(ref) for ref in node.inputs), strict=True))
        made.append(outputs_of(run_indicator(node.sheet, rows, node.params), node.sheet))
    return made


@pytest.mark.parametrize("timeframe", ["15m", "1h"])
def test_every_indicator_says_the_same_in_a_fold(timeframe: str) -> None:
    minutes = frame_of(MARKET)
    fold = fold_of(file(timeframe), int(minutes.open_time[0]))
    length_ms = TIMEFRAMES[timeframe]
    expected = alone(fold.plan, closed(minutes, length_ms), length_ms)
    silent = {node.id for node in fold.plan.nodes}
    for until in [*range(150, len(minutes), 150), len(minutes)]:
        fold.fold(bars_of(minutes[:until][minutes.open_time[:until] > fold.position_ms]))
        last = len(closed(minutes[:until], length_ms)) - 1
        f = np.frombuffer(fold.snapshot().f)
        for node, place, outputs in zip(fold.plan.nodes, fold.layout.places, expected, strict=True):
            published = f[place.out : place.out + len(node.sheet.outputs)]
            wanted = outputs[last] if last >= 0 else np.full(len(published), np.nan)
            np.testing.assert_array_equal(published, wanted, err_msg=f"{node.id} after {until} minutes")
            if not np.isnan(published[0]):
                silent.discard(node.id)
    assert not silent
