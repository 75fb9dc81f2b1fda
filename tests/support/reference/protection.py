"""Equity protection: smoothed equity against its peak, at every base close."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from tests.support.reference.ledger import nearest
from tests.support.reference.strategy_file import decimal_of, duration_ms


class Protection:
    def __init__(self, section: Mapping[str, Any], cash: Decimal, quote_unit: Decimal) -> None:
        self._active = bool(section) and section.get("enabled", True)
        self._threshold = decimal_of(section.get("drawdown_threshold", "0.25"))
        self._length = int(section.get("smoothing_window", 1))
        self._cooldown_ms = duration_ms(section.get("cooldown", "24h"))
        total = section.get("max_drawdown_total")
        self._total = None if total is None else decimal_of(total)
        self._unit = quote_unit
        self._window: list[Decimal] = []
        self._sum = Decimal(0)  # of the window, exact
        self._peak = self._highest = cash
        self._until_ms: int | None = None

    def suspends(self, close_ms: int) -> bool:
        """No entry is decided at a close before the trigger's close + cooldown."""
        return self._until_ms is not None and close_ms < self._until_ms

    def measure(self, equity: Decimal, close_ms: int) -> Literal["drawdown", "total"] | None:
        """What this base close triggers."""
        if not self._active:
            return None
        smoothed = self._smoothed(equity)
        self._highest = max(self._highest, smoothed)
        if self._until_ms is not None:
            if close_ms >= self._until_ms:
                self._peak, self._window, self._sum, self._until_ms = smoothed, [], Decimal(0), None
            return None
        self._peak = max(self._peak, smoothed)
        if self._total is not None and self._highest - smoothed >= self._total * self._highest:
            return "total"
        if self._peak - smoothed >= self._threshold * self._peak:
            self._until_ms = close_ms + self._cooldown_ms
            return "drawdown"
        return None

    def _smoothed(self, equity: Decimal) -> Decimal:
        self._window.append(equity)
        self._sum += equity
        if len(self._window) > self._length:
            self._sum -= self._window.pop(0)
        return nearest(Fraction(self._sum) / len(self._window), self._unit)
