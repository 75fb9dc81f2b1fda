"""The eight indicators of the first issue, column by column, from their definition in strategy-format section 5.

Every function takes the closed frames of one timeframe and returns, per output, one value per frame; None is "not
ready". Seeding and masks are TA-Lib's. The lag of strategy-format is applied by the caller, except in VolumeProfile,
whose distances mix lagged levels with the current close.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from tests.support.reference.frames import lagged

Column = list[float | bool | str | None]
Outputs = dict[str, Column]

PRICES: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "open": lambda f: f.open,
    "high": lambda f: f.high,
    "low": lambda f: f.low,
    "close": lambda f: f.close,
    "volume": lambda f: f.volume,
    "hl2": lambda f: (f.high + f.low) / 2,
    "hlc3": lambda f: (f.high + f.low + f.close) / 3,
    "ohlc4": lambda f: (f.open + f.high + f.low + f.close) / 4,
}

DEFAULTS: dict[str, dict[str, float]] = {
    "SMA": {"length": 20},
    "EMA": {"length": 200},
    "RSI": {"length": 14, "overbought": 70, "oversold": 30},
    "ATR": {"length": 14},
    "ADX": {"period": 14, "trend_threshold": 25, "range_threshold": 20},
    "VolumeProfile": {
        "lookback": 480, "price_bins": 50, "value_area_pct": 70, "update_frequency": 1, "min_volume_threshold": 0.01,
        "hvn_threshold": 1.5, "lvn_threshold": 0.5, "atr_period": 14, "atr_multiplier": 2.0,
    },
    "FVG": {"min_gap_pips": 1.0, "min_gap_atr_mult": 0.25, "atr_period": 14, "max_lookback": 500},
    "VPFVGSignal": {
        "atr_period": 14, "lvn_dist_multiplier": 0.25, "poc_shift_multiplier": 0.5, "hvn_overlap_pct": 0.05,
        "lookback_validation": 5,
    },
}  # fmt: skip
LAGGED_ON_ENTRY = ("ADX", "FVG", "VolumeProfile")

# Main output first.
OUTPUTS: dict[str, tuple[str, ...]] = {
    "SMA": ("value",),
    "EMA": ("value", "trend"),
    "RSI": ("value", "overbought", "oversold"),
    "ATR": ("value",),
    "ADX": (
        "ADX_value", "DI_plus", "DI_minus", "ADX_trend", "ADX_range", "ADX_strength", "DI_bullish", "DI_bearish",
    ),
    "VolumeProfile": (
        "poc_price", "vah_price", "val_price", "total_volume", "poc_volume", "value_area_volume", "average_volume",
        "poc_strength", "value_area_width", "profile_balance", "nearest_hvn_price", "nearest_lvn_price", "is_hvn",
        "is_lvn", "volume_spike", "poc_breakout", "price_above_poc", "price_below_poc", "price_in_value_area",
        "dist_to_poc", "dist_to_vah", "dist_to_val",
    ),
    "FVG": (
        "FVG_bullish_signal", "FVG_bearish_signal", "FVG_bullish_retest", "FVG_bearish_retest", "FVG_gap_filled",
        "FVG_nearest_support", "FVG_nearest_support_mid", "FVG_nearest_resistance", "FVG_nearest_resistance_mid",
        "FVG_active_bullish_gaps", "FVG_active_bearish_gaps",
    ),
    "VPFVGSignal": (
        "vf_long", "vf_short", "signal_type", "signal_strength", "vf_atr", "vf_poc_shift", "vf_lvn_distance",
        "vf_hvn_overlap",
    ),
}  # fmt: skip


def sma(source: Column, length: int) -> Column:
    def of_ready(x: list[float]) -> Column:
        return [sum(x[i - length + 1 : i + 1]) / length if i >= length - 1 else None for i in range(len(x))]

    return _from_first(source, of_ready)


def ema(source: Column, length: int) -> Column:
    def of_ready(x: list[float]) -> Column:
        values: Column = [None] * len(x)
        weight = 2 / (length + 1)
        for i in range(length - 1, len(x)):
            before = values[i - 1] if i >= length else None
            values[i] = sum(x[:length]) / length if before is None else (x[i] - before) * weight + before
        return values

    return _from_first(source, of_ready)


def rsi(source: Column, length: int) -> Column:
    def of_ready(x: list[float]) -> Column:
        gains = [max(b - a, 0.0) for a, b in pairwise(x)]
        losses = [max(a - b, 0.0) for a, b in pairwise(x)]
        values: Column = [None] * len(x)
        gain, loss = sum(gains[:length]) / length, sum(losses[:length]) / length
        for i in range(length, len(x)):
            if i > length:
                gain = (gain * (length - 1) + gains[i - 1]) / length
                loss = (loss * (length - 1) + losses[i - 1]) / length
            values[i] = 50.0 if gain + loss == 0 else 100 * (gain / (gain + loss))  # TA-Lib says 0 in a flat market
        return values

    return _from_first(source, of_ready)


def true_range(frame: pd.DataFrame) -> list[float]:
    """TR of every bar; that of the first is not defined and never used."""
    before = frame.close.shift(1)
    ranges = pd.concat([frame.high - frame.low, (frame.high - before).abs(), (frame.low - before).abs()], axis=1)
    return ranges.max(axis=1).tolist()


def atr(frame: pd.DataFrame, length: int) -> Column:
    ranges = true_range(frame)
    values: Column = [None] * len(ranges)
    for i in range(length, len(ranges)):
        if i == length:
            values[i] = sum(ranges[1 : length + 1]) / length
        else:
            values[i] = (values[i - 1] * (length - 1) + ranges[i]) / length
    return values


def adx(frame: pd.DataFrame, period: int) -> tuple[Column, Column, Column]:
    """ADX, DI+ and DI-: sums over bars 1..period-1, then S - S/period + x; ADX starts as the mean of `period` DX."""
    high, low, ranges = frame.high.tolist(), frame.low.tolist(), true_range(frame)
    n = len(frame)
    value, plus, minus = [None] * n, [None] * n, [None] * n
    plus_dm = minus_dm = tr = dx_sum = 0.0
    for i in range(1, n):
        up, down = high[i] - high[i - 1], low[i - 1] - low[i]
        plus_move = up if up > 0 and up > down else 0.0
        minus_move = down if down > 0 and down > up else 0.0
        if i < period:
            plus_dm, minus_dm, tr = plus_dm + plus_move, minus_dm + minus_move, tr + ranges[i]
            continue
        plus_dm = plus_dm - plus_dm / period + plus_move
        minus_dm = minus_dm - minus_dm / period + minus_move
        tr = tr - tr / period + ranges[i]
        plus[i] = 100 * (plus_dm / tr) if tr else 0.0
        minus[i] = 100 * (minus_dm / tr) if tr else 0.0
        total = plus[i] + minus[i]
        dx = 100 * (abs(minus[i] - plus[i]) / total) if total else None
        if i <= 2 * period - 1:
            dx_sum += dx or 0.0
            value[i] = dx_sum / period if i == 2 * period - 1 else None
        else:
            value[i] = value[i - 1] if dx is None else (value[i - 1] * (period - 1) + dx) / period
    return value, plus, minus


@dataclass(frozen=True, slots=True)
class Profile:
    edges: np.ndarray  # float64[bins + 1]
    kept: np.ndarray  # float64[bins], volume after the threshold
    total: float
    average: float
    poc: int
    first: int  # lowest bin of the value area
    last: int
    hvn: list[int]
    lvn: list[int]

    def centre(self, k: int) -> float:
        return float((self.edges[k] + self.edges[k + 1]) / 2)

    def nearest(self, nodes: list[int], close: float) -> float | None:
        return min((self.centre(k) for k in nodes), key=lambda centre: (abs(centre - close), centre), default=None)

    def bin_of(self, price: float) -> int | None:
        if not self.edges[0] <= price <= self.edges[-1]:
            return None
        return min(int(np.searchsorted(self.edges, price, side="right")) - 1, len(self.kept) - 1)


def profile(low: np.ndarray, high: np.ndarray, volume: np.ndarray, p: Mapping[str, float]) -> Profile | None:
    """Volume by price of one window, oldest bar first; None when nothing was traded in it."""
    average = _sum(volume) / len(volume)
    traded = volume > 0
    low, high, volume = low[traded], high[traded], volume[traded]
    if not len(volume):
        return None
    total = _sum(volume)
    bottom, top, bins = low.min(), high.max(), int(p["price_bins"])
    if bottom == top:
        one = np.array([total])
        return Profile(np.array([bottom, top]), one, total, average, poc=0, first=0, last=0, hvn=[], lvn=[])
    edges = bottom + np.arange(bins + 1) * ((top - bottom) / bins)
    edges[-1] = top
    first = np.clip(np.searchsorted(edges, low, side="left") - 1, 0, bins - 1)  # last edge < low
    last = np.clip(np.searchsorted(edges, high, side="right") - 1, 0, bins - 1)  # last edge <= high
    numbers = np.arange(bins)
    touched = (first[:, None] <= numbers) & (numbers <= last[:, None])
    shares = np.where(touched, (volume / (last - first + 1))[:, None], 0.0)
    filled = np.cumsum(shares, axis=0)[-1]
    kept = np.where(filled < total * p["min_volume_threshold"] / 100, 0.0, filled)
    poc = int(np.argmax(kept))  # the lowest on a tie
    down, up = _value_area(kept.tolist(), poc, p["value_area_pct"] / 100)
    mean = _sum(kept) / bins
    hvn = [k for k in range(bins) if kept[k] > p["hvn_threshold"] * mean]
    lvn = [k for k in range(bins) if 0 < kept[k] < p["lvn_threshold"] * mean]
    return Profile(edges, kept, total, average, poc, down, up, hvn, lvn)


def _value_area(kept: list[float], poc: int, share: float) -> tuple[int, int]:
    wanted = share * _sum(kept)
    down = up = poc
    area = kept[poc]
    while area < wanted and (down > 0 or up < len(kept) - 1):
        below = kept[down - 1] if down > 0 else -1.0
        above = kept[up + 1] if up < len(kept) - 1 else -1.0
        if below >= above:
            down -= 1
            area += below
        else:
            up += 1
            area += above
    return down, up


def volume_profile(frame: pd.DataFrame, length_ms: int, p: Mapping[str, float], lag: int) -> Outputs:
    low, high, close, volume = (frame[name].to_numpy() for name in ("low", "high", "close", "volume"))
    ranges = atr(frame, int(p["atr_period"]))
    lookback = int(p["lookback"])
    out: Outputs = {name: [] for name in OUTPUTS["VolumeProfile"]}
    standing: Profile | None = None
    levels: dict[str, float | None] = dict.fromkeys(OUTPUTS["VolumeProfile"][:10])
    for i, start in enumerate(frame.start.tolist()):
        poc_before = levels["poc_price"]
        if start // length_ms % int(p["update_frequency"]) == 0 and i >= lookback - 1:
            window = slice(i - lookback + 1, i + 1)
            made = profile(low[window], high[window], volume[window], p)
            if made is not None:
                standing, levels = made, _levels(made)
        for name, value in levels.items():
            out[name].append(value)
        for name, value in _at_close(standing, float(close[i]), float(volume[i])).items():
            out[name].append(value)
        ready = levels["poc_price"] is not None and poc_before is not None and ranges[i] is not None
        out["poc_breakout"].append(
            abs(levels["poc_price"] - poc_before) > ranges[i] * p["atr_multiplier"] if ready else None
        )
    out = {name: lagged(values, lag) for name, values in out.items() if len(values) == len(frame)}
    poc, vah, val = out["poc_price"], out["vah_price"], out["val_price"]
    closes = close.tolist()
    out["price_above_poc"] = _each(lambda c, level: c > level, closes, poc)
    out["price_below_poc"] = _each(lambda c, level: c < level, closes, poc)
    out["price_in_value_area"] = _each(lambda c, lower, upper: lower <= c <= upper, closes, val, vah)
    for name, level in (("dist_to_poc", poc), ("dist_to_vah", vah), ("dist_to_val", val)):
        out[name] = _each(lambda c, level: c - level, closes, level)
    return out


def _levels(made: Profile) -> dict[str, float | None]:
    kept = made.kept
    below, above = _sum(kept[: made.poc]), _sum(kept[made.poc + 1 :])
    larger = max(below, above)
    return {
        "poc_price": made.centre(made.poc),
        "vah_price": made.centre(made.last),
        "val_price": made.centre(made.first),
        "total_volume": made.total,
        "poc_volume": float(kept[made.poc]),
        "value_area_volume": _sum(kept[made.first : made.last + 1]),
        "average_volume": made.average,
        "poc_strength": float(kept[made.poc]) / made.total,
        "value_area_width": made.centre(made.last) - made.centre(made.first),
        "profile_balance": min(below, above) / larger if larger else 1.0,
    }


def _at_close(standing: Profile | None, close: float, volume: float) -> dict[str, float | bool | None]:
    if standing is None:
        return dict.fromkeys(("nearest_hvn_price", "nearest_lvn_price", "is_hvn", "is_lvn", "volume_spike"))
    here = standing.bin_of(close)
    return {
        "nearest_hvn_price": standing.nearest(standing.hvn, close),
        "nearest_lvn_price": standing.nearest(standing.lvn, close),
        "is_hvn": here in standing.hvn,
        "is_lvn": here in standing.lvn,
        "volume_spike": volume > 1.5 * standing.average,
    }


@dataclass(frozen=True, slots=True)
class Gap:
    made: int  # bar
    bottom: float
    top: float

    @property
    def middle(self) -> float:
        return (self.bottom + self.top) / 2

    def touched_by(self, low: float, high: float) -> bool:
        return low <= self.top and high >= self.bottom


def fvg(frame: pd.DataFrame, p: Mapping[str, float]) -> Outputs:
    high, low, close = frame.high.tolist(), frame.low.tolist(), frame.close.tolist()
    ranges = atr(frame, int(p["atr_period"]))
    out: Outputs = {name: [None] * len(frame) for name in OUTPUTS["FVG"]}
    bullish: list[Gap] = []
    bearish: list[Gap] = []
    for t in range(2, len(frame)):
        if ranges[t] is None:
            continue
        smallest = max(p["min_gap_atr_mult"] * ranges[t], p["min_gap_pips"])
        if low[t] > high[t - 2] and low[t] - high[t - 2] >= smallest:
            bullish.append(Gap(t, high[t - 2], low[t]))
        if high[t] < low[t - 2] and low[t - 2] - high[t] >= smallest:
            bearish.append(Gap(t, high[t], low[t - 2]))
        bullish = [gap for gap in bullish if gap.made > t - p["max_lookback"]]
        bearish = [gap for gap in bearish if gap.made > t - p["max_lookback"]]
        open_before = len(bullish) + len(bearish)
        bullish = [gap for gap in bullish if low[t] > gap.bottom]
        bearish = [gap for gap in bearish if high[t] < gap.top]
        up = [gap.made for gap in bullish if gap.touched_by(low[t], high[t])]
        down = [gap.made for gap in bearish if gap.touched_by(low[t], high[t])]
        support = max((g for g in bullish if g.top < close[t]), key=lambda g: (g.top, g.made), default=None)
        resistance = min((g for g in bearish if g.bottom > close[t]), key=lambda g: (g.bottom, -g.made), default=None)
        values = {
            "FVG_bullish_signal": bool(up),
            "FVG_bearish_signal": bool(down),
            "FVG_bullish_retest": any(made < t for made in up),
            "FVG_bearish_retest": any(made < t for made in down),
            "FVG_gap_filled": len(bullish) + len(bearish) < open_before,
            "FVG_nearest_support": support.top if support else None,
            "FVG_nearest_support_mid": support.middle if support else None,
            "FVG_nearest_resistance": resistance.bottom if resistance else None,
            "FVG_nearest_resistance_mid": resistance.middle if resistance else None,
            "FVG_active_bullish_gaps": float(len(bullish)),
            "FVG_active_bearish_gaps": float(len(bearish)),
        }
        for name, value in values.items():
            out[name][t] = value
    return out


def vpfvg_signal(frame: pd.DataFrame, p: Mapping[str, float], vp: Outputs, gaps: Outputs) -> Outputs:
    """`vp` and `gaps`: the outputs of the two indicators it reads, lagged, on the same bars."""
    ranges = atr(frame, int(p["atr_period"]))
    validation = int(p["lookback_validation"])
    out: Outputs = {name: [None] * len(frame) for name in OUTPUTS["VPFVGSignal"]}
    for t in range(len(frame)):
        poc = vp["poc_price"][t]
        if ranges[t] is None or poc is None or gaps["FVG_bullish_signal"][t] is None:
            continue
        poc_before = vp["poc_price"][t - validation] if t >= validation else None
        shift = None if poc_before is None else poc - poc_before
        nodes = (vp["nearest_lvn_price"][t], vp["nearest_hvn_price"][t])
        long = _side(gaps["FVG_bullish_signal"][t], gaps["FVG_nearest_support_mid"][t], nodes, shift, ranges[t], p)
        fall = None if shift is None else -shift
        short = _side(gaps["FVG_bearish_signal"][t], gaps["FVG_nearest_resistance_mid"][t], nodes, fall, ranges[t], p)
        signalling = [side for side in (long, short) if side.signals]
        distances = [side.distance for side in (long, short) if side.distance is not None]  # of gaps that signal
        overlaps = [side.overlap for side in (long, short) if side.overlap is not None]
        values = {
            "vf_long": long.signals,
            "vf_short": short.signals,
            "signal_type": "reversal" if long.reversal or short.reversal else "continuation" if signalling else "none",
            "signal_strength": max((side.strength for side in signalling), default=None),
            "vf_atr": ranges[t],
            "vf_poc_shift": shift,
            "vf_lvn_distance": min(distances, default=None),
            "vf_hvn_overlap": max(overlaps, default=None),
        }
        for name, value in values.items():
            out[name][t] = value
    return out


@dataclass(frozen=True, slots=True)
class _Side:
    reversal: bool
    continuation: bool
    distance: float | None  # to the low node
    overlap: float | None  # with the high node
    strength: float

    @property
    def signals(self) -> bool:
        return self.reversal or self.continuation


def _side(
    gap_signals: bool,
    middle: float | None,
    nodes: tuple[float | None, float | None],
    shift: float | None,  # of the POC, positive in the direction of this side
    atr_value: float,
    p: Mapping[str, float],
) -> _Side:
    lvn, hvn = nodes
    if not gap_signals or middle is None:
        return _Side(False, False, None, None, 0.0)
    reach = p["lvn_dist_multiplier"] * atr_value
    distance = None if lvn is None else abs(middle - lvn)
    overlap = None if hvn is None or atr_value == 0 else max(0.0, 1 - abs(middle - hvn) / atr_value)
    reversal = distance is None or distance <= reach
    moved = shift is not None and shift > p["poc_shift_multiplier"] * atr_value
    continuation = moved and overlap is not None and overlap >= p["hvn_overlap_pct"]
    closeness = 0.0 if distance is None or reach == 0 else 1 - distance / reach
    return _Side(reversal, continuation, distance, overlap, 0.5 + 0.5 * max(0.0, closeness, overlap or 0.0))


def _from_first(source: Column, function: Callable[[list[float]], Column]) -> Column:
    """Apply to the values from the first ready one on."""
    unready = next((i for i, value in enumerate(source) if value is not None), len(source))
    ready = source[unready:]
    if None in ready:
        raise ValueError("a source with holes has no stated meaning")
    return [None] * unready + function(ready)


def _each(function: Callable[..., float | bool], *columns: Sequence[float | None]) -> Column:
    return [None if None in row else function(*row) for row in zip(*columns, strict=True)]


def _sum(values: Sequence[float] | np.ndarray) -> float:
    """Left to right; neither pairwise nor compensated."""
    return float(np.cumsum(values)[-1]) if len(values) else 0.0
