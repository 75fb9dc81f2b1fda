"""The oracles and the compiled twin on recorded minutes: empty ones, crashes, gaps and a thin book as they happened."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pytest

from shared.indicators.registry import REGISTRY
from tests.conformance.cases import by_name, input_rows, outputs_of, params_of
from tests.conformance.series import Series
from tests.conformance.test_indicators import assert_agree
from tests.support.compiled_indicators import Run, run_compiled, run_indicator
from tests.support.oracles.table import ORACLES

# File -> first bar: a week of the venue, empty minutes, the depeg, the crash of 2020, a declared gap.
STRETCHES = {
    "binanceus_BTCUSDT_1m_20230301_20230321": 0,
    "binanceus_BTCUSDC_1m_20230301_20230321": 14_000,
    "binance_BTCUSDT_1m_covid_20200301_20200320": 15_500,
    "binance_BTCUSDT_1m_gaps_20210201_20210521": 6_000,
}
BARS = 2_500
PARAMS: dict[str, dict[str, float]] = {
    "EMA": {"length": 50},
    "VolumeProfile": {"update_frequency": 15},
    "FVG": {"min_gap_pips": 1.0, "min_gap_atr_mult": 0.1},
    "VPFVGSignal": {"lvn_dist_multiplier": 1.0, "poc_shift_multiplier": 0.1},
}


@pytest.fixture(scope="module")
def recorded(real_data: Path) -> dict[str, Series]:
    """The stretches, by file."""
    return {name: _read(real_data / f"{name}.parquet", start) for name, start in STRETCHES.items()}


def _read(path: Path, start: int) -> Series:
    table = parquet.read_table(path).slice(start, BARS).to_pydict()
    number = [float(open_ms // 60_000) for open_ms in table["open_time"]]
    return Series(number, *(table[name] for name in ("open", "high", "low", "close", "volume")))


@pytest.mark.real_data
@pytest.mark.parametrize("stretch", STRETCHES)
@pytest.mark.parametrize("type_", REGISTRY)
def test_it_agrees_with_its_oracle(recorded: dict[str, Series], type_: str, stretch: str) -> None:
    sheet = REGISTRY[type_]
    params = params_of(sheet, PARAMS.get(type_, {}))
    rows = input_rows(sheet, recorded[stretch])
    oracle = ORACLES[type_](by_name(sheet, rows), dict(zip(sheet.param_names(), params, strict=True)))
    ours = outputs_of(run_indicator(sheet, rows, params), sheet)
    assert_agree(sheet, ours, oracle)
    assert all((~np.isnan(column)).any() for column in ours.T), "every output has something to say here"


@pytest.mark.real_data
def test_compiled_and_interpreted_are_the_same_bits(recorded: dict[str, Series], tmp_path: Path) -> None:
    job = [
        Run(type_, input_rows(sheet, series), params_of(sheet, PARAMS.get(type_, {})))
        for type_, sheet in REGISTRY.items()
        for series in recorded.values()
    ]
    for run, compiled in zip(job, run_compiled(job, tmp_path), strict=True):
        assert run_indicator(REGISTRY[run.name], run.rows, run.params) == compiled, run.name
