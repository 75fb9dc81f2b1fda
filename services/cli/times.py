"""Times as people type them: ISO-8601 without an offset is UTC, a bare date its 00:00, digits are milliseconds."""

from datetime import UTC, datetime

import click

from shared.domain.timeframe import MINUTE_MS, floor_ms


class Time(click.ParamType[int]):
    """A minute, as UTC milliseconds."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        text = str(value).strip()
        if text.isdigit():
            return floor_ms(int(text), MINUTE_MS)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r} is no time; write 2025-01-31, 2025-01-31T12:30Z or milliseconds", param, ctx)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return floor_ms(round(moment.timestamp() * 1000), MINUTE_MS)


TIME = Time()


def when(ms: int) -> str:
    """2025-01-31 12:30 (UTC)."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
