"""Times as people write them become minutes."""

import pytest

from services.api.times import iso, parse_minute

NEW_YEAR = 1_735_689_600_000


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        pytest.param("2025-01-01", NEW_YEAR, id="a bare date is its midnight"),
        pytest.param("2025-01-01T00:00", NEW_YEAR, id="no offset: UTC"),
        pytest.param("2025-01-01T00:00Z", NEW_YEAR, id="Z"),
        pytest.param("2025-01-01T01:00+01:00", NEW_YEAR, id="an offset is taken off"),
        pytest.param("2025-01-01 00:00:59", NEW_YEAR, id="floored to its minute"),
        pytest.param(NEW_YEAR, NEW_YEAR, id="milliseconds"),
        pytest.param(str(NEW_YEAR + 59_999), NEW_YEAR, id="milliseconds as text"),
    ],
)
def test_a_time_is_its_minute(text: object, ms: int):
    assert parse_minute(text) == ms


@pytest.mark.parametrize(
    "bad", ["yesterday", "", 1_735_689_600, "2025-13-01", True, None, 1.5, -1, 10**30, "9999-01-01"]
)
def test_anything_else_is_refused(bad: object):
    with pytest.raises(ValueError, match="expected"):
        parse_minute(bad)


def test_iso_has_milliseconds():
    assert iso(NEW_YEAR + 1) == "2025-01-01T00:00:00.001Z"
