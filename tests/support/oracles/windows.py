"""Whole windows, one per bar, for oracles that take each of them afresh."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def windows(values: np.ndarray, length: int) -> np.ndarray:
    """Bars x length: the last `length` values at each bar, NaN where there are fewer."""
    return sliding_window_view(np.concatenate([np.full(length - 1, np.nan), values]), length)


def means(values: np.ndarray, length: int) -> np.ndarray:
    """Mean of each window."""
    return np.asarray(windows(values, length).mean(axis=1))


def from_pairs(values: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Each window's newest value less its mean, and its population's standard deviation.

    The deviation is Gini's form, from the differences of all pairs: there is no mean in it whose rounding could show.
    """
    of = windows(values, length)
    pairs = of[:, :, None] - of[:, None, :]
    return pairs[:, -1].mean(axis=1), np.sqrt((pairs**2).sum(axis=(1, 2)) / 2) / length
