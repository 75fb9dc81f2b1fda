"""An indicator is its words: whoever has a copy of them goes on as if nothing had happened, bar by bar."""

from array import array
from random import Random

import numpy as np
import pytest

from shared.indicators.fact_sheet import Indicator
from shared.indicators.registry import REGISTRY
from tests.conformance.cases import CASES, VARIANTS, every_case, outputs_of, params_of, rows, run
from tests.support.compiled_indicators import run_indicator

AROUND = [-3.25e7] * 8


@every_case
@pytest.mark.parametrize("series", ["jumps", "quiet_runs", "lattice"])
def test_it_resumes_from_a_copy_of_its_words_at_every_bar(case: str, series: str) -> None:
    """Each bar runs at another place of a fresh vector, between words that are not its own, and finds its outputs'
    places filled with something else than it left there: the same as the whole series in one vector."""
    type_, params = CASES[case]
    sheet = REGISTRY[type_]
    size, count = sheet.size(*params), len(sheet.outputs)
    random = Random(22)
    f = [7.0] * size
    sheet.start(f, 0, *params)
    assert all(type(word) is float for word in f)
    seen = array("d")
    for row in rows(type_, series):
        shift = random.randint(0, 5)
        f = [*AROUND, *[float("nan")] * shift, *f, *AROUND, *[random.random() for _ in range(count)], *AROUND]
        at = 8 + shift
        out = at + size + 8
        sheet.step(f, at, out, *row, *params)
        assert f[:8] == f[out - 8 : out] == f[out + count :] == AROUND, "it wrote to words that are not its own"
        seen.extend(f[out : out + count])
        f = f[at : at + size]
        assert all(type(word) is float for word in f), "an int in a vector of floats"
    expected = run(case, series)
    assert seen.tobytes() == expected.outputs
    assert array("d", f).tobytes() == expected.state


@every_case
def test_starting_again_forgets_everything(case: str) -> None:
    """`start` writes all of its words, whatever stood there."""
    type_, params = CASES[case]
    sheet = REGISTRY[type_]
    size = sheet.size(*params)
    used, fresh = [3.5] * (size + 2), [-1e9] * (size + 2)
    sheet.start(used, 1, *params)
    sheet.start(fresh, 1, *params)
    assert array("d", used[1:-1]).tobytes() == array("d", fresh[1:-1]).tobytes()
    assert (used[0], used[-1], fresh[0], fresh[-1]) == (3.5, 3.5, -1e9, -1e9)


@pytest.mark.parametrize(
    "sheet", [s for s in REGISTRY.values() if any(i.name == "source" for i in s.inputs)], ids=lambda sheet: sheet.type
)
def test_it_passes_over_inputs_that_are_not_ready(sheet: Indicator) -> None:
    """A source that was not ready on some bars gives what the ready ones alone would have given."""
    params = params_of(sheet, VARIANTS[sheet.type][-1])
    bars = rows(sheet.type, "random_walk")
    random = Random(23)
    holes = [i < 30 or random.random() < 0.1 for i in range(len(bars))]
    at = [wanted.name for wanted in sheet.inputs].index("source")
    holed = [(*row[:at], float("nan"), *row[at + 1 :]) if hole else row for row, hole in zip(bars, holes, strict=True)]
    outputs = outputs_of(run_indicator(sheet, holed, params), sheet)
    compact = [row for row, hole in zip(bars, holes, strict=True) if not hole]
    np.testing.assert_array_equal(outputs[~np.array(holes)], outputs_of(run_indicator(sheet, compact, params), sheet))
    assert np.isnan(outputs[np.array(holes)]).all()


def test_a_signal_comes_back_after_inputs_that_were_not_ready() -> None:
    sheet = REGISTRY["VPFVGSignal"]
    params = params_of(sheet, {"lookback_validation": 9})
    bars = rows(sheet.type, "random_walk")
    nan = float("nan")
    holed = [(*row[:3], *[nan] * 7) if 200 <= i < 260 else row for i, row in enumerate(bars)]
    outputs = outputs_of(run_indicator(sheet, holed, params), sheet)
    assert np.isnan(outputs[200:260]).all()
    assert not np.isnan(outputs[260:, 0]).any()
    np.testing.assert_array_equal(outputs[269:], outputs_of(run_indicator(sheet, bars, params), sheet)[269:])
