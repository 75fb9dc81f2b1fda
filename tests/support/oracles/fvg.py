"""Oracle of FVG: at every bar all gaps of the past are judged anew from the bars, written from the strategy format."""

from typing import NamedTuple

import numpy as np
import talib

from tests.support.oracles.words import Columns, Params


class Gap(NamedTuple):
    made: int
    bullish: bool
    bottom: float
    top: float


def fvg(given: Columns, params: Params) -> Columns:
    """All outputs at lag 0."""
    high, low, close = given["high"], given["low"], given["close"]
    atr = talib.ATR(high, low, close, int(params["atr_period"]))
    made = _made(high, low, atr, params)
    filled_at = [_filled_at(gap, high, low) for gap in made]
    names = (
        "FVG_bullish_signal", "FVG_bearish_signal", "FVG_bullish_retest", "FVG_bearish_retest", "FVG_gap_filled",
        "FVG_nearest_support", "FVG_nearest_support_mid", "FVG_nearest_resistance", "FVG_nearest_resistance_mid",
        "FVG_active_bullish_gaps", "FVG_active_bearish_gaps",
    )  # fmt: skip
    out = {name: np.full(len(close), np.nan) for name in names}
    for t in range(2, len(close)):
        if np.isnan(atr[t]):
            continue
        known = [i for i, gap in enumerate(made) if gap.made <= t < gap.made + params["max_lookback"]]
        alive = [made[i] for i in known if filled_at[i] > t]
        touched = [gap for gap in alive if low[t] <= gap.top and high[t] >= gap.bottom]
        for kind, bullish in (("bullish", True), ("bearish", False)):
            own = [gap for gap in touched if gap.bullish is bullish]
            out[f"FVG_{kind}_signal"][t] = len(own) > 0
            out[f"FVG_{kind}_retest"][t] = any(gap.made < t for gap in own)
            out[f"FVG_active_{kind}_gaps"][t] = sum(gap.bullish is bullish for gap in alive)
        out["FVG_gap_filled"][t] = any(filled_at[i] == t for i in known)
        supports = [(gap.top, gap.made, gap) for gap in alive if gap.bullish and gap.top < close[t]]
        if supports:
            level, _, gap = max(supports)
            out["FVG_nearest_support"][t], out["FVG_nearest_support_mid"][t] = level, (gap.bottom + gap.top) / 2
        resistances = [(gap.bottom, -gap.made, gap) for gap in alive if not gap.bullish and gap.bottom > close[t]]
        if resistances:
            level, _, gap = min(resistances)
            out["FVG_nearest_resistance"][t], out["FVG_nearest_resistance_mid"][t] = level, (gap.bottom + gap.top) / 2
    return out


def _made(high: np.ndarray, low: np.ndarray, atr: np.ndarray, params: Params) -> list[Gap]:
    gaps = []
    for t in range(2, len(high)):
        least = max(params["min_gap_atr_mult"] * atr[t], params["min_gap_pips"])
        if low[t] > high[t - 2] and low[t] - high[t - 2] >= least:
            gaps.append(Gap(t, True, high[t - 2], low[t]))
        if high[t] < low[t - 2] and low[t - 2] - high[t] >= least:
            gaps.append(Gap(t, False, high[t], low[t - 2]))
    return gaps


def _filled_at(gap: Gap, high: np.ndarray, low: np.ndarray) -> int:
    """The first bar after the gap's own that reaches its far side; the end of time when none does."""
    later = slice(gap.made + 1, None)
    hits = np.flatnonzero(low[later] <= gap.bottom if gap.bullish else high[later] >= gap.top)
    return gap.made + 1 + int(hits[0]) if len(hits) else len(high)
