"""Whole windows, one per bar, for oracles that take each of them afresh."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def windows(values: np.ndarray, length: int) -> np.ndarray:
    """Bars x length: the last `length` values at each bar, NaN where there are fewer."""
    return sliding_window_view(np.concatenate([np.full(length - 1, np.nan), values]), length)


def means(values: np.ndarray, length: int) -> np.ndarray:
    """Mean of each window."""
    return np.asarray(windows(values, length).mean(axis=1))


def pairs(values: np.ndarray, length: int) -> np.ndarray:
    """Bars x length x length: each value of a window less each: what no mean, and no rounding of one, has a part in."""
    of = windows(values, length)
    return np.asarray(of[:, :, None] - of[:, None, :])


def from_pairs(values: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Each window's newest value less its mean, and its population's standard deviation (C. Gini's form)."""
    differences = pairs(values, length)
    return differences[:, -1].mean(axis=1), np.sqrt((differences**2).sum(axis=(1, 2)) / 2) / length
