"""One document for a backtest and for an export of the same fold, by hand: one round trip, and one position open."""

import json
from dataclasses import replace
from decimal import Decimal

from shared.domain.decision import (
    MAKER,
    NOTES,
    ORDER_EVENTS,
    ORDER_TYPES,
    PARTIAL_BASE,
    REASONS,
    TAKER,
    Decision,
    EquityPoint,
    Fill,
    Note,
    OrderEvent,
    Trade,
)
from shared.domain.instrument import Costs
from shared.performance.document import BarsFolded, Header, document, dumps, trade_json
from shared.performance.money import average_price, half_even, to_units
from tests.support.instruments import RULES

MINUTE = 60_000
UNIT = 10  # 0.01 x 0.00001 in 1e-8
CASH = 10_000 * 10**8
BUY, SELL = 1, -1


def order(seq: int, name: int, ts: int, event: str, side: int, kind: str, quantity: int, price: int, reason: str):
    words = (ORDER_EVENTS.index(event), side, ORDER_TYPES.index(kind), quantity, price, REASONS.index(reason))
    return OrderEvent(seq, name, ts, *words)


ENTRY, STOP, EXIT = REASONS.index("entry"), REASONS.index("stop"), REASONS.index("target")
LIMIT = ORDER_TYPES.index("limit")
# long 0.1 BTC at 20,000.00, out at 20,500.00; then short 0.05 at 20,400.00, stop 21,000.00, marked at 20,300.00
DECISIONS: list[Decision] = [
    order(1, 1, 59_999, "submitted", BUY, "market", 10_000, 0, "entry"),
    Fill(2, 1, 60_000, BUY, 10_000, 2_000_000, 100, TAKER, ENTRY, 0, 1_999_400),
    order(3, 1, 60_000, "filled", BUY, "market", 10_000, 2_000_000, "entry"),
    order(4, 4, 60_000, "submitted", SELL, "limit", 10_000, 2_050_000, "target"),
    EquityPoint(5, 119_999, CASH - 100, CASH - 100 - 2_000_000 * 10_000 * UNIT, 10_000),
    Fill(6, 4, 179_999, SELL, 10_000, 2_050_000, 50, MAKER, EXIT, 0, 2_050_000),
    order(7, 4, 179_999, "filled", SELL, "limit", 10_000, 2_050_000, "target"),
    Trade(8, 1, 60_000, 179_999, 10_000, 2_000_000 * 10_000 * UNIT, 2_050_000 * 10_000 * UNIT, 50_000 * 10_000 * UNIT,
          150, 1_990_000, 2_050_000, EXIT),
    EquityPoint(9, 179_999, CASH + 5_000_000_000 - 150, CASH + 5_000_000_000 - 150, 0),
    Note(10, 179_999, NOTES.index("both_sides"), 0),
    order(11, 11, 239_999, "submitted", SELL, "market", 5_000, 0, "entry"),
    Fill(12, 11, 240_000, SELL, 5_000, 2_040_000, 20, TAKER, ENTRY, 1, 2_040_612),
    order(13, 11, 240_000, "filled", SELL, "market", 5_000, 2_040_000, "entry"),
    order(14, 14, 240_000, "submitted", BUY, "stop", 5_000, 2_100_000, "stop"),
    EquityPoint(15, 299_999, CASH + 5_500_000_000 - 170, CASH + 5_000_000_000 - 170 + 2_040_000 * 5_000 * UNIT, -5_000),
]  # fmt: skip


def header(**changed: object) -> Header:
    values: dict[str, object] = {
        "engine_version": "1",
        "strategy": "by-hand",
        "version_sha256": "ab" * 32,
        "variant": None,
        "params": {"fast.length": 12.0, "adx.threshold": 22.5},
        "rules": RULES,
        "costs": Costs(1000, 2000, 200, 100),
        "cash": Decimal(10_000),
        "bars": BarsFolded.of([0, MINUTE, 2 * MINUTE, 4 * MINUTE], -MINUTE, -86_400_000),
        "digest": "cd" * 32,
    }
    return Header(**{**values, **changed})


DOC = document(header(), DECISIONS)


def test_it_has_the_parts_that_were_promised():
    assert list(DOC) == [
        "engine_version", "strategy", "instrument", "costs", "bars", "orders", "fills", "trades", "equity",
        "open_position", "stats", "breakdowns", "digest",
    ]  # fmt: skip
    assert DOC["strategy"] == {
        "name": "by-hand", "version_sha256": "ab" * 32, "variant": None,
        "params": {"fast.length": 12, "adx.threshold": 22.5},
    }  # fmt: skip


def test_the_bars_name_their_holes():
    assert DOC["bars"] == {
        "start_ms": -60_000, "first_open_ms": 0, "last_open_ms": 240_000, "warmup_from_ms": -86_400_000, "count": 4,
        "gaps": [[180_000, 240_000]],
    }  # fmt: skip


def test_orders_are_events_in_order_and_a_market_order_has_no_price():
    assert [event["seq"] for event in DOC["orders"]] == [1, 3, 4, 7, 11, 13, 14]
    assert DOC["orders"][0] == {
        "seq": 1, "order_seq": 1, "ts_ms": 59_999, "event": "submitted", "side": "buy", "type": "market",
        "quantity": "0.10000", "price": None, "reason": "entry",
    }  # fmt: skip
    assert DOC["orders"][2]["price"] == "20500.00"


def test_fills_are_text_with_all_their_decimals():
    assert DOC["fills"][2] == {
        "seq": 12, "order_seq": 11, "ts_ms": 240_000, "side": "sell", "quantity": "0.05000", "price": "20400.00",
        "fee_quote": "0.00000020", "liquidity": "taker", "reason": "entry", "no_trade": True,
        "reference_price": "20406.12",
    }  # fmt: skip
    assert [fill["liquidity"] for fill in DOC["fills"]] == ["taker", "maker", "taker"]


def test_a_trade_is_notionals_over_quantity():
    assert DOC["trades"] == [{
        "seq": 8, "side": "long", "entry_ms": 60_000, "exit_ms": 179_999, "quantity": "0.10000",
        "entry_price": "20000.00000000", "exit_price": "20500.00000000", "gross_quote": "50.00000000",
        "fees_quote": "0.00000150", "net_quote": "49.99999850", "return_ratio": 4_999_999_850 / 200_000_000_000,
        "mae_ratio": -0.005, "mfe_ratio": 0.025, "exit_reason": "target",
    }]  # fmt: skip


def test_a_short_trade_signs_its_excursions():
    trade = Trade(1, -1, 0, 1, 3, 3 * UNIT * 100, 3 * UNIT * 90, 3 * UNIT * 10, 0, 101, 90, STOP)
    row = trade_json(RULES, trade)
    assert (row["side"], row["mae_ratio"], row["mfe_ratio"]) == ("short", -0.01, 0.1)


def test_an_uneven_average_is_rounded_half_even():
    assert average_price(RULES, 2 * UNIT * 10_000 + 1, 3) == half_even(200_001 * 100_000, 3)
    assert [half_even(n, 2) for n in (1, 3, 5, -1, -3)] == [0, 2, 2, 0, -2]


def test_the_open_position_is_marked_at_the_last_equity_point():
    assert DOC["open_position"] == {
        "side": "short", "quantity": "0.05000", "entry_ms": 240_000, "entry_price": "20400.00000000",
        "mark_ms": 299_999, "mark_price": "20300.00", "unrealised_quote": "5.00000000", "fees_quote": "0.00000020",
        "stop": "21000.00", "target": None, "rungs": [],
    }  # fmt: skip
    assert document(header(), DECISIONS[:9])["open_position"] is None


def test_the_equity_curve_is_pairs():
    assert DOC["equity"][0] == [119_999, "9999.99999900"]


def test_exposure_counts_the_open_position_until_the_end():
    # 60 000..179 999 and 240 000..300 000 of five minutes
    assert DOC["stats"]["exposure_time_ratio"] == (119_999 + 60_000) / 300_000
    assert DOC["stats"]["volume_abs"] == "5070.00000000"
    assert DOC["stats"]["fees_abs"] == "0.00000170"


def test_equal_runs_give_equal_bytes():
    again = document(header(params={"fast.length": 12, "adx.threshold": 22.5}), iter(DECISIONS))
    assert dumps(again) == dumps(DOC)
    assert json.loads(dumps(DOC)) == DOC


def test_when_the_rules_were_captured_changes_no_byte():
    later = document(header(rules=replace(RULES, captured_ms=1_700_000_000_000)), DECISIONS)
    assert dumps(later) == dumps(DOC)


def test_an_empty_run_is_a_document_too():
    stats = document(header(), [])["stats"]
    assert (stats["trade_count"], stats["profit_abs"], stats["max_drawdown_ratio"]) == (0, "0.00000000", 0.0)


def test_cash_finer_than_a_unit_is_rounded_as_the_engine_does():
    assert [to_units(RULES, Decimal(text)) for text in ("1", "0.000000005", "0.000000015")] == [10**8, 0, 2]


def test_a_resting_entry_is_no_stop_of_the_position():
    entry = order(16, 16, 299_999, "submitted", BUY, "stop", 5_000, 2_110_000, "entry")
    assert document(header(), [*DECISIONS, entry])["open_position"]["stop"] == "21000.00"


def test_what_an_order_has_filled_rests_no_longer():
    rung = PARTIAL_BASE + 1
    rests = OrderEvent(16, 16, 299_999, ORDER_EVENTS.index("submitted"), BUY, LIMIT, 3_000, 2_020_000, rung)
    part = OrderEvent(17, 16, 300_000, ORDER_EVENTS.index("partially_filled"), BUY, LIMIT, 1_000, 2_020_000, rung)
    assert document(header(), [*DECISIONS, rests, part])["open_position"]["rungs"] == [
        {"price": "20200.00", "quantity": "0.02000", "reason": "partial_1"}
    ]
