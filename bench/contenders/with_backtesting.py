"""backtesting.py with its signals computed beforehand on whole columns, which is its best case.

A stop of a share below the fill is given with the order, that is before the fill is known: the next open is looked up.
"""

import warnings

import backtesting
import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy
from protocol import CASH, FAST, FEE, SHARE, SLOW, STOP, serve

backtesting.backtesting._tqdm = lambda iterable, **_: iterable  # no bar on a terminal that nobody reads
warnings.filterwarnings("ignore", message="Some prices are larger")


def load(path):
    found = np.load(path)
    index = pd.DatetimeIndex(found["open_ms"].astype("datetime64[ms]"))
    columns = {name.capitalize(): found[name] for name in ("open", "high", "low", "close", "volume")}
    return pd.DataFrame(columns, index=index)


def seeded_ema(close, length):
    """pandas seeds an average with the first value; TA-Lib and Paperfold with the mean of the first `length`."""
    values = close.to_numpy().copy()
    values[length - 1] = values[:length].mean()
    values[: length - 1] = np.nan
    return pd.Series(values, close.index).ewm(span=length, adjust=False).mean()


def signals(bars):
    """Flags of the minute that ends a 15m bar, whose close decides."""
    close = bars["Close"].resample("15min").last()
    quick, steady = seeded_ema(close, FAST), seeded_ema(close, SLOW)
    above, below = quick > steady, quick < steady
    entry = above & ~above.shift(1, fill_value=True)
    leave = below & ~below.shift(1, fill_value=True)
    entry.iloc[:SLOW] = leave.iloc[:SLOW] = False
    at = close.index + pd.Timedelta("14min")
    return [
        pd.Series(flags.to_numpy(), index=at).reindex(bars.index, fill_value=False).to_list()
        for flags in (entry, leave)
    ]


class Cross(Strategy):
    bars = None

    def init(self):
        self.at = 0
        self.entry, self.leave = signals(self.bars)
        self.stops = (np.append(self.bars["Open"].to_numpy()[1:], np.nan) * (1.0 - STOP)).tolist()

    def next(self):
        self.at += 1  # the first call is for the second bar
        if self.entry[self.at] and not self.position:
            self.buy(size=SHARE, sl=self.stops[self.at])
        elif self.leave[self.at] and self.position:
            self.position.close()


def run(bars):
    Cross.bars = bars
    found = Backtest(bars, Cross, cash=CASH, commission=FEE).run()
    trades = found["_trades"]
    entered, left = (trades[name].to_numpy().astype("datetime64[ms]").astype(np.int64).tolist()
                     for name in ("EntryTime", "ExitTime"))  # fmt: skip
    return list(zip(entered, left, strict=True)), float(found["Equity Final [$]"])


if __name__ == "__main__":
    serve("backtesting.py", backtesting.__version__, load, run)
