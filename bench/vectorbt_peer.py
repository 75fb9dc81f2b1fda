"""vectorbt as it is meant to be used, in its own interpreter: `python vectorbt_peer.py BARS.npz [--once]`.

Without --once: loads the bars, runs once to compile, then runs once for every line it is given and answers with one
line of JSON each. With --once: one run and out, as a person's script. Stands alone: nothing of ours is imported here.
Its index carries no timezone, which is its best case: with one, boxing it takes two hundred times as long as the rest.
"""

import json
import sys
import time

STARTED = time.perf_counter()

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import vectorbt as vbt  # noqa: E402


def load(path):
    found = np.load(path)
    index = pd.DatetimeIndex(found["open_ms"].astype("datetime64[ms]"))
    assert index.tz is None
    return pd.DataFrame({name: found[name] for name in ("open", "high", "low", "close")}, index=index)


def run(bars):
    """EMA 20/50 cross on 15m, long only, 95 % of equity, next open, 0.1 % fee, 2 % stop on every minute."""
    close = bars["close"].resample("15min").last()
    fast = close.ewm(span=20, adjust=False).mean()
    slow = close.ewm(span=50, adjust=False).mean()
    above, below = fast > slow, fast < slow
    entry = above & ~above.shift(1, fill_value=True)
    leave = below & ~below.shift(1, fill_value=True)
    entry.iloc[:50] = False
    at = close.index + pd.Timedelta("15min")  # the next minute's open
    entries = pd.Series(entry.to_numpy(), index=at).reindex(bars.index, fill_value=False)
    exits = pd.Series(leave.to_numpy(), index=at).reindex(bars.index, fill_value=False)
    portfolio = vbt.Portfolio.from_signals(
        bars["close"], entries, exits, price=bars["open"], open=bars["open"], high=bars["high"], low=bars["low"],
        sl_stop=0.02, size=0.95, size_type="percent", fees=0.001, init_cash=10_000_000.0, freq="1min",
        stop_entry_price="fillprice",
    )  # fmt: skip
    value = portfolio.value()
    return int(portfolio.trades.count()), float(value.iloc[-1])


def measured(bars):
    wall, cpu = time.perf_counter(), time.process_time()
    trades, final = run(bars)
    return {
        "cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall, "trades": trades, "final": final,
    }  # fmt: skip


def main():
    bars = load(sys.argv[1])
    first = measured(bars) | {"since_start_s": time.perf_counter() - STARTED, "version": vbt.__version__}
    print(json.dumps(first), flush=True)
    if "--once" in sys.argv:
        return
    for _ in sys.stdin:
        print(json.dumps(measured(bars)), flush=True)


main()
