"""Volume by price, from its definition in strategy-format section 5."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tests.support.reference.frames import lagged
from tests.support.reference.indicators import OUTPUTS, Column, Outputs
from tests.support.reference.means import atr


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


def _each(function: Callable[..., float | bool], *columns: Sequence[float | None]) -> Column:
    return [None if None in row else function(*row) for row in zip(*columns, strict=True)]


def _sum(values: Sequence[float] | np.ndarray) -> float:
    """Left to right; neither pairwise nor compensated."""
    return float(np.cumsum(values)[-1]) if len(values) else 0.0
