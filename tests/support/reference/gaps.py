"""Gaps, and the signal that is read from gaps and profiles, from their definitions in strategy-format section 5."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from tests.support.reference.indicators import OUTPUTS, Outputs
from tests.support.reference.means import atr


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
