"""Ties, first bars and other corners that a walk seldom meets, and outputs that read the current close."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.indicators.registry import REGISTRY
from tests.conformance.cases import check, input_rows, lagged, outputs_of, params_of
from tests.conformance.series import SERIES, Series
from tests.support.compiled_indicators import run_indicator
from tests.support.oracles.volume_profile import immediate as immediate_oracle

lattice_bars = st.lists(
    st.tuples(st.integers(1, 14), st.integers(0, 4), st.floats(0, 1), st.integers(0, 3)), min_size=12, max_size=60
).map(
    lambda bars: Series(
        [float(i) for i in range(len(bars))],
        [float(low) for low, _, _, _ in bars],
        [float(low + height) for low, height, _, _ in bars],
        [float(low) for low, _, _, _ in bars],
        [float(round(low + height * at)) for low, height, at, _ in bars],
        [float(volume) for _, _, _, volume in bars],
    )
)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(series=lattice_bars, lookback=st.integers(1, 9), bins=st.integers(2, 11), area=st.sampled_from([1, 50, 70, 100]))
def test_a_profile_breaks_ties_as_its_oracle_does(series: Series, lookback: int, bins: int, area: int) -> None:
    chosen = {
        "lookback": lookback, "price_bins": bins, "value_area_pct": area, "min_volume_threshold": 3,
        "atr_period": 2, "atr_multiplier": 0.5, "hvn_threshold": 1.0, "lvn_threshold": 1.0,
    }  # fmt: skip
    hold_against_oracle("VolumeProfile", series, chosen)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(series=lattice_bars, forget=st.integers(1, 12), smallest=st.integers(0, 2))
def test_gaps_break_ties_as_their_oracle_does(series: Series, forget: int, smallest: int) -> None:
    chosen = {"min_gap_pips": smallest, "min_gap_atr_mult": 0.25, "atr_period": 2, "max_lookback": forget}
    hold_against_oracle("FVG", series, chosen)


# Windows as short as ties are frequent.
SHORT: dict[str, dict[str, float]] = {
    "AROON": {"length": 4},
    "SUPERTREND": {"length": 2, "mult": 0.5},
    "PSAR": {"acceleration": 0.125, "maximum": 0.5},
    "ICHIMOKU": {"conversion": 2, "base": 3, "span_b": 5, "displacement": 2},
    "VORTEX": {"length": 3},
    "OBV": {},
    "AD": {},
    "CMF": {"length": 3},
    "LINREG": {"length": 3},
    "PERCENTRANK": {"length": 4},
}


@pytest.mark.parametrize("type_", SHORT)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(series=lattice_bars)
def test_a_line_breaks_ties_as_its_oracle_does(type_: str, series: Series) -> None:
    hold_against_oracle(type_, series, SHORT[type_])


@pytest.mark.parametrize("low", range(7, 17))
def test_the_second_bar_decides_where_a_parabola_begins(low: int) -> None:
    """After a bar from 10 to 14: rises, falls, inside and outside bars, and those that reach as far up as down."""
    later = SERIES["lattice"].part(0, 20)
    for high in range(low, 18):
        lows, highs = [10.0, float(low), *later.low], [14.0, float(high), *later.high]
        numbers = [float(i) for i in range(len(lows))]
        hold_against_oracle("PSAR", Series(numbers, lows, highs, lows, highs, numbers), {"acceleration": 0.125})


@pytest.mark.parametrize("slope", [0.1, 0.3, 0.7])
def test_a_straight_line_explains_itself_and_no_more(slope: float) -> None:
    sheet = REGISTRY["LINREG"]
    rows = [(100.0 + slope * i,) for i in range(200)]
    value, slopes, intercept, r2 = outputs_of(run_indicator(sheet, rows, (33.0,)), sheet)[32:].T
    np.testing.assert_allclose(value, [source for (source,) in rows[32:]], rtol=1e-13)
    np.testing.assert_allclose(intercept, [source for (source,) in rows[:-32]], rtol=1e-13)
    np.testing.assert_allclose(slopes, slope, rtol=1e-12)
    assert (r2 <= 1.0).all()
    assert (r2 > 1.0 - 1e-12).all()


def hold_against_oracle(type_: str, series: Series, chosen: dict[str, float]) -> None:
    sheet = REGISTRY[type_]
    params = params_of(sheet, chosen)
    rows = input_rows(sheet, series)
    check(sheet, params, rows, run_indicator(sheet, rows, params), type_)


@pytest.mark.parametrize("lag", [0, 1, 3])
def test_immediate_outputs_use_the_current_close_and_the_lagged_levels(lag: int) -> None:
    sheet = REGISTRY["VolumeProfile"]
    assert sheet.immediate is not None
    params = params_of(sheet, {"lookback": 30, "price_bins": 11})
    series = SERIES["quiet_runs"]
    published = lagged(outputs_of(run_indicator(sheet, input_rows(sheet, series), params), sheet), lag)
    names = [output.name for output in sheet.outputs]
    oracle = immediate_oracle(dict(zip(names, published.T, strict=True)), np.array(series.close))
    first = next(k for k, output in enumerate(sheet.outputs) if output.immediate)
    for t, close in enumerate(series.close):
        f = published[t].tolist()
        sheet.immediate(f, 0, 0, close)
        np.testing.assert_array_equal(f[:first], published[t][:first])
        np.testing.assert_array_equal(f[first:], [oracle[name][t] for name in names[first:]])
