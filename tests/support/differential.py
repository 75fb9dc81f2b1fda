"""Engine against reference: one strategy, bars and commands through both, and the first difference between them."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from shared.domain.bar import Bars
from shared.domain.command import Command
from shared.domain.instrument import InstrumentRules
from shared.domain.timeframe import MINUTE_MS
from shared.engine.fold import Fold, decisions
from shared.engine.setup import Setup, costs_of
from shared.engine.version import ENGINE_VERSION
from shared.performance.document import BarsFolded, Header, Json, document
from shared.strategy.load import load
from shared.strategy.planning import plan_for
from tests.support.reference import backtest as reference

RULES = InstrumentRules("BTC/USDT", Decimal("0.01"), Decimal("0.00001"), Decimal("0.00001"), Decimal("1.00"))
MAKER, TAKER = Decimal(0), Decimal("0.0002")
COLUMNS = ("open_time", "open", "high", "low", "close", "volume")
PARTS = ("fills", "trades", "equity")


def bars_of(frame: pd.DataFrame) -> Bars:
    """Columns of a frame as the engine takes them."""
    return Bars(*(frame[name].tolist() for name in COLUMNS))


def fold_of(
    text: str,
    bars: Bars,
    *,
    cash: str = "10000",
    start_ms: int | None = None,
    warmup_from_ms: int | None = None,
    variant: str | None = None,
    rules: InstrumentRules = RULES,
) -> Fold:
    """A fold that has folded nothing yet."""
    loaded = load(text, "case.yaml")
    assert loaded.spec is not None, [str(problem) for problem in loaded.problems]
    plan = plan_for(loaded.spec, variant=variant)
    first = bars.open_ms[0]
    setup = Setup(
        rules,
        costs_of(plan, MAKER, TAKER),
        Decimal(cash),
        first if start_ms is None else start_ms,
        first if warmup_from_ms is None else warmup_from_ms,
    )
    return Fold(plan, setup)


def engine_document(text: str, bars: Bars, commands: Sequence[Command] = (), **how: object) -> Json:
    """The engine's document of a backtest over all bars."""
    fold = fold_of(text, bars, **how)  # type: ignore[arg-type]
    rows = fold.fold(bars, commands)
    after = bars.open_ms[-1] + MINUTE_MS
    waiting = [c for c in sorted(commands, key=lambda c: c.id) if fold.position_ms < c.effective_ms <= after]
    stop = next((command for command in waiting if command.kind == "stop"), None)
    if stop is not None and not fold.has_ended and fold.can_stop_now(stop):
        rows += fold.stop_here()  # as a runner would: it needs no bar
    plan, setup = fold.plan, fold.setup
    traded = [ms for ms in bars.open_ms if ms >= setup.start_ms]
    header = Header(
        ENGINE_VERSION, plan.name, plan.version_sha256, plan.variant, dict(plan.params), setup.rules, setup.costs,
        setup.cash, BarsFolded.of(traded, setup.warmup_from_ms), fold.digest.hex(),
    )  # fmt: skip
    doc = document(header, decisions(rows))
    doc["status"] = fold.status
    return doc


def reference_document(text: str, frame: pd.DataFrame, commands: Sequence[Command] = (), **how: object) -> Json:
    """The reference's answer to the same."""
    rules = how.pop("rules", RULES)
    assert isinstance(rules, InstrumentRules)
    stated = {
        "tick_size": str(rules.tick_size),
        "lot_step": str(rules.lot_step),
        "min_quantity": str(rules.min_quantity),
        "min_notional": str(rules.min_notional),
        "maker_rate": str(MAKER),
        "taker_rate": str(TAKER),
    }
    asked = [(c.effective_ms, c.id, c.kind, {"close_position": c.close_position}) for c in commands]
    return reference.run(text, frame, stated, commands=asked, **how)  # type: ignore[arg-type]


def rows_of(doc: Json, part: str) -> list[Any]:
    """A list of the document."""
    found = doc[part]
    assert isinstance(found, list)
    return found


def first_difference(ours: dict[str, Any], theirs: dict[str, Any]) -> str | None:
    """The first fill, trade, equity point, rejection or open position that differs, in words; None when all agree."""
    for part in PARTS:
        mine, other = rows_of(ours, part), rows_of(theirs, part)
        for i, (a, b) in enumerate(zip(mine, other, strict=False)):
            if isinstance(b, dict):
                for key, value in b.items():
                    if a[key] != value:
                        return f"{part}[{i}].{key}: engine {a[key]}, reference {value}\n engine    {a}\n reference {b}"
            elif list(a) != list(b):
                return f"{part}[{i}]: engine {a}, reference {b}"
        if len(mine) != len(other):
            longer = mine if len(mine) > len(other) else other
            name = "engine" if longer is mine else "reference"
            extra = longer[min(len(mine), len(other))]
            return f"{part}: engine {len(mine)}, reference {len(other)}; {name} goes on with {extra}"
    rejections = [(o["ts_ms"], o["reason"]) for o in rows_of(ours, "orders") if o["event"] == "rejected"]
    if rejections != (stated := [(r["ts_ms"], r["reason"]) for r in rows_of(theirs, "rejections")]):
        return f"rejections: engine {rejections}, reference {stated}"
    mine, other = ours["open_position"], theirs["open_position"]
    for key, value in (other or {}).items():
        if mine is None or mine[key] != value:
            return f"open_position.{key}: engine {mine}, reference {other}"
    if (mine is None) != (other is None):
        return f"open_position: engine {mine}, reference {other}"
    if ours["status"] != theirs["status"]:
        return f"status: engine {ours['status']}, reference {theirs['status']}"
    return None


def assert_equal(text: str, frame: pd.DataFrame, commands: Sequence[Command] = (), **how: object) -> Json:
    """Both agree on every fill, trade and equity point; returns the engine's document."""
    ours = engine_document(text, bars_of(frame), commands, **how)
    theirs = reference_document(text, frame, commands, **how)
    difference = first_difference(ours, theirs)
    assert difference is None, difference
    return ours


def strategy(name: str) -> str:
    """Text of a shipped strategy."""
    return (Path(__file__).parents[2] / "strategies" / f"{name}.yaml").read_text(encoding="utf-8")
