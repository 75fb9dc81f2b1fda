"""Our dates are the standard library's."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.timeframe import DAY_MS
from shared.performance import calendar

EPOCH = date(1970, 1, 1)
DAYS = st.integers(-300_000, 300_000)  # 1148 to 2791


@given(DAYS)
@example(19_782)  # 2024-02-29
@example(11_016)  # 2000-02-29
@example(-25_509)  # 1900-02-28, no leap year
def test_a_day_has_its_date(day: int):
    expected = EPOCH + timedelta(days=day)
    assert calendar.date(day) == (expected.year, expected.month, expected.day)
    assert calendar.day_of(day) == (expected.isoformat(), day)
    assert calendar.WEEKDAYS[calendar.weekday(day)] == expected.strftime("%A").lower()


@given(DAYS)
@example(18_262)  # 2020-01-01, week 1
@example(18_627)  # 2020-12-31, week 53
@example(18_628)  # 2021-01-01, still that week
@example(20_089)  # 2025-01-01
def test_a_week_begins_on_monday_and_is_named_as_iso_does(day: int):
    expected = EPOCH + timedelta(days=day)
    year, week, weekday = expected.isocalendar()
    assert calendar.week_of(day) == (f"{year:04d}-W{week:02d}", day - weekday + 1)


@given(DAYS)
def test_a_month_begins_on_its_first(day: int):
    expected = EPOCH + timedelta(days=day)
    assert calendar.month_of(day) == (f"{expected:%Y-%m}", (expected.replace(day=1) - EPOCH).days)


@given(st.integers(1, 2800))
def test_a_year_begins_on_new_year(year: int):
    assert calendar.new_year(year) == (date(year, 1, 1) - EPOCH).days


def test_the_last_millisecond_of_a_day_is_in_it():
    last = datetime(2024, 2, 29, 23, 59, 59, 999_000, UTC)
    assert calendar.day_of(round(last.timestamp() * 1000) // DAY_MS)[0] == "2024-02-29"
