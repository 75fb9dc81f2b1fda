"""Where a plan's words live in the vectors.

Outputs and frames come first in `f`, at places that depend on the plan's structure only, so that the wiring can name
them as constants; state whose size a parameter sets comes after, behind offsets in `k`. The same holds for `m`: named
words, frames, rule counters, rungs, then the protection window.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.domain.timeframe import TIMEFRAMES
from shared.engine.frames import FRAME_F, FRAME_M
from shared.engine.words import K_WORDS, M_WORDS, RUNG_WORDS
from shared.strategy.plan import MEMORY_OPS, SIDES, Apply, Expr, Group, Plan, Rule


@dataclass(frozen=True, slots=True)
class Frame:
    """One timeframe of a plan: its five values at f[at], its two words at m[words]."""

    timeframe: str
    length: int
    at: int
    words: int


@dataclass(frozen=True, slots=True)
class Place:
    """One indicator: what it writes (`raw`), what rules see (`out`; the same without a lag), its entries in k."""

    raw: int
    out: int
    state_k: int  # k[state_k]: offset of its state in f
    delay_k: int  # k[delay_k]: offset of its lag ring in f, k[delay_k + 1]: lag; -1 without one
    param_p: int  # first of its parameters in p


@dataclass(frozen=True, slots=True)
class Layout:
    """All places of a plan, and the lengths of the four vectors."""

    frames: tuple[Frame, ...]  # ascending length
    entry: int  # index of the entry timeframe's frame
    places: tuple[Place, ...]  # one per node
    memory: dict[Apply, int]  # operator with memory -> its entry in k (offset in f)
    rules: tuple[Rule, ...]  # in the order of their counters
    counters: int  # first counter in m, three words a rule
    rungs: int
    window: int  # protection window in m
    atr_p: int  # p[atr_p]: multiple of the stop's ATR, p[atr_p + 1]: of the one that it trails by
    f_length: int
    m_length: int
    k_length: int
    p_length: int
    state: tuple[tuple[int, int], ...]  # (entry in k, offset in f) of everything behind k


def rules_of(plan: Plan) -> Iterator[Rule]:
    """Every rule of the four sides, in file order within a side."""

    def walk(group: Group) -> Iterator[Rule]:
        for member in group.members:
            if isinstance(member, Group):
                yield from walk(member)
            else:
                yield member

    for side in SIDES:
        yield from walk(getattr(plan, side))


def expressions_of(plan: Plan) -> Iterator[Expr]:
    """Every expression that an entry close evaluates."""
    for rule in rules_of(plan):
        yield rule.expr
    if plan.stop is not None and plan.stop.price is not None:
        yield plan.stop.price
    if plan.target.price is not None:
        yield plan.target.price


def operators_of(expr: Expr) -> Iterator[Apply]:
    """Operators of an expression, arguments before what uses them."""
    if isinstance(expr, Apply):
        for arg in expr.args:
            yield from operators_of(arg)
        yield expr


def memory_size(op: Apply) -> int:
    """Words in f that an operator keeps between entry closes."""
    if op.op in ("crosses_above", "crosses_below"):
        return 2
    return 1 if op.op == "bars_since" else op.n + 1


def layout_of(plan: Plan) -> Layout:
    """Place every word of a plan."""
    names = {node.timeframe for node in plan.nodes} | {plan.entry_timeframe}
    ordered = sorted(names, key=lambda name: TIMEFRAMES[name])
    frames = tuple(Frame(name, TIMEFRAMES[name], i * FRAME_F, M_WORDS + i * FRAME_M) for i, name in enumerate(ordered))
    f_at, k_at, p_at = len(frames) * FRAME_F, K_WORDS + 2 * len(plan.target.rungs), 0

    outputs: list[tuple[int, int]] = []
    for node in plan.nodes:
        count = len(node.sheet.outputs)
        out = f_at
        f_at += count
        raw = f_at if node.lag > 0 else out
        f_at += count if node.lag > 0 else 0
        outputs.append((raw, out))

    places: list[Place] = []
    state: list[tuple[int, int]] = []
    for node, (raw, out) in zip(plan.nodes, outputs, strict=True):
        state_k, delay_k = k_at, -1
        state.append((k_at, f_at))
        f_at += node.sheet.size(*node.params)
        k_at += 1
        if node.lag > 0:
            delay_k = k_at
            state.append((k_at, f_at))
            f_at += 1 + node.lag * len(node.sheet.outputs)
            k_at += 2
        places.append(Place(raw, out, state_k, delay_k, p_at))
        p_at += len(node.params)

    memory: dict[Apply, int] = {}
    for expr in expressions_of(plan):
        for op in operators_of(expr):
            if op.op in MEMORY_OPS and op not in memory:
                memory[op] = k_at
                state.append((k_at, f_at))
                f_at += memory_size(op)
                k_at += 1

    rules = tuple(rules_of(plan))
    counters = M_WORDS + len(frames) * FRAME_M
    rungs = counters + 3 * len(rules)
    window = rungs + RUNG_WORDS * len(plan.target.rungs)
    return Layout(
        frames=frames,
        entry=ordered.index(plan.entry_timeframe),
        places=tuple(places),
        memory=memory,
        rules=rules,
        counters=counters,
        rungs=rungs,
        window=window,
        atr_p=p_at,
        f_length=f_at,
        m_length=window + (plan.protection.window if plan.protection else 1),
        k_length=k_at,
        p_length=p_at + 2,
        state=tuple(state),
    )
