"""Oracle of VPFVGSignal: each side's story told in plain words, written from the strategy format."""

from typing import Any

import numpy as np
import talib

from tests.support.oracles.words import Columns, Params

KINDS = ("reversal", "continuation", "none")
NAMES = (
    "vf_long", "vf_short", "signal_type", "signal_strength", "vf_atr", "vf_poc_shift", "vf_lvn_distance",
    "vf_hvn_overlap",
)  # fmt: skip


def vpfvg_signal(given: Columns, params: Params) -> Columns:
    """All outputs, from the already lagged outputs of the profile and the gaps."""
    atr = talib.ATR(given["high"], given["low"], given["close"], int(params["atr_period"]))
    back = int(params["lookback_validation"])
    poc = given["poc"]
    shift = np.full(len(poc), np.nan)
    shift[back:] = poc[back:] - poc[:-back]
    ready = ~(np.isnan(atr) | np.isnan(poc) | np.isnan(given["bullish"]) | np.isnan(given["bearish"]))
    out = {name: np.full(len(poc), np.nan) for name in NAMES}
    for t in np.flatnonzero(ready).tolist():
        sides = {
            "vf_long": _side(given["bullish"][t], given["support_mid"][t], shift[t], given, t, atr[t], params),
            "vf_short": _side(given["bearish"][t], given["resistance_mid"][t], -shift[t], given, t, atr[t], params),
        }
        kinds = [kind for side in sides.values() for kind in side["kinds"]]
        for name, side in sides.items():
            out[name][t] = len(side["kinds"]) > 0
        out["signal_type"][t] = KINDS.index("reversal" if "reversal" in kinds else kinds[0] if kinds else "none")
        out["signal_strength"][t] = max((s["strength"] for s in sides.values() if s["kinds"]), default=np.nan)
        out["vf_atr"][t] = atr[t]
        out["vf_poc_shift"][t] = shift[t]
        distances = [s["distance"] for s in sides.values() if s["distance"] is not None]
        overlaps = [s["overlap"] for s in sides.values() if s["overlap"] is not None]
        out["vf_lvn_distance"][t] = min(distances, default=np.nan)
        out["vf_hvn_overlap"][t] = max(overlaps, default=np.nan)
    return out


def _side(
    signal: float, mid: float, shift: float, given: Columns, t: int, atr: float, params: Params
) -> dict[str, Any]:
    lvn, hvn = given["lvn"][t], given["hvn"][t]
    if not signal or np.isnan(mid):
        return {"kinds": [], "strength": None, "distance": None, "overlap": None}
    distance = None if np.isnan(lvn) else abs(mid - lvn)
    overlap = None if np.isnan(hvn) or atr == 0 else max(0.0, 1 - abs(mid - hvn) / atr)
    reach = params["lvn_dist_multiplier"] * atr
    kinds = []
    if distance is None or distance <= reach:
        kinds.append("reversal")
    if overlap is not None and overlap >= params["hvn_overlap_pct"] and shift > params["poc_shift_multiplier"] * atr:
        kinds.append("continuation")
    terms = [0.0]
    if distance is not None and reach != 0:
        terms.append(1 - distance / reach)
    if overlap is not None:
        terms.append(overlap)
    return {"kinds": kinds, "strength": 0.5 + 0.5 * max(terms), "distance": distance, "overlap": overlap}
