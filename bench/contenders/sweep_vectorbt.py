"""vectorbt over many pairs of lengths: `python sweep_vectorbt.py BARS.npz COUNT CORES`, VBT_ENGINE as in with_vectorbt.

Columns side by side, as it is meant to be used, a chunk at a time so that they fit the caches, on all cores as forked
processes. Ten at a time was best of 1, 10, 50, 100 and 200 (all at once take 12 GB and twice the time of each).
Answers as protocol.py says, with --once as well; the first answer holds [trades closed, total return] of every pair.
"""

import json
import os
import sys
import time
from multiprocessing import get_context
from resource import RUSAGE_CHILDREN, getrusage

import numpy as np
import vectorbt as vbt
from protocol import CASH, FEE, SHARE, STOP, peak_mb, say
from with_vectorbt import load, seeded_ema

COLUMNS = 10
MINUTES = 15


def chunk(pairs):
    """[trades, return] of each pair: one simulation of as many columns."""
    close = BARS["close"].resample("15min").last()
    means = {length: seeded_ema(close, length).to_numpy() for pair in pairs for length in pair}
    fast, slow = (np.column_stack([means[pair[side]] for pair in pairs]) for side in (0, 1))
    above, below = fast > slow, fast < slow
    ready = np.arange(len(close))[:, None] >= np.array([slow for _, slow in pairs])
    entry, leave = (np.vstack([now[:1], now[1:] & ~now[:-1]]) & ready for now in (above, below))
    at = (np.arange(len(close)) + 1) * MINUTES
    inside = at < len(BARS)
    entries, exits = (np.zeros((len(BARS), len(pairs)), dtype=bool) for _ in range(2))
    entries[at[inside]], exits[at[inside]] = entry[inside], leave[inside]
    columns = {name: BARS[[name]].to_numpy() for name in ("close", "open", "high", "low")}
    portfolio = vbt.Portfolio.from_signals(
        columns["close"], entries, exits, price=columns["open"], open=columns["open"], high=columns["high"],
        low=columns["low"], sl_stop=STOP, size=SHARE, size_type="percent", fees=FEE, init_cash=CASH, freq="1min",
        stop_entry_price="fillprice",
    )  # fmt: skip
    closed = np.atleast_1d(portfolio.trades.closed.count()).tolist()
    return list(zip(closed, np.atleast_1d(portfolio.total_return()).tolist(), strict=True))


def sweep(pairs, cores):
    with get_context("fork").Pool(cores) as pool:
        parts = pool.map(chunk, [pairs[at : at + COLUMNS] for at in range(0, len(pairs), COLUMNS)], chunksize=1)
    return [one for part in parts for one in part]


def measured(pairs, cores):
    wall, before = time.perf_counter(), getrusage(RUSAGE_CHILDREN)
    found = sweep(pairs, cores)
    after = getrusage(RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return found, {"wall_s": time.perf_counter() - wall, "cpu_s": cpu_s, "child_mb": after.ru_maxrss / 1024}


if __name__ == "__main__":
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    BARS = load(sys.argv[1]).iloc[: int(sys.argv[2])]
    PAIRS = [tuple(pair) for pair in json.loads(sys.stdin.readline())]
    if "--once" in sys.argv:
        sweep(PAIRS, int(sys.argv[3]))
        sys.exit()
    chunk(PAIRS[:COLUMNS])  # compiled, or loaded, by then
    FOUND, TIMES = measured(PAIRS, int(sys.argv[3]))
    say(out, {"name": "vectorbt", "version": vbt.__version__, "found": FOUND, **TIMES})
    for _ in sys.stdin:
        say(out, measured(PAIRS, int(sys.argv[3]))[1])
    say(out, {"peak_mb": peak_mb()})
