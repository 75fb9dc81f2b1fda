"""How values are written for the eye."""

import pytest

from services.dashboard import formats
from services.dashboard.formats import DASH


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("10159.42872921", "10,159.43", id="rounds to cents"),
        pytest.param("0", "0.00", id="zero"),
        pytest.param("-56.16392932", "−56.16", id="a real minus sign"),
        pytest.param("0.00123456", "0.001235", id="below one keeps four digits that count"),
        pytest.param("0.97180000", "0.9718", id="just below one"),
        pytest.param("-0.000000001", "0.00", id="a rounded zero has no sign"),
        pytest.param(None, DASH, id="nothing"),
        pytest.param("NaN", DASH, id="not a number"),
        pytest.param("<b>", DASH, id="no number at all"),
    ],
)
def test_money(value: str | None, text: str) -> None:
    assert formats.money(value) == text


def test_dollars_are_counted_in_cents_and_less_than_a_cent_is_not_nothing() -> None:
    assert [formats.money(text, quote="USDT") for text in ("0.9411", "0.05", "0.0019", "12", "0")] == [
        "0.94", "0.05", "0.001900", "12.00", "0.00",
    ]  # fmt: skip
    assert formats.money("0.0345", quote="BTC") == "0.03450"
    assert formats.count(23794) == "23,794"


def test_signed_money_says_plus() -> None:
    assert [formats.money(text, signed=True) for text in ("1.5", "-1.5", "0")] == ["+1.50", "−1.50", "0.00"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("66224.81000000", "66,224.81", id="zeros that say nothing go"),
        pytest.param("66377.46614224", "66,377.47", id="an average is cut where no exchange ticks"),
        pytest.param("0.07345", "0.07345", id="small prices keep their digits"),
        pytest.param("65376.00", "65,376.00", id="at least two"),
        pytest.param("100", "100.00", id="whole"),
        pytest.param("1E+3", "1,000.00", id="never in powers of ten"),
        pytest.param(None, DASH, id="nothing"),
    ],
)
def test_price(value: str | None, text: str) -> None:
    assert formats.price(value) == text


def test_a_quantity_keeps_its_steps_and_a_setting_does_not() -> None:
    assert formats.quantity("0.07700") == "0.07700"
    assert formats.plain(9.0) == "9"
    assert formats.plain(0.25) == "0.25"
    assert formats.plain(1_000_000.0) == "1000000"


@pytest.mark.parametrize(
    ("ratio", "text"), [(0.015942, "1.59%"), (-0.0107, "−1.07%"), (0.0, "0.00%"), (-0.00001, "0.00%"), (None, DASH)]
)
def test_percent(ratio: float | None, text: str) -> None:
    assert formats.percent(ratio) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (-3, "0s"),
        (45, "45s"),
        (119, "2m"),
        (3600, "1h"),
        (16_685, "4h 38m"),
        (86_400, "1d"),
        (270_000, "3d 3h"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert formats.duration(seconds) == text


def test_times_are_utc() -> None:
    assert formats.stamp(1_735_689_600_000) == "2025-01-01 00:00"
    assert formats.stamp(1_735_689_659_999, seconds=True) == "2025-01-01 00:00:59"
    assert formats.iso(1_735_689_600_001) == "2025-01-01T00:00:00.001Z"
    assert formats.stamp(None) == DASH


def test_a_tone_follows_the_sign_of_the_exact_value() -> None:
    assert [formats.tone(text) for text in ("0.00000001", "-1", "0", None)] == ["up", "down", "even", "even"]
