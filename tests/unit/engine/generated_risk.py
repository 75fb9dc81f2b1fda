"""Sizes, stops, targets, protection and execution as hypothesis draws them: every form and key of the format."""

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from tests.unit.engine.generated_rules import Names, expressions

REGIMES = "{trending: 1.5, ranging: 0.5, uncertain: 0.9}"
Ids = Mapping[str, Sequence[str]]


def ratios(*values: str) -> st.SearchStrategy[str]:
    return st.sampled_from(values)


@st.composite
def risks(draw: st.DrawFn, ids: Ids, names: Names) -> str:
    """The inside of risk_management."""
    price = draw(ratios("close * 0.99", "highest(high, 5)", "lowest(low, 3)", "")) or draw(expressions(names, 1))
    price = f'"{price}"'
    stop = draw(stops(ids, price))
    parts = [f"position_size: {{{draw(sizes(ids, bool(stop)))}}}"]
    target = draw(targets(ids, price, bool(stop)))
    moves = draw(movements(ids)) if stop else ""
    if moves and draw(st.booleans()):
        stop, moves = f"{stop}, {moves}", ""  # both stand in `stop_loss` or directly in `risk_management`
    timed = draw(ratios("", "", "time_exit: {bars: 1}", "time_exit: {bars: 3}", "time_exit: {bars: 11}"))
    if timed and target and draw(st.booleans()):
        target, timed = f"{target}, {timed}", ""
    cooldown = draw(
        ratios("", "", "", "cooldown: {bars: 1}", "cooldown: {bars: 4, after: loss}", "cooldown: {bars: 9, after: any}")
    )
    parts += [f"stop_loss: {{{stop}}}"] if stop else []
    parts += [f"take_profit: {{{target}}}"] if target else []
    return ", ".join([*parts, *(part for part in (moves, timed, cooldown) if part)])


@st.composite
def sizes(draw: st.DrawFn, ids: Ids, has_stop: bool) -> str:
    adjusted = f", regime_adjustments: {REGIMES}" if ids.get("ADX") and draw(st.booleans()) else ""
    strong = ", signal_strength_multiplier: true" if ids.get("VPFVGSignal") and draw(st.booleans()) else ""
    base = "base_size: " + draw(ratios("0.9", "0.5", "1", "3", "0.05"))
    forms = [f"{base}{adjusted}{strong}", f"{base}{adjusted}{strong}", f"quote: 1234.5{adjusted}"]
    forms += ["risk_pct: 0.004", "risk_pct: 0.2"] if has_stop else []
    forms += [f"volatility_target: {v}, atr: {one}" for one in ids.get("ATR", ()) for v in ("0.02", "0.9")]
    cap = draw(ratios("", "", ", max_position_pct: 0.4"))
    return draw(st.sampled_from(forms)) + cap


@st.composite
def stops(draw: st.DrawFn, ids: Ids, price: str) -> str:
    base = "base_percent: " + draw(ratios("0.000001", "0.002", "0.006", "0.006", "0.03", "0.5"))
    forms = ["", base, base, base, f"price: {price}, {base}", 'price: "lowest(low, 3)"', f"price: {price}"]
    forms += [f"atr: {{id: {one}, mult: {mult}}}" for one in ids.get("ATR", ()) for mult in ("0.8", "1.5")]
    forms += [f"{base}, use_vp_levels: true, vp_buffer: 0.001" for _ in ids.get("VolumeProfile", ())]
    stop = draw(st.sampled_from(forms))
    adjusts = ids.get("ADX") and stop.startswith("base_percent") and draw(st.booleans())
    return f"{stop}, adx_adjustments: {REGIMES}" if adjusts else stop


@st.composite
def movements(draw: st.DrawFn, ids: Ids) -> str:
    """Trailing and break-even."""
    distances = ["percent: 0.001", "percent: 0.004", "percent: 0.02"]
    distances += [f"atr: {{id: {one}, mult: {mult}}}" for one in ids.get("ATR", ()) for mult in ("1", "2.5")]
    activate = draw(ratios("", ", activate_at_r: 0", ", activate_at_r: 0.5", ", activate_at_r: 2"))
    trailing = f"trailing: {{{draw(st.sampled_from(distances))}{activate}}}" if draw(st.booleans()) else ""
    breakeven = draw(ratios("", "", "breakeven_at_r: 0.3", "breakeven_at_r: 1"))
    return ", ".join(part for part in (trailing, breakeven) if part)


@st.composite
def targets(draw: st.DrawFn, ids: Ids, price: str, has_stop: bool) -> str:
    base = "base_percent: " + draw(ratios("0.000001", "0.003", "0.01", "0.4"))
    forms = ["", base, base, f"price: {price}"] + (["r_multiple: 1.5"] if has_stop else [])
    forms += [f"{base}, use_vp_targets: true" for _ in ids.get("VolumeProfile", ())]
    target = draw(st.sampled_from(forms))
    count = draw(st.sampled_from((0, 0, 1, 3, 6)))
    step = draw(st.sampled_from((0.0004, 0.0015, 0.004)))
    shares = [draw(ratios("0.000001", "0.1", "0.333333", "0.5", "1")) for _ in range(count)]
    rungs = ", ".join(f"{{level: {(i + 1) * step:.6f}, percent: {share}}}" for i, share in enumerate(shares))
    ladder = f"partial_exits: [{rungs}]" if count else ""
    return ", ".join(part for part in (target, ladder) if part)


@st.composite
def protections(draw: st.DrawFn) -> str:
    """equity_protection, or nothing."""
    if draw(st.booleans()):
        return ""
    parts = [
        draw(ratios("", "drawdown_threshold: 0.002", "drawdown_threshold: 0.02", "drawdown_threshold: 1")),
        draw(ratios("", "smoothing_window: 5")),
        draw(ratios("cooldown: 31m", "cooldown: 2h", "cooldown: 150s", "")),
        draw(ratios("", "", "max_drawdown_total: 0.01", "max_drawdown_total: 0.2")),
        draw(ratios("", "", "max_daily_loss: 0.002", "max_daily_loss: 0.03")),
        draw(ratios("", "", "max_consecutive_losses: 1", "max_consecutive_losses: 3")),
        draw(ratios(*[""] * 9, "enabled: false")),
    ]
    return f"equity_protection: {{{', '.join(part for part in parts if part)}}}"


@st.composite
def executions(draw: st.DrawFn) -> str:
    """execution, or nothing."""
    offset = draw(ratios("0", "0.5", "3.25", "20", "150"))
    lives = draw(ratios("", ", expire_bars: 1", ", expire_bars: 2", ", expire_bars: 7"))
    parts = [
        draw(ratios("", "", f"order_type: limit, limit_offset_bps: {offset}{lives}",
                    f"order_type: stop, stop_offset_bps: {offset}{lives}", f"order_type: limit{lives}")),
        draw(ratios("", "", "participation: 0.5", "participation: 0.01", "participation: 1",
                    "participation: 0.000001")),
        draw(ratios(*[""] * 7, "allow_short: false")),
        draw(ratios("", "commission_taker: 0.001, slippage_bps: 0", "commission_maker: 0.0007, half_spread_bps: 25.5",
                    "slippage_bps: 0, half_spread_bps: 0, commission_maker: 0, commission_taker: 0")),
    ]  # fmt: skip
    return f"execution: {{{', '.join(part for part in parts if part)}}}" if any(parts) else ""
