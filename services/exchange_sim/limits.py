"""Request weight per address and exchange minute: a count in the headers, then 429, then a ban with 418."""

import json
from dataclasses import dataclass

from services.exchange_sim.faults import Answer
from services.exchange_sim.listing import WEIGHT_LIMIT
from shared.domain.timeframe import MINUTE_MS

BAN_AFTER = 20  # refused requests within a minute that are taken for ignoring the refusal; the venue names no number
BAN_MS = 2 * MINUTE_MS  # doubled with each ban
LONGEST_BAN_MS = 3 * 24 * 60 * MINUTE_MS


@dataclass(slots=True)
class Visitor:
    """What one address has used."""

    minute: int = 0
    used: int = 0
    refused: int = 0
    bans: int = 0
    banned_until_ms: int = 0


class Limits:
    """Weights by address, in exchange time."""

    def __init__(self, limit: int = WEIGHT_LIMIT) -> None:
        self._limit = limit
        self._visitors: dict[str, Visitor] = {}

    def charge(self, address: str, weight: int, now_ms: int) -> tuple[dict[str, str], Answer | None]:
        """Headers for the answer, and the refusal when the address has used too much."""
        visitor = self._visitors.setdefault(address, Visitor())
        if now_ms < visitor.banned_until_ms:
            return {}, _banned(visitor.banned_until_ms, now_ms)
        minute = now_ms // MINUTE_MS
        if minute != visitor.minute:
            visitor.minute, visitor.used, visitor.refused = minute, 0, 0
        visitor.used += weight
        headers = {"X-MBX-USED-WEIGHT": str(visitor.used), "X-MBX-USED-WEIGHT-1M": str(visitor.used)}
        if visitor.used <= self._limit:
            return headers, None
        visitor.refused += 1
        if visitor.refused > BAN_AFTER:
            visitor.banned_until_ms = now_ms + min(LONGEST_BAN_MS, BAN_MS << visitor.bans)
            visitor.bans += 1
            return headers, _banned(visitor.banned_until_ms, now_ms)
        text = (
            f"Too much request weight used; current limit is {self._limit} request weight per 1 MINUTE. "
            "Please use WebSocket Streams for live updates to avoid polling the API."
        )
        return headers, Answer(429, _body(text), {"Retry-After": _seconds((minute + 1) * MINUTE_MS - now_ms)})


def _banned(until_ms: int, now_ms: int) -> Answer:
    text = (
        f"Way too much request weight used; IP banned until {until_ms}. "
        "Please use WebSocket Streams for live updates to avoid bans."
    )
    return Answer(418, _body(text), {"Retry-After": _seconds(until_ms - now_ms)})


def _body(text: str) -> str:
    return json.dumps({"code": -1003, "msg": text}, separators=(",", ":"))


def _seconds(ms: int) -> str:
    """Exchange seconds, rounded up."""
    return str(-(-ms // 1000))
