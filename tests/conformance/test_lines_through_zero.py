"""Percentages of a source that is 0 for a while, as another indicator's output may be: not ready, then as ever."""

from random import Random

import numpy as np
import talib

from shared.indicators.registry import REGISTRY
from tests.conformance.cases import outputs_of, params_of
from tests.support.compiled_indicators import run_indicator

RANDOM = Random(31)
FIRST_ZEROS = 120  # longer than any warmup here
SOURCE = np.array([0.0] * FIRST_ZEROS + [float(RANDOM.randint(-3, 5)) for _ in range(300)])


def columns(type_: str) -> np.ndarray:
    """Outputs over SOURCE with the default parameters, one row each."""
    sheet = REGISTRY[type_]
    params = params_of(sheet, {})
    return outputs_of(run_indicator(sheet, [(value,) for value in SOURCE], params), sheet).T


def mean_of_ready(line: np.ndarray, length: int) -> np.ndarray:
    """The exponential mean of the values that are ready, as if there were no others."""
    result = np.full(len(line), np.nan)
    ready = ~np.isnan(line)
    result[ready] = talib.EMA(line[ready], length)
    return result


def percent(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """NaN where the denominator is 0 or not ready."""
    known = ~np.isnan(denominator) & (denominator != 0)
    result: np.ndarray = np.divide(100 * numerator, denominator, out=np.full(len(numerator), np.nan), where=known)
    return result


def test_a_change_against_zero_is_not_ready() -> None:
    (roc,) = columns("ROC")
    expected = np.full(len(SOURCE), np.nan)
    expected[10:] = percent(SOURCE[10:] - SOURCE[:-10], SOURCE[:-10])
    assert 5 < np.isnan(roc[FIRST_ZEROS + 10 :]).sum() < 100
    np.testing.assert_allclose(roc, expected, rtol=1e-9, atol=1e-9)


def test_ppo_waits_for_a_slow_mean_and_its_signal_for_ppo() -> None:
    line, signal, histogram = columns("PPO")
    slow = talib.EMA(SOURCE, 26)
    expected = percent(talib.EMA(SOURCE, 12) - slow, slow)
    first = int(np.flatnonzero(SOURCE)[0])
    assert np.isnan(line[:first]).all()
    assert np.flatnonzero(~np.isnan(line))[0] == first
    assert np.flatnonzero(~np.isnan(signal))[0] == np.flatnonzero(~np.isnan(histogram))[0] == first + 8
    np.testing.assert_allclose(line, expected, rtol=1e-6)
    np.testing.assert_allclose(signal, mean_of_ready(expected, 9), rtol=1e-6)


def test_trix_waits_for_a_mean_to_change_from() -> None:
    line, signal = columns("TRIX")
    mean = talib.EMA(talib.EMA(talib.EMA(SOURCE, 30), 30), 30)
    before = np.concatenate([[np.nan], mean[:-1]])
    expected = percent(mean - before, before)
    first = int(np.flatnonzero(SOURCE)[0])
    assert np.flatnonzero(~np.isnan(line))[0] == first + 1
    assert np.flatnonzero(~np.isnan(signal))[0] == first + 9
    np.testing.assert_allclose(line, expected, rtol=1e-6)
    np.testing.assert_allclose(signal, mean_of_ready(expected, 9), rtol=1e-6)
