"""The eight indicators that strategy-format defines in full: their parameters, their outputs, and what a column is.

Their functions (means.py, profile.py, gaps.py) take the closed frames of one timeframe and return, per output, one
value per frame; None is "not ready". Seeding and masks are TA-Lib's. The lag of strategy-format is applied by the
caller, except in VolumeProfile, whose distances mix lagged levels with the current close.
"""

from collections.abc import Callable

import pandas as pd

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
