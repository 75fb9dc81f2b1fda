"""Which parameters the suite runs each indicator with, and where its inputs come from."""

from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest

from shared.indicators.fact_sheet import Indicator
from shared.indicators.registry import REGISTRY
from tests.conformance.agreement import assert_agree
from tests.conformance.series import SERIES, Series
from tests.support.compiled_indicators import Result, run_indicator
from tests.support.oracles.table import ORACLES

# Beside the defaults: the smallest that are allowed, and some that differ from each other wherever they can.
VARIANTS: dict[str, tuple[dict[str, float], ...]] = {
    "EMA": ({"length": 1}, {"length": 9}),
    "SMA": ({"length": 1}, {"length": 7}),
    "RSI": (
        {"length": 2, "overbought": 90, "oversold": 10},
        {"length": 9, "overbought": 50, "oversold": 49}, {"length": 5, "overbought": 51, "oversold": 50},  # as if flat
    ),
    "ATR": ({"period": 1}, {"period": 7}),
    "ADX": (
        {"period": 2, "trend_threshold": 0, "range_threshold": 0},
        {"period": 8, "trend_threshold": 40, "range_threshold": 30},
    ),
    "AROON": ({"length": 2}, {"length": 25}),
    "SUPERTREND": ({"length": 2, "mult": 0}, {"length": 7, "mult": 1.5}),
    "PSAR": (
        {"acceleration": 0.001, "maximum": 0.001}, {"acceleration": 1, "maximum": 1},
        {"acceleration": 0.05, "maximum": 0.3},
    ),
    "ICHIMOKU": (
        {"conversion": 1, "base": 1, "span_b": 1, "displacement": 0},
        {"conversion": 7, "base": 22, "span_b": 44, "displacement": 30},
    ),
    "VORTEX": ({"length": 1}, {"length": 25}),
    "OBV": (),
    "AD": (),
    "CMF": ({"length": 2}, {"length": 9}),
    "LINREG": ({"length": 2}, {"length": 50}),
    "PERCENTRANK": ({"length": 1}, {"length": 30}),
    "VolumeProfile": (
        {"lookback": 1, "price_bins": 2, "atr_period": 1, "atr_multiplier": 0},
        {"lookback": 25, "price_bins": 9, "update_frequency": 4, "atr_period": 5, "atr_multiplier": 0.5},
        {
            "lookback": 60, "price_bins": 31, "value_area_pct": 100, "min_volume_threshold": 2.5,
            "hvn_threshold": 1.0, "lvn_threshold": 1.0, "atr_period": 30, "atr_multiplier": 0.1,
        },
    ),
    "FVG": (
        {"min_gap_pips": 0, "min_gap_atr_mult": 0, "atr_period": 1, "max_lookback": 1},
        {"min_gap_pips": 0, "min_gap_atr_mult": 0.05, "atr_period": 6, "max_lookback": 40},
    ),
    "VPFVGSignal": (
        {"lookback_validation": 1, "hvn_overlap_pct": 0, "poc_shift_multiplier": 0, "lvn_dist_multiplier": 0},
        {"atr_period": 6, "lookback_validation": 9, "lvn_dist_multiplier": 1.5, "poc_shift_multiplier": 0.1},
    ),
    "WMA": ({"length": 1}, {"length": 7}),
    "DEMA": ({"length": 1}, {"length": 7}),
    "TEMA": ({"length": 1}, {"length": 7}),
    "HMA": ({"length": 2}, {"length": 3}, {"length": 21}),
    "KAMA": ({"length": 2, "fast": 1, "slow": 2}, {"length": 7, "fast": 3, "slow": 20}, {"length": 30}),
    "RMA": ({"length": 1}, {"length": 5}),
    "VWMA": ({"length": 1}, {"length": 7}),
    "TRUERANGE": (),
    "NATR": ({"length": 1}, {"length": 7}),
    "STDDEV": ({"length": 2}, {"length": 9}),
    "ZSCORE": ({"length": 2}, {"length": 9}),
    "BBANDS": ({"length": 2, "mult": 0.001}, {"length": 9, "mult": 1.5}),
    "KELTNER": (
        {"length": 1, "mult": 0.001, "atr_length": 1},
        {"length": 9, "mult": 1.5, "atr_length": 12},
    ),
    "DONCHIAN": ({"length": 2}, {"length": 9}),
    "MACD": ({"fast": 2, "slow": 3, "signal": 1}, {"fast": 5, "slow": 13, "signal": 4}),
    "PPO": ({"fast": 2, "slow": 3, "signal": 1}, {"fast": 5, "slow": 13, "signal": 4}),
    "TRIX": ({"length": 1, "signal": 1}, {"length": 7, "signal": 4}),
    "ROC": ({"length": 1}, {"length": 7}),
    "MOM": ({"length": 1}, {"length": 7}),
    "STOCH": ({"k": 1, "smooth_k": 1, "d": 1}, {"k": 9, "smooth_k": 4, "d": 2}, {"k": 5, "smooth_k": 1, "d": 3}),
    "STOCHRSI": (
        {"rsi_length": 2, "length": 1, "smooth_k": 1, "d": 1},
        {"rsi_length": 9, "length": 12, "smooth_k": 2, "d": 4},
    ),
    "CCI": ({"length": 2}, {"length": 9}),
    "WILLR": ({"length": 2}, {"length": 9}),
    "MFI": ({"length": 2}, {"length": 9}),
    "CMO": ({"length": 2}, {"length": 9}),
    "HIGHEST": ({"length": 1}, {"length": 9}),
    "LOWEST": ({"length": 1}, {"length": 9}),
    "HEIKINASHI": (),
    "PIVOT": (),
    "SESSION": (),
    "VWAP": ({"anchor": 1, "mult": 2.5}, {"mult": 0}),
}  # fmt: skip

# The indicators that others read, as a strategy would declare them: small enough to have something to say.
READ: dict[str, dict[str, float]] = {
    "VolumeProfile": {"lookback": 30, "price_bins": 12, "update_frequency": 3},
    "FVG": {"min_gap_pips": 0, "min_gap_atr_mult": 0.05, "atr_period": 6, "max_lookback": 60},
}


def params_of(sheet: Indicator, given: Mapping[str, float]) -> tuple[float, ...]:
    """All parameters in the order of the fact sheet."""
    unknown = set(given) - set(sheet.param_names())
    assert not unknown, f"{sheet.type} has no {unknown}"
    return tuple(float(given.get(p.name, p.default)) for p in sheet.params)


CASES: dict[str, tuple[str, tuple[float, ...]]] = {
    f"{type_}{list(params)}": (type_, params)
    for type_, sheet in REGISTRY.items()
    for params in (params_of(sheet, given) for given in ({}, *VARIANTS[type_]))
}


def outputs_of(result: Result, sheet: Indicator) -> np.ndarray:
    """Bars x outputs."""
    return np.frombuffer(result.outputs).reshape(-1, len(sheet.outputs))


def lagged(outputs: np.ndarray, bars: int) -> np.ndarray:
    """What a rule sees: the outputs of `bars` bars before."""
    return np.vstack([np.full((bars, outputs.shape[1]), np.nan), outputs])[: len(outputs)]


def input_rows(sheet: Indicator, series: Series) -> list[tuple[float, ...]]:
    """One row of inputs per bar. `source` is hl2, not the close, which some read beside it; other indicators are read
    after their default lag."""
    columns = []
    for wanted in sheet.inputs:
        if wanted.name == "source":
            columns.append([(high + low) / 2.0 for high, low in zip(series.high, series.low, strict=True)])
        elif wanted.reads is None:
            columns.append(getattr(series, wanted.name))
        else:
            other = REGISTRY[wanted.of_type]
            outputs = lagged(_read(other, series), other.entry_lag)
            columns.append(outputs[:, other.output_index(wanted.reads[1])].tolist())
    return list(zip(*columns, strict=True))


_reads: dict[tuple[str, int], tuple[Series, np.ndarray]] = {}


def _read(other: Indicator, series: Series) -> np.ndarray:
    key = other.type, id(series)
    if key not in _reads:  # the series is kept, so that its id stays its own
        params = params_of(other, READ[other.type])
        result = run_indicator(other, input_rows(other, series), params)
        _reads[key] = series, outputs_of(result, other)
    return _reads[key][1]


def bars_until_read(sheet: Indicator) -> int:
    """Bars until the other indicators that this one reads are ready for it."""
    others = [REGISTRY[wanted.of_type] for wanted in sheet.inputs if wanted.reads is not None]
    return max((o.warmup(*params_of(o, READ[o.type])) + o.entry_lag - 1 for o in others), default=0)


@cache
def rows(type_: str, name: str) -> list[tuple[float, ...]]:
    """Input rows of a named series."""
    return input_rows(REGISTRY[type_], SERIES[name])


@cache
def run(case: str, name: str) -> Result:
    """A case over a named series, interpreted."""
    type_, params = CASES[case]
    return run_indicator(REGISTRY[type_], rows(type_, name), params)


def by_name(sheet: Indicator, rows: list[tuple[float, ...]]) -> dict[str, np.ndarray]:
    """Input columns by name, as oracles take them."""
    columns = np.array(rows, dtype=float).T
    return {wanted.name: column for wanted, column in zip(sheet.inputs, columns, strict=True)}


def check(sheet: Indicator, params: tuple[float, ...], rows: list[tuple[float, ...]], ours: Result, where: str) -> None:
    """Hold a run's outputs against the oracle."""
    given = by_name(sheet, rows)
    oracle = ORACLES[sheet.type](given, dict(zip(sheet.param_names(), params, strict=True)))
    assert_agree(sheet, outputs_of(ours, sheet), oracle, given, where)


every_case = pytest.mark.parametrize("case", CASES)
every_type = pytest.mark.parametrize("sheet", REGISTRY.values(), ids=REGISTRY.keys())
