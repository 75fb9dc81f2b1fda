"""Decisions as rows: written once, compared by value, read back as the fold gave them."""

import time
from decimal import Decimal

import pytest
from sqlalchemy import Connection, text

from shared.domain.decision import Decision, EquityPoint, Fill, Note, OrderEvent, Trade
from shared.domain.errors import DivergenceError
from shared.store import counters, curves, snapshots
from shared.store.counters import Counter, Counts
from shared.store.decisions import page, read_decisions, write_decisions
from shared.store.snapshots import Snapshot
from tests.support.instruments import RULES
from tests.support.store import START, M, a_run

# a long trade with a stop that is moved once: ticks of 0.01, steps of 0.00001, units of 1e-8
STORY: list[Decision] = [
    OrderEvent(1, 1, START, 1, 1, 1, 25_000, 0, 1),
    Fill(2, 1, START + M, 1, 25_000, 10_001, 2_500_250, 0, 1, 0, 9_998),
    OrderEvent(3, 1, START + M, 3, 1, 1, 25_000, 0, 1),
    OrderEvent(4, 4, START + M, 1, -1, 2, 25_000, 9_800, 3),
    EquityPoint(5, START + 2 * M - 1, 999_997_500_000, 974_994_999_750, 25_000),
    Note(6, START + 2 * M - 1, 5, -3),
    OrderEvent(7, 4, START + 3 * M, 2, -1, 2, 25_000, 9_900, 4),
    Fill(8, 4, START + 4 * M - 1, -1, 25_000, 9_899, 2_474_750, 1, 102, 1, 9_899),
    OrderEvent(9, 4, START + 4 * M - 1, 3, -1, 2, 25_000, 9_900, 4),
    Trade(10, 1, START + M, START + 4 * M - 1, 25_000, 2_500_250_000, 2_474_750_000, -25_500_000, 4_975_000,
          9_899, 10_050, 4),
    EquityPoint(11, START + 4 * M - 1, 999_969_525_000, 999_969_525_000, 0),
]  # fmt: skip


def counted(conn: Connection) -> int:
    names = ("orders", "fills", "trades", "equity", "run_notes")
    return sum(conn.scalar(text(f"select count(*) from {name}")) or 0 for name in names)


def test_decisions_come_back_as_the_fold_gave_them(conn: Connection) -> None:
    run = a_run(conn)
    write_decisions(conn, [(run.id, RULES, STORY)])
    assert list(read_decisions(conn, run.id, RULES)) == STORY
    assert list(read_decisions(conn, run.id, RULES, after_seq=3, until_seq=7)) == STORY[3:7]


def test_rows_hold_money_with_its_decimals_and_words(conn: Connection) -> None:
    run = a_run(conn)
    write_decisions(conn, [(run.id, RULES, STORY)])
    columns = "side, quantity::text, price::text, fee::text, liquidity, reason, no_trade, reference::text"
    assert conn.execute(text(f"select {columns} from fills order by seq")).all() == [
        ("buy", "0.25000", "100.01", "0.02500250", "taker", "entry", False, "99.98"),
        ("sell", "0.25000", "98.99", "0.02474750", "maker", "partial_2", True, "98.99"),
    ]  # fmt: skip
    assert conn.execute(text("select order_seq, event, price, reason from v_orders order by 1")).all() == [
        (1, "filled", None, "entry"), (4, "filled", Decimal("99.00"), "trailing"),
    ]  # fmt: skip
    trade = conn.execute(text("select side, entry_price, exit_price, net_quote, exit_reason from v_trades")).one()
    assert trade == ("long", Decimal("100.01"), Decimal("98.99"), Decimal("-0.30475000"), "trailing")
    assert conn.execute(text("select code, value from run_notes")).one() == ("no_target", -3)


def test_the_same_rows_again_are_no_news(conn: Connection) -> None:
    run = a_run(conn)
    write_decisions(conn, [(run.id, RULES, STORY[:7])])
    write_decisions(conn, [(run.id, RULES, STORY)])
    write_decisions(conn, [(run.id, RULES, STORY)])
    assert counted(conn) == len(STORY)


def test_many_runs_are_written_at_once(conn: Connection) -> None:
    made = [a_run(conn) for _ in range(3)]
    write_decisions(conn, [(run.id, RULES, STORY) for run in made] + [(a_run(conn).id, RULES, [])])
    for run in made:
        assert list(read_decisions(conn, run.id, RULES)) == STORY


@pytest.mark.parametrize(
    ("tampered", "message"),
    [
        pytest.param(
            "update fills set price = 100.02 where seq = 2",
            r"fills run \d+ seq 2: price is recorded as 100.02, folded as 100.01", id="a price",
        ),
        pytest.param(
            "update orders set reason = 'exit' where seq = 9",
            r"orders run \d+ seq 9: reason is recorded as 'exit', folded as 'trailing'", id="a word",
        ),
        pytest.param(
            "update orders set price = null where seq = 7",
            r"orders run \d+ seq 7: price is recorded as nothing, folded as 99.00", id="a price that is gone",
        ),
        pytest.param(
            "update equity set ts_ms = ts_ms + 1 where seq = 11",
            r"equity run \d+ seq 11: ts_ms is recorded", id="a time",
        ),
    ],
)  # fmt: skip
def test_another_row_under_the_same_key_is_a_divergence(conn: Connection, tampered: str, message: str) -> None:
    run = a_run(conn)
    write_decisions(conn, [(run.id, RULES, STORY)])
    conn.execute(text(tampered))
    with pytest.raises(DivergenceError, match=message):
        write_decisions(conn, [(run.id, RULES, STORY)])


def test_money_is_compared_by_value(conn: Connection) -> None:
    run = a_run(conn)
    write_decisions(conn, [(run.id, RULES, STORY)])
    conn.execute(text("update fills set price = price::numeric(20, 9)"))
    write_decisions(conn, [(run.id, RULES, STORY)])


@pytest.mark.parametrize(
    ("tampered", "place"),
    [
        pytest.param("update fills set price = 100.015 where seq = 2", "seq 2: price", id="half a tick"),
        pytest.param("update trades set side = 'up'", "seq 10: side", id="an unknown word"),
        pytest.param("update equity set equity = equity + 1e-9", "equity", id="part of a unit"),
    ],
)
def test_a_row_that_no_fold_has_written_is_a_divergence(conn: Connection, tampered: str, place: str) -> None:
    run = a_run(conn)
    write_decisions(conn, [(run.id, RULES, STORY)])
    conn.execute(text(tampered))
    with pytest.raises(DivergenceError, match=f"{place} was not written by a fold"):
        list(read_decisions(conn, run.id, RULES))


def test_pages(conn: Connection) -> None:
    run = a_run(conn)
    write_decisions(conn, [(run.id, RULES, STORY)])
    assert page(conn, run.id, RULES, Fill, 1) == ([STORY[1]], 2)
    assert page(conn, run.id, RULES, Fill, 1, newest=True) == ([STORY[7]], 2)
    assert page(conn, run.id, RULES, Fill, 5, offset=1) == ([STORY[7]], 2)
    assert page(conn, run.id, RULES, OrderEvent, 5) == ([STORY[2], STORY[8]], 2)  # the latest event of each order
    assert page(conn, run.id, RULES, Note, 5) == ([STORY[5]], 1)


def test_an_open_position_is_seen_with_its_entry(conn: Connection) -> None:
    run = a_run(conn)
    write_decisions(conn, [(run.id, RULES, STORY[:5])])
    conn.execute(text("update runs set quantity = 0.25"))
    row = conn.execute(text("select side, quantity, entry_price from v_open_positions")).one()
    assert row == ("long", Decimal("0.25"), Decimal("100.01"))


def test_days_and_their_profits(conn: Connection) -> None:
    run = a_run(conn)
    day = 86_400_000
    start = START - START % day
    points = [(start, 1_000_100_000_000), (start + day - 1, 1_000_200_000_000), (start + 2 * day, 999_900_000_000)]
    rows: list[Decision] = [EquityPoint(k, ms, units, units, 0) for k, (ms, units) in enumerate(points, 1)]
    write_decisions(conn, [(run.id, RULES, rows)])
    pnl = conn.execute(text("select equity_quote, pnl_quote from v_daily_pnl order by day")).all()
    assert pnl == [(Decimal("10002"), Decimal("2")), (Decimal("9999"), Decimal("-3"))]


# ------------------------------------------------------------------------------------------------------------ caches


def a_curve(conn: Connection, run_id: int, first: int, count: int) -> list[tuple[int, Decimal]]:
    """Equity rows a minute apart: a zigzag with one deep spike."""
    units = [10**12 + (k % 17) * 10**7 - (5 * 10**10 if k == 1234 else 0) for k in range(first, first + count)]
    rows: list[Decision] = [EquityPoint(k + 1, START + k * M, u, u, 0) for k, u in enumerate(units, first)]
    write_decisions(conn, [(run_id, RULES, rows)])
    return [(START + k * M, Decimal(u).scaleb(-8)) for k, u in enumerate(units, first)]


def test_a_short_curve_is_whole(conn: Connection) -> None:
    run = a_run(conn)
    curve = a_curve(conn, run.id, 0, 50)
    found = curves.equity_curve(conn, run.id)
    assert (found.points, found.total, found.is_thinned) == (curve, 50, False)
    assert curves.equity_curve(conn, run.id, from_ms=START + 10 * M, to_ms=START + 12 * M).points == curve[10:12]


@pytest.mark.parametrize("levels", ["none", "whole", "behind"])
def test_a_thinned_curve_keeps_first_last_low_and_high(conn: Connection, levels: str) -> None:
    run = a_run(conn)
    curve = a_curve(conn, run.id, 0, 5000)
    if levels != "none":
        curves.extend_levels(conn, [run.id])
    if levels == "behind":
        curve += a_curve(conn, run.id, 5000, 1010)
    found = curves.equity_curve(conn, run.id, 100)
    assert found.total == len(curve)
    assert found.is_thinned
    assert 50 <= len(found.points) <= 100
    assert (found.points[0], found.points[-1]) == (curve[0], curve[-1])
    assert min(curve, key=lambda point: point[1]) in found.points
    assert set(found.points) <= set(curve)
    assert found.points == sorted(found.points)


def test_levels_are_the_same_however_they_grew(conn: Connection) -> None:
    one, two = a_run(conn), a_run(conn)
    for first in range(0, 2000, 100):
        a_curve(conn, one.id, first, 100)
        curves.extend_levels(conn, [one.id])
    a_curve(conn, two.id, 0, 2000)
    curves.extend_levels(conn, [one.id, two.id])
    listed = (
        "select hour_ms, low_seq, low, high_seq, high, last_seq, last from equity_levels where run_id = :id order by 1"
    )
    assert conn.execute(text(listed), {"id": one.id}).all() == conn.execute(text(listed), {"id": two.id}).all()


def a_snapshot(run_id: int, minute: int, version: str = "1", plan: str = "p") -> Snapshot:
    return Snapshot(run_id, START + minute * M, version, plan, minute, bytes(32), b"\x00\xff" * 9, b"m")


def test_the_latest_two_snapshots_of_a_run_are_kept(conn: Connection) -> None:
    one, two = a_run(conn).id, a_run(conn).id
    for minute in (1, 2, 3):
        snapshots.write(conn, [a_snapshot(one, minute), a_snapshot(two, minute)])
    assert conn.scalar(text("select count(*) from snapshots")) == 4
    assert snapshots.latest(conn, one, "1", "p") == a_snapshot(one, 3)
    assert snapshots.latest(conn, one, "1", "p", until_ms=START + 2 * M) == a_snapshot(one, 2)
    assert snapshots.latest(conn, one, "2", "p") is None
    assert snapshots.latest(conn, one, "1", "q") is None
    snapshots.drop(conn, one)
    assert snapshots.latest(conn, one, "1", "p") is None


def a_counter(run_id: int, number: int, minute: int, counts: Counts, side: str = "entry_long") -> Counter:
    return Counter(run_id, number, side, f"{number} of 2", f'a == "\\{number}"', *counts, START + minute * M)


def test_counters_are_totals(conn: Connection) -> None:
    one, two = a_run(conn).id, a_run(conn).id
    counters.write(conn, [a_counter(one, 1, 5, Counts(5, 1, 2)), a_counter(two, 1, 5, Counts(0, 0, 0))])
    counters.write(conn, [a_counter(one, 1, 9, Counts(9, 3, 2)), a_counter(one, 2, 9, Counts(9, 0, 9), "exit_long")])
    assert counters.read(conn, one) == (START + 9 * M, {1: Counts(9, 3, 2), 2: Counts(9, 0, 9)})
    assert counters.read(conn, two) == (START + 5 * M, {1: Counts(0, 0, 0)})
    assert counters.read(conn, a_run(conn).id) == (None, {})
    rows = conn.execute(
        text("select number, side, place, rule, held_pct, not_ready_pct from v_rules order by run_id, 1")
    )
    assert rows.all() == [
        (1, "entry_long", "1 of 2", 'a == "\\1"', Decimal("33.3333"), Decimal("22.2222")),
        (2, "exit_long", "2 of 2", 'a == "\\2"', 0, 100), (1, "entry_long", "1 of 2", 'a == "\\1"', None, None),
    ]  # fmt: skip
    until = conn.execute(text("select distinct counted_until_at from v_rules where run_id = :one"), {"one": one}).one()
    assert until[0].timestamp() * 1000 == START + 9 * M


def test_a_long_backtest_is_written_in_few_statements(conn: Connection) -> None:
    run = a_run(conn, mode="backtest")
    rows: list[Decision] = [EquityPoint(k, START + k * M, 10**12 + k, 10**12, 5) for k in range(1, 100_001)]
    started = time.perf_counter()
    write_decisions(conn, [(run.id, RULES, rows)])
    written = time.perf_counter()
    assert sum(1 for _ in read_decisions(conn, run.id, RULES)) == len(rows)
    read = time.perf_counter()
    print(f"100,000 equity rows: written in {written - started:.2f} s, read in {read - written:.2f} s")
