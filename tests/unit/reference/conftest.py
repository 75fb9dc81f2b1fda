"""A market that is more than a few bars by hand."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def market():
    """A random walk with a start that only rises and a stretch without movement."""
    rng = np.random.default_rng(6)
    steps = rng.normal(0, 1, 600)
    steps[:40] = np.abs(steps[:40])
    steps[300:340] = 0
    close = 1000 + np.cumsum(steps)
    wiggle = np.where(steps == 0, 0, 1)
    high = np.maximum(close, close - steps) + wiggle * rng.random(600)
    low = np.minimum(close, close - steps) - wiggle * rng.random(600)
    return pd.DataFrame({"open": close - steps, "high": high, "low": low, "close": close, "volume": 1.0})
