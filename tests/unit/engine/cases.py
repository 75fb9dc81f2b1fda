# ruff: noqa: E501 - strategy texts
"""Strategies that each put one part of the format to work, and the markets they meet. Names say what is at stake."""

import re
from random import Random

from shared.domain.bar import Bars
from shared.domain.command import COMMAND_KINDS, Command
from shared.domain.timeframe import MINUTE_MS
from tests.support.series import Market

CROSS = """
logic:
  entry_long: ["crosses_above(fast, slow)"]
  exit_long: ["crosses_below(fast, slow)"]
  entry_short: ["crosses_below(fast, slow)"]
  exit_short: ["crosses_above(fast, slow)"]
"""
PAIR = "{id: fast, type: EMA, length: 3}, {id: slow, type: EMA, length: 8}"
OFTEN = """
logic:
  entry_long: ["close > open"]
  exit_long: ["close < open and low < low[1]"]
  entry_short: ["close < open"]
  exit_short: ["close > open and high > high[1]"]
"""
PROFILE = (
    "{id: VP, type: VolumeProfile, lookback: 20, price_bins: 12, update_frequency: 2},"
    "{id: gaps, type: FVG, min_gap_pips: 0.01, min_gap_atr_mult: 0.05, atr_period: 3, max_lookback: 30},"
    "{id: signal, type: VPFVGSignal, atr_period: 3, poc_shift_multiplier: 0.1, lvn_dist_multiplier: 1.0},"
    "{id: ADX, type: ADX, period: 4}"
)
LEVELS = """
logic:
  entry_long: [{any: ["close > VP_vah_price", "signal_vf_long", "gaps_FVG_bullish_signal"]}]
  exit_long: ["close < VP_poc_price"]
  entry_short: [{any: ["close < VP_val_price", "signal_vf_short", "gaps_FVG_bearish_signal"]}]
  exit_short: ["close > VP_poc_price"]
"""


def text(logic: str, indicators: str = PAIR, risk: str = "", more: str = "", entry: str = "3m") -> str:
    """A strategy file; `risk` is the inside of a flow mapping, `more` further sections."""
    indicators = re.sub(r"type: (\w+)\b(?!, timeframe)", r"type: \1, timeframe: entry", indicators)
    return (
        f"name: case\nsymbol: BTC/USDT\ntimeframes: {{entry: {entry}}}\n"
        f"indicators: [{indicators}]\n{logic}\nrisk_management: {{{risk}}}\n{more}\n"
    )


HALF = "position_size: {base_size: 0.5}"
STOP = "stop_loss: {base_percent: 0.004}"
TARGET = "take_profit: {base_percent: 0.006}"
LADDER = "partial_exits: [{level: 0.001, percent: 0.3}, {level: 0.0025, percent: 0.5}, {level: 0.004, percent: 0.5}]"

CASES: dict[str, str] = {
    "market orders only": text(CROSS, risk=HALF),
    "no size stated": text(CROSS),
    "reversal at every other bar": text(OFTEN, risk=HALF),
    "entries without exits": text(CROSS.replace("exit_", "x_exit_").replace("x_exit_long", "exit_long"), risk=HALF)
    .replace('  x_exit_short: ["crosses_above(fast, slow)"]\n', ""),
    "everything at once": text(
        'logic: {entry_long: ["true"], exit_long: ["true"], entry_short: ["close > open"], exit_short: ["true"]}',
        risk=HALF,
    ),
    "all of the cash": text(OFTEN, risk="position_size: {base_size: 1}"),
    "more than the cash": text(OFTEN, risk="position_size: {base_size: 10}"),
    "base stop": text(OFTEN, risk=f"{HALF}, {STOP}"),
    "stop of a hair": text(OFTEN, risk=f"{HALF}, stop_loss: {{base_percent: 0.000001}}"),
    "stop far away": text(CROSS, risk=f"{HALF}, stop_loss: {{base_percent: 0.9}}"),
    "ATR stop": text(
        CROSS, f"{PAIR}, {{id: atr, type: ATR, period: 5}}", f"{HALF}, stop_loss: {{atr: {{id: atr, mult: 1.5}}}}"
    ),
    "ATR stop of a higher timeframe": text(
        OFTEN,
        f"{PAIR}, {{id: atr, type: ATR, timeframe: 15m, period: 2}}",
        f"{HALF}, stop_loss: {{atr: {{id: atr, mult: 0.7}}}}, take_profit: {{r_multiple: 2}}",
    ),
    "ATR stop beyond zero": text(
        OFTEN, f"{PAIR}, {{id: atr, type: ATR, period: 2}}", f"{HALF}, stop_loss: {{atr: {{id: atr, mult: 100}}}}"
    ),
    "price stop": text(CROSS, risk=f'{HALF}, stop_loss: {{price: "lowest(low, 5) - 0.005"}}'),
    "price stop with a fallback": text(
        OFTEN, risk=f'{HALF}, stop_loss: {{price: "lowest(low, 9)", base_percent: 0.003}}'
    ),
    "price stop that is seldom ready": text(
        OFTEN,
        risk=f'{HALF}, stop_loss: {{price: "close * 0.99 / (1 if close > open[1] else 0)"}}, take_profit: {{r_multiple: 1}}',
    ),
    "profile stop and target by regime": text(
        LEVELS,
        PROFILE,
        "position_size: {base_size: 0.4, regime_adjustments: {trending: 1.5, ranging: 0}},"
        "stop_loss: {base_percent: 0.003, use_vp_levels: true, vp_buffer: 0.0001,"
        " adx_adjustments: {trending: 1.5, ranging: 0.7, uncertain: 1.1}},"
        "take_profit: {base_percent: 0.005, use_vp_targets: true, partial_exits: [{level: 0.002, percent: 0.3}]}",
    ),
    "wide buffer": text(
        LEVELS,
        PROFILE,
        f"{HALF}, stop_loss: {{base_percent: 0.02, use_vp_levels: true, vp_buffer: 0.015}},"
        "take_profit: {base_percent: 0.004, use_vp_targets: true}",
    ),
    "signal strength": text(
        LEVELS,
        PROFILE,
        "position_size: {base_size: 0.6, signal_strength_multiplier: true,"
        f" regime_adjustments: {{trending: 1.2, ranging: 0.6, uncertain: 0.8}}}}, {STOP}, {TARGET}",
    ),
    "huge multipliers": text(
        LEVELS,
        PROFILE,
        "position_size: {base_size: 10, signal_strength_multiplier: true,"
        f" regime_adjustments: {{trending: 10, ranging: 9.999999, uncertain: 10}}}}, {STOP}, {TARGET}",
    ),
    "target": text(OFTEN, risk=f"{HALF}, {STOP}, {TARGET}"),
    "target of a hair": text(OFTEN, risk=f"{HALF}, take_profit: {{base_percent: 0.000001}}"),
    "target of a multiple": text(OFTEN, risk=f"{HALF}, {STOP}, take_profit: {{r_multiple: 1.5}}"),
    "price target": text(OFTEN, risk=f'{HALF}, {STOP}, take_profit: {{price: "highest(high, 6) + 0.5"}}'),
    "ladder": text(OFTEN, risk=f"{HALF}, {STOP}, take_profit: {{base_percent: 0.006, {LADDER}}}"),
    "ladder without a target": text(OFTEN, risk=f"{HALF}, {STOP}, take_profit: {{{LADDER}}}"),
    "ladder without a stop": text(CROSS, risk=f"{HALF}, take_profit: {{{LADDER}}}"),
    "ladder across its target": text(
        OFTEN, risk=f"{HALF}, {STOP}, take_profit: {{price: 'highest(high, 4)', {LADDER}}}"
    ),
    "ladder of everything": text(
        OFTEN,
        risk=f"{HALF}, {STOP}, take_profit: {{base_percent: 0.01, partial_exits: [{{level: 0.001, percent: 1}},"
        " {level: 0.002, percent: 1}]}",
    ),
    "ladder of crumbs": text(
        OFTEN,
        risk=f"position_size: {{quote: 6}}, {STOP}, take_profit: {{base_percent: 0.01, partial_exits: ["
        "{level: 0.0005, percent: 0.1}, {level: 0.001, percent: 0.5}, {level: 0.0015, percent: 0.3},"
        " {level: 0.002, percent: 0.5}]}",
    ),
    "ladder of twenty": text(
        OFTEN,
        risk=f"{HALF}, {STOP}, take_profit: {{base_percent: 0.011, partial_exits: ["
        + ", ".join(f"{{level: {i * 0.0005:.4f}, percent: 0.2}}" for i in range(1, 21))
        + "]}",
    ),
    "by risk": text(OFTEN, risk=f"risk_pct: 0.002, {STOP}, {TARGET}"),
    "by risk of an ATR, capped": text(
        CROSS,
        f"{PAIR}, {{id: atr, type: ATR, period: 5}}",
        "position_size: {risk_pct: 0.01, max_position_pct: 0.35}, stop_loss: {atr: {id: atr, mult: 1.5}}",
    ),
    "by risk of a price": text(OFTEN, risk='risk_pct: 0.005, stop_loss: {price: "lowest(low, 4)"}'),
    "by risk of a profile": text(
        LEVELS, PROFILE, "risk_pct: 0.004, stop_loss: {base_percent: 0.004, use_vp_levels: true, vp_buffer: 0.001}"
    ),
    "by risk of a hair": text(OFTEN, risk="risk_pct: 1, stop_loss: {base_percent: 0.000001}"),
    "quote": text(OFTEN, risk=f"position_size: {{quote: 1234.56789}}, {STOP}"),
    "quote by regime": text(
        OFTEN,
        "{id: ADX, type: ADX, period: 3}",
        "position_size: {quote: 900, regime: ADX, regime_adjustments: {trending: 2, ranging: 0.001}}",
    ),
    "quote below the minimum": text(OFTEN, risk="position_size: {quote: 0.99}"),
    "quote at the minimum": text(OFTEN, risk="position_size: {quote: 1.3}", more="execution: {slippage_bps: 500}"),
    "capped": text(OFTEN, risk="position_size: {base_size: 0.9, max_position_pct: 0.2}"),
    "protection": text(
        OFTEN, risk="position_size: {base_size: 0.9}", more="equity_protection: {drawdown_threshold: 0.01, cooldown: 45m}"
    ),
    "smoothed protection": text(
        CROSS,
        risk=f"position_size: {{base_size: 0.9}}, {TARGET}",
        more="equity_protection: {drawdown_threshold: 0.004, smoothing_window: 7, cooldown: 20m}",
    ),
    "protection that ends": text(
        OFTEN,
        risk="position_size: {base_size: 0.9}",
        more="equity_protection: {drawdown_threshold: 0.01, smoothing_window: 3, cooldown: 1h, max_drawdown_total: 0.05}",
    ),
    "protection both at once": text(
        OFTEN,
        risk="position_size: {base_size: 0.9}",
        more="equity_protection: {drawdown_threshold: 0.01, max_drawdown_total: 0.01}",
    ),
    "protection switched off": text(
        OFTEN, risk=HALF, more="equity_protection: {enabled: false, drawdown_threshold: 0.001}"
    ),
    "protection of seconds": text(
        OFTEN,
        risk="position_size: {base_size: 0.9}",
        more="equity_protection: {drawdown_threshold: 0.002, cooldown: 90s, smoothing_window: 2}",
    ),
    "short to ruin": text(
        'logic: {entry_short: ["close < open"]}', risk="position_size: {base_size: 1}", entry="15m"
    ),
    "no shorts": text(OFTEN, risk=f"{HALF}, {STOP}", more="execution: {allow_short: false}"),
    "shorts only": text('logic: {entry_short: ["close > open"], exit_short: ["bars_held >= 4"]}', risk=f"{HALF}, {STOP}"),
    "costs": text(
        OFTEN,
        risk=f"{HALF}, {STOP}, take_profit: {{base_percent: 0.004, {LADDER}}}",
        more="execution: {commission_maker: 0.000123, commission_taker: 0.00375, slippage_bps: 3.75, half_spread_bps: 0.5}",
    ),
    "costs of the backtest section": text(OFTEN, risk=HALF, more="backtest: {commission: 0.001, slippage: 0.000777}"),
    "ruinous costs": text(
        OFTEN, risk="position_size: {base_size: 1}", more="execution: {commission_taker: 0.1, slippage_bps: 1000}"
    ),
    "two timeframes above": text(
        'logic: {entry_long: ["fast > slow", "trend_trend == \'bull\'"], exit_long: ["fast < slow or trend < trend[2]"],'
        ' entry_short: ["fast < slow", "trend_trend != \'bull\'", "RSI < 55"], exit_short: ["RSI_oversold or fast > slow"]}',
        f"{PAIR}, {{id: trend, type: EMA, timeframe: 15m, length: 3}}, {{id: RSI, type: RSI, timeframe: 30m, length: 2}}",
        f"{HALF}, {STOP}",
    ),
    "a timeframe below": text(
        'logic: {entry_long: ["crosses_above(low_fast, low_slow)"], exit_long: ["low_fast < low_slow"],'
        ' entry_short: ["low_rsi < 40"], exit_short: ["low_rsi > 55"]}',
        "{id: low_fast, type: EMA, timeframe: 1m, length: 3}, {id: low_slow, type: SMA, timeframe: 5m, length: 4},"
        "{id: low_rsi, type: RSI, timeframe: 3m, length: 5, source: hlc3}",
        HALF,
        entry="15m",
    ),
    "sources and lags": text(
        'logic: {entry_long: ["a > b", "v > v[1]"], exit_long: ["a < b"], entry_short: ["c < a", "RSI_b < 50"]}',
        "{id: a, type: EMA, source: hl2, length: 3, lag: 2}, {id: b, type: SMA, source: a, length: 4},"
        "{id: c, type: SMA, source: ohlc4, length: 5, lag: 1}, {id: v, type: SMA, source: volume, length: 3},"
        "{id: RSI_b, type: RSI, source: b, length: 3}",
        HALF,
    ),
    "levels of a higher timeframe": text(
        LEVELS,
        re.sub(r"type: (VolumeProfile|FVG|VPFVGSignal),", r"type: \1, timeframe: 15m,", PROFILE.replace(": 20,", ": 8,")),
        f"{HALF}, {STOP}",
    ),
    "history and memory": text(
        'logic: {entry_long: ["rising(close, 2)", "close[1] > open[1]", "bars_since(close < low[1]) <= 6"],'
        ' exit_long: ["falling(high, 2) or bars_since(crosses_above(fast, slow)) == 5"],'
        ' entry_short: ["close == lowest(close, 5)", "not (close > highest(high, 3))"],'
        ' exit_short: ["crosses_above(close, highest(close, 3) * 0.9995)"]}',
        risk=f"{HALF}, {STOP}",
    ),
    "three values": text(
        'logic: {entry_long: [{any: ["slow > fast", "close > open"]}], exit_long: ["not (slow < close[30])"],'
        ' entry_short: [{all: ["close < open", {any: ["1 / (close - open) > 0", "sqrt(open - close) >= 0"]}]}],'
        ' exit_short: ["close > (slow if close > open else fast)"]}',
        "{id: fast, type: EMA, length: 3}, {id: slow, type: EMA, length: 90}",
        HALF,
    ),
    "arithmetic": text(
        'logic: {entry_long: ["round(close) % 2 == 0", "floor(close / 7) * 7 != ceil(close)", "-close ** 2 < 0"],'
        ' exit_long: ["abs(close - open) > 0.001 * close or close // 10 % 3 == 1"],'
        ' entry_short: ["min(close, open) - low > max(high - close, high - open)", "1 < high / low <= 1.5"],'
        ' exit_short: ["between(close, low[1], high[1]) and (close + open) / 2 >= close[1] * 1.0"]}',
        risk=f"{HALF}, {STOP}",
    ),
    "words": text(
        'logic: {entry_long: ["ADX_ADX_strength in [\'strong\', \'very_strong\']", "fast_trend != \'bear\'"],'
        ' exit_long: ["fast_trend not in [\'bull\', \'neutral\']"],'
        ' entry_short: ["ADX_ADX_strength == \'weak\' & fast_trend == \'bear\'"],'
        ' exit_short: ["ADX_DI_bullish | signal_signal_type == \'reversal\'"]}',
        "{id: fast, type: EMA, length: 3}," + PROFILE,
        f"{HALF}, {TARGET}",
    ),
    "the open position": text(
        'logic: {entry_long: ["close > open"], exit_long: [{any: ["bars_held >= 5", "profit_ratio > 0.002",'
        ' "r_multiple < -0.5", "close < entry_price * 0.998"]}],'
        ' entry_short: ["close < open and close < close[1]"],'
        ' exit_short: ["profit_ratio < -0.001 or r_multiple > 1.2 or bars_held == 7"]}',
        risk=f"{HALF}, {STOP}",
    ),
    "r without a stop": text(
        'logic: {entry_long: ["close > open"], exit_long: ["r_multiple > -100 or bars_held > 3"]}', risk=HALF
    ),
    "nested groups": text(
        'logic: {entry_long: {any: ["close > high[1]", {all: ["close > open", "volume > volume[1]"]}]},'
        " exit_long: {any: [{all: [\"close < low[1]\"]}, {all: []}]},"
        ' entry_short: {all: [{any: ["close < low[1]", "close[1] < low[2]"]}, "true"]}, exit_short: "close > open"}',
        risk=HALF,
    ),
    "buys and holds": text('logic: {entry_long: ["true"]}', "", "position_size: {base_size: 1}"),
    "never": text("logic: {}", "", HALF),
}  # fmt: skip

MARKETS: dict[str, Market] = {
    "calm": Market(11, 2_400, swing_ppm=700),
    "holes": Market(12, 2_600, ("holes", "jumps")),
    "quiet": Market(13, 2_400, ("quiet", "still", "wide", "holes")),
    "wild": Market(14, 2_400, ("wide", "jumps", "off_tick", "quiet"), swing_ppm=4_000),
    "days": Market(15, 4_600, ("days", "holes", "off_tick", "wide")),
    "crash": Market(16, 2_000, ("crash", "jumps", "wide")),
    "rally": Market(17, 2_000, ("rally", "holes")),
}


def commands_over(bars: Bars, seed: int, count: int, stops: bool = True) -> list[Command]:
    """Commands at random minutes, in holes and several at one bar too."""
    random = Random(seed)
    kinds = [kind for kind in COMMAND_KINDS if stops or kind != "stop"]
    found: list[Command] = []
    for _ in range(count):
        at = random.choice(bars.open_ms) if random.random() < 0.8 or not found else found[-1].effective_ms
        kind = random.choice(kinds)
        at += MINUTE_MS * random.choice((0, 0, 0, 1, 2))
        found.append(Command(len(found) + 1, kind, at, kind == "stop" and random.random() < 0.6))
    if random.random() < 0.5:
        random.shuffle(found)
    return found
