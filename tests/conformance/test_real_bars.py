"""The oracles and the compiled twin on recorded minutes: empty ones, crashes, gaps and a thin book as they happened."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pytest

from shared.indicators.registry import REGISTRY
from tests.conformance.cases import check, input_rows, outputs_of, params_of
from tests.conformance.series import Series
from tests.support.compiled_indicators import CacheOf, Run, run_compiled, run_indicator

# File -> first bar: a week of the venue, empty minutes, the depeg, the crash of 2020, a declared gap.
STRETCHES = {
    "binanceus_BTCUSDT_1m_20230301_20230321": 0,
    "binanceus_BTCUSDC_1m_20230301_20230321": 14_000,
    "binance_BTCUSDT_1m_covid_20200301_20200320": 15_500,
    "binance_BTCUSDT_1m_gaps_20210201_20210521": 6_000,
}
BARS = 2_500
QUARTERS = 800  # bars of 15 minutes for those that go by days
PARAMS: dict[str, dict[str, float]] = {
    "EMA": {"length": 50},
    "VolumeProfile": {"update_frequency": 15},
    "FVG": {"min_gap_pips": 1.0, "min_gap_atr_mult": 0.1},
    "VPFVGSignal": {"lvn_dist_multiplier": 1.0, "poc_shift_multiplier": 0.1},
}


class Minutes(Series):
    """Recorded minutes."""

    @property
    def open_ms(self) -> list[float]:
        return [60_000.0 * number for number in self.number]


class Quarters(Series):
    """Bars of 15 minutes made of them."""

    @property
    def open_ms(self) -> list[float]:
        return [900_000.0 * number for number in self.number]


Stretch = tuple[Minutes, Quarters]


@pytest.fixture(scope="module")
def recorded(real_data: Path) -> dict[str, Stretch]:
    """The stretches, by file."""
    return {name: _read(real_data / f"{name}.parquet", start) for name, start in STRETCHES.items()}


def _read(path: Path, start: int) -> Stretch:
    table = parquet.read_table(path, columns=["open_time", "open", "high", "low", "close", "volume"]).to_pandas()
    minutes = table[start : start + BARS]
    grouped = table.groupby(table.open_time // 900_000)
    quarters = grouped.agg({"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"})
    return (
        Minutes((minutes.open_time / 60_000.0).tolist(), *_prices(minutes)),
        Quarters(quarters.index[:QUARTERS].astype(float).tolist(), *_prices(quarters[:QUARTERS])),
    )


def _prices(table) -> list[list[float]]:  # type: ignore[no-untyped-def]  # a data frame
    return [table[name].tolist() for name in ("open", "high", "low", "close", "volume")]


def _job(type_: str, stretch: Stretch) -> Run:
    sheet = REGISTRY[type_]
    series = stretch[1] if sheet.days is not None else stretch[0]
    return Run(type_, input_rows(sheet, series), params_of(sheet, PARAMS.get(type_, {})))


@pytest.mark.real_data
@pytest.mark.parametrize("stretch", STRETCHES)
@pytest.mark.parametrize("type_", REGISTRY)
def test_it_agrees_with_its_oracle(recorded: dict[str, Stretch], type_: str, stretch: str) -> None:
    sheet = REGISTRY[type_]
    _, given, params = _job(type_, recorded[stretch])
    rows = list(given)
    ours = run_indicator(sheet, rows, params)
    check(sheet, params, rows, ours, stretch)
    assert all((~np.isnan(column)).any() for column in outputs_of(ours, sheet).T), "every output has something to say"


@pytest.mark.real_data
def test_compiled_and_interpreted_are_the_same_bits(
    recorded: dict[str, Stretch], tmp_path: Path, kernels: CacheOf
) -> None:
    job = [_job(type_, stretch) for type_ in REGISTRY for stretch in recorded.values()]
    for run, compiled in zip(job, run_compiled(job, tmp_path, kernels()), strict=True):
        assert run_indicator(REGISTRY[run.name], run.rows, run.params) == compiled, run.name
