"""v_orders: what an order's latest event left of it, also when it fills in parts."""

from decimal import Decimal

from sqlalchemy import Connection, text

from shared.domain.decision import ORDER_EVENTS, REASONS, Decision, OrderEvent
from shared.store.decisions import write_decisions
from tests.support.instruments import RULES
from tests.support.store import START, a_run

# (event, quantity in steps of 0.00001) of one order -> what waits then
LIVES: dict[str, tuple[tuple[tuple[str, int], ...], str]] = {
    "untouched": ((("submitted", 900),), "0.00900"),
    "moved": ((("submitted", 900), ("amended", 700)), "0.00700"),
    "a part": ((("submitted", 900), ("partially_filled", 250)), "0.00650"),
    "parts": ((("submitted", 900), ("partially_filled", 250), ("partially_filled", 50)), "0.00600"),
    "moved after a part": ((("submitted", 900), ("partially_filled", 250), ("amended", 650)), "0.00650"),
    "a part after that": (
        (("submitted", 900), ("partially_filled", 250), ("amended", 600), ("partially_filled", 100)),
        "0.00500",
    ),
    "filled": ((("submitted", 900), ("partially_filled", 250), ("filled", 650)), "0"),
    "cancelled": ((("submitted", 900), ("partially_filled", 250), ("cancelled", 650)), "0"),
    "rejected": ((("submitted", 900), ("rejected", 900)), "0"),
    "expired": ((("submitted", 900), ("expired", 900)), "0"),
}


def events(first_seq: int, life: tuple[tuple[str, int], ...]) -> list[Decision]:
    limit, entry = 3, REASONS.index("entry")
    return [
        OrderEvent(seq, first_seq, START, ORDER_EVENTS.index(word), 1, limit, steps, 10_000, entry)
        for seq, (word, steps) in enumerate(life, first_seq)
    ]


def test_an_order_shows_what_is_left_of_it(conn: Connection) -> None:
    run, other = a_run(conn), a_run(conn)
    firsts = dict(zip(LIVES, range(1, 100, 10), strict=False))
    story = [event for name, (life, _) in LIVES.items() for event in events(firsts[name], life)]
    write_decisions(conn, [(run.id, RULES, story), (other.id, RULES, events(1, LIVES["a part"][0]))])
    asked = text("select order_seq, event, quantity, open_quantity from v_orders where run_id = :run")
    found = {row.order_seq: row for row in conn.execute(asked, {"run": run.id})}
    assert len(found) == len(LIVES)
    for name, (life, left) in LIVES.items():
        row = found[firsts[name]]
        assert (row.event, row.quantity) == (life[-1][0], Decimal(life[-1][1]).scaleb(-5)), name
        assert row.open_quantity == Decimal(left), name
