"""UTC dates of days counted from the epoch: names of days, ISO weeks and months. Whole numbers only, no clock.

Source: H. Hinnant, "chrono-compatible low-level date algorithms" (civil_from_days); ISO 8601 for weeks.
"""

from collections.abc import Callable

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ERA_DAYS = 146_097  # of 400 years, after which the calendar repeats
_MARCH_0 = 719_468  # days from 0000-03-01 to the epoch; a year that begins in March ends with its leap day

Period = tuple[str, int]  # its name, and its first day


def weekday(day: int) -> int:
    """0 is Monday. The epoch was a Thursday."""
    return (day + 3) % 7


def date(day: int) -> tuple[int, int, int]:
    """(year, month, day of the month) of a day since the epoch."""
    era, of_era = divmod(day + _MARCH_0, _ERA_DAYS)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    march = (5 * of_year + 2) // 153  # 0 is March
    month = march + 3 if march < 10 else march - 9
    return era * 400 + year + (month <= 2), month, of_year - (153 * march + 2) // 5 + 1


def new_year(year: int) -> int:
    """The day since the epoch on which a year begins."""
    past = year - 1
    return 365 * past + past // 4 - past // 100 + past // 400 - 719_162


def day_of(day: int) -> Period:
    """2025-01-31"""
    year, month, of_month = date(day)
    return f"{year:04d}-{month:02d}-{of_month:02d}", day


def week_of(day: int) -> Period:
    """2025-W05: weeks begin on Monday and belong to the year of their Thursday."""
    monday = day - weekday(day)
    year = date(monday + 3)[0]
    return f"{year:04d}-W{(monday + 3 - new_year(year)) // 7 + 1:02d}", monday


def month_of(day: int) -> Period:
    """2025-01"""
    year, month, of_month = date(day)
    return f"{year:04d}-{month:02d}", day - of_month + 1


PERIODS: dict[str, Callable[[int], Period]] = {"day": day_of, "week": week_of, "month": month_of}
