"""The promises of every registered indicator. To be in the registry is to be tested here."""

from array import array
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.indicators.fact_sheet import BAR_FIELDS, BAR_NUMBER, BAR_TIMES, Indicator
from shared.indicators.registry import REGISTRY
from tests.conformance.cases import (
    CASES,
    bars_until_read,
    by_name,
    input_rows,
    lagged,
    outputs_of,
    params_of,
    rows,
    run,
)
from tests.conformance.series import SERIES, Series, walk
from tests.support.compiled_indicators import ROOT, Run, run_compiled, run_indicator
from tests.support.oracles.table import ORACLES
from tests.support.oracles.volume_profile import immediate as immediate_oracle

# Outputs that are differences of prices, and as exact as the prices are.
DIFFERENCES = ("dist_", "value_area_w", "vf_", "slope")

every_case = pytest.mark.parametrize("case", CASES)
every_series = pytest.mark.parametrize("series", SERIES)
scaling_case = pytest.mark.parametrize(
    "case", [c for c, (type_, _) in CASES.items() if REGISTRY[type_].scale != "none"]
)
every_type = pytest.mark.parametrize("sheet", REGISTRY.values(), ids=REGISTRY.keys())


# --- the registry and the fact sheets --------------------------------------------------------------------------------


def test_every_file_is_in_the_registry() -> None:
    """A file that holds a fact sheet, that is; what several share has none."""
    texts = {path.stem: path.read_text() for path in (ROOT / "shared" / "indicators").glob("*.py")}
    files = {stem for stem, text in texts.items() if " = Indicator(" in text}
    assert files == {sheet.step.__module__.rpartition(".")[2] for sheet in REGISTRY.values()}
    assert all(name == sheet.type for name, sheet in REGISTRY.items())
    assert set(ORACLES) == set(REGISTRY)


@every_type
def test_a_fact_sheet_is_consistent(sheet: Indicator) -> None:
    defaults = params_of(sheet, {})
    for param in sheet.params:
        assert param.low <= param.default <= param.high
        assert not param.whole or all(x == int(x) for x in (param.low, param.default, param.high))
    for output in sheet.outputs:
        assert (output.kind == "text") == bool(output.words)
        assert output.kind == "number" or output.low is output.high is None
    for wanted in sheet.inputs:
        if wanted.reads is None:
            assert wanted.name in ("source", *BAR_TIMES, *BAR_FIELDS)
        else:
            REGISTRY[wanted.of_type].output_index(wanted.reads[1])
    names = [output.name for output in sheet.outputs]
    assert len(set(names)) == len(names)
    flags = [output.immediate for output in sheet.outputs]
    assert flags == sorted(flags), "immediate outputs come last"
    assert any(flags) == (sheet.immediate is not None)
    assert sheet.check is None or sheet.check(*defaults) == ""
    assert sheet.settle(*defaults) >= sheet.warmup(*defaults) >= 1


@pytest.mark.parametrize(
    ("type_", "given_params"),
    [
        pytest.param("RSI", {"overbought": 30, "oversold": 30}, id="RSI whose lines touch"),
        pytest.param("ADX", {"range_threshold": 26}, id="ADX that would trend and range at once"),
        pytest.param("VolumeProfile", {"min_volume_threshold": 2.1}, id="profile whose bins could all be dropped"),
    ],
)
def test_a_senseless_combination_is_named(type_: str, given_params: dict[str, float]) -> None:
    sheet = REGISTRY[type_]
    assert sheet.check is not None
    assert next(iter(given_params)) in sheet.check(*params_of(sheet, given_params))


# --- values ----------------------------------------------------------------------------------------------------------


def assert_agree(sheet: Indicator, ours: np.ndarray, oracle: dict[str, np.ndarray]) -> None:
    """Every output, not ready at the same bars, else within 1e-9 of each other, relative; near 0, what cancelled."""
    assert set(oracle) == {output.name for output in sheet.outputs}
    prices = np.abs(ours[:, 0])
    largest = np.max(prices, initial=0.0, where=~np.isnan(prices))  # the main output is a price, or is 1 at most
    for k, output in enumerate(sheet.outputs):
        floor = 1e-12 * largest if output.name.startswith(DIFFERENCES) else 0.0
        if output.low is not None and output.high is not None:
            floor = 1e-12 * (output.high - output.low)
        np.testing.assert_allclose(
            ours[:, k], oracle[output.name], rtol=1e-9, atol=floor, err_msg=output.name or "main"
        )


@every_series
@every_case
def test_it_agrees_with_its_oracle(case: str, series: str) -> None:
    type_, params = CASES[case]
    sheet = REGISTRY[type_]
    oracle = ORACLES[type_](by_name(sheet, rows(type_, series)), dict(zip(sheet.param_names(), params, strict=True)))
    assert_agree(sheet, outputs_of(run(case, series), sheet), oracle)


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
    sheet = REGISTRY["VolumeProfile"]
    chosen = {
        "lookback": lookback, "price_bins": bins, "value_area_pct": area, "min_volume_threshold": 3,
        "atr_period": 2, "atr_multiplier": 0.5, "hvn_threshold": 1.0, "lvn_threshold": 1.0,
    }  # fmt: skip
    params = params_of(sheet, chosen)
    given_rows = input_rows(sheet, series)
    oracle = ORACLES[sheet.type](by_name(sheet, given_rows), dict(zip(sheet.param_names(), params, strict=True)))
    assert_agree(sheet, outputs_of(run_indicator(sheet, given_rows, params), sheet), oracle)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(series=lattice_bars, forget=st.integers(1, 12), smallest=st.integers(0, 2))
def test_gaps_break_ties_as_their_oracle_does(series: Series, forget: int, smallest: int) -> None:
    sheet = REGISTRY["FVG"]
    chosen = {"min_gap_pips": smallest, "min_gap_atr_mult": 0.25, "atr_period": 2, "max_lookback": forget}
    params = params_of(sheet, chosen)
    given_rows = input_rows(sheet, series)
    oracle = ORACLES[sheet.type](by_name(sheet, given_rows), dict(zip(sheet.param_names(), params, strict=True)))
    assert_agree(sheet, outputs_of(run_indicator(sheet, given_rows, params), sheet), oracle)


@every_series
@every_case
def test_it_keeps_its_declared_bounds(case: str, series: str) -> None:
    sheet = REGISTRY[CASES[case][0]]
    for output, column in zip(sheet.outputs, outputs_of(run(case, series), sheet).T, strict=True):
        values = column[~np.isnan(column)]
        assert np.isfinite(values).all(), output.name
        if output.kind == "condition":
            assert set(values) <= {0.0, 1.0}, output.name
        if output.kind == "text":
            assert set(values) <= set(range(len(output.words))), output.name
        if output.low is not None:
            assert (values >= output.low).all(), output.name
        if output.high is not None:
            assert (values <= output.high).all(), output.name


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


@pytest.mark.parametrize("series", ["rises_first", "random_walk", "jumps", "tiny_prices", "lattice"])
@scaling_case
def test_it_scales_as_declared(case: str, series: str) -> None:
    type_, params = CASES[case]
    sheet = REGISTRY[type_]
    before = outputs_of(run(case, series), sheet)[:, 0]
    scaled = run_indicator(sheet, input_rows(sheet, SERIES[series].times(4.0)), params)
    factor = 4.0 if sheet.scale == "linear" else 1.0  # a power of two moves no rounding
    np.testing.assert_array_equal(outputs_of(scaled, sheet)[:, 0], factor * before)


# --- time ------------------------------------------------------------------------------------------------------------


@every_case
def test_it_is_silent_exactly_during_warmup(case: str) -> None:
    type_, params = CASES[case]
    sheet = REGISTRY[type_]
    warmup = sheet.warmup(*params)
    skip = bars_until_read(sheet)
    first_ready = []
    # where a grid in time matters, warmup is for the least favourable first bar
    for phase in range(5 if any(wanted.name == BAR_NUMBER for wanted in sheet.inputs) else 1):
        series = walk(20, skip + warmup + 40, 500.0, 0.01, first=1_000 + phase)
        main = outputs_of(run_indicator(sheet, input_rows(sheet, series)[skip:], params), sheet)[:, 0]
        first_ready.append(int(np.flatnonzero(~np.isnan(main))[0]) + 1)
        assert not np.isnan(main[first_ready[-1] :]).any()
    assert max(first_ready) == warmup


@pytest.mark.parametrize("series", ["rises_first", "random_walk"])
@every_case
def test_it_has_settled_when_it_says_so(case: str, series: str) -> None:
    type_, params = CASES[case]
    sheet = REGISTRY[type_]
    settle = sheet.settle(*params)
    bars = rows(type_, series)
    late_start = 97 if sheet.type != "VPFVGSignal" else 110  # its inputs are ready there
    if late_start + settle >= len(bars):
        price = SERIES[series].close[-1]
        bars = bars + input_rows(sheet, walk(21, settle + late_start, price, 0.01, first=1_000_000 + len(bars)))
    early = outputs_of(run_indicator(sheet, bars, params), sheet)[late_start:][settle - 1 :]
    late = outputs_of(run_indicator(sheet, bars[late_start:], params), sheet)[settle - 1 :]
    if sheet.cumulative:
        assert (early[0] != late[0]).all(), "its level depends on the first bar"
        early, late = early - early[0], late - late[0]
    assert len(early) > 50
    for k, output in enumerate(sheet.outputs):
        if output.kind == "number":
            values = early[:, k][~np.isnan(early[:, k])]
            spread = 100.0 if output.high == 100.0 else np.ptp(values) if values.size else 0.0
            np.testing.assert_allclose(early[:, k], late[:, k], rtol=0, atol=1e-6 * spread, err_msg=output.name)
        else:
            np.testing.assert_array_equal(early[:, k], late[:, k], err_msg=output.name)


@every_case
def test_changing_the_future_never_changes_the_past(case: str) -> None:
    type_, params = CASES[case]
    sheet = REGISTRY[type_]
    past, other = SERIES["random_walk"], SERIES["jumps"]
    for bars in (120, 500, 699):
        future = Series(*(a[:bars] + b[bars:] for a, b in zip(past, other, strict=False)))
        forked = outputs_of(run_indicator(sheet, input_rows(sheet, future), params), sheet)
        np.testing.assert_array_equal(forked[:bars], outputs_of(run(case, "random_walk"), sheet)[:bars])


# --- state -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("series", ["jumps", "quiet_runs", "lattice"])
@every_case
def test_it_resumes_from_a_copy_of_its_words_at_every_bar(case: str, series: str) -> None:
    """Each bar runs at another place of a fresh vector, between words that are not its own."""
    type_, params = CASES[case]
    sheet = REGISTRY[type_]
    size, count = sheet.size(*params), len(sheet.outputs)
    random = Random(22)
    around = [-3.25e7] * 8
    f = [7.0] * size
    sheet.start(f, 0, *params)
    assert all(type(word) is float for word in f)
    seen = array("d")
    for row in rows(type_, series):
        shift = random.randint(0, 5)
        f = [*around, *[float("nan")] * shift, *f, *around, *[random.random() for _ in range(count)], *around]
        at = 8 + shift
        out = at + size + 8
        sheet.step(f, at, out, *row, *params)
        assert f[:8] == f[out - 8 : out] == f[out + count :] == around, "it wrote to words that are not its own"
        seen.extend(f[out : out + count])
        f = f[at : at + size]
        assert all(type(word) is float for word in f), "an int in a vector of floats"
    expected = run(case, series)
    assert seen.tobytes() == expected.outputs
    assert array("d", f).tobytes() == expected.state


@pytest.mark.parametrize(
    "sheet", [s for s in REGISTRY.values() if any(i.name == "source" for i in s.inputs)], ids=lambda sheet: sheet.type
)
def test_it_passes_over_inputs_that_are_not_ready(sheet: Indicator) -> None:
    """A source that was not ready on some bars gives what the ready ones alone would have given."""
    params = params_of(sheet, {sheet.params[0].name: 9})
    bars = rows(sheet.type, "random_walk")
    random = Random(23)
    holes = [i < 30 or random.random() < 0.1 for i in range(len(bars))]
    holed = [(float("nan"), *row[1:]) if hole else row for row, hole in zip(bars, holes, strict=True)]
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


# --- immediate outputs -----------------------------------------------------------------------------------------------


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


# --- compiled --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("environment", [{}, {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CPU_NAME": "generic"}], ids=str)
def test_compiled_and_interpreted_are_the_same_bits(environment: dict[str, str], tmp_path: Path) -> None:
    pairs = [(case, series) for case in CASES for series in SERIES]
    job = [Run(CASES[case][0], rows(CASES[case][0], series), CASES[case][1]) for case, series in pairs]
    for (case, series), compiled in zip(pairs, run_compiled(job, tmp_path, **environment), strict=True):
        sheet = REGISTRY[CASES[case][0]]
        ours = np.frombuffer(run(case, series).outputs, dtype=np.uint64).reshape(-1, len(sheet.outputs))
        theirs = np.frombuffer(compiled.outputs, dtype=np.uint64).reshape(-1, len(sheet.outputs))
        differing = np.argwhere(ours != theirs)
        assert differing.size == 0, f"{case} on {series}: first at (bar, output) {differing[0]}"
        assert run(case, series).state == compiled.state, f"{case} on {series}: state"
