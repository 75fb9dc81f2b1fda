"""Engine against reference: one strategy, bars and commands through both, and the first difference between them.

Both tell everything that was decided as rows in order: order events, fills, trades, equity points, notes. A row of the
reference is made of the words of a document; the engine's records are spelled the same way here.
"""

from array import array
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from shared.domain.bar import Bars
from shared.domain.command import Command
from shared.domain.decision import NOTES, Decision, EquityPoint, Fill, Note, OrderEvent, Trade
from shared.domain.instrument import InstrumentRules
from shared.domain.timeframe import MINUTE_MS
from shared.engine.fold import Fold, decisions
from shared.engine.setup import Setup, costs_of
from shared.engine.version import ENGINE_VERSION
from shared.performance.document import BarsFolded, Header, Json, document, fill_json, order_json, trade_json
from shared.performance.money import average_price
from shared.strategy.load import load
from shared.strategy.planning import plan_for
from shared.strategy.spec import Spec
from tests.support.reference import backtest as reference

RULES = InstrumentRules("BTC/USDT", Decimal("0.01"), Decimal("0.00001"), Decimal("0.00001"), Decimal("1.00"))
MAKER, TAKER = Decimal(0), Decimal("0.0002")
COLUMNS = ("open_time", "open", "high", "low", "close", "volume")


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
    plan = plan_for(_spec(text), variant=variant)
    first = bars.open_ms[0]
    setup = Setup(
        rules,
        costs_of(plan, MAKER, TAKER),
        Decimal(cash),
        first if start_ms is None else start_ms,
        first if warmup_from_ms is None else warmup_from_ms,
    )
    return Fold(plan, setup)


class Answer(NamedTuple):
    """What one of the two makes of a run."""

    rows: list[Json]
    status: str
    open_position: Json | None
    doubtful_ms: int | None = None  # of the reference: from here on the last digits of an oracle may have decided


def engine_answer(text: str, bars: Bars, commands: Sequence[Command] = (), **how: object) -> Answer:
    """The engine's rows of a backtest over all bars."""
    fold = fold_of(text, bars, **how)  # type: ignore[arg-type]
    made = decisions(fold.fold(bars, commands) + stopped_after(fold, bars, commands))
    rules = fold.setup.rules
    return Answer([spelled(rules, decision) for decision in made], fold.status, position_of(fold))


def stopped_after(fold: Fold, bars: Bars, commands: Sequence[Command]) -> "array[int]":
    """Rows of a stop that needs no bar, where one acts after the last: as a runner would."""
    after = bars.open_ms[-1] + MINUTE_MS
    waiting = [c for c in sorted(commands, key=lambda c: c.id) if fold.position_ms < c.effective_ms <= after]
    stop = next((command for command in waiting if command.kind == "stop"), None)
    stops = stop is not None and not fold.has_ended and fold.can_stop_now(stop)
    return fold.stop_here() if stops else array("q")


def spelled(rules: InstrumentRules, decision: Decision) -> Json:
    """A record in the words of a document."""
    match decision:
        case OrderEvent():
            return {"row": "order"} | order_json(rules, decision)
        case Fill():
            return {"row": "fill"} | fill_json(rules, decision)
        case Trade():
            return {"row": "trade"} | trade_json(rules, decision)
        case EquityPoint(seq, ts_ms, equity, cash, position):
            return {
                "row": "equity",
                "seq": seq,
                "ts_ms": ts_ms,
                "equity_quote": rules.quote_text(equity),
                "cash_quote": rules.quote_text(cash),
                "position": rules.quantity_text(position),
            }
        case Note(seq, ts_ms, code, value):
            return {"row": "note", "seq": seq, "ts_ms": ts_ms, "note": NOTES[code], "value": value}


def position_of(fold: Fold) -> Json | None:
    """The open position in the reference's words."""
    held, rules = fold.position(), fold.setup.rules
    if held is None:
        return None
    return {
        "side": "long" if held["quantity"] > 0 else "short",
        "quantity": rules.quantity_text(abs(held["quantity"])),
        "entry_price": rules.quote_text(average_price(rules, held["entry_notional"], held["entry_quantity"])),
        "stop": rules.price_text(held["stop"]) if held["stop"] else None,
        "target": rules.price_text(held["target"]) if held["target"] else None,
    }


def engine_document(text: str, bars: Bars, commands: Sequence[Command] = (), **how: object) -> Json:
    """The engine's document of a backtest over all bars."""
    fold = fold_of(text, bars, **how)  # type: ignore[arg-type]
    rows = fold.fold(bars, commands) + stopped_after(fold, bars, commands)
    plan, setup = fold.plan, fold.setup
    traded = [ms for ms in bars.open_ms if ms >= setup.start_ms]
    header = Header(
        ENGINE_VERSION, plan.name, plan.version_sha256, plan.variant, dict(plan.params), setup.rules, setup.costs,
        setup.cash, BarsFolded.of(traded, setup.start_ms, setup.warmup_from_ms), fold.digest.hex(),
    )  # fmt: skip
    return document(header, decisions(rows))


def reference_answer(text: str, frame: pd.DataFrame, commands: Sequence[Command] = (), **how: object) -> Answer:
    """The reference's rows of the same."""
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
    result = reference.run(text, frame, stated, commands=asked, **how)  # type: ignore[arg-type]
    return Answer(result["rows"], result["status"], result["open_position"], result["doubtful_ms"])


class Difference(NamedTuple):
    ts_ms: int
    words: str


def first_difference(ours: Answer, theirs: Answer) -> Difference | None:
    """The first row that differs, else position or status at the end; None when all agree."""
    for i, (mine, other) in enumerate(zip(ours.rows, theirs.rows, strict=False)):
        wrong = [name for name, value in other.items() if mine.get(name) != value]
        if wrong:
            before = "".join(f"\n  both      {row}" for row in theirs.rows[max(0, i - 6) : i])
            words = f"row {i + 1}, {', '.join(wrong)}:{before}\n  engine    {mine}\n  reference {other}"
            return Difference(min(time_of(mine), time_of(other)), words)
    shorter = min(len(ours.rows), len(theirs.rows))
    if len(ours.rows) != len(theirs.rows):
        name, rows = ("engine", ours.rows) if len(ours.rows) > shorter else ("reference", theirs.rows)
        before = "".join(f"\n  both      {row}" for row in rows[max(0, shorter - 6) : shorter])
        return Difference(time_of(rows[shorter]), f"the {name} goes on with{before}\n  {name} {rows[shorter]}")
    if ours[1:3] != theirs[1:3]:
        last_ms = time_of(ours.rows[-1]) if ours.rows else 0
        return Difference(last_ms, f"at the end: engine {ours[1:3]}, reference {theirs[1:3]}")
    return None


def time_of(row: Json) -> int:
    ms = row["exit_ms"] if row["row"] == "trade" else row["ts_ms"]
    assert isinstance(ms, int)
    return ms


class Compared(NamedTuple):
    rows: list[Json]
    conclusive: bool = True  # False: they differ only after an oracle's last digits may have decided


def compared(text: str, frame: pd.DataFrame, commands: Sequence[Command] = (), **how: object) -> Compared:
    """Both agree on every row; the engine's rows."""
    ours = engine_answer(text, bars_of(frame), commands, **how)
    theirs = reference_answer(text, frame, commands, **how)
    difference = first_difference(ours, theirs)
    if difference and theirs.doubtful_ms is not None and difference.ts_ms >= theirs.doubtful_ms:
        return Compared(ours.rows, conclusive=False)
    assert difference is None, difference.words
    return Compared(ours.rows)


def assert_equal(text: str, frame: pd.DataFrame, commands: Sequence[Command] = (), **how: object) -> list[Json]:
    """Both agree on every row, without a doubt; the engine's rows."""
    found = compared(text, frame, commands, **how)
    assert found.conclusive, "they differ where an oracle's last digits decide"
    return found.rows


def of(rows: Sequence[Json], kind: str) -> list[Json]:
    """Rows of one kind: order, fill, trade, equity, note."""
    return [row for row in rows if row["row"] == kind]


STRATEGIES = Path(__file__).parents[2] / "strategies"


def strategy(name: str) -> str:
    """Text of a shipped strategy."""
    return (STRATEGIES / f"{name}.yaml").read_text(encoding="utf-8")


def shipped() -> list[tuple[str, str | None]]:
    """Name and variant of all that is shipped; None: as it stands."""
    names = sorted(path.stem for path in STRATEGIES.glob("*.yaml"))
    return [(name, variant) for name in names for variant in (None, *_spec(strategy(name)).variants)]


def _spec(text: str) -> Spec:
    loaded = load(text, "case.yaml")
    assert loaded.spec is not None, [str(problem) for problem in loaded.problems]
    return loaded.spec
