"""What the fills add up to: fees, slippage, volume, the position that is open, and how long there was one."""

from dataclasses import dataclass, field

from shared.domain.decision import Fill
from shared.domain.instrument import InstrumentRules
from shared.performance.money import units_per_tick_step


@dataclass(slots=True)
class Book:
    """Accumulates fills in seq order. Start with `Book(rules)`; `step` once per fill."""

    rules: InstrumentRules
    fills: int = 0
    fees: int = 0  # [units] of all fills
    slippage: int = 0  # [units] of all fills: what they cost beyond their references
    volume: int = 0  # [units] notional of all fills
    position: int = 0  # [steps] signed
    opened_ms: int = 0  # of the open position
    entry_quantity: int = 0  # [steps] of the open position's entry fills
    entry_notional: int = 0  # [units]
    position_fees: int = 0  # [units] of the open position's fills so far
    position_slippage: int = 0  # [units]
    closed_slippage: int = 0  # [units] of all fills of the position that was closed last
    exposed_ms: int = 0  # time in the positions that are closed
    _unit: int = field(init=False)

    def __post_init__(self) -> None:
        self._unit = units_per_tick_step(self.rules)

    def step(self, fill: Fill) -> None:
        notional = fill.price * fill.quantity * self._unit
        slippage = abs(fill.price - fill.reference) * fill.quantity * self._unit
        self.fills += 1
        self.fees += fill.fee
        self.slippage += slippage
        self.volume += notional
        if self.position == 0:
            self.opened_ms = fill.ts_ms
            self.entry_quantity = self.entry_notional = self.position_fees = self.position_slippage = 0
        if self.position * fill.side >= 0:
            self.entry_quantity += fill.quantity
            self.entry_notional += notional
        self.position_fees += fill.fee
        self.position_slippage += slippage
        self.position += fill.side * fill.quantity
        if self.position == 0:
            self.closed_slippage = self.position_slippage
            self.exposed_ms += fill.ts_ms - self.opened_ms

    def exposure_ms(self, end_ms: int) -> int:
        """Time in a position until `end_ms`, the open one included."""
        return self.exposed_ms + (end_ms - self.opened_ms if self.position != 0 else 0)
