"""When indicators speak, how long their beginning matters, and that no bar changes what was said before it."""

import numpy as np
import pytest

from shared.indicators.fact_sheet import BAR_NUMBER, Indicator
from shared.indicators.registry import REGISTRY
from tests.conformance.cases import CASES, bars_until_read, every_case, input_rows, outputs_of, run
from tests.conformance.series import HOUR_MS, SERIES, Series, joined, walk
from tests.support.compiled_indicators import run_indicator

PAST = 110  # bars of the one that began earlier


def phases(sheet: Indicator, params: tuple[float, ...]) -> range:
    """First bars to try: all that are different to a grid in time, or to days."""
    if sheet.days is not None:
        return range(24 * sheet.days(*params))
    return range(5 if any(wanted.name == BAR_NUMBER for wanted in sheet.inputs) else 1)


@every_case
def test_it_is_silent_exactly_during_warmup(case: str) -> None:
    type_, params = CASES[case]
    sheet = REGISTRY[type_]
    warmup = sheet.warmup_on(HOUR_MS, *params)
    skip = bars_until_read(sheet)
    first_ready = []
    for phase in phases(sheet, params):  # warmup is for the least favourable first bar
        series = walk(20, skip + warmup + 40, 500.0, 0.01, first=1_000 + phase)
        main = outputs_of(run_indicator(sheet, input_rows(sheet, series)[skip:], params), sheet)[:, 0]
        first_ready.append(int(np.flatnonzero(~np.isnan(main))[0]) + 1)
        assert not np.isnan(main[first_ready[-1] :]).any()
    assert max(first_ready) == warmup


@every_case
def test_it_has_settled_when_it_says_so(case: str) -> None:
    """No past, a past, another past: all the same once settled."""
    type_, params = CASES[case]
    sheet = REGISTRY[type_]
    settle = sheet.settle_on(HOUR_MS, *params)
    for name in ("rises_first", "random_walk"):
        bars = SERIES[name]
        start = max(PAST, bars_until_read(sheet) + 1)
        if start + settle + 60 > len(bars.close):
            first = int(bars.number[-1]) + 1
            bars = joined(bars, walk(21, settle + start, bars.close[-1], 0.01, first=first))
        rows = input_rows(sheet, bars)
        other = input_rows(sheet, joined(other_past(bars, start), bars.part(start, len(bars.close))))
        reads = any(wanted.reads is not None for wanted in sheet.inputs)  # what it reads needs a past of its own
        early = [run_indicator(sheet, past, params) for past in ([rows] if reads else [rows, other])]
        late = outputs_of(run_indicator(sheet, rows[start:], params), sheet)[settle - 1 :]
        assert len(late) > 50
        for one in early:
            assert_same(sheet, outputs_of(one, sheet)[start:][settle - 1 :], late, f"{case} on {name}")


def other_past(bars: Series, end: int) -> Series:
    """As many bars of another market that leads to the same price: a walk away from it, told backwards."""
    _, open_, high, low, close, volume = (column[::-1] for column in walk(24, end, bars.open[end], 0.01))
    return Series(bars.number[:end], close, high, low, open_, volume)


def assert_same(sheet: Indicator, early: np.ndarray, late: np.ndarray, where: str) -> None:
    """As exactly as a settled indicator says: to 1e-6 of its range."""
    if sheet.cumulative:
        assert (early[0] != late[0]).all(), "its level depends on the first bar"
        early, late = early - early[0], late - late[0]
    for k, output in enumerate(sheet.outputs):
        if output.kind == "number":
            values = early[:, k][~np.isnan(early[:, k])]
            spread = 100.0 if output.high == 100.0 else np.ptp(values) if values.size else 0.0
            atol = 1e-6 * spread
        else:
            atol = 0.0
        np.testing.assert_allclose(early[:, k], late[:, k], rtol=0, atol=atol, err_msg=f"{where}: {output.name}")


@every_case
@pytest.mark.parametrize("bars", [1, 120, 500, 699])
def test_changing_the_future_never_changes_the_past(case: str, bars: int) -> None:
    type_, params = CASES[case]
    sheet = REGISTRY[type_]
    past, other = SERIES["random_walk"], SERIES["jumps"]
    future = Series(*(a[:bars] + b[bars : bars + 60] for a, b in zip(past, other, strict=False)))
    forked = outputs_of(run_indicator(sheet, input_rows(sheet, future), params), sheet)
    np.testing.assert_array_equal(forked[:bars], outputs_of(run(case, "random_walk"), sheet)[:bars])
