"""What holds of every backtest of the reference, over a random walk."""

from decimal import Decimal

import numpy as np
import pytest

from tests.support.by_hand import MINUTE, backtest


@pytest.fixture(scope="module")
def minutes(market):
    table = market.copy()
    table.insert(0, "open_time", np.arange(len(table)) * MINUTE)
    return table


CROSS = """
timeframes: {entry: 3m}
indicators: [{id: fast, type: EMA, timeframe: 3m, length: 3}, {id: slow, type: EMA, timeframe: 3m, length: 8}]
logic:
  entry_long: ["crosses_above(fast, slow)"]
  entry_short: ["crosses_below(fast, slow)"]
risk_management:
  position_size: {base_size: 0.9}
  stop_loss: {base_percent: 0.004}
  take_profit: {base_percent: 0.01, partial_exits: [{level: 0.003, percent: 0.4}]}
"""


def test_cash_and_all_nets_are_the_last_equity(minutes):
    result = backtest(CROSS, minutes, commands=[(590 * MINUTE, 1, "stop", {"close_position": True})])
    nets = sum(Decimal(trade["net_quote"]) for trade in result["trades"])
    assert len(result["trades"]) > 5
    assert Decimal(result["equity"][-1][1]) == 10_000 + nets


def test_the_future_never_changes_the_past(minutes):
    whole = backtest(CROSS, minutes)
    for length in (100, 301, 455):
        part = backtest(CROSS, minutes.head(length))
        for rows in ("fills", "trades", "equity"):
            assert part[rows] == whole[rows][: len(part[rows])]
