"""How much we may ask: request weight per minute of exchange time, and bans. Pure: times come in.

Limits are read from exchangeInfo; the exchange's own count comes with each answer and includes whoever else shares our
address, so the higher of the two counts holds.
"""

import re
from collections.abc import Iterable, Mapping

from shared.domain.timeframe import MINUTE_MS, ceil_ms, floor_ms
from shared.exchange.normalise import RateLimit

# until exchangeInfo has spoken: the lowest limit that Binance US ever had
CAUTIOUS_LIMIT = 1_200
_USED = re.compile(r"^x-mbx-used-weight(-1m)?$", re.IGNORECASE)
_BANNED_UNTIL = re.compile(r"banned until (\d{13})")


class WeightBudget:
    """Weight spent in the current window, and until when we are told to be quiet."""

    def __init__(self) -> None:
        self.limit = CAUTIOUS_LIMIT
        self.window_ms = MINUTE_MS
        self.quiet_until_ms = 0
        self._window = 0
        self._used = 0

    def learn(self, limits: Iterable[RateLimit]) -> None:
        """Take the limits that exchangeInfo states."""
        for limit in limits:
            if limit.kind == "REQUEST_WEIGHT" and limit.limit > 0:
                self.limit, self.window_ms = limit.limit, limit.window_ms

    def used(self, now_ms: int) -> int:
        """Weight spent in the window of `now_ms`."""
        self._roll(now_ms)
        return self._used

    def wait_until_ms(self, weight: int, now_ms: int, share: float) -> int:
        """When `weight` may be spent by someone who may fill `share` of the limit: `now_ms`, or a later time."""
        if now_ms < self.quiet_until_ms:
            return self.quiet_until_ms
        if self.used(now_ms) + weight > self.limit * share:
            return ceil_ms(now_ms + 1, self.window_ms)
        return now_ms

    def spend(self, weight: int, now_ms: int) -> None:
        self._roll(now_ms)
        self._used += weight

    def note_headers(self, headers: Mapping[str, str], now_ms: int) -> None:
        """Take the exchange's own count, however it spells the header's name."""
        self._roll(now_ms)
        for name, value in headers.items():
            if _USED.match(name) and value.strip().isdecimal():
                self._used = max(self._used, int(value))

    def note_refusal(self, retry_after: str | None, text: str, now_ms: int) -> None:
        """429 or 418: be quiet as long as the exchange says, or until the next window when it does not say."""
        until = ceil_ms(now_ms + 1, self.window_ms)
        if retry_after is not None and retry_after.strip().isdecimal():
            until = now_ms + 1_000 * int(retry_after)
        if banned := _BANNED_UNTIL.search(text):
            until = max(until, int(banned[1]))
        self.quiet_until_ms = max(self.quiet_until_ms, until)

    def _roll(self, now_ms: int) -> None:
        window = floor_ms(now_ms, self.window_ms)
        if window != self._window:
            self._window, self._used = window, 0
