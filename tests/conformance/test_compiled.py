"""Compiled and interpreted give the same bits, in outputs and state."""

from pathlib import Path

import numpy as np
import pytest

from shared.indicators.registry import REGISTRY
from tests.conformance.cases import CASES, rows, run
from tests.conformance.series import SERIES
from tests.support.compiled_indicators import CacheOf, Run, run_compiled

EXTREME = ("flat_between_moves", "jumps", "huge_prices", "quiet_runs", "dust")


@pytest.mark.parametrize("environment", [{}, {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CPU_NAME": "generic"}], ids=str)
def test_compiled_and_interpreted_are_the_same_bits(
    environment: dict[str, str], tmp_path: Path, kernels: CacheOf
) -> None:
    """Each kernel is compiled once, for all cases and series; a second time with bounds checks and without FMA, for
    those series that go to extremes."""
    pairs = [(case, series) for case in CASES for series in (EXTREME if environment else SERIES)]
    job = [Run(CASES[case][0], rows(CASES[case][0], series), CASES[case][1]) for case, series in pairs]
    results = run_compiled(job, tmp_path, kernels(**environment), **environment)
    for (case, series), compiled in zip(pairs, results, strict=True):
        sheet = REGISTRY[CASES[case][0]]
        ours = np.frombuffer(run(case, series).outputs, dtype=np.uint64).reshape(-1, len(sheet.outputs))
        theirs = np.frombuffer(compiled.outputs, dtype=np.uint64).reshape(-1, len(sheet.outputs))
        differing = np.argwhere(ours != theirs)
        assert differing.size == 0, f"{case} on {series}: first at (bar, output) {differing[0]}"
        assert run(case, series).state == compiled.state, f"{case} on {series}: state"
