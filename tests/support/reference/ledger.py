"""Money as exact decimals: where a number lands on its grid, what a fill costs, what a position is worth.

Rule: nothing here is ever rounded silently. Sums and products of decimals are exact (the context traps
`Inexact`); a quotient is a `Fraction` until one named rounding puts it on a grid.
"""

from dataclasses import dataclass, field
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from fractions import Fraction
from math import ceil, floor

EXACT = Context(prec=120, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])

Exact = Decimal | Fraction | int


def to_e8(value: float) -> Fraction:
    """A float as money: the nearest whole 1e-8, ties to even."""
    return Fraction(round(value * 1e8), 10**8)


def nearest(value: Exact, unit: Decimal) -> Decimal:
    """`value` on the grid of `unit`, ties to even."""
    return round(Fraction(value) / Fraction(unit)) * unit


def down(value: Exact, unit: Decimal) -> Decimal:
    return floor(Fraction(value) / Fraction(unit)) * unit


def up(value: Exact, unit: Decimal) -> Decimal:
    return ceil(Fraction(value) / Fraction(unit)) * unit


def decimals(value: Decimal) -> int:
    """Decimals that the value needs: 2 for 0.01 and for 0.0100, 0 for 10."""
    return max(0, -int(value.normalize().as_tuple().exponent))


@dataclass(frozen=True, slots=True)
class Instrument:
    tick: Decimal  # [quote]
    step: Decimal  # [base]
    min_quantity: Decimal  # [base]
    min_notional: Decimal  # [quote]

    @property
    def quote_decimals(self) -> int:
        return max(8, decimals(self.tick) + decimals(self.step))

    @property
    def quote_unit(self) -> Decimal:
        return Decimal(1).scaleb(-self.quote_decimals)

    def price(self, value: float) -> Decimal:
        """The one way from a float to a price: 1e-8 first, then the nearest tick, ties to even both times."""
        return nearest(to_e8(value), self.tick)

    def price_text(self, value: Decimal) -> str:
        return f"{value:.{decimals(self.tick)}f}"

    def quantity_text(self, value: Decimal) -> str:
        return f"{value:.{decimals(self.step)}f}"

    def quote_text(self, value: Decimal) -> str:
        return f"{value + 0:.{self.quote_decimals}f}"  # + 0: a zero has no sign


@dataclass(frozen=True, slots=True)
class Costs:
    taken: Decimal  # slippage + half spread, a fraction of the price
    maker: Decimal  # commission, a fraction of the notional
    taker: Decimal

    def taken_price(self, reference: Decimal, side: int, tick: Decimal) -> Decimal:
        """Price of a fill that takes liquidity: worse by the costs, rounded to the tick against the taker."""
        return up(reference * (1 + self.taken), tick) if side > 0 else down(reference * (1 - self.taken), tick)

    def fee(self, notional: Decimal, liquidity: str, unit: Decimal) -> Decimal:
        return nearest(notional * (self.taker if liquidity == "taker" else self.maker), unit)


@dataclass(frozen=True, slots=True)
class Rung:
    number: int  # position in the file, from 1
    price: Decimal
    quantity: Decimal


@dataclass(slots=True)
class Position:
    """From entry to flat. `quantity` is what is still open; entries and exits are sums over the fills so far."""

    side: int  # +1 long, -1 short
    quantity: Decimal
    entry_ms: int
    entry_price: Decimal
    fees: Decimal
    stop: Decimal | None
    target: Decimal | None
    rungs: list[Rung]
    entry_quantity: Decimal = field(init=False)
    entry_notional: Decimal = field(init=False)
    first_stop: Decimal | None = field(init=False)
    exit_notional: Decimal = Decimal(0)
    bars_held: int = 0
    seen: list[Decimal] = field(default_factory=list)  # lowest low and highest high of the whole bars so far
    exits_of_this_bar: list[Decimal] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.entry_quantity = self.quantity
        self.entry_notional = self.quantity * self.entry_price
        self.first_stop = self.stop

    def close_part(self, quantity: Decimal, price: Decimal, fee: Decimal) -> None:
        self.quantity -= quantity
        self.exit_notional += quantity * price
        self.fees += fee
        self.exits_of_this_bar.append(price)

    def live_through(self, low: Decimal, high: Decimal) -> None:
        """A bar has ended and the position is still open: its extremes count, its fills are inside them."""
        self.seen = [min([*self.seen, low]), max([*self.seen, high])]
        self.exits_of_this_bar = []

    def trade(self, instrument: Instrument, exit_ms: int, reason: str) -> dict[str, object]:
        """The round trip, once nothing is open any more."""
        gross = self.side * (self.exit_notional - self.entry_notional)
        net = gross - self.fees
        entry = Fraction(self.entry_notional) / Fraction(self.entry_quantity)
        moves = [self.side * (Fraction(price) - entry) / entry for price in self.seen + self.exits_of_this_bar]
        unit = instrument.quote_unit
        exit_price = Fraction(self.exit_notional) / Fraction(self.entry_quantity)
        return {
            "side": "long" if self.side > 0 else "short",
            "entry_ms": self.entry_ms,
            "exit_ms": exit_ms,
            "quantity": instrument.quantity_text(self.entry_quantity),
            "entry_price": instrument.quote_text(nearest(entry, unit)),
            "exit_price": instrument.quote_text(nearest(exit_price, unit)),
            "gross_quote": instrument.quote_text(gross),
            "fees_quote": instrument.quote_text(self.fees),
            "net_quote": instrument.quote_text(net),
            "return_ratio": float(Fraction(net) / Fraction(self.entry_notional)),
            "mae_ratio": float(min([Fraction(0), *moves])),
            "mfe_ratio": float(max([Fraction(0), *moves])),
            "exit_reason": reason,
        }


def affordable(cash: Decimal, price: Decimal, costs: Costs, instrument: Instrument) -> Decimal:
    """The largest quantity for which price x quantity + taker fee <= cash."""

    def paid(lots: int) -> Decimal:
        notional = price * lots * instrument.step
        return notional + costs.fee(notional, "taker", instrument.quote_unit)

    lots = max(0, floor(Fraction(cash) / Fraction(price * (1 + costs.taker) * instrument.step)))
    while paid(lots + 1) <= cash:
        lots += 1
    while lots > 0 and paid(lots) > cash:
        lots -= 1
    return lots * instrument.step
