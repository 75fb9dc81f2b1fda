"""A million one-minute bars from a seed: a walk with regimes, on a tick of 0.01, without a gap."""

from pathlib import Path
from typing import Any, NamedTuple

FIRST_MS = 1_704_067_200_000  # 2024-01-01
COUNT = 1_000_000
SEED = 20240101


class Columns(NamedTuple):
    """NumPy columns: open_ms int64, the rest float64."""

    open_ms: Any
    open: Any
    high: Any
    low: Any
    close: Any
    volume: Any


def generated(count: int = COUNT, seed: int = SEED) -> Columns:
    """The same bars for the same seed. Regimes of one to five days change drift and size of the steps."""
    import numpy as np

    chance = np.random.default_rng(seed)
    days = chance.integers(1, 6, count // 1440 + 2) * 1440
    drift = np.repeat(chance.normal(0.0, 1.2e-5, len(days)), days)[:count]
    size = np.repeat(chance.uniform(4e-4, 1.4e-3, len(days)), days)[:count]
    step = drift + size * chance.standard_t(5, count) * 0.6
    path = np.cumsum(step)
    path -= np.linspace(0.0, path[-1] - 0.5, count)  # ends where it can be read: 1.6 times its start
    close = np.round(20_000.0 * np.exp(path) * 100.0) / 100.0
    open_ = np.empty(count)
    open_[0] = 20_000.0
    open_[1:] = np.round(close[:-1] * (1.0 + size[1:] * chance.normal(0.0, 0.05, count - 1)) * 100.0) / 100.0
    spread = size * close
    high = np.round((np.maximum(open_, close) + spread * chance.exponential(0.4, count)) * 100.0) / 100.0
    low = np.round((np.minimum(open_, close) - spread * chance.exponential(0.4, count)) * 100.0) / 100.0
    volume = np.round(chance.exponential(5.0, count) * (1.0 + 400.0 * np.abs(step)) * 1e5 + 1.0) / 1e5
    open_ms = FIRST_MS + 60_000 * np.arange(count, dtype=np.int64)
    return Columns(open_ms, open_, high, low, close, volume)


def write_parquet(columns: Columns, path: Path) -> None:
    """The bars as the file that `paperfold backtest` reads."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"open_time": columns.open_ms, **columns._asdict()}).drop_columns(["open_ms"]), path)


def write_arrays(columns: Columns, path: Path) -> None:
    """The bars as arrays, for peers that run in another interpreter."""
    import numpy as np

    np.savez(path, **columns._asdict())
