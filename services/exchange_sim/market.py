"""The truth: one row per minute and symbol, whole numbers in units of 1e-8, as REST and streams will tell it."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple, Protocol

from shared.domain.timeframe import MINUTE_MS

SCALE = 10**8


class Row(NamedTuple):
    """One minute. Prices [1e-8 quote], volume and taker_base [1e-8 base], quote volumes [1e-8 quote]."""

    open_ms: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    quote_volume: int
    trades: int
    taker_base: int
    taker_quote: int
    first_id: int  # id of the first trade; ids join: last + 1 is the next traded minute's first

    @property
    def last_id(self) -> int:
        return self.first_id + self.trades - 1


class Listing(NamedTuple):
    """What exchangeInfo says about a symbol, as decimal text."""

    tick: str
    step: str
    min_notional: str = "1.00000000"
    max_price: str = "1000000.00000000"
    max_quantity: str = "9000.00000000"


class Series(Protocol):
    """Rows of one instrument. A minute without a row is an outage."""

    instrument: str
    listing: Listing
    first_ms: int  # open time of the first row
    last_ms: int | None  # open time of the last row; None: never ends

    def oldest(self, from_ms: int, to_ms: int, limit: int) -> Sequence[Row]:
        """The first `limit` rows with from_ms <= open_ms < to_ms, oldest first."""

    def newest(self, from_ms: int, to_ms: int, limit: int) -> Sequence[Row]:
        """The last `limit` rows with from_ms <= open_ms < to_ms, oldest first."""


class Market(NamedTuple):
    """Series by symbol, and the name of this very data."""

    name: str  # "sim:..."; other data, other name
    seed: int
    series: dict[str, Series]


def symbol_of(instrument: str) -> str:
    """BTC/USDT -> BTCUSDT."""
    return instrument.replace("/", "")


def units(value: float) -> int:
    """A double that stands for a decimal of at most 15 digits, in units of 1e-8; exact up to 8 decimals."""
    if -4e7 < value < 4e7:  # the double is within half a unit of its decimal
        return round(value * SCALE)
    return int((Decimal(repr(value)) * SCALE).to_integral_value())


def row_at(series: Series, open_ms: int) -> Row | None:
    """The row of one minute."""
    return next(iter(series.oldest(open_ms, open_ms + MINUTE_MS, 1)), None)


def traded_before(series: Series, open_ms: int) -> Row | None:
    """The last row before `open_ms` that has a trade."""
    to_ms = open_ms
    while rows := series.newest(series.first_ms, to_ms, 64):
        for row in reversed(rows):
            if row.trades:
                return row
        to_ms = rows[0].open_ms
    return None


def pages(series: Series, from_ms: int, to_ms: int, limit: int = 1440) -> Iterator[Row]:
    """All rows of a range, oldest first."""
    while rows := series.oldest(from_ms, to_ms, limit):
        yield from rows
        from_ms = rows[-1].open_ms + MINUTE_MS
