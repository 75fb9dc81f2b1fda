"""The till: cash, what a fill costs, and how many lots the bar still has."""

from decimal import Decimal

from tests.support.reference.ledger import Costs, Instrument, affordable
from tests.support.reference.minute import Minute
from tests.support.reference.orders import Journal, Order


class Till:
    def __init__(self, instrument: Instrument, costs: Costs, journal: Journal, cash: Decimal) -> None:
        self._instrument, self._costs, self._journal = instrument, costs, journal
        self.cash = cash
        self.filled_in_bar = False
        self._left_in_bar: Decimal | None = None  # quantity that may still fill; None: any

    def bar_begins(self, minute: Minute) -> None:
        self.filled_in_bar = False
        self._left_in_bar = minute.most

    @property
    def is_empty(self) -> bool:
        return self._left_in_bar == 0

    def lots(self, wanted: Decimal) -> Decimal:
        """What of it the bar still has, taken out of the bar."""
        quantity = wanted if self._left_in_bar is None else min(wanted, self._left_in_bar)
        if self._left_in_bar is not None:
            self._left_in_bar -= quantity
        return quantity

    def price(self, reference: Decimal, side: int, liquidity: str) -> Decimal:
        """ "The price before slippage and half-spread" is the reference; "a maker's is its price"."""
        return reference if liquidity == "maker" else self._costs.taken_price(reference, side, self._instrument.tick)

    def covers(self, wanted: Decimal, price: Decimal, liquidity: str) -> Decimal:
        """ "Lowered to the most lots for which price x quantity + fee <= cash"."""
        if price == 0:
            return wanted
        return min(wanted, affordable(self.cash, price, liquidity, self._costs, self._instrument))

    def fill(
        self,
        order: Order,
        minute: Minute,
        quantity: Decimal,
        price: Decimal,
        reference: Decimal,
        liquidity: str,
        ts_ms: int,
    ) -> Decimal:
        """Move the cash, write the row; the fee."""
        notional = price * quantity
        fee = self._costs.fee(notional, liquidity, self._instrument.quote_unit)
        self.cash -= order.side * notional + fee
        self.filled_in_bar = True
        self._journal.fill(order, ts_ms, quantity, price, reference, fee, liquidity, not minute.traded)
        return fee
