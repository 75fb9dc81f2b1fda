"""A plan in words: what it computes, when it acts, what it risks, what it costs, and the bars it needs first."""

from collections.abc import Iterator
from decimal import Decimal

from shared.domain.timeframe import timeframe_ms
from shared.indicators.fact_sheet import BAR_TIMES
from shared.strategy.names import full_name
from shared.strategy.plan import SIDES, Group, Node, Plan, Regime, Rule, Side
from shared.strategy.planning import history
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
    yield "Risk"
    yield from ("  " + line for line in _risk(plan))
    yield ""
    yield "Costs"
    yield from ("  " + line for line in _costs(plan))


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
        yield f"{TITLES[side]}: never" if is_entry else f"{TITLES[side]}: by stop, target and protection only"
    else:
        synthetic = " (synthetic: a spot venue has no shorts)" if side == "entry_short" else ""
        yield f"{TITLES[side]} when {_word(group)} hold{synthetic}"
        yield from _members(group, 1)


def _members(group: Group, depth: int) -> Iterator[str]:
    for member in group.members:
        if isinstance(member, Rule):
            yield "  " * depth + "- " + member.text
        else:
            yield "  " * depth + f"- {_word(member)} of"
            yield from _members(member, depth + 1)


def _word(group: Group) -> str:
    return "all" if group.kind == "all" else "any"


def _risk(plan: Plan) -> Iterator[str]:
    sizing = plan.sizing
    sizes = {
        "base_size": f"{_percent(sizing.amount)} of equity",
        "risk_pct": f"so much that the stop costs {_percent(sizing.amount)} of equity",
        "quote": f"{sizing.amount:f} of quote currency",
    }
    yield f"An entry buys {sizes[sizing.kind]}" + (f", {_regime(plan, sizing.regime)}" if sizing.regime else "")
    if sizing.strength is not None:
        yield f"times the signal strength of {plan.nodes[sizing.strength.node].id}"
    if sizing.max_position is not None:
        yield f"at most {_percent(sizing.max_position)} of equity"
    yield from _stop(plan)
    yield from _target(plan)
    if plan.protection is None:
        yield "No equity protection"
    else:
        p = plan.protection
        suspended = duration_text(p.cooldown_ms)
        yield f"A drawdown of {_percent(p.drawdown)} closes the position and suspends entries for {suspended}"
        if p.window > 1:
            yield f"measured on the mean of {p.window} one-minute closes"
        if p.total is not None:
            yield f"A drawdown of {_percent(p.total)} from the highest equity ends the run"


def _stop(plan: Plan) -> Iterator[str]:
    stop = plan.stop
    if stop is None:
        yield "No stop"
        return
    base = f"{_percent(stop.base)} from the fill price" if stop.base is not None else ""
    if stop.kind == "atr" and stop.atr is not None:
        yield f"Stop {stop.atr_mult:f} times {plan.nodes[stop.atr.node].id} from the fill price"
    elif stop.kind == "price":
        yield "Stop at the price expression of the file" + (f", else {base}" if base else "")
    else:
        yield f"Stop {base}" + (f", {_regime(plan, stop.adjustments)}" if stop.adjustments else "")
    if stop.vp >= 0:
        buffer = f" with a buffer of {_percent(stop.vp_buffer)}" if stop.vp_buffer else ""
        yield f"or the value area edge of {plan.nodes[stop.vp].id}{buffer} where it is between half and twice as far"


def _target(plan: Plan) -> Iterator[str]:
    target = plan.target
    words = {
        "none": "No target",
        "base": f"Target {_percent(target.amount)} from the fill price",
        "r_multiple": f"Target {target.amount:f} times the distance of the stop",
        "price": "Target at the price expression of the file",
    }
    yield words[target.kind]
    if target.vp >= 0:
        yield f"or the value area edge of {plan.nodes[target.vp].id} where it is between half and twice as far"
    for level, percent in target.rungs:
        yield f"At {_percent(level)} gain, {_percent(percent)} of what is open is closed"


def _costs(plan: Plan) -> Iterator[str]:
    costs = plan.costs
    maker = "the venue's fee table" if costs.maker is None else _percent(costs.maker)
    taker = "the venue's fee table" if costs.taker is None else _percent(costs.taker)
    yield f"Fee of a limit fill: {maker}; of a market or stop fill: {taker}"
    slippage = "2 bps, the default" if costs.slippage is None else f"{_plain(costs.slippage * 10_000)} bps"
    spread = "1 bps, the default" if costs.half_spread is None else f"{_plain(costs.half_spread * 10_000)} bps"
    yield f"Taken prices are worse by slippage ({slippage}) and half the spread ({spread})"
    yield f"Cash of a backtest: {_plain(plan.cash)} {plan.instrument.split('/')[1]}"


def _regime(plan: Plan, regime: Regime) -> str:
    factors = f"{_plain(regime.trending)} trending, {_plain(regime.ranging)} ranging, {_plain(regime.uncertain)} else"
    return f"times {factors} by {plan.nodes[regime.adx].id}" if regime.adx >= 0 else "unadjusted: there is no ADX"


def _percent(value: Decimal) -> str:
    return f"{_plain(value * 100)} %"


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
