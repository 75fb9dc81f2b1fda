"""Orders, risk and costs of a plan in words, one idea per line."""

from collections.abc import Iterator
from decimal import Decimal

from shared.domain.timeframe import timeframe_ms
from shared.strategy.expression_text import expression_text
from shared.strategy.names import full_name
from shared.strategy.plan import OutputValue, Plan, Regime
from shared.strategy.scalars import duration_text


def orders(plan: Plan) -> Iterator[str]:
    """How entries are sent, and how much of them may fill."""
    order = plan.entry_order
    distance = f"{_plain(order.offset * 10_000)} bps"
    rests = f"and rests for {_count(order.expire_bars, 'entry bar')} ({_time(plan, order.expire_bars)})"
    if order.type == "limit":
        where = f"{distance} below the close (a short: above)" if order.offset else "at the close"
        yield f"An entry is a limit order {where}, {rests}; it fills where the market trades through it"
    elif order.type == "stop":
        where = f"{distance} above the close (a short: below)" if order.offset else "at the close"
        yield f"An entry is a stop order {where}, {rests}; it fills where the market touches it"
    else:
        yield "An entry is a market order, filled at the next one-minute open"
    if plan.participation is not None:
        yield f"At most {_percent(plan.participation)} of a one-minute bar's volume fills; the rest of an order goes on"


def risk(plan: Plan) -> Iterator[str]:
    """Size, stop, target, limits of time, protection."""
    sizing = plan.sizing
    sizes = {
        "base_size": f"{_percent(sizing.amount)} of equity",
        "risk_pct": f"so much that the stop costs {_percent(sizing.amount)} of equity",
        "quote": f"{sizing.amount:f} of quote currency",
        "volatility_target": f"so much that its value moves by {_percent(sizing.amount)} of equity a year, as "
        f"{_output(plan, sizing.atr)} measures it",
    }
    yield f"An entry buys {sizes[sizing.kind]}" + (f", {_regime(plan, sizing.regime)}" if sizing.regime else "")
    if sizing.strength is not None:
        yield f"times the signal strength of {plan.nodes[sizing.strength.node].id}"
    if sizing.max_position is not None:
        yield f"at most {_percent(sizing.max_position)} of equity"
    yield from _stop(plan)
    yield from _target(plan)
    yield from _time_limits(plan)
    yield from _protection(plan)


def _time_limits(plan: Plan) -> Iterator[str]:
    if plan.time_exit is not None:
        held = f"{_count(plan.time_exit, 'entry bar')} ({_time(plan, plan.time_exit)})"
        yield f"A position is closed at the open after it was held for {held}"
    if plan.cooldown is not None:
        after = "a trade" if plan.cooldown.after == "any" else "a trade without gain"
        closes = "entry close" if plan.cooldown.bars == 1 else f"{plan.cooldown.bars} entry closes"
        yield f"After {after} no entry is decided at the next {closes} ({_time(plan, plan.cooldown.bars)})"


def _protection(plan: Plan) -> Iterator[str]:
    if plan.protection is None:
        yield "No equity protection"
        return
    p = plan.protection
    suspended = duration_text(p.cooldown_ms)
    yield f"A drawdown of {_percent(p.drawdown)} closes the position and suspends entries for {suspended}"
    if p.window > 1:
        yield f"measured on the mean of {p.window} one-minute closes"
    if p.total is not None:
        yield f"A drawdown of {_percent(p.total)} from the highest equity ends the run"
    if p.daily_loss is not None:
        yield f"A loss of {_percent(p.daily_loss)} within a UTC day closes the position; no entry until the day ends"
    if p.losses is not None:
        trades = _count(p.losses, "trade")
        yield f"{trades} without gain in a row: no entry for {suspended}, nothing is closed"


def _stop(plan: Plan) -> Iterator[str]:
    stop = plan.stop
    if stop is None:
        yield "No stop"
        return
    base = f"{_percent(stop.base)} from the fill price" if stop.base is not None else ""
    if stop.kind == "atr":
        yield f"Stop {_plain(stop.atr_mult)} times {_output(plan, stop.atr)} from the fill price"
    elif stop.price is not None:
        yield f"Stop at {expression_text(stop.price, plan.nodes)}" + (f", else {base}" if base else "")
    else:
        yield f"Stop {base}" + (f", {_regime(plan, stop.adjustments)}" if stop.adjustments else "")
    if stop.vp >= 0:
        buffer = f" with a buffer of {_percent(stop.vp_buffer)}" if stop.vp_buffer else ""
        yield f"or the value area edge of {plan.nodes[stop.vp].id}{buffer} where it is between half and twice as far"
    if stop.breakeven is not None:
        risk = f"{_plain(stop.breakeven)} times the first risk (fill price to first stop)"
        yield f"A gain of {risk} moves it to the entry price"
    if stop.trailing is not None:
        trailing = stop.trailing
        by_atr = f"{_plain(trailing.atr_mult)} times {_output(plan, trailing.atr)}"
        distance = by_atr if trailing.percent is None else _percent(trailing.percent)
        since = f" once the gain was {_plain(trailing.activate)} times the first risk" if trailing.activate else ""
        yield f"It follows the best price at {distance}{since}, from one-minute bar to bar, and never loosens"


def _target(plan: Plan) -> Iterator[str]:
    target = plan.target
    price = "" if target.price is None else expression_text(target.price, plan.nodes)
    words = {
        "none": "No target",
        "base": f"Target {_percent(target.amount)} from the fill price",
        "r_multiple": f"Target {target.amount:f} times the distance of the stop",
        "price": f"Target at {price}",
    }
    yield words[target.kind]
    if target.vp >= 0:
        yield f"or the value area edge of {plan.nodes[target.vp].id} where it is between half and twice as far"
    for level, percent in target.rungs:
        yield f"At {_percent(level)} gain, {_percent(percent)} of what is open is closed"


def costs(plan: Plan) -> Iterator[str]:
    """What a fill costs."""
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


def _output(plan: Plan, value: OutputValue | None) -> str:
    if value is None:
        return "nothing"
    node = plan.nodes[value.node]
    return full_name(node.id, node.sheet.outputs[value.output].name)


def _time(plan: Plan, bars: int) -> str:
    return duration_text(bars * timeframe_ms(plan.entry_timeframe))


def _count(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _percent(value: Decimal) -> str:
    return f"{_plain(value * 100)} %"


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
