"""The hand-fused loop: `python -m bench.contenders.with_fused BARS.npz`."""

from typing import Any

import numba
import numpy as np

from bench import fused
from bench.contenders.protocol import CASH, FEE, SHARE, serve

TABLE = fused.trades_table()


def load(path: str) -> Any:
    found = np.load(path)
    return [found[name] for name in ("open_ms", "open", "low", "close")]


def loop(columns: Any) -> Any:
    return fused.ema_cross(*columns, CASH, SHARE, FEE, TABLE)


def run(columns: Any) -> Any:
    count, final, _ = loop(columns)
    return [(int(entry), int(left)) for entry, left in TABLE[:count]], final


if __name__ == "__main__":
    serve("fused loop", f"numba {numba.__version__}", load, run, loop=loop)
