"""What a run pins: instrument rules, costs, cash and times; and the two constant vectors made of them and the plan."""

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from shared.domain.decision import ORDER_TYPES
from shared.domain.errors import InputError, InvariantError, OutOfRangeError
from shared.domain.instrument import Costs, InstrumentRules
from shared.domain.timeframe import DAY_MS, TIMEFRAMES
from shared.engine import words as w
from shared.engine.layout import Layout
from shared.kernel import LIMIT, VectorF, VectorM, vector_f, vector_m
from shared.strategy.plan import Plan, Regime, Stop

PPM = Decimal(1_000_000)
YEAR_MS = 365 * DAY_MS
DIVISOR_LIMIT = LIMIT // 2  # money.mul_div divides by less
SIZINGS = {"base_size": w.BASE_SIZE, "risk_pct": w.RISK, "quote": w.QUOTE, "volatility_target": w.VOLATILITY}
STOPS = {"base": w.BASE, "atr": w.ATR, "price": w.PRICE}
TARGETS = {"none": w.NONE, "base": w.BASE, "r_multiple": w.MULTIPLE, "price": w.PRICE}


@dataclass(frozen=True, slots=True)
class Setup:
    """Inputs of a fold besides the plan, the bars and the commands. Times are open_ms of base bars."""

    rules: InstrumentRules
    costs: Costs
    cash: Decimal
    start_ms: int  # first bar that may trade
    warmup_from_ms: int  # first bar folded


def exact(value: Decimal, scale: Decimal, what: str) -> int:
    """value x scale as a whole word. Raises InputError when it is not whole, OutOfRangeError past the bound."""
    scaled = value * scale
    if scaled != scaled.to_integral_value():
        raise InputError(what, f"a multiple of {1 / scale}", value)
    if abs(scaled) >= LIMIT:
        raise OutOfRangeError(f"{what}: {value} is out of range")
    return int(scaled)


def within(word: int, what: str, limit: int = LIMIT) -> int:
    """The word itself. Raises OutOfRangeError past the bound: no vector of the compiled form would hold it."""
    if abs(word) >= limit:
        raise OutOfRangeError(f"{what}: {word} is out of range")
    return word


def ppm(value: Decimal, what: str) -> int:
    """A ratio in ppm. Raises InputError beyond 6 decimals."""
    return exact(value, PPM, what)


def per_root(target_ppm: int, periods: int) -> int:
    """A volatility a year as one of a period: target / sqrt(periods) in 1e-12, half to even, exact."""
    square = (target_ppm * 10**6) ** 2  # of the target in 1e-12
    low = math.isqrt(square // periods)
    above, middle = 4 * square, (2 * low + 1) ** 2 * periods
    return low + 1 if above > middle or (above == middle and low % 2 == 1) else low


def volatility(plan: Plan, k: VectorM) -> tuple[int, int]:
    """(b, c): a volatility target buys equity x b / (c x ATR in 1e-8); the price cancels."""
    atr = plan.sizing.atr
    if atr is None:
        raise InvariantError("volatility_target: the plan names no ATR")
    period_ms = TIMEFRAMES[plan.nodes[atr.node].timeframe]
    target = per_root(ppm(plan.sizing.amount, "volatility_target"), YEAR_MS // period_ms)
    share = Fraction(target * k[w.TICK_E8], 10**12 * k[w.UNIT])
    what = "volatility_target of such an instrument"
    return within(share.numerator, what), within(share.denominator, what, DIVISOR_LIMIT)


def _regime(k: VectorM, at: int, regime: Regime | None, what: str) -> None:
    for i, name in enumerate(("trending", "ranging", "uncertain")):
        k[at + i] = ppm(getattr(regime, name), what) if regime is not None else 1_000_000


def _moves(k: VectorM, stop: Stop | None) -> None:
    """How the stop moves."""
    k[w.TRAIL_KIND], k[w.BREAKEVEN] = w.NONE, -1
    if stop is not None and stop.trailing is not None:
        trailing = stop.trailing
        k[w.TRAIL_KIND] = w.ATR if trailing.percent is None else w.BASE
        k[w.TRAIL_PPM] = 0 if trailing.percent is None else ppm(trailing.percent, "trailing.percent")
        k[w.ACTIVATE] = ppm(trailing.activate, "activate_at_r")
    if stop is not None and stop.breakeven is not None:
        k[w.BREAKEVEN] = ppm(stop.breakeven, "breakeven_at_r")
    k[w.MOVES] = 1 if k[w.TRAIL_KIND] != w.NONE or k[w.BREAKEVEN] >= 0 else 0


def constants(plan: Plan, layout: Layout, setup: Setup) -> tuple[VectorM, VectorF]:
    """The vectors `k` (money parameters, offsets, lengths) and `p` (float parameters) of a run."""
    rules, costs = setup.rules, setup.costs
    quote = Decimal(10) ** rules.quote_decimals
    k = vector_m(layout.k_length)
    k[w.TICK_E8] = exact(rules.tick_size, Decimal(10**8), "tick_size")
    k[w.UNIT] = exact(rules.tick_size * rules.lot_step, quote, "tick_size x lot_step")
    k[w.START_MS], k[w.WARMUP_FROM_MS] = setup.start_ms, setup.warmup_from_ms
    k[w.MAKER_PPM], k[w.TAKER_PPM] = costs.maker_ppm, costs.taker_ppm
    k[w.COST_PPM] = costs.slippage_ppm + costs.half_spread_ppm
    least = (rules.min_quantity / rules.lot_step).to_integral_value(ROUND_CEILING)
    k[w.MIN_QUANTITY] = within(int(least), "min_quantity")
    k[w.MIN_NOTIONAL] = exact(rules.min_notional, quote, "min_notional")

    sizing = plan.sizing
    k[w.SIZING] = SIZINGS[sizing.kind]
    k[w.AMOUNT] = exact(sizing.amount, quote, "quote") if sizing.kind == "quote" else ppm(sizing.amount, sizing.kind)
    if sizing.kind == "volatility_target":
        k[w.AMOUNT], k[w.AMOUNT_PER] = volatility(plan, k)
    _regime(k, w.SIZE_TRENDING, sizing.regime, "regime_adjustments")
    k[w.HAS_STRENGTH] = 1 if sizing.strength is not None else 0
    k[w.MAX_POSITION] = -1 if sizing.max_position is None else ppm(sizing.max_position, "max_position_pct")

    stop = plan.stop
    k[w.STOP_KIND] = w.NONE if stop is None else STOPS[stop.kind]
    k[w.STOP_PPM] = -1 if stop is None or stop.base is None else ppm(stop.base, "stop_loss.base_percent")
    _regime(k, w.STOP_TRENDING, stop.adjustments if stop else None, "adx_adjustments")
    k[w.VP_STOP] = 1 if stop is not None and stop.vp >= 0 else 0
    k[w.VP_BUFFER] = ppm(stop.vp_buffer, "vp_buffer") if stop is not None else 0
    _moves(k, stop)

    target = plan.target
    k[w.TARGET_KIND] = TARGETS[target.kind]
    k[w.TARGET_PPM] = ppm(target.amount, "take_profit") if target.kind in ("base", "r_multiple") else 0
    k[w.VP_TARGET] = 1 if target.vp >= 0 else 0
    k[w.RUNG_COUNT], k[w.RUNGS_AT], k[w.RUNGS_K] = len(target.rungs), layout.rungs, w.K_WORDS
    for i, (level, share) in enumerate(target.rungs):
        k[w.K_WORDS + 2 * i] = ppm(level, "partial_exits.level")
        k[w.K_WORDS + 2 * i + 1] = ppm(share, "partial_exits.percent")

    protection = plan.protection
    k[w.PROTECTED] = 1 if protection is not None else 0
    k[w.WINDOW], k[w.WINDOW_AT], k[w.TOTAL], k[w.DAILY_LOSS] = 1, layout.window, -1, -1
    if protection is not None:
        k[w.DRAWDOWN] = ppm(protection.drawdown, "drawdown_threshold")
        k[w.WINDOW] = protection.window
        k[w.COOLDOWN_MS] = protection.cooldown_ms
        k[w.TOTAL] = -1 if protection.total is None else ppm(protection.total, "max_drawdown_total")
        k[w.DAILY_LOSS] = -1 if protection.daily_loss is None else ppm(protection.daily_loss, "max_daily_loss")
        k[w.LOSSES_MOST] = protection.losses or 0
    order = plan.entry_order
    k[w.ENTRY_TYPE] = ORDER_TYPES.index(order.type)
    k[w.ENTRY_OFFSET], k[w.EXPIRE] = ppm(order.offset, f"{order.type}_offset_bps"), order.expire_bars
    k[w.TIME_EXIT] = plan.time_exit or 0
    if plan.cooldown is not None:
        k[w.COOL_BARS], k[w.COOL_AFTER_ANY] = plan.cooldown.bars, 1 if plan.cooldown.after == "any" else 0
    k[w.PARTICIPATION] = -1 if plan.participation is None else ppm(plan.participation, "participation")
    k[w.STEP_E8] = exact(rules.lot_step, Decimal(10**8), "lot_step")
    k[w.ALLOW_SHORT] = 1 if plan.allow_short else 0
    for entry, offset in layout.state:
        k[entry] = offset
    for node, place in zip(plan.nodes, layout.places, strict=True):
        if place.delay_k >= 0:
            k[place.delay_k + 1] = node.lag

    p = vector_f(layout.p_length)
    for node, place in zip(plan.nodes, layout.places, strict=True):
        for i, value in enumerate(node.params):
            p[place.param_p + i] = float(value)
    if stop is not None:
        p[layout.atr_p] = float(stop.atr_mult)
        p[layout.atr_p + 1] = float(stop.trailing.atr_mult) if stop.trailing is not None else 0.0
    return k, p


def costs_of(plan: Plan, maker: Decimal, taker: Decimal) -> Costs:
    """Costs of a run: the file's, else the given rates of the fee table, 2 bps slippage and 1 bp half-spread."""
    choice = plan.costs

    def rate(value: Decimal | None, default: Decimal, what: str) -> int:
        return ppm(default if value is None else value, what)

    return Costs(
        maker_ppm=rate(choice.maker, maker, "commission_maker"),
        taker_ppm=rate(choice.taker, taker, "commission_taker"),
        slippage_ppm=rate(choice.slippage, Decimal("0.0002"), "slippage"),
        half_spread_ppm=rate(choice.half_spread, Decimal("0.0001"), "half_spread_bps"),
    )


def cash_units(cash: Decimal, rules: InstrumentRules) -> int:
    """Start cash in quote units, half to even beyond their decimals."""
    units = (cash * Decimal(10) ** rules.quote_decimals).to_integral_value(ROUND_HALF_EVEN)
    if not 0 < units < LIMIT:
        raise OutOfRangeError(f"cash: {cash} is out of range")
    return int(units)
