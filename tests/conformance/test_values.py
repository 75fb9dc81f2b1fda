"""What indicators say: the same as their oracles, within their bounds, in the scale that they declare."""

from itertools import pairwise

import numpy as np
import pytest

from shared.indicators.fact_sheet import Indicator
from shared.indicators.registry import REGISTRY
from tests.conformance.cases import CASES, check, every_case, every_type, input_rows, outputs_of, rows, run
from tests.conformance.series import SERIES
from tests.support.compiled_indicators import run_indicator

scaling_case = pytest.mark.parametrize(
    "case", [c for c, (type_, _) in CASES.items() if REGISTRY[type_].scale != "none"]
)


def test_the_times_of_every_series_rise() -> None:
    for name, series in SERIES.items():
        assert all(a < b for a, b in pairwise(series.number)), name


@every_case
def test_it_agrees_with_its_oracle(case: str) -> None:
    type_, params = CASES[case]
    for series in SERIES:
        check(REGISTRY[type_], params, rows(type_, series), run(case, series), f"{case} on {series}")


@every_case
def test_it_keeps_its_declared_bounds(case: str) -> None:
    sheet = REGISTRY[CASES[case][0]]
    for series in SERIES:
        for output, column in zip(sheet.outputs, outputs_of(run(case, series), sheet).T, strict=True):
            where = f"{output.name} on {series}"
            values = column[~np.isnan(column)]
            assert np.isfinite(values).all(), where
            if output.kind == "condition":
                assert set(values) <= {0.0, 1.0}, where
            if output.kind == "text":
                assert set(values) <= set(range(len(output.words))), where
            if output.low is not None:
                assert (values >= output.low).all(), where
            if output.high is not None:
                assert (values <= output.high).all(), where


@every_type
def test_the_series_show_every_word_and_both_sides_of_every_condition(sheet: Indicator) -> None:
    """Else an agreement with the oracle would prove little."""
    runs = [
        outputs_of(run(case, s), sheet) for case, (type_, _) in CASES.items() if type_ == sheet.type for s in SERIES
    ]
    for output, column in zip(sheet.outputs, np.vstack(runs).T, strict=True):
        values = set(column[~np.isnan(column)])
        if output.kind == "number":
            assert len(values) > 3, output.name
        else:
            assert values == set(range(max(2, len(output.words)))), output.name


@scaling_case
def test_it_scales_as_declared(case: str) -> None:
    type_, params = CASES[case]
    sheet = REGISTRY[type_]
    factor = 4.0 if sheet.scale == "linear" else 1.0  # a power of two moves no rounding
    for series in ("rises_first", "jumps", "tiny_prices", "lattice"):
        before = outputs_of(run(case, series), sheet)[:, 0]
        scaled = run_indicator(sheet, input_rows(sheet, SERIES[series].times(4.0)), params)
        np.testing.assert_array_equal(outputs_of(scaled, sheet)[:, 0], factor * before, err_msg=series)
