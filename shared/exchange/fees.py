"""What Binance US takes, by date. A run pins its rates when it is created; strategies may state their own.

Rows are what was published or reported for all pairs; tiers, discounts and the pairs of a lower tier are left out.
"""

from bisect import bisect_right
from typing import NamedTuple


class FeeRow(NamedTuple):
    effective_from_ms: int
    maker_ppm: int  # 1e-6 of the notional
    taker_ppm: int


FEES: tuple[FeeRow, ...] = (
    FeeRow(0, 1_000, 1_000),  # 0.1 % / 0.1 %
    FeeRow(1_740_787_200_000, 4_000, 6_000),  # 2025-03-01: 0.4 % / 0.6 %
    FeeRow(1_776_816_000_000, 0, 200),  # 2026-04-22: "zero fee trading", 0 % / 0.02 %
)


def rates_at(ms: int) -> FeeRow:
    """The row in force at an exchange time."""
    return FEES[max(0, bisect_right(FEES, ms, key=lambda row: row.effective_from_ms) - 1)]
