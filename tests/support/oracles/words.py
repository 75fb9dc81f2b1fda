"""What every oracle takes and gives: columns of float64 by name, conditions as 1.0 and 0.0, texts as indexes, NaN."""

from collections.abc import Mapping

import numpy as np

Columns = dict[str, np.ndarray]
Params = Mapping[str, float]


def condition(truth: np.ndarray, ready: np.ndarray) -> np.ndarray:
    """1.0 where it holds, 0.0 where not, NaN where `ready` is NaN."""
    return np.where(np.isnan(ready), np.nan, truth.astype(float))


def text(words: np.ndarray, vocabulary: tuple[str, ...], ready: np.ndarray) -> np.ndarray:
    """Each word's place in the vocabulary, NaN where `ready` is NaN."""
    places = np.array([vocabulary.index(str(word)) for word in words], dtype=float)
    return np.where(np.isnan(ready), np.nan, places)
