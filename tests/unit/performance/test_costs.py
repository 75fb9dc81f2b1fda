"""What fills cost, and what became of orders, by hand. A tick times a step is 10 units of 1e-8 USDT."""

from shared.domain.decision import (
    MAKER,
    ORDER_EVENTS,
    ORDER_TYPES,
    REASONS,
    TAKER,
    Decision,
    EquityPoint,
    Fill,
    OrderEvent,
    Trade,
)
from shared.performance.orders import OrderCounts
from shared.performance.statistics import statistics
from tests.support.instruments import RULES

CASH = 1_000 * 10**8
BUY, SELL = 1, -1
BTC = 100_000  # steps
ENTRY = REASONS.index("entry")


def fill(seq: int, side: int, price: float, reference: float, fee: float, quantity: int = BTC) -> Fill:
    """Of one coin at these USDT prices."""
    taken = TAKER if price != reference else MAKER
    words = (round(price * 100), round(fee * 10**8), taken, ENTRY, 0, round(reference * 100))
    return Fill(seq, seq, seq * 1000, side, quantity, *words)


def trade(seq: int, side: int, entry: float, exit_: float, fees: float) -> Trade:
    """Of one coin."""
    entry_notional, exit_notional = round(entry * 10**8), round(exit_ * 10**8)
    gross = side * (exit_notional - entry_notional)
    return Trade(
        seq, side, 0, seq * 1000, BTC, entry_notional, exit_notional, gross, round(fees * 10**8), 0, 0, ENTRY
    )  # fmt: skip


def equity(seq: int, usdt: float) -> EquityPoint:
    return EquityPoint(seq, seq * 1000, round(usdt * 10**8), 0, 0)


def of(*decisions: Decision) -> dict[str, object]:
    return statistics(decisions, cash=CASH, rules=RULES, start_ms=0, end_ms=60_000)


# Long one coin: asked at 100.00, got 100.05; out by a limit at 102.00. Short one coin: asked at 102.00, got 101.90;
# bought back at a reference of 103.00 for 103.20. Long again, open: asked at 103.00, got 103.10.
STORY: list[Decision] = [
    fill(1, BUY, 100.05, 100.00, 0.25),
    fill(2, SELL, 102.00, 102.00, 0.10),
    trade(3, BUY, 100.05, 102.00, 0.35),
    fill(4, SELL, 101.90, 102.00, 0.25),
    fill(5, BUY, 103.20, 103.00, 0.25),
    trade(6, SELL, 101.90, 103.20, 0.50),
    fill(7, BUY, 103.10, 103.00, 0.25),
    equity(8, 1000 + 1.95 - 0.35 - 1.30 - 0.50 - 0.25),  # the open coin marked at 103.10
]


def test_slippage_is_what_fills_cost_beyond_their_references():
    stats = of(*STORY)
    assert stats["slippage_abs"] == "0.45000000"  # 0.05 + 0 + 0.10 + 0.20 + 0.10
    assert stats["fees_abs"] == "1.10000000"
    assert stats["profit_abs"] == "-0.45000000"
    assert stats["profit_before_costs_abs"] == "1.10000000"  # 2.00 - 1.00 + 0.10 that the mark is above the reference
    assert stats["volume_abs"] == "510.25000000"
    assert stats["fill_count"] == 5


def test_each_trade_has_the_slippage_of_its_own_fills():
    stats = of(*STORY)
    long, short = stats["long"], stats["short"]
    assert (long["closed_slippage_abs"], short["closed_slippage_abs"]) == ("0.05000000", "0.30000000")
    assert (long["closed_gross_abs"], long["closed_fees_abs"]) == ("1.95000000", "0.35000000")
    assert (short["closed_gross_abs"], short["profit_closed_abs"]) == ("-1.30000000", "-1.80000000")
    assert stats["closed_slippage_abs"] == "0.35000000"  # not yet that of the open position


def test_parts_of_a_position_are_summed():
    half = BTC // 2
    stats = of(
        fill(1, BUY, 100.10, 100.00, 0, half), fill(2, BUY, 100.20, 100.00, 0, half),
        fill(3, SELL, 100.90, 101.00, 0, half), fill(4, SELL, 101.00, 101.00, 0, half),
        trade(5, BUY, 100.15, 100.95, 0),
    )  # fmt: skip
    assert stats["closed_slippage_abs"] == stats["slippage_abs"] == "0.20000000"  # (0.10 + 0.20 + 0.10 + 0) / 2


def order(seq: int, name: int, event: str, reason: str, kind: str = "market", side: int = BUY) -> OrderEvent:
    words = (ORDER_EVENTS.index(event), side, ORDER_TYPES.index(kind), 1, 0, REASONS.index(reason))
    return OrderEvent(seq, name, seq * 1000, *words)


def test_orders_that_come_to_nothing_are_counted_by_how():
    stats = of(
        order(1, 1, "submitted", "entry"),
        order(2, 1, "filled", "entry"),
        order(3, 3, "submitted", "stop", "stop", SELL),
        order(4, 4, "submitted", "target", "limit", SELL),
        order(5, 4, "filled", "target", "limit", SELL),
        order(6, 3, "cancelled", "position_closed", "stop", SELL),  # an exit, not an entry
        order(7, 7, "submitted", "entry", "limit"),
        order(8, 7, "expired", "expired", "limit"),
        order(9, 9, "submitted", "entry", "limit"),
        order(10, 9, "partially_filled", "entry", "limit"),
        order(11, 9, "cancelled", "position_reduced", "limit"),  # the rest of an entry
        order(12, 12, "submitted", "entry"),
        order(13, 12, "rejected", "min_notional"),
        order(14, 14, "rejected", "min_quantity"),  # never placed
    )
    counts = ("order_count", "rejected_orders", "expired_orders", "cancelled_orders", "cancelled_entries")
    assert [stats[name] for name in counts] == [6, 2, 1, 2, 1]


def test_nothing_is_kept_of_orders_that_have_ended():
    counts = OrderCounts()
    for event in ("filled", "rejected", "cancelled", "expired"):
        counts.step(order(1, 1, "submitted", "entry"))
        counts.step(order(2, 1, event, "entry"))
    assert counts == OrderCounts(submitted=4, rejected=1, cancelled=1, cancelled_entries=1, expired=1)
