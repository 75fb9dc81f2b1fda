"""What is traded, and the numbers that its venue and our cost model pin for a run."""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from shared.domain.errors import InputError

QUOTES = ("USDT", "USDC", "BUSD", "TUSD", "FDUSD", "USD", "BTC", "ETH", "BNB", "EUR")
_PAIR = re.compile(r"^([A-Z0-9]{1,20})[/-]([A-Z0-9]{2,10})$")
_JOINED = re.compile(rf"^([A-Z0-9]{{2,20}}?)({'|'.join(QUOTES)})$")


def parse_instrument(text: str) -> str:
    """One spelling, `BTC/USDT`, of BTC/USDT, BTC-USDT or BTCUSDT in any case. Raises InputError."""
    name = text.strip().upper()
    match = _PAIR.match(name) or _JOINED.match(name)
    if match is None:
        raise InputError("instrument", "BASE/QUOTE such as BTC/USDT", text)
    return f"{match[1]}/{match[2]}"


@lru_cache(maxsize=256)  # asked of the same few steps for every number that is written
def decimals(number: Decimal) -> int:
    """Digits after the point once trailing zeros are gone: 0.0100 -> 2, 10 -> 0."""
    return max(0, -int(number.normalize().as_tuple().exponent))


@dataclass(frozen=True, slots=True)
class InstrumentRules:
    """Trading rules of one instrument, as captured from the venue; a run pins one of these when it is created."""

    instrument: str
    tick_size: Decimal  # [quote] smallest price step
    lot_step: Decimal  # [base] smallest quantity step
    min_quantity: Decimal  # [base]
    min_notional: Decimal  # [quote]
    source: str = "shipped"  # shipped | exchange-info | file
    captured_ms: int = 0  # when the venue said so; 0 for the shipped table
    quote_decimals: int = field(init=False, repr=False, compare=False)  # price x quantity is a whole number of units

    def __post_init__(self) -> None:
        for name in ("tick_size", "lot_step"):
            value = getattr(self, name)
            if not (value > 0 and decimals(value) <= 8):
                raise InputError(f"rules of {self.instrument}", f"{name} > 0 with at most 8 decimals", value)
        if self.min_quantity < 0 or self.min_notional < 0:
            raise InputError(f"rules of {self.instrument}", "minimums >= 0", f"{self.min_quantity} {self.min_notional}")
        object.__setattr__(self, "quote_decimals", max(8, self.price_decimals + self.quantity_decimals))

    @property
    def price_decimals(self) -> int:
        return decimals(self.tick_size)

    @property
    def quantity_decimals(self) -> int:
        return decimals(self.lot_step)

    def price_text(self, ticks: int) -> str:
        """Ticks as decimal text with the tick's decimals."""
        return f"{ticks * self.tick_size:.{self.price_decimals}f}"

    def quantity_text(self, steps: int) -> str:
        """Lot steps as decimal text with the step's decimals."""
        return f"{steps * self.lot_step:.{self.quantity_decimals}f}"

    def quote_text(self, units: int) -> str:
        """Quote units as decimal text with full decimals."""
        places = self.quote_decimals
        digits = f"{abs(units):0{places + 1}d}"
        return f"{'-' if units < 0 else ''}{digits[:-places]}.{digits[-places:]}"


@dataclass(frozen=True, slots=True)
class Costs:
    """Rates of the fill model, in ppm (1e-6) of notional or price."""

    maker_ppm: int
    taker_ppm: int
    slippage_ppm: int
    half_spread_ppm: int
