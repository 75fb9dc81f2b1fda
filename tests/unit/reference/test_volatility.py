"""The reference's sizing by volatility by hand."""

from decimal import Decimal
from fractions import Fraction

import pytest

from tests.support.by_hand import FREE, MINUTE, backtest, bars, orders, strategy
from tests.support.reference.risk import over_root

ATR = "type: ATR, period: 1"


@pytest.mark.parametrize(
    ("value", "radicand", "whole"),
    [(2, 4, 1), (3, 4, 2), (1, 4, 0), (5, 4, 2), (10, 3, 6), (10**20, 2, 70710678118654752440)],
)
def test_a_quotient_by_a_root_lands_on_the_nearest_whole_number(value, radicand, whole):
    assert over_root(Decimal(value), Fraction(radicand)) == whole


def test_volatility_sizes_by_the_range_of_a_bar():
    text = strategy(
        f"indicators: [{{id: ATR, {ATR}, timeframe: 1m}}]",
        FREE,
        "risk_management: {position_size: {volatility_target: 0.5}}",
    )
    result = backtest(text, bars(100, (100, 101, 99, 100), 100))
    # ready one bar later; 0.5 / sqrt(525600) = 0.000689671684, of 10000 over a range of 2
    assert orders(result)[:2] == [
        ("rejected", MINUTE - 1, "0.00000", None, "not_ready"),
        ("submitted", 2 * MINUTE - 1, "3.44835", None, "entry"),
    ]


@pytest.mark.parametrize(
    ("more", "quantity"), [("", "13.35543"), (", atr: slow", "3.44835"), (", max_position_pct: 0.02", "2.00000")]
)
def test_volatility_is_that_of_its_atr_and_is_capped(more, quantity):
    text = strategy(
        f"indicators: [{{id: fast, {ATR}, timeframe: 15m}}, {{id: slow, {ATR}, timeframe: 1m}}]",
        f"risk_management: {{position_size: {{volatility_target: 0.5{more}}}}}",
        entry="1m",
    )
    rows = bars(*[(101, 102, 100, 101)] * 29, (100, 102, 100, 100))
    assert orders(backtest(text, rows))[0][2] == quantity  # 0.5 / sqrt(35040) = 0.002671086


def test_an_atr_of_nothing_is_not_ready():
    text = strategy(
        f"indicators: [{{id: ATR, {ATR}, timeframe: 1m}}]",
        "risk_management: {position_size: {volatility_target: 1}}",
    )
    assert orders(backtest(text, bars(100, 100)))[1][4] == "not_ready"
