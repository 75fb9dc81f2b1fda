"""What users know from charts whose first bars are another matter: the same once settled."""

import numpy as np
import pytest

from shared.indicators.registry import REGISTRY
from tests.conformance.cases import input_rows, outputs_of, params_of
from tests.conformance.series import SERIES
from tests.support.compiled_indicators import run_indicator


def chart_supertrend(
    high: list[float], low: list[float], close: list[float], length: int, mult: float
) -> list[tuple[float, str]]:
    """TradingView's ta.supertrend as its reference manual writes it out: line and direction, bar by bar.

    Its ATR counts the first bar as a range, its first trend is down, and it knows the trend by which band the line is.
    """
    before = [close[0], *close[:-1]]
    ranges = [max(h - l, abs(h - c), abs(l - c)) for h, l, c in zip(high, low, before, strict=True)]
    ranges[0] = high[0] - low[0]
    atr = [float("nan")] * (length - 1) + [sum(ranges[:length]) / length]
    for t in range(length, len(close)):
        atr.append(ranges[t] / length + (1 - 1 / length) * atr[-1])
    lower = upper = line = float("nan")
    rows = []
    for t in range(len(close)):
        middle = (high[t] + low[t]) / 2
        last_lower, last_upper, last_line = np.nan_to_num(lower), np.nan_to_num(upper), line
        lower, upper = middle - mult * atr[t], middle + mult * atr[t]
        if t > 0 and not (lower > last_lower or close[t - 1] < last_lower):
            lower = last_lower
        if t > 0 and not (upper < last_upper or close[t - 1] > last_upper):
            upper = last_upper
        if t == 0 or np.isnan(atr[t - 1]):
            direction = "down"
        elif last_line == last_upper:
            direction = "up" if close[t] > upper else "down"
        else:
            direction = "down" if close[t] < lower else "up"
        line = lower if direction == "up" else upper
        rows.append((line, direction))
    return rows


@pytest.mark.parametrize(("length", "mult"), [(10, 3.0), (7, 1.5), (21, 2.0)])
@pytest.mark.parametrize("name", ["rises_first", "random_walk", "jumps", "quiet_runs"])
def test_supertrend_is_the_one_of_the_chart(name: str, length: int, mult: float) -> None:
    sheet, series = REGISTRY["SUPERTREND"], SERIES[name]
    params = params_of(sheet, {"length": length, "mult": mult})
    ours = outputs_of(run_indicator(sheet, input_rows(sheet, series), params), sheet)
    chart = chart_supertrend(series.high, series.low, series.close, length, mult)
    settled = slice(sheet.settle(*params), None)
    np.testing.assert_allclose(ours[settled, 0], [line for line, _ in chart[settled]], rtol=1e-6)
    words = [sheet.outputs[1].words[int(word)] for word in ours[settled, 1]]
    assert words == [direction for _, direction in chart[settled]]
    assert set(words) == {"up", "down"}
