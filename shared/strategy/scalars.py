"""What a plain YAML value means, by YAML 1.2 and common sense: `1e-3` is a number, `012` is 12, `on` is text.

Dates and durations are whole milliseconds, counted here by hand: the core imports no calendar.
"""

import re
from decimal import Decimal

from shared.domain.timeframe import DAY_MS
from shared.strategy.document import Scalar

TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": DAY_MS}

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,4})?", re.ASCII)
_BASED = re.compile(r"0x[0-9a-fA-F]{1,16}|0o[0-7]{1,22}")
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) ?([smhd])", re.ASCII)
_DATE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.0+)?)?)?(?: ?(?:Z|UTC|\+00:00))?", re.ASCII
)
LONGEST_NUMBER = 40  # characters; beyond, nobody means the digits


def number(scalar: Scalar) -> Decimal | None:
    """The number that a plain value writes, exactly; None when it is something else."""
    return number_of(scalar.text) if scalar.plain else None


def number_of(text: str) -> Decimal | None:
    """The finite number that a text writes, exactly; None when it is something else."""
    if len(text) > LONGEST_NUMBER:
        return None
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    return Decimal(int(text, 0)) if _BASED.fullmatch(text) else None


def truth(scalar: Scalar) -> bool | None:
    """true or false; None when it is something else."""
    return TRUTH.get(scalar.text) if scalar.plain else None


def duration_ms(text: str) -> int | None:
    """Whole milliseconds of a number with s, m, h or d: `90s`, `1.5h`, `2d`."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    exact = Decimal(match[1]) * UNIT_MS[match[2]]
    return int(exact) if exact == int(exact) else None


def date_ms(text: str) -> int | None:
    """UTC milliseconds of `2025-07-01`, `2025-07-1` or `2025-07-01 13:45[:00][Z]`; None when no such day or time."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    hour, minute, second = (int(part or 0) for part in match.group(4, 5, 6))
    if not (year >= 1970 and 1 <= month <= 12 and 1 <= day <= days_in_month(year, month)):
        return None
    if hour > 23 or minute > 59 or second > 59:
        return None
    return days_since_epoch(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000


def date_text(ms: int) -> str:
    """UTC day of a time as `2025-07-01`, with its time of day when that is not midnight."""
    days, rest = divmod(ms, DAY_MS)
    year = 1970 + days // 366  # at or before the right year
    while days_since_epoch(year + 1, 1, 1) <= days:
        year += 1
    month = 12
    while days_since_epoch(year, month, 1) > days:
        month -= 1
    text = f"{year:04}-{month:02}-{days - days_since_epoch(year, month, 1) + 1:02}"
    seconds = rest // 1000
    return text if rest == 0 else f"{text} {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def duration_text(ms: int) -> str:
    """The shortest way to write a duration: 5400000 -> `1.5h`."""
    for unit in ("d", "h", "m"):
        if ms >= UNIT_MS[unit] and ms * 100 % UNIT_MS[unit] == 0:
            return f"{ms / UNIT_MS[unit]:g}{unit}"
    return f"{ms / 1000:g}s"


def days_in_month(year: int, month: int) -> int:
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and is_leap else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def days_since_epoch(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 in the Gregorian calendar (Hinnant's days_from_civil: the year begins in March)."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
