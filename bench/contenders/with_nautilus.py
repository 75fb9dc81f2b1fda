"""nautilus_trader over one-minute bars, its 15m bars built inside, decisions in a strategy's `on_bar`.

What is set so that trades are those of the others: averages seeded with a mean (its own begin with the first value);
volumes a million times as large, for an order fills at most what a quarter of a bar's volume covers; and a stop that is
placed from the next open, since a market order fills at the close that it was decided by, at the same moment.
"""

from decimal import Decimal

import nautilus_trader
import numpy as np
import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide, OrderType
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy
from protocol import CASH, FAST, FEE, MINUTE_MS, SHARE, SLOW, STOP, serve

VENUE = Venue("SIM")
INSTRUMENT = CurrencyPair(
    instrument_id=InstrumentId(Symbol("BTCUSDT"), VENUE), raw_symbol=Symbol("BTCUSDT"), base_currency=BTC,
    quote_currency=USDT, price_precision=2, size_precision=5, price_increment=Price.from_str("0.01"),
    size_increment=Quantity.from_str("0.00001"), maker_fee=Decimal(str(FEE)), taker_fee=Decimal(str(FEE)), ts_event=0,
    ts_init=0,
)  # fmt: skip
MINUTES = BarType.from_str("BTCUSDT.SIM-1-MINUTE-LAST-EXTERNAL")
QUARTERS = BarType.from_str("BTCUSDT.SIM-15-MINUTE-LAST-INTERNAL@1-MINUTE-EXTERNAL")


class SeededEma:
    def __init__(self, length):
        self.length, self.seen, self.value = length, 0, 0.0
        self.weight = 2.0 / (length + 1.0)

    def step(self, x):
        self.seen += 1
        if self.seen < self.length:
            self.value += x
        elif self.seen == self.length:
            self.value = (self.value + x) / self.length
        else:
            self.value += (x - self.value) * self.weight


class Cross(Strategy):
    def __init__(self, opens, first_ms):
        super().__init__()
        self.opens, self.first_ms = opens, first_ms
        self.fast, self.slow = SeededEma(FAST), SeededEma(SLOW)
        self.was_above = self.was_below = self.is_ready = False
        self.quantity, self.stop_order, self.entry_ms = None, None, 0
        self.trades = []

    def on_start(self):
        self.subscribe_bars(QUARTERS)

    def on_bar(self, bar):
        close = bar.close.as_double()
        self.fast.step(close)
        self.slow.step(close)
        if self.slow.seen < SLOW:
            return
        above, below = self.fast.value > self.slow.value, self.fast.value < self.slow.value
        if self.is_ready:
            if self.quantity is None:
                if above and not self.was_above:
                    self.enter(close)
            elif below and not self.was_below:
                self.cancel_order(self.stop_order)
                self.submit_order(self.order_factory.market(INSTRUMENT.id, OrderSide.SELL, self.quantity))
        self.is_ready, self.was_above, self.was_below = True, above, below

    def enter(self, close):
        cash = self.portfolio.account(VENUE).balance_free(USDT).as_double()
        quantity = INSTRUMENT.make_qty(SHARE * cash / close)
        self.submit_order(self.order_factory.market(INSTRUMENT.id, OrderSide.BUY, quantity))

    def on_order_filled(self, event):
        ts_ms = event.ts_event // 1_000_000
        order = self.cache.order(event.client_order_id)
        if not order.is_closed:
            raise RuntimeError(f"a part of an order filled at {ts_ms}")
        if event.order_side == OrderSide.BUY:
            self.quantity, self.entry_ms = order.quantity, ts_ms
            trigger = self.opens[(ts_ms - self.first_ms) // MINUTE_MS] * (1.0 - STOP)
            self.stop_order = self.order_factory.stop_market(
                INSTRUMENT.id, OrderSide.SELL, self.quantity, INSTRUMENT.make_price(trigger)
            )
            self.submit_order(self.stop_order)
        else:  # a bar is stamped with its end: what filled inside it filled in the minute before
            inside = MINUTE_MS if event.order_type == OrderType.STOP_MARKET else 0
            self.trades.append((self.entry_ms, ts_ms - inside))
            self.quantity = None


def load(path):
    found = np.load(path)
    index = pd.DatetimeIndex((found["open_ms"] + MINUTE_MS).astype("datetime64[ms]"), tz="UTC").as_unit("ns")
    columns = {name: found[name] for name in ("open", "high", "low", "close")}
    frame = pd.DataFrame({**columns, "volume": found["volume"] * 1e6}, index=index)
    bars = BarDataWrangler(MINUTES, INSTRUMENT).process(frame)
    return bars, found["open"].tolist(), int(found["open_ms"][0])


def run(given):
    bars, opens, first_ms = given
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False))
    engine.add_venue(
        venue=VENUE, oms_type=OmsType.NETTING, account_type=AccountType.CASH, base_currency=None,
        starting_balances=[Money(CASH, USDT)],
    )  # fmt: skip
    engine.add_instrument(INSTRUMENT)
    engine.add_data(bars, validate=False)
    strategy = Cross([*opens, opens[-1]], first_ms)
    engine.add_strategy(strategy)
    engine.run()
    account = engine.portfolio.account(VENUE)
    held = account.balance_total(BTC)
    final = account.balance_total(USDT).as_double() + (held.as_double() * bars[-1].close.as_double() if held else 0.0)
    engine.dispose()
    return strategy.trades, final


if __name__ == "__main__":
    serve("nautilus_trader", nautilus_trader.__version__, load, run)
