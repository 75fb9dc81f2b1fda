"""Strategies, markets and instruments as hypothesis draws them, from everything that the format allows."""

from typing import NamedTuple

from hypothesis import strategies as st

from tests.support.series import THINGS, Market
from tests.unit.engine.cases import text

TIMEFRAMES = ("1m", "3m", "5m", "15m", "30m", "1h")
PRICES = (("60000", "0.01"), ("60000", "0.01"), ("1.5", "0.01"), ("900000000", "0.01"))  # and the tick
FIELDS = ("open", "high", "low", "close", "volume")
POSITION = ("entry_price", "bars_held", "profit_ratio", "r_multiple")


class Run(NamedTuple):
    """A strategy and what it is run over."""

    text: str
    market: Market
    lead: int  # bars before the start
    commands: int
    commands_seed: int


class Names(NamedTuple):
    """What a rule may name."""

    numbers: tuple[str, ...]
    conditions: tuple[str, ...]
    texts: tuple[tuple[str, tuple[str, ...]], ...]


INDICATORS = {
    "SMA": (("length: {n}", "length: {n}, source: hl2", "length: {n}, source: volume"), ("",), (), ()),
    "EMA": (("length: {n}", "length: {n}, lag: 1"), ("",), (), (("_trend", ("bull", "bear", "neutral")),)),
    "RSI": (("length: {n}", "length: {n}, source: ohlc4, lag: 2"), ("",), ("_overbought", "_oversold"), ()),
    "ATR": (("period: {n}",), ("",), (), ()),
    "ADX": (
        ("period: {n}", "period: {n}, lag: 0"),
        ("_ADX_value", "_DI_plus", "_DI_minus"),
        ("_ADX_trend", "_ADX_range", "_DI_bullish"),
        (("_ADX_strength", ("weak", "moderate", "strong", "very_strong")),),
    ),
    "VolumeProfile": (
        ("lookback: {n}0, price_bins: {n}, update_frequency: {n}", "lookback: {n}0, price_bins: 20, lag: 0"),
        ("_poc_price", "_vah_price", "_val_price", "_nearest_hvn_price", "_dist_to_poc", "_profile_balance"),
        ("_is_hvn", "_price_above_poc", "_price_in_value_area", "_volume_spike", "_poc_breakout"),
        (),
    ),
    "FVG": (
        ("atr_period: {n}, min_gap_pips: 0.01, min_gap_atr_mult: 0.1, max_lookback: 40",),
        ("_FVG_nearest_support", "_FVG_nearest_resistance_mid", "_FVG_active_bullish_gaps"),
        ("_FVG_bullish_signal", "_FVG_bearish_retest", "_FVG_gap_filled"),
        (),
    ),
}


def ratios(*values: str) -> st.SearchStrategy[str]:
    return st.sampled_from(values)


@st.composite
def rules(draw: st.DrawFn, names: Names, depth: int = 3) -> str:
    """A condition."""
    numbers = expressions(names, depth - 1)
    kind = draw(st.integers(0, 11 if depth > 0 else 2))
    if kind <= 1:
        return f"{draw(numbers)} {draw(st.sampled_from(('<', '<=', '>', '>=', '==', '!=')))} {draw(numbers)}"
    if kind == 2:
        if names.conditions:
            return draw(st.sampled_from(names.conditions))
        return "close > open"
    inner = rules(names, depth - 1)
    if kind <= 4:
        return f"(({draw(inner)}) {draw(st.sampled_from(('and', 'or', '&', '|')))} ({draw(inner)}))"
    if kind == 5:
        return f"not ({draw(inner)})"
    if kind == 6:
        return f"{draw(st.sampled_from(('crosses_above', 'crosses_below')))}({draw(numbers)}, {draw(numbers)})"
    if kind == 7:
        return f"{draw(st.sampled_from(('rising', 'falling')))}({draw(numbers)}, {draw(st.integers(1, 4))})"
    if kind == 8:
        return f"bars_since({draw(inner)}) <= {draw(st.integers(0, 9))}"
    if kind == 9:
        return f"between({draw(numbers)}, {draw(numbers)}, {draw(numbers)})"
    if kind == 10 and names.texts:
        name, words = draw(st.sampled_from(names.texts))
        word = draw(st.sampled_from(words))
        return draw(st.sampled_from((f"{name} == '{word}'", f"{name} != '{word}'", f"{name} in ['{word}']")))
    return f"{draw(numbers)} < {draw(numbers)} <= {draw(numbers)}"


@st.composite
def expressions(draw: st.DrawFn, names: Names, depth: int = 2) -> str:
    """A number."""
    name = st.sampled_from(names.numbers)
    kind = draw(st.integers(0, 9 if depth > 0 else 2))
    if kind <= 1:
        return draw(name)
    if kind == 2:
        return f"{draw(name)}[{draw(st.integers(1, 7))}]"
    inner = expressions(names, depth - 1)
    if kind <= 4:
        return f"({draw(inner)} {draw(st.sampled_from(('+', '-', '*', '/', '//', '%')))} {draw(inner)})"
    if kind == 5:
        return f"{draw(st.sampled_from(('highest', 'lowest')))}({draw(inner)}, {draw(st.integers(1, 6))})"
    if kind == 6:
        return f"{draw(st.sampled_from(('min', 'max')))}({draw(inner)}, {draw(inner)})"
    if kind == 7:
        return f"{draw(st.sampled_from(('abs', 'sqrt', 'floor', 'ceil', 'round')))}({draw(inner)})"
    if kind == 8:
        return f"({draw(inner)} if {draw(rules(names, depth - 1))} else {draw(inner)})"
    return f"({draw(inner)} * {draw(st.sampled_from(('0.5', '0.999', '1.001', '2', '-1')))})"


@st.composite
def sides(draw: st.DrawFn, names: Names) -> str:
    """One side: a list of rules, or groups of them."""
    rule = rules(names).map(lambda one: '"' + one + '"')
    some = st.lists(rule, min_size=1, max_size=3).map(", ".join)
    often = '{{any: ["close > open", {{all: [{0}]}}]}}'
    form = draw(st.sampled_from(("[{0}]", "{{any: [{0}]}}", "{{any: [{1}, {{all: [{0}]}}]}}", often, often)))
    return form.format(draw(some), draw(rule))


@st.composite
def risks(draw: st.DrawFn, ids: dict[str, list[str]], names: Names) -> str:
    """Size, stop and target."""
    atrs, profiles, has_adx = ids.get("ATR", []), ids.get("VolumeProfile", []), bool(ids.get("ADX"))
    regime = " {trending: 1.5, ranging: 0.5, uncertain: 0.9}" if has_adx else " {}"
    adjusted = f", regime_adjustments:{regime}" if has_adx and draw(st.booleans()) else ""
    price = '"' + draw(expressions(names, 1)) + '"'
    stops = ["", "base_percent: {0}", "base_percent: {0}", "price: {1}", "price: {1}, base_percent: {0}"]
    stops += ["atr: {{id: " + one + ", mult: {2}}}" for one in atrs]
    stops += ["base_percent: {0}, use_vp_levels: true, vp_buffer: 0.001" for _ in profiles]
    stop = draw(st.sampled_from(stops)).format(draw(ratios("0.000001", "0.002", "0.006", "0.03", "0.5")), price, "1.5")
    if has_adx and stop.startswith("base_percent") and draw(st.booleans()):
        stop += f", adx_adjustments:{regime}"
    targets = ["", "base_percent: {0}", "base_percent: {0}", "price: {1}"] + (["r_multiple: 1.5"] if stop else [])
    targets += ["base_percent: {0}, use_vp_targets: true" for _ in profiles]
    target = draw(st.sampled_from(targets)).format(draw(ratios("0.000001", "0.003", "0.01", "0.4")), price)
    count = draw(st.sampled_from((0, 0, 1, 3, 6)))
    step = draw(ratios("0.0004", "0.0015", "0.004"))
    shares = [draw(ratios("0.1", "0.333333", "0.5", "1")) for _ in range(count)]
    if count:
        rungs = ", ".join(f"{{level: {(i + 1) * float(step):.6f}, percent: {s}}}" for i, s in enumerate(shares))
        target = ", ".join(part for part in (target, f"partial_exits: [{rungs}]") if part)
    sizes = ["base_size: " + draw(ratios("0.05", "0.5", "1", "3")) + adjusted, "quote: 1234.5" + adjusted]
    size = draw(st.sampled_from(sizes + (["risk_pct: 0.004"] if stop else [])))
    cap = ", max_position_pct: 0.4" if draw(st.booleans()) else ""
    parts = [f"position_size: {{{size}{cap}}}"]
    parts += [f"stop_loss: {{{stop}}}"] if stop else []
    parts += [f"take_profit: {{{target}}}"] if target else []
    return ", ".join(parts)


PROTECTIONS = (
    "", "", "", "equity_protection: {drawdown_threshold: 0.005, cooldown: 31m}",
    "equity_protection: {drawdown_threshold: 0.01, smoothing_window: 5, cooldown: 2h, max_drawdown_total: 0.04}",
)  # fmt: skip
EXECUTIONS = (
    "", "", "execution: {allow_short: false}", "execution: {commission_taker: 0.001, slippage_bps: 0}",
    "execution: {commission_maker: 0.0007, half_spread_bps: 25.5}",
)  # fmt: skip


@st.composite
def strategies(draw: st.DrawFn) -> str:
    """A strategy file."""
    entry = draw(st.sampled_from(TIMEFRAMES[:4]))
    ids: dict[str, list[str]] = {}
    indicators, numbers, conditions = [], list(FIELDS), []
    texts: list[tuple[str, tuple[str, ...]]] = []
    for i, type_ in enumerate(draw(st.lists(st.sampled_from(tuple(INDICATORS)), max_size=4))):
        forms, outputs, flags, words = INDICATORS[type_]
        id_ = f"i{i}"
        timeframe = draw(st.sampled_from(("entry", "entry", *TIMEFRAMES)))
        form = draw(st.sampled_from(forms)).format(n=draw(st.integers(2, 6)))
        indicators.append(f"{{id: {id_}, type: {type_}, timeframe: {timeframe}, {form}}}")
        numbers += [id_ + output for output in outputs]
        conditions += [id_ + flag for flag in flags]
        texts += [(id_ + name, known) for name, known in words]
        ids.setdefault(type_, []).append(id_)
    names = Names(tuple(numbers), tuple(conditions), tuple(texts))
    held = names._replace(numbers=(*numbers, *POSITION))
    logic = ", ".join(
        f"{side}: {draw(sides(held if side.startswith('exit') else names))}"
        for side in ("entry_long", "exit_long", "entry_short", "exit_short")
        if draw(st.integers(0, 5)) > 0
    )
    more = draw(st.sampled_from(PROTECTIONS)) + "\n" + draw(st.sampled_from(EXECUTIONS))
    return text(f"logic: {{{logic}}}", ", ".join(indicators), draw(risks(ids, names)), more, entry)


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """A strategy over a market with commands."""
    things = draw(st.lists(st.sampled_from(tuple(THINGS)), unique=True, max_size=5))
    price, tick = draw(
        st.sampled_from((("60000", "0.01"), ("60000", "0.01"), ("1.5", "0.0001"), ("900000000", "0.01")))
    )
    swing = draw(st.sampled_from((300, 1_500, 6_000)))
    market = Market(draw(st.integers(0, 10**6)), draw(st.integers(60, 700)), tuple(things), price, tick, swing)
    lead, commands = draw(st.sampled_from((0, 0, 1, 50))), draw(st.sampled_from((0, 0, 0, 1, 4)))
    return Run(draw(strategies()), market, lead, commands, draw(st.integers(0, 1_000)))
