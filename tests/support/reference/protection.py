"""Equity protection: what a base close triggers, and until when nothing may be entered."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.support.reference.ledger import nearest
from tests.support.reference.strategy_file import decimal_of, duration_ms

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Trigger:
    reason: str  # of the close, and of the entry order that is cancelled
    note: str | None = None
    value: int = 0
    closes: bool = True
    ends: bool = False


class Protection:
    def __init__(self, section: Mapping[str, Any], cash: Decimal, quote_unit: Decimal) -> None:
        self._active = bool(section) and section.get("enabled", True)
        self._unit = quote_unit
        self._cooldown_ms = duration_ms(section.get("cooldown", "24h"))

        self._threshold = decimal_of(section.get("drawdown_threshold", "0.25"))
        self._length = int(section.get("smoothing_window", 1))
        total = section.get("max_drawdown_total")
        self._total = None if total is None else decimal_of(total)
        self._window: list[Decimal] = []
        self._sum = Decimal(0)  # of the window, exact
        self._peak = self._highest = cash
        self._until_ms: int | None = None

        daily = section.get("max_daily_loss")
        self._daily = None if daily is None else decimal_of(daily)
        self._day: int | None = None
        self._day_equity = self._last_equity = cash
        self._day_until_ms: int | None = None

        self._losses_allowed = section.get("max_consecutive_losses")
        self._losses = 0
        self._losses_until_ms: int | None = None

    def suspends(self, close_ms: int) -> bool:
        """ "No entry decided at any close before trigger + cooldown"; "at closes before the next 00:00 UTC"."""
        untils = (self._until_ms, self._day_until_ms, self._losses_until_ms)
        return any(until is not None and close_ms < until for until in untils)

    def trade_ended(self, net: Decimal) -> None:
        """ "trades with net <= 0 in a row, counted as they end"."""
        self._losses = self._losses + 1 if net <= 0 else 0

    def day_begins(self, open_ms: int) -> None:
        """ "day equity = equity at the last base close before this UTC day's first bar; the run's cash on its first
        day"."""
        if open_ms // DAY_MS != self._day:
            self._day = open_ms // DAY_MS
            self._day_equity, self._day_until_ms = self._last_equity, None

    def measure(self, equity: Decimal, close_ms: int) -> list[Trigger]:
        """What this base close triggers, "order at a base close: liquidation, total, drawdown, daily loss,
        consecutive losses"; "a run that is ending triggers nothing more". A note has `reason` "" when nothing else
        happens."""
        self._last_equity = equity
        if equity <= 0:
            return [Trigger("liquidation", ends=True)]
        if not self._active:
            return []
        drawdown = self._drawdown(equity, close_ms)
        if any(trigger.ends for trigger in drawdown):
            return drawdown
        return drawdown + self._daily_loss(equity) + self._consecutive_losses(close_ms)

    def _drawdown(self, equity: Decimal, close_ms: int) -> list[Trigger]:
        smoothed = self._smoothed(equity)
        self._highest = max(self._highest, smoothed)
        if self._until_ms is not None:
            if close_ms < self._until_ms:
                return []
            self._peak, self._window, self._sum, self._until_ms = smoothed, [], Decimal(0), None
            return [Trigger("", note="resumed", value=int(smoothed / self._unit), closes=False)]
        self._peak = max(self._peak, smoothed)
        if self._total is not None and self._highest - smoothed >= self._total * self._highest:
            return [Trigger("protection", ends=True)]
        if self._peak - smoothed >= self._threshold * self._peak:
            self._until_ms = close_ms + self._cooldown_ms
            return [Trigger("protection", note="suspended", value=self._until_ms)]
        return []

    def _smoothed(self, equity: Decimal) -> Decimal:
        """ "E is the mean of the window's equities, half to even to the quote unit"."""
        self._window.append(equity)
        self._sum += equity
        if len(self._window) > self._length:
            self._sum -= self._window.pop(0)
        return nearest(Fraction(self._sum) / len(self._window), self._unit)

    def _daily_loss(self, equity: Decimal) -> list[Trigger]:
        """ "At a base close with day equity - equity >= d x day equity: close, note, and no entry at closes before the
        next 00:00 UTC; once a day"."""
        if self._daily is None or self._day is None or self._day_until_ms is not None:
            return []
        if self._day_equity - equity < self._daily * self._day_equity:
            return []
        self._day_until_ms = (self._day + 1) * DAY_MS
        return [Trigger("daily_loss", note="daily_loss", value=self._day_until_ms)]

    def _consecutive_losses(self, close_ms: int) -> list[Trigger]:
        """ "At a base close with count >= n: note, no entry at closes before it + cooldown; nothing is closed. At the
        first base close at or after that the count is 0 again, and nothing triggers there"."""
        if self._losses_allowed is None:
            return []
        if self._losses_until_ms is not None:
            if close_ms >= self._losses_until_ms:
                self._losses, self._losses_until_ms = 0, None
            return []
        if self._losses < int(self._losses_allowed):
            return []
        self._losses_until_ms = close_ms + self._cooldown_ms
        reason = "consecutive_losses"
        return [Trigger(reason, note=reason, value=self._losses_until_ms, closes=False)]
