"""What a strategy's decisions may not depend on: bars that had not come yet, and history before its warmup.

Both compare two folds of the same plan, decision by decision. The engine is handed one bar at a time, so that looking
ahead takes a fault in it or in an indicator; these checks are how anyone can see that there is none.
"""

from array import array
from bisect import bisect_left
from dataclasses import dataclass
from itertools import zip_longest

from services.cli.file_run import Part, columns
from services.cli.progress import progress
from services.cli.times import when
from shared.domain.bar import Bars
from shared.domain.decision import NOTES, WIDTH, Decision, EquityPoint, Fill, Note, OrderEvent, Trade, decode
from shared.domain.errors import InputError
from shared.domain.instrument import InstrumentRules
from shared.domain.timeframe import DAY_MS, ceil_ms
from shared.engine.fold import Fold
from shared.engine.setup import Setup
from shared.engine.warmup import wanted_from
from shared.performance.document import Json, fill_json, order_json, trade_json
from shared.strategy.plan import Plan

SLICE = 2_000  # bars between two moves of the progress bar
SETTLED = 1e-6  # what the seed of an indicator may still weigh after its settling time


@dataclass(frozen=True, slots=True)
class Difference:
    """The first decision that two folds disagree about, in words; None: one of them has none there."""

    ts_ms: int
    seq: int
    one: str | None
    other: str | None


@dataclass(frozen=True, slots=True)
class OutputDrift:
    """An output on the eve of the start: after the warmup that is derived, and after all history there is."""

    name: str  # ID_output
    warmed: float
    full: float

    @property
    def ratio(self) -> float:
        """|difference| / |full|; 0 where both are not ready, infinite where one is."""
        if self.warmed == self.full or (self.warmed != self.warmed and self.full != self.full):
            return 0.0
        if self.full == 0.0 or self.warmed != self.warmed or self.full != self.full:
            return float("inf")
        return abs(self.warmed - self.full) / abs(self.full)


@dataclass(frozen=True, slots=True)
class Warmed:
    """Outcome of `warmup`."""

    start_ms: int
    warmup_from_ms: int
    history_from_ms: int
    drifts: list[OutputDrift]
    decisions: int
    difference: Difference | None

    @property
    def unsettled(self) -> list[OutputDrift]:
        return [drift for drift in self.drifts if drift.ratio > SETTLED]


def lookahead(plan: Plan, part: Part, bars: Bars, compiled: bool) -> tuple[int, Difference | None]:
    """Fold with one bar at hand at a time, then with all of them; how many decisions, and the first that differs.

    The fold that cannot know the future goes first: whatever hides between the two has not seen it either.
    """
    given = columns(bars, part.first, part.end, compiled)
    single = Fold(plan, part.setup)
    rows = array("q")
    count = len(given.open_ms)
    with progress("one at a time", count if count > SLICE else 0) as step:
        for i in range(count):
            rows += single.fold(Bars._make(column[i : i + 1] for column in given))
            if single.has_ended:
                break
            if i % SLICE == SLICE - 1:
                step(SLICE)
    whole = Fold(plan, part.setup)
    return len(rows) // WIDTH, _difference(rows, whole.fold(given), part.setup.rules)


def warmup(plan: Plan, part: Part, bars: Bars, compiled: bool) -> Warmed:
    """Fold from the derived warmup and from the first bar there is; compare outputs at the start, and all decisions.

    Raises InputError when the bars hold no more history than the warmup asks for.
    """
    setup, first_ms = part.setup, int(bars.open_ms[0])
    derived_ms = wanted_from(setup.start_ms, plan.settle_ms)
    if first_ms >= derived_ms:
        needed = f"bars from before {when(derived_ms)}, where the warmup of a start at {when(setup.start_ms)} begins"
        raise InputError("check-warmup", needed, f"bars from {when(first_ms)}")
    folds, rows = [], []
    for from_ms in (derived_ms, first_ms):
        first = bisect_left(bars.open_ms, from_ms)
        fold = Fold(plan, Setup(setup.rules, setup.costs, setup.cash, setup.start_ms, from_ms))
        before = columns(bars, first, part.traded, compiled)
        fold.fold(before)
        folds.append(fold.outputs())
        rows.append(fold.fold(columns(bars, part.traded, part.end, compiled)))
    names = [f"{node.id}_{output.name}".rstrip("_") for node in plan.nodes for output in node.sheet.outputs]
    drifts = [OutputDrift(*one) for one in zip(names, *folds, strict=True)]
    difference = _difference(rows[0], rows[1], setup.rules)
    return Warmed(setup.start_ms, derived_ms, first_ms, drifts, len(rows[0]) // WIDTH, difference)


def start_for_warmup(plan: Plan, bars: Bars) -> int:
    """A start with twice the derived warmup before it, at the day's start (UTC)."""
    return ceil_ms(int(bars.open_ms[0]) + 2 * plan.settle_ms, DAY_MS) + DAY_MS


def _difference(one: "array[int]", other: "array[int]", rules: InstrumentRules) -> Difference | None:
    if one == other:
        return None
    for left, right in zip_longest(decode(one), decode(other)):
        if left != right:
            seen = [decision for decision in (left, right) if decision is not None]
            first_ms = min(one.exit_ms if isinstance(one, Trade) else one.ts_ms for one in seen)
            return Difference(first_ms, seen[0].seq, _told(rules, left), _told(rules, right))
    return None


def _told(rules: InstrumentRules, decision: Decision | None) -> str | None:
    """A decision as a person reads it."""
    match decision:
        case None:
            return None
        case OrderEvent():
            kind, facts = "order", order_json(rules, decision)
        case Fill():
            kind, facts = "fill", fill_json(rules, decision)
        case Trade():
            kind, facts = "trade", trade_json(rules, decision)
        case EquityPoint():
            kind, facts = "equity", {"equity": rules.quote_text(decision.equity), "position": decision.position}
        case Note():
            kind, facts = "note", {"note": NOTES[decision.code], "value": decision.value}
    return f"{kind}: {_plain(facts)}"


def _plain(facts: Json) -> str:
    hidden = ("seq", "order_seq", "ts_ms")
    return ", ".join(f"{name} {value}" for name, value in facts.items() if name not in hidden and value is not None)
