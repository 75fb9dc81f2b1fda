"""One strategy for each thing that entries, stops, partial fills and suspensions do, named after it."""

from tests.unit.engine.cases import CROSS, HALF, LADDER, OFTEN, PAIR, STOP, TARGET, text

ATR = f"{PAIR}, {{id: atr, type: ATR, period: 5}}, {{id: slow_atr, type: ATR, timeframe: 15m, period: 3}}"
TIGHT = "stop_loss: {base_percent: 0.003}"


def sent(kind: str, offset: str, more: str = "") -> str:
    """An execution section."""
    return f"execution: {{order_type: {kind}, {kind}_offset_bps: {offset}{more}}}"


def shared(share: str, more: str = "") -> str:
    return f"execution: {{participation: {share}{more}}}"


ORDER_CASES: dict[str, str] = {
    "limits": text(OFTEN, risk=f"{HALF}, {STOP}", more=sent("limit", "5")),
    "limits at the close": text(OFTEN, risk=f"{HALF}, {TARGET}", more="execution: {order_type: limit}"),
    "limits that wait": text(CROSS, risk=f"{HALF}, {STOP}, {TARGET}", more=sent("limit", "25.5", ", expire_bars: 6")),
    "limits with a ladder": text(
        OFTEN, risk=f"{HALF}, {STOP}, take_profit: {{base_percent: 0.006, {LADDER}}}", more=sent("limit", "8")
    ),
    "limits by risk": text(OFTEN, risk=f"risk_pct: 0.002, max_position_pct: 0.7, {STOP}", more=sent("limit", "12")),
    "limits with costs": text(
        OFTEN,
        risk=f"position_size: {{base_size: 1}}, {STOP}",
        more="execution: {order_type: limit, commission_maker: 0.000777, commission_taker: 0.002, slippage_bps: 7.25}",
    ),
    "limits with a price stop": text(
        OFTEN, risk=f'{HALF}, stop_loss: {{price: "lowest(low, 2)"}}', more=sent("limit", "10", ", expire_bars: 3")
    ),
    "triggers": text(OFTEN, risk=f"{HALF}, {STOP}", more=sent("stop", "5")),
    "triggers that wait": text(CROSS, risk=f"{HALF}, {STOP}, {TARGET}", more=sent("stop", "30", ", expire_bars: 9")),
    "triggers at the close": text(OFTEN, risk="position_size: {base_size: 3}", more="execution: {order_type: stop}"),
    "trailing": text(OFTEN, risk=f"{HALF}, stop_loss: {{base_percent: 0.01, trailing: {{percent: 0.003}}}}"),
    "trailing as far as the stop": text(
        OFTEN, risk=f"{HALF}, stop_loss: {{base_percent: 0.004, trailing: {{percent: 0.004}}}}"
    ),
    "trailing of a hair": text(CROSS, risk=f"{HALF}, {STOP}, trailing: {{percent: 0.000001}}"),
    "trailing late": text(
        OFTEN, risk=f"{HALF}, stop_loss: {{base_percent: 0.004, trailing: {{percent: 0.002, activate_at_r: 0.75}}}}"
    ),
    "trailing by an ATR": text(
        CROSS, ATR, f"{HALF}, stop_loss: {{base_percent: 0.01, trailing: {{atr: {{id: atr, mult: 1.5}}}}}}"
    ),
    "trailing by an ATR of a higher timeframe": text(
        OFTEN,
        ATR,
        f"{HALF}, stop_loss: {{atr: {{id: slow_atr, mult: 1}}, breakeven_at_r: 0.5,"
        " trailing: {atr: {id: slow_atr, mult: 0.9}, activate_at_r: 1}}",
    ),
    "break-even": text(OFTEN, risk=f"{HALF}, {TIGHT}, {TARGET}, breakeven_at_r: 0.5"),
    "break-even, then trailing": text(
        OFTEN,
        risk=f"{HALF}, stop_loss: {{base_percent: 0.004, breakeven_at_r: 0.3,"
        " trailing: {percent: 0.0015, activate_at_r: 0.6}}",
    ),
    "trailing limits": text(
        OFTEN,
        risk=f"{HALF}, stop_loss: {{base_percent: 0.01, trailing: {{percent: 0.002}}}}",
        more=sent("limit", "6", ", expire_bars: 2"),
    ),
    "time exit": text(OFTEN, risk=f"{HALF}, time_exit: {{bars: 3}}"),
    "time exit of one bar": text(
        CROSS, risk=f"{HALF}, {STOP}, take_profit: {{base_percent: 0.002, time_exit: {{bars: 1}}}}"
    ),
    "cooldown": text(OFTEN, risk=f"{HALF}, {STOP}, cooldown: {{bars: 5}}"),
    "cooldown after losses": text(OFTEN, risk=f"{HALF}, {STOP}, {TARGET}, cooldown: {{bars: 8, after: loss}}"),
    "volatility": text(OFTEN, ATR, f"position_size: {{volatility_target: 0.3, atr: atr}}, {STOP}"),
    "volatility of a higher timeframe, capped": text(
        CROSS, ATR, "position_size: {volatility_target: 2.000001, atr: slow_atr, max_position_pct: 0.9}"
    ),
    "volatility of limits": text(OFTEN, ATR, "position_size: {volatility_target: 0.5}", sent("limit", "5")),
    "a share of the volume": text(OFTEN, risk=f"{HALF}, {STOP}", more=shared("0.0001")),
    "a share, and exits laid anew": text(
        CROSS,
        risk=f"position_size: {{base_size: 0.9}}, stop_loss: {{base_percent: 0.004, trailing: {{percent: 0.003}}}},"
        f" take_profit: {{r_multiple: 1.5, {LADDER}}}",
        more=shared("0.00005"),
    ),
    "a share of limits": text(
        OFTEN, risk=f"{HALF}, {STOP}, {TARGET}", more=shared("0.0001", ", order_type: limit, expire_bars: 4")
    ),
    "a share of triggers": text(
        OFTEN,
        risk=f"{HALF}, {STOP}, time_exit: {{bars: 6}}",
        more=shared("0.0001", ", order_type: stop, stop_offset_bps: 4"),
    ),
    "a share of a price stop": text(
        OFTEN, risk=f'{HALF}, stop_loss: {{price: "lowest(low, 3) - 1"}}, breakeven_at_r: 0.4', more=shared("0.0002")
    ),
    "a share, protected": text(
        OFTEN,
        risk="position_size: {base_size: 0.9}",
        more="equity_protection: {drawdown_threshold: 0.004, cooldown: 20m, max_drawdown_total: 0.05,"
        " max_daily_loss: 0.02}\n" + shared("0.0002"),
    ),
    "a share of all of the cash": text(OFTEN, risk=f"position_size: {{base_size: 3}}, {STOP}", more=shared("0.0003")),
    "all of the cash, coin by coin": text(
        'logic: {entry_long: ["close > 0"], exit_long: ["bars_held >= 5"]}',
        "",
        "position_size: {base_size: 3}",
        shared("0.002"),
    ),
    "a share of shorts to ruin": text(
        'logic: {entry_short: ["close < open"], entry_long: ["close > open"], exit_short: ["close > open"]}',
        risk="position_size: {base_size: 1}",
        more=shared("0.0005"),
        entry="15m",
    ),
    "daily loss": text(
        OFTEN, risk="position_size: {base_size: 0.9}", more="equity_protection: {max_daily_loss: 0.01}"
    ),
    "daily loss of limits": text(
        OFTEN,
        risk=f"position_size: {{base_size: 0.9}}, {STOP}",
        more="equity_protection: {max_daily_loss: 0.005, drawdown_threshold: 0.05}\n"
        + sent("limit", "15", ", expire_bars: 9"),
    ),
    "an end and all other triggers at once": text(
        OFTEN,
        risk=f"position_size: {{base_size: 0.9}}, {TIGHT}",
        more="equity_protection: {drawdown_threshold: 0.01, max_drawdown_total: 0.02, max_daily_loss: 0.02,"
        " max_consecutive_losses: 2, cooldown: 5m}",
    ),
    "losses in a row": text(
        OFTEN, risk=f"{HALF}, {TIGHT}", more="equity_protection: {max_consecutive_losses: 3, cooldown: 47m}"
    ),
    "one loss, with triggers": text(
        OFTEN,
        risk=f"{HALF}, {TIGHT}",
        more="equity_protection: {max_consecutive_losses: 1, cooldown: 10m}\n" + sent("stop", "3", ", expire_bars: 9"),
    ),
    "everything": text(
        OFTEN,
        ATR,
        "position_size: {volatility_target: 0.9, atr: slow_atr}, time_exit: {bars: 9},"
        " cooldown: {bars: 2, after: loss}, stop_loss: {atr: {id: atr, mult: 2}, breakeven_at_r: 0.4,"
        " trailing: {atr: {id: slow_atr, mult: 1}, activate_at_r: 1}},"
        f" take_profit: {{r_multiple: 2.5, {LADDER}}}",
        "equity_protection: {drawdown_threshold: 0.02, smoothing_window: 3, cooldown: 1h, max_daily_loss: 0.015,"
        " max_consecutive_losses: 4}\n" + shared("0.0002", ", order_type: limit, limit_offset_bps: 4, expire_bars: 3"),
    ),
    "limits, protected": text(
        OFTEN,
        risk=HALF,
        more="equity_protection: {drawdown_threshold: 0.004, cooldown: 20m}\n"
        + sent("limit", "10", ", expire_bars: 5"),
    ),
}  # fmt: skip
