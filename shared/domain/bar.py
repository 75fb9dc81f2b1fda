"""Bars: one closed minute of one instrument, as recorded, and columns of them for folds."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from shared.domain.errors import InputError
from shared.domain.timeframe import MINUTE_MS

# float64 holds every decimal of up to 15 significant digits: text -> float -> text gives the same number
MAX_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Bar:
    """One closed base bar. Prices in quote, volumes in base; times are UTC epoch milliseconds."""

    open_ms: int  # first millisecond covered; a multiple of 60 000
    open: float
    high: float
    low: float
    close: float
    volume: float  # [base] >= 0; 0 in a minute without trades
    quote_volume: Decimal | None = None
    trades: int | None = None
    taker_buy_base: Decimal | None = None
    taker_buy_quote: Decimal | None = None

    def __post_init__(self) -> None:
        place = f"bar @{self.open_ms}"
        if self.open_ms % MINUTE_MS != 0:
            raise InputError(place, "open time is a whole minute", self.open_ms % MINUTE_MS)
        if not 0.0 < self.low <= min(self.open, self.close) <= max(self.open, self.close) <= self.high < 1e10:
            found = f"open {self.open} high {self.high} low {self.low} close {self.close}"
            raise InputError(place, "0 < low <= open, close <= high < 1e10", found)
        if not 0.0 <= self.volume < 1e12:
            raise InputError(place, "0 <= volume < 1e12", self.volume)

    @property
    def close_ms(self) -> int:
        """Last millisecond covered."""
        return self.open_ms + MINUTE_MS - 1


class Bars(NamedTuple):
    """Columns of base bars, oldest first, equal lengths; open_ms strictly rising, gaps allowed."""

    open_ms: Sequence[int]
    open: Sequence[float]
    high: Sequence[float]
    low: Sequence[float]
    close: Sequence[float]
    volume: Sequence[float]


def exact_float(text: str, place: str) -> float:
    """A decimal text as the float64 that stands for it without loss. Raises InputError beyond 15 significant digits."""
    try:
        number = Decimal(text)
    except ArithmeticError:
        raise InputError(place, "a decimal number", text) from None
    if not number.is_finite():
        raise InputError(place, "a finite number", text)
    if len(number.normalize().as_tuple().digits) > MAX_DIGITS:
        raise InputError(place, f"at most {MAX_DIGITS} significant digits", text)
    return float(number)


def decimal_text(value: float) -> str:
    """The shortest plain decimal that reads back as `value`: the recorded text, for a float made by exact_float."""
    return format(Decimal(repr(value)), "f")
