"""A plan: a spec with one variant and one set of parameters, and the history that it needs before it may start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from shared.domain.errors import InputError
from shared.domain.instrument import parse_instrument
from shared.domain.timeframe import timeframe_ms
from shared.indicators.fact_sheet import Param
from shared.strategy.expressions import memory
from shared.strategy.logic import rules_in
from shared.strategy.nodes import allowed_text, bounds
from shared.strategy.plan import Node, Plan
from shared.strategy.problems import START, Place, Problems, StrategyError, nearest, shown
from shared.strategy.scalars import number_of
from shared.strategy.schema import MOST_WARMUP_MINUTES
from shared.strategy.spec import Behaviour, Loaded, Spec

Value = float | int | str | Decimal


def plan_for(
    source: Loaded | Spec,
    *,
    variant: str | None = None,
    overrides: Mapping[str, Value] | None = None,
    instrument: str | None = None,
) -> Plan:
    """The plan of a spec. `overrides`: "ID.param" -> value. Raises StrategyError with every problem."""
    if isinstance(source, Loaded):
        if source.spec is None:
            raise StrategyError(source.errors)
        source = source.spec
    spec = source
    problems = Problems(spec.file)
    behaviour = _behaviour(spec, variant, problems)
    nodes = _with_overrides(spec, overrides or {}, problems)
    traded = _instrument(instrument, spec, problems)
    settle = 0 if problems.has_errors() else settle_ms(nodes, behaviour, spec.entry_timeframe)
    if settle // 60_000 > MOST_WARMUP_MINUTES:
        rule = f"history before the start is at most {MOST_WARMUP_MINUTES} minutes"
        problems.error(START, "indicators", rule, found=str(settle // 60_000))
    if problems.has_errors():
        raise StrategyError(problems.sorted())
    return Plan(
        name=spec.name,
        version_sha256=spec.sha256,
        instrument=traded,
        variant=variant,
        entry_timeframe=spec.entry_timeframe,
        nodes=nodes,
        entry_long=behaviour.sides["entry_long"],
        exit_long=behaviour.sides["exit_long"],
        entry_short=behaviour.sides["entry_short"],
        exit_short=behaviour.sides["exit_short"],
        sizing=behaviour.sizing,
        stop=behaviour.stop,
        target=behaviour.target,
        protection=spec.protection,
        allow_short=spec.allow_short,
        costs=spec.costs,
        cash=spec.cash,
        warmup_ms=max((bars.warmup * timeframe_ms(n.timeframe) for n, bars in zip(nodes, history(nodes), strict=True)),
                      default=0),
        settle_ms=settle,
        params=params_of(nodes),
        entry_order=spec.entry_order,
        participation=spec.participation,
        time_exit=behaviour.time_exit,
        cooldown=behaviour.cooldown,
    )  # fmt: skip


def params_of(nodes: Sequence[Node]) -> tuple[tuple[str, float], ...]:
    """("ID.param", value) of every parameter, defaults included."""
    return tuple(
        (f"{node.id}.{param.name}", value)
        for node in nodes
        for param, value in zip(node.sheet.params, node.params, strict=True)
    )


@dataclass(frozen=True, slots=True)
class History:
    """Bars of a node's own timeframe, its inputs' and its lag included."""

    warmup: int  # until its main output is ready, counting the first ready one
    settle: int  # until the weight of every seed is below 1e-6


def history(nodes: Sequence[Node]) -> list[History]:
    """What each node needs. Inputs stand before their readers and have the same timeframe."""
    found: list[History] = []
    for node in nodes:
        inputs = [found[ref.node] for ref in node.inputs if ref.node >= 0]
        # the first ready input is the first bar that the reader counts
        sheet, bar_ms = node.sheet, timeframe_ms(node.timeframe)
        warmup = max((one.warmup - 1 for one in inputs), default=0) + sheet.warmup_on(bar_ms, *node.params) + node.lag
        settle = max((one.settle for one in inputs), default=0) + sheet.settle_on(bar_ms, *node.params) + node.lag
        found.append(History(warmup, settle))
    return found


def settle_ms(nodes: Sequence[Node], behaviour: Behaviour, entry_timeframe: str) -> int:
    """The longest settle of any node, then as many entry bars as the rules look back."""
    longest = max((h.settle * timeframe_ms(n.timeframe) for n, h in zip(nodes, history(nodes), strict=True)), default=0)
    return longest + longest_memory(behaviour) * timeframe_ms(entry_timeframe)


def longest_memory(behaviour: Behaviour) -> int:
    """Entry bars that the rules and price expressions look back."""
    exprs = [rule.expr for group in behaviour.sides.values() for rule in rules_in(group)]
    prices = [part.price for part in (behaviour.stop, behaviour.target) if part is not None and part.price is not None]
    return max((memory(expr) for expr in (*exprs, *prices)), default=0)


def _behaviour(spec: Spec, variant: str | None, problems: Problems) -> Behaviour:
    if variant is None:
        return spec.base
    if variant not in spec.variants:
        allowed = " ".join(spec.variants) or "none"
        problems.error(START, "variant", "the strategy has no such variant", found=shown(variant), allowed=allowed,
                       suggestion=nearest(variant, spec.variants, 4))  # fmt: skip
        return spec.base
    return spec.variants[variant]


def _with_overrides(spec: Spec, overrides: Mapping[str, Value], problems: Problems) -> tuple[Node, ...]:
    known = {f"{n.id}.{p.name}": (at, k) for at, n in enumerate(spec.nodes) for k, p in enumerate(n.sheet.params)}
    params = [list(node.params) for node in spec.nodes]
    for name, value in overrides.items():
        if name not in known:
            problems.error(START, name, "no such parameter", allowed=" ".join(known) or "none",
                           suggestion=nearest(name, known, 4))  # fmt: skip
            continue
        at, k = known[name]
        param = spec.nodes[at].sheet.params[k]
        number = _number(value, param)
        if number is None:
            problems.error(spec.places[at], name, "unknown value" if param.words else "out of bounds",
                           found=str(value)[:40], allowed=allowed_text(param))  # fmt: skip
        else:
            params[at][k] = number
    nodes = tuple(replace(node, params=tuple(own)) for node, own in zip(spec.nodes, params, strict=True))
    if not problems.has_errors():
        for node, place in zip(nodes, spec.places, strict=True):
            _check(node, place, problems)
    return nodes


def _check(node: Node, place: Place, problems: Problems) -> None:
    rule = "" if node.sheet.check is None else node.sheet.check(*node.params)
    if rule:
        problems.error(place, node.id, rule)


def _number(value: Value, param: Param) -> float | None:
    """A choice by its word, or by its place as plans name it."""
    if value in param.words:
        return float(param.words.index(str(value)))
    form = bounds(param)
    exact = number_of(value.strip() if isinstance(value, str) else str(value))
    if exact is None or not form.low <= exact <= form.high or (form.whole and exact != int(exact)):
        return None
    return float(exact)


def _instrument(text: str | None, spec: Spec, problems: Problems) -> str:
    if text is None:
        return spec.instrument
    try:
        return parse_instrument(text)
    except InputError as error:
        problems.error(START, "instrument", f"must be {error.rule}", found=shown(text))
        return spec.instrument
