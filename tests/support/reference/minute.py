"""A base bar as money: prices on the tick."""

from dataclasses import dataclass
from decimal import Decimal

from tests.support.reference.frames import MINUTE_MS


@dataclass(frozen=True, slots=True)
class Minute:
    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    traded: bool
    most: Decimal | None  # quantity of the run that may fill in it; None: any

    @property
    def close_ms(self) -> int:
        return self.open_ms + MINUTE_MS - 1
