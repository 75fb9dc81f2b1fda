"""Bar lengths. A bar of any timeframe starts at a multiple of its length since the UTC epoch."""

from shared.domain.errors import InputError

MINUTE_MS = 60_000
DAY_MS = 86_400_000

# Every timeframe divides the UTC day, so that frames and days share their edges.
TIMEFRAMES: dict[str, int] = {
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": 60 * MINUTE_MS,
    "2h": 120 * MINUTE_MS,
    "4h": 240 * MINUTE_MS,
    "6h": 360 * MINUTE_MS,
    "8h": 480 * MINUTE_MS,
    "12h": 720 * MINUTE_MS,
    "1d": DAY_MS,
}


def timeframe_ms(name: str) -> int:
    """Length of a timeframe in milliseconds. Raises InputError for a name that does not exist."""
    try:
        return TIMEFRAMES[name]
    except KeyError:
        raise InputError("timeframe", f"one of {' '.join(TIMEFRAMES)}", name) from None


def floor_ms(ms: int, step_ms: int) -> int:
    """The last multiple of `step_ms` at or before `ms`."""
    return ms - ms % step_ms


def ceil_ms(ms: int, step_ms: int) -> int:
    """The first multiple of `step_ms` at or after `ms`."""
    return ms + -ms % step_ms
