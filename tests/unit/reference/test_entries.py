"""What an entry of the reference costs, to the last digit; its size, and why it is rejected."""

from decimal import Decimal

import pytest

from tests.support.by_hand import FREE, MINUTE, backtest, bars, orders, strategy


def test_a_buy_pays_slippage_half_spread_and_commission_to_the_last_digit():
    result = backtest(strategy(), bars(100, (101, 103, 101, 102)))
    # 10 % of 10000 at 100; 101 x 1.0003 = 101.0303, up to the tick; 1010.40 x 0.0002
    assert result["fills"] == [
        {
            "row": "fill",
            "seq": 3,
            "order_seq": 2,
            "ts_ms": MINUTE,
            "side": "buy",
            "quantity": "10.00000",
            "price": "101.04",
            "reference_price": "101.00",
            "fee_quote": "0.20208000",
            "liquidity": "taker",
            "reason": "entry",
            "no_trade": False,
        }
    ]
    assert result["equity"] == [[59_999, "10000.00000000"], [119_999, "10009.39792000"]]  # - 1010.4 - fee + 10 x 102
    assert result["open_position"] == {
        "side": "long",
        "quantity": "10.00000",
        "entry_price": "101.04000000",
        "stop": None,
        "target": None,
    }
    assert result["status"] == "open"


def test_a_round_trip_keeps_both_fees_and_the_extremes_since_entry():
    text = strategy(logic="entry_long: ['close == 100'], exit_long: ['close == 98']")
    (trade,) = backtest(text, bars(100, (100, 104, 99, 101), (101, 101, 97, 98), (99, 150, 50, 99)))["trades"]
    # in at 100.03, out at 99 x 0.9997 = 98.9703 -> 98.97; the exit bar's range is not the trade's
    assert trade == {
        "row": "trade",
        "seq": 10,
        "side": "long",
        "entry_ms": MINUTE,
        "exit_ms": 3 * MINUTE,
        "quantity": "10.00000",
        "entry_price": "100.03000000",
        "exit_price": "98.97000000",
        "gross_quote": "-10.60000000",
        "fees_quote": "0.39800000",
        "net_quote": "-10.99800000",
        "return_ratio": pytest.approx(-10.998 / 1000.3, rel=1e-15),
        "mae_ratio": pytest.approx((97 - 100.03) / 100.03, rel=1e-15),
        "mfe_ratio": pytest.approx((104 - 100.03) / 100.03, rel=1e-15),
        "exit_reason": "exit",
    }


def test_a_whole_account_is_lowered_to_what_cash_covers():
    text = strategy("risk_management: {position_size: {base_size: 1}}")
    (fill,) = backtest(text, bars(100, 100))["fills"]
    price, quantity, lot = Decimal("100.03"), Decimal(fill["quantity"]), Decimal("0.00001")
    assert Decimal(fill["price"]) == price
    assert fill["quantity"] == "99.95001"  # 10000 / (100.03 x 1.0002) = 99.950019
    assert price * quantity + Decimal(fill["fee_quote"]) <= 10_000 < price * (quantity + lot) * Decimal("1.0002")


@pytest.mark.parametrize(
    ("risk", "quantity"),
    [
        pytest.param("position_size: {quote: 333}", "3.33000", id="an amount"),
        pytest.param("{risk_pct: 0.01, stop_loss: {base_percent: 0.02}}", "50.00000", id="1 % at risk over 2.00"),
        pytest.param(
            "{risk_pct: 0.01, max_position_pct: 0.3, stop_loss: {base_percent: 0.02}}", "30.00000", id="capped"
        ),
        pytest.param("position_size: {quote: 333.3339}", "3.33333", id="floored to the lot"),
    ],
)
def test_the_size_of_an_entry(risk, quantity):
    risk = risk if risk.startswith("{") else f"{{{risk}}}"
    assert backtest(strategy(f"risk_management: {risk}", FREE), bars(100, 100))["fills"][0]["quantity"] == quantity


@pytest.mark.parametrize(
    ("risk", "open_", "rejection"),
    [
        pytest.param("{position_size: {quote: 0.5}}", 100, (59_999, "min_notional"), id="too small"),
        pytest.param(
            "{risk_pct: 0.01, stop_loss: {price: 'close + 1'}}",
            100,
            (59_999, "no_stop_distance"),
            id="no stop to size by",
        ),
        pytest.param("{stop_loss: {price: 'close[5]'}}", 100, (59_999, "not_ready"), id="the stop is not known"),
        pytest.param("{stop_loss: {price: 'close + 1'}}", 100, (MINUTE, "invalid_stop"), id="a stop above a long"),
        pytest.param("{stop_loss: {price: 'close - 1'}}", 99, (MINUTE, "invalid_stop"), id="opened at the stop"),
    ],
)
def test_a_rejected_entry_says_when_and_why(risk, open_, rejection):
    result = backtest(strategy(f"risk_management: {risk}", FREE), bars(100, open_))
    first = next(order for order in result["orders"] if order["event"] == "rejected")
    assert (first["ts_ms"], first["reason"]) == rejection
    assert result["fills"] == []


@pytest.mark.parametrize(
    ("rows", "rejection"),
    [
        pytest.param((100, 0.004), ("rejected", 2 * MINUTE - 1, "0.00000", None, "min_quantity"), id="decided at"),
        pytest.param((100, 0.004), ("rejected", MINUTE, "10.00000", None, "min_notional"), id="filled at"),
    ],
)
def test_a_price_of_no_tick_buys_nothing(rows, rejection):
    text = strategy(FREE, logic="entry_long: ['close > 0']")
    assert rejection in orders(backtest(text, bars(*rows)))
