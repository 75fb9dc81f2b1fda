"""A plan in words: what it computes, when it acts, what it risks, what it costs, and the bars it needs first."""

from collections.abc import Iterator

from shared.domain.timeframe import timeframe_ms
from shared.indicators.fact_sheet import BAR_TIMES
from shared.strategy.names import full_name
from shared.strategy.plan import SIDES, Group, Node, Plan, Rule, Side
from shared.strategy.planning import history
from shared.strategy.risk_in_words import costs, orders, risk
from shared.strategy.scalars import duration_text

TITLES: dict[Side, str] = {
    "entry_long": "Enter long", "exit_long": "Exit long", "entry_short": "Enter short", "exit_short": "Exit short",
}  # fmt: skip


def explain(plan: Plan) -> str:
    """The whole plan as text, one idea per line."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    variant = f", variant {plan.variant}" if plan.variant else ""
    yield f"{plan.name}{variant} (sha256 {plan.version_sha256[:12]})"
    yield f"Trades {plan.instrument}; rules are evaluated at every {plan.entry_timeframe} close."
    yield ""
    yield from _bars(plan)
    yield ""
    yield "Indicators"
    yield from (_node(plan, node) for node in plan.nodes)
    for side in SIDES:
        yield ""
        yield from _side(plan, side)
    yield ""
    yield "Orders"
    yield from ("  " + line for line in orders(plan))
    yield ""
    yield "Risk"
    yield from ("  " + line for line in risk(plan))
    yield ""
    yield "Costs"
    yield from ("  " + line for line in costs(plan))


def _bars(plan: Plan) -> Iterator[str]:
    base = timeframe_ms("1m")
    yield f"First values after {duration_text(plan.warmup_ms)} ({plan.warmup_ms // base} one-minute bars)."
    settled = f"{duration_text(plan.settle_ms)} ({plan.settle_ms // base} one-minute bars)"
    yield f"Settled after {settled}: this much history lies before the start."


def _node(plan: Plan, node: Node) -> str:
    params = ", ".join(f"{p.name} {p.shown(value)}" for p, value in zip(node.sheet.params, node.params, strict=True))
    inputs = ", ".join(dict.fromkeys(_inputs(plan, node)))
    bars = history(plan.nodes)[plan.nodes.index(node)]
    lag = f"; lag {node.lag}" if node.lag else ""
    return (
        f"  {node.id}: {node.sheet.about} on {node.timeframe} ({params or 'no parameters'}) of {inputs}{lag}; "
        f"ready after {bars.warmup} bars, settled after {bars.settle}"
    )


def _inputs(plan: Plan, node: Node) -> Iterator[str]:
    for ref in node.inputs:
        if ref.field is None:
            other = plan.nodes[ref.node]
            yield full_name(other.id, other.sheet.outputs[ref.output].name)
        elif ref.field not in BAR_TIMES:
            yield ref.field


def _side(plan: Plan, side: Side) -> Iterator[str]:
    group: Group = getattr(plan, side)
    is_entry = side.startswith("entry")
    if side == "entry_short" and group.members and not plan.allow_short:
        yield f"{TITLES[side]}: never evaluated, shorts are not allowed"
    elif not group.members:
        yield f"{TITLES[side]}: never" if is_entry else f"{TITLES[side]}: {_other_exits(plan)}"
    else:
        synthetic = " (synthetic: a spot venue has no shorts)" if side == "entry_short" else ""
        yield f"{TITLES[side]} when {_word(group)} hold{synthetic}"
        yield from _members(group, 1)


def _other_exits(plan: Plan) -> str:
    target = plan.target
    there = {
        "stop": plan.stop is not None,
        "target": target.kind != "none",
        "ladder": bool(target.rungs),
        "time exit": plan.time_exit is not None,
        "protection": plan.protection is not None,
    }
    words = [name for name, is_there in there.items() if is_there]
    if not words:
        return "never"
    return f"by {', '.join(words[:-1])} and {words[-1]} only" if words[1:] else f"by {words[0]} only"


def _members(group: Group, depth: int) -> Iterator[str]:
    for member in group.members:
        if isinstance(member, Rule):
            yield "  " * depth + "- " + member.text
        else:
            yield "  " * depth + f"- {_word(member)} of"
            yield from _members(member, depth + 1)


def _word(group: Group) -> str:
    return "all" if group.kind == "all" else "any"
