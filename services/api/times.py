"""Times as people write them, and as answers show them."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from shared.domain.timeframe import MINUTE_MS, floor_ms

EARLIEST_MS = 1_230_768_000_000  # 2009-01-01: before any coin; a smaller number is seconds by mistake
LATEST_MS = 4_102_444_800_000  # 2100-01-01


def parse_minute(value: object) -> int:
    """Milliseconds or ISO-8601 (no offset: UTC; a bare date: its 00:00) as the minute that holds it."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("expected milliseconds since 1970 or an ISO-8601 time")
    text = str(value).strip()
    if text.lstrip("-").isdigit():
        ms = int(text)
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("expected milliseconds since 1970 or an ISO-8601 time such as 2025-01-31T00:00Z") from None
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        ms = round(moment.timestamp() * 1000)
    if not EARLIEST_MS <= ms < LATEST_MS:
        raise ValueError("expected a time between 2009 and 2100, in milliseconds")
    return floor_ms(ms, MINUTE_MS)


Minute = Annotated[
    int,
    BeforeValidator(parse_minute, json_schema_input_type=int | str),
    Field(description="UTC milliseconds, or ISO-8601", examples=["2025-01-31T00:00Z"]),
]


def iso(ms: int) -> str:
    """2025-01-31T00:00:00.000Z"""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_or_none(ms: int | None) -> str | None:
    return None if ms is None else iso(ms)
