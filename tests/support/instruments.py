"""The instrument that most tests trade."""

from decimal import Decimal

from shared.domain.instrument import InstrumentRules

RULES = InstrumentRules("BTC/USDT", Decimal("0.01"), Decimal("0.00001"), Decimal("0.00001"), Decimal(10))
