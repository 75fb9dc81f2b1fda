"""Trading rules to fall back on where exchangeInfo was never read: a file backtest, a first start without network.

Rules change (in 2021 BTC/USDT had step 0.000001 and minimum notional 10); ingest captures the exchange's own with their
time, and every run pins what it was created with.
"""

from decimal import Decimal

from shared.domain.errors import InputError
from shared.domain.instrument import InstrumentRules, parse_instrument

# instrument: tick size, lot step (= minimum quantity), minimum notional
_SHIPPED: dict[str, tuple[str, str, str]] = {
    "BTC/USDT": ("0.01", "0.00001", "1"),  # captured 2026-09-27
    "BTC/USD": ("0.01", "0.00001", "1"),  # captured 2026-09-27
    "BTC/USDC": ("0.01", "0.00001", "1"),
    "ETH/USDT": ("0.01", "0.0001", "1"),
    "ETH/USD": ("0.01", "0.0001", "1"),
    "ETH/USDC": ("0.01", "0.0001", "1"),
    "ETH/BTC": ("0.00001", "0.0001", "0.0001"),
    "SOL/USDT": ("0.01", "0.001", "1"),
    "SOL/USD": ("0.01", "0.001", "1"),
    "BNB/USDT": ("0.01", "0.001", "1"),
    "XRP/USDT": ("0.0001", "0.1", "1"),
    "ADA/USDT": ("0.0001", "0.1", "1"),
    "DOGE/USDT": ("0.00001", "1", "1"),
    "LTC/USDT": ("0.01", "0.001", "1"),
    "LINK/USDT": ("0.001", "0.01", "1"),
    "AVAX/USDT": ("0.01", "0.01", "1"),
}


def shipped_rules(instrument: str) -> InstrumentRules:
    """Rules of a well-known instrument. Raises InputError for any other."""
    name = parse_instrument(instrument)
    if name not in _SHIPPED:
        raise InputError("rules", f"rules are shipped for {', '.join(_SHIPPED)}; others need a rules file", name)
    tick, step, notional = _SHIPPED[name]
    return InstrumentRules(name, Decimal(tick), Decimal(step), Decimal(step), Decimal(notional))
