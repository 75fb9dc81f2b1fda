"""Where a fold starts: far enough before the first bar that may trade, and the same in every mode."""

from shared.domain.timeframe import DAY_MS, ceil_ms, floor_ms


def wanted_from(start_ms: int, settle_ms: int) -> int:
    """The first minute that a run would like to fold: start minus the longest settle, at the day's start (UTC)."""
    return max(0, floor_ms(start_ms - settle_ms, DAY_MS))


def folded_from(start_ms: int, settle_ms: int, first_ms: int) -> int:
    """The first minute that it can fold where nothing earlier than `first_ms` exists: else the first whole day.

    A run from before the first minute of all folds from there.
    """
    wanted = wanted_from(start_ms, settle_ms)
    if first_ms <= wanted:
        return wanted
    whole = ceil_ms(first_ms, DAY_MS)
    return whole if whole <= start_ms else first_ms
