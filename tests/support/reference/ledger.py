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

    def rate(self, liquidity: str) -> Decimal:
        return self.taker if liquidity == "taker" else self.maker

    def fee(self, notional: Decimal, liquidity: str, unit: Decimal) -> Decimal:
        return nearest(notional * self.rate(liquidity), unit)


@dataclass(slots=True)
class Position:
    """From entry to flat. `quantity` is what is still open; entries and exits are sums over the fills so far."""

    side: int  # +1 long, -1 short
    entry_ms: int  # of the first part
    first_price: Decimal  # of the first part
    inside_bar: bool  # entered inside the bar that is being folded
    quantity: Decimal = Decimal(0)
    entry_quantity: Decimal = Decimal(0)
    entry_notional: Decimal = Decimal(0)
    exit_notional: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    first_stop: Decimal | None = None
    bars_held: int = 0
    seen: list[Decimal] = field(default_factory=list)  # lowest and highest price of the bars so far that count
    exits_of_this_bar: list[Decimal] = field(default_factory=list)

    def open_part(self, quantity: Decimal, price: Decimal, fee: Decimal) -> None:
        self.quantity += quantity
        self.entry_quantity += quantity
        self.entry_notional += quantity * price
        self.fees += fee

    def close_part(self, quantity: Decimal, price: Decimal, fee: Decimal) -> None:
        self.quantity -= quantity
        self.exit_notional += quantity * price
        self.fees += fee
        self.exits_of_this_bar.append(price)

    @property
    def average(self) -> Fraction:
        return Fraction(self.entry_notional) / Fraction(self.entry_quantity)

    def entry_price(self, tick: Decimal) -> Decimal:
        """ "entry price = notional / quantity to the nearest tick, ties to even" ("one fill: exactly its price")."""
        return nearest(self.average, tick)

    def live_through(self, low: Decimal, high: Decimal, close: Decimal) -> None:
        """A bar has ended and the position is still open. "Entered at an open: that whole bar counts; inside a bar:
        only its close"."""
        if self.inside_bar:
            low = high = close
        self.seen = [min([*self.seen, low]), max([*self.seen, high])]
        self.exits_of_this_bar = []
        self.inside_bar = False

    @property
    def best(self) -> Decimal:
        """ "best = the most favourable price that counts (highs, lows; ...; the fill price at first)"."""
        prices = [self.first_price, *self.seen]
        return max(prices) if self.side > 0 else min(prices)

    def trade(self, instrument: Instrument, exit_ms: int, reason: str) -> dict[str, object]:
        """The round trip, once nothing is open any more."""
        gross = self.side * (self.exit_notional - self.entry_notional)
        net = gross - self.fees
        entry = self.average
        counting = [self.first_price, *self.seen, *self.exits_of_this_bar]
        moves = [self.side * (Fraction(price) - entry) / entry for price in counting]
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

    @property
    def net(self) -> Decimal:
        """Of a trade that has ended."""
        return self.side * (self.exit_notional - self.entry_notional) - self.fees


def affordable(cash: Decimal, price: Decimal, liquidity: str, costs: Costs, instrument: Instrument) -> Decimal:
    """ "The most lots for which price x quantity + fee <= cash", with "the fee rate of the fill"."""

    def paid(lots: int) -> Decimal:
        notional = price * lots * instrument.step
        return notional + costs.fee(notional, liquidity, instrument.quote_unit)

    lots = max(0, floor(Fraction(cash) / Fraction(price * (1 + costs.rate(liquidity)) * instrument.step)))
    while paid(lots + 1) <= cash:
        lots += 1
    while lots > 0 and paid(lots) > cash:
        lots -= 1
    return lots * instrument.step
