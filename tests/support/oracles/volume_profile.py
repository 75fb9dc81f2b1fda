"""Oracle of VolumeProfile: every bar's window taken afresh, NumPy edges, written from the strategy format."""

import numpy as np
import talib

from tests.support.oracles.words import Columns, Params

STANDING = (
    "poc_price", "vah_price", "val_price", "total_volume", "poc_volume", "value_area_volume", "average_volume",
    "poc_strength", "value_area_width", "profile_balance",
)  # fmt: skip
EVERY_BAR = ("nearest_hvn_price", "nearest_lvn_price", "is_hvn", "is_lvn", "volume_spike", "poc_breakout")
IMMEDIATE = (
    "price_above_poc", "price_below_poc", "price_in_value_area", "dist_to_poc", "dist_to_vah", "dist_to_val",
)  # fmt: skip


class Profile:
    """One profile of a window of bars that traded."""

    def __init__(self, lows: np.ndarray, highs: np.ndarray, volumes: np.ndarray, params: Params) -> None:
        bottom, ceiling = lows.min(), highs.max()
        self.total = sum(volumes.tolist())
        self.average = self.total / params["lookback"]
        self.one_price = bool(bottom == ceiling)
        if self.one_price:
            self.edges, self.held = np.array([bottom, bottom]), np.array([self.total])
            poc = first = last = 0
        else:
            count = int(params["price_bins"])
            self.edges, self.held = np.linspace(bottom, ceiling, count + 1), np.zeros(count)
            left = np.maximum(np.searchsorted(self.edges, lows, side="left") - 1, 0)  # the last edge below
            right = np.minimum(np.searchsorted(self.edges, highs, side="right") - 1, count - 1)  # below or at
            shares = volumes / (right - left + 1)
            for first, last, share in zip(left.tolist(), right.tolist(), shares.tolist(), strict=True):
                self.held[first : last + 1] += share
            self.held[self.held < params["min_volume_threshold"] / 100 * self.total] = 0
            poc = int(self.held.argmax())
            first, last = self._value_area(poc, params["value_area_pct"] / 100 * self.kept)
        self.centres = (self.edges[:-1] + self.edges[1:]) / 2
        below, above = sum(self.held[:poc].tolist()), sum(self.held[poc + 1 :].tolist())
        area = self.held[poc]
        for k in self._order(poc, first, last):
            area += self.held[k]
        self.levels = {
            "poc_price": self.centres[poc],
            "vah_price": self.centres[last],
            "val_price": self.centres[first],
            "total_volume": self.total,
            "poc_volume": self.held[poc],
            "value_area_volume": area,
            "average_volume": self.average,
            "poc_strength": self.held[poc] / self.total,
            "value_area_width": self.centres[last] - self.centres[first],
            "profile_balance": 1.0 if below == above == 0 else min(below, above) / max(below, above),
        }

    @property
    def kept(self) -> float:
        return float(sum(self.held.tolist()))

    def _value_area(self, poc: int, wanted: float) -> tuple[int, int]:
        taken, held = [poc], self.held[poc]
        while held < wanted and len(taken) < len(self.held):
            neighbours = [k for k in (min(taken) - 1, max(taken) + 1) if 0 <= k < len(self.held)]
            chosen = max(neighbours, key=lambda k: (self.held[k], -k))
            taken.append(chosen)
            held += self.held[chosen]
        self._taken = taken[1:]
        return min(taken), max(taken)

    def _order(self, poc: int, first: int, last: int) -> list[int]:
        return [] if self.one_price else self._taken

    def of_close(self, close: float, params: Params) -> dict[str, float]:
        """The nodes, seen from this close."""
        mean = self.kept / len(self.held)
        high = self.held > params["hvn_threshold"] * mean
        low = (self.held > 0) & (self.held < params["lvn_threshold"] * mean)
        if self.one_price:
            high, low = np.array([False]), np.array([False])
        inside = bool(self.edges[0] <= close <= self.edges[-1])
        own = min(int(np.searchsorted(self.edges, close, side="right")) - 1, len(self.held) - 1) if inside else 0
        return {
            "nearest_hvn_price": self._nearest(high, close),
            "nearest_lvn_price": self._nearest(low, close),
            "is_hvn": float(inside and high[own]),
            "is_lvn": float(inside and low[own]),
        }

    def _nearest(self, nodes: np.ndarray, close: float) -> float:
        return min(self.centres[nodes].tolist(), key=lambda price: (abs(price - close), price), default=np.nan)


def volume_profile(given: Columns, params: Params) -> Columns:
    """All outputs at lag 0."""
    number, high, low, close, volume = (given[k] for k in ("number", "high", "low", "close", "volume"))
    atr = talib.ATR(high, low, close, int(params["atr_period"]))
    out = {name: np.full(len(close), np.nan) for name in (*STANDING, *EVERY_BAR)}
    standing: Profile | None = None
    for t in range(len(close)):
        before = standing
        window = slice(t + 1 - int(params["lookback"]), t + 1)
        if window.start >= 0 and number[t] % params["update_frequency"] == 0 and (volume[window] > 0).any():
            traded = volume[window] > 0
            standing = Profile(low[window][traded], high[window][traded], volume[window][traded], params)
        if standing is None:
            continue
        for name, value in {**standing.levels, **standing.of_close(close[t], params)}.items():
            out[name][t] = value
        out["volume_spike"][t] = volume[t] > 1.5 * standing.average
        if before is not None and not np.isnan(atr[t]):
            moved = abs(standing.levels["poc_price"] - before.levels["poc_price"])
            out["poc_breakout"][t] = moved > atr[t] * params["atr_multiplier"]
    return out | immediate(out, close)


def immediate(levels: Columns, close: np.ndarray) -> Columns:
    """What compares the current close with levels, lagged or not."""
    poc, vah, val = levels["poc_price"], levels["vah_price"], levels["val_price"]
    ready = ~np.isnan(poc)
    facts = (close > poc, close < poc, (close >= val) & (close <= vah), close - poc, close - vah, close - val)
    return {name: np.where(ready, fact, np.nan) for name, fact in zip(IMMEDIATE, facts, strict=True)}
