"""vectorbt as it is meant to be used: whole columns, signals, one simulation.

Its bars carry no timezone, which is its best case: with one, boxing it takes two hundred times as long as the rest.
VBT_ENGINE chooses between its two engines, `rust` where that is installed.
"""

import os

import numpy as np
import pandas as pd
import vectorbt as vbt
from protocol import CASH, FAST, FEE, SHARE, SLOW, STOP, serve

vbt.settings["engine"] = os.environ.get("VBT_ENGINE", "auto")


def load(path):
    found = np.load(path)
    index = pd.DatetimeIndex(found["open_ms"].astype("datetime64[ms]"))
    assert index.tz is None
    return pd.DataFrame({name: found[name] for name in ("open", "high", "low", "close")}, index=index)


def seeded_ema(close, length):
    """pandas seeds an average with the first value; TA-Lib and Paperfold with the mean of the first `length`."""
    values = close.to_numpy().copy()
    values[length - 1] = values[:length].mean()
    values[: length - 1] = np.nan
    return pd.Series(values, close.index).ewm(span=length, adjust=False).mean()


def signals(bars, fast=FAST, slow=SLOW):
    """Entries and exits as flags of every minute: decided with a 15m close, acted on at the next minute's open."""
    close = bars["close"].resample("15min").last()
    quick, steady = seeded_ema(close, fast), seeded_ema(close, slow)
    above, below = quick > steady, quick < steady
    entry = above & ~above.shift(1, fill_value=True)
    leave = below & ~below.shift(1, fill_value=True)
    entry.iloc[:slow] = leave.iloc[:slow] = False  # a cross needs a close before at which both are ready
    at = close.index + pd.Timedelta("15min")
    return (pd.Series(flags.to_numpy(), index=at).reindex(bars.index, fill_value=False) for flags in (entry, leave))


def simulated(bars, entries, exits):
    return vbt.Portfolio.from_signals(
        bars["close"], entries, exits, price=bars["open"], open=bars["open"], high=bars["high"], low=bars["low"],
        sl_stop=STOP, size=SHARE, size_type="percent", fees=FEE, init_cash=CASH, freq="1min",
        stop_entry_price="fillprice",
    )  # fmt: skip


def run(bars):
    portfolio = simulated(bars, *signals(bars))
    value = portfolio.value()
    found = portfolio.trades.records
    closed = found[found["status"] == 1]
    times = bars.index.to_numpy().astype("datetime64[ms]").astype(np.int64)
    entered, left = (times[closed[name].to_numpy()].tolist() for name in ("entry_idx", "exit_idx"))
    return list(zip(entered, left, strict=True)), float(value.iloc[-1])


if __name__ == "__main__":
    serve("vectorbt", f"{vbt.__version__} {vbt.settings['engine']}", load, run)
