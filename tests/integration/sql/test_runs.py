"""Questions about runs now - what they hold, wait for, have placed - answer what the API says."""

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from tests.support.sql_answers import MS, asked, by_run, documents
from tests.support.sql_world import World


def test_runs_stand_as_the_api_says(world: World) -> None:
    rows = by_run(asked(world, "How do the runs stand?"))
    runs = world.get("/runs?limit=100")["items"]
    assert list(rows) == [run["id"] for run in runs] == sorted(world.runs.values(), reverse=True)
    for run in runs:
        row = rows[run["id"]]
        assert [row[name] for name in ("strategy", "instrument", "status", "health")] == [
            run[name] for name in ("strategy", "instrument", "status", "health")
        ]
        assert run["version_sha256"].startswith(row["version"])
        assert (int(row["trade_count"]), int(row["win_count"])) == (run["trade_count"], run["win_count"])
        assert Decimal(row["pnl_quote"]) == Decimal(run["pnl_quote"])
    assert {run["status"] for run in runs} >= {"running", "stopped", "finished", "warming", "pending"}
    assert {run["health"] for run in runs} == {"ok", "waiting_for_history", "waiting_for_runner"}


def test_what_is_at_risk_is_what_the_api_holds(world: World) -> None:
    rows = by_run(asked(world, "What is at risk now?"))
    live = {run_id: world.get(f"/runs/{run_id}/position") for run_id in [*world.live(), world.runs["next"]]}
    assert set(rows) == {run_id for run_id, held in live.items() if held["side"] != "flat"}
    total: dict[str, Decimal] = defaultdict(Decimal)
    for run_id, row in rows.items():
        held = live[run_id]
        assert (row["side"], abs(Decimal(row["quantity"]))) == (held["side"], Decimal(held["quantity"]))
        names = {"entry_price": "entry_price", "mark_price": "mark_price", "unrealised_quote": "unrealised_quote",
                 "stop_price": "stop", "target_price": "target"}  # fmt: skip
        for ours, theirs in names.items():
            assert Decimal(row[ours]) == Decimal(held[theirs]), ours
        risk = abs(Decimal(held["mark_price"]) - Decimal(held["stop"])) * Decimal(held["quantity"])
        assert Decimal(row["at_risk_quote"]) == risk
        total["at_risk_quote"] += risk
        total["net_quote"] += Decimal(row["quantity"]) * Decimal(held["mark_price"])
        total["gross_quote"] += Decimal(held["quantity"]) * Decimal(held["mark_price"])
    (whole,) = asked(world, "How much is held of each instrument, all runs together?")
    assert {name: Decimal(whole[name]) for name in total} == total
    assert (whole["instrument"], int(whole["positions"]), whole["without_stop"]) == ("BTC/USDT", len(rows), "0")
    assert len(rows) > 1
    risks = [Decimal(row["at_risk_quote"]) for row in rows.values()]
    assert risks == sorted(risks, reverse=True)


def test_a_position_without_a_stop_stands_first(world: World) -> None:
    """Nobody knows what it can lose, so it must not look like nothing."""
    *_, last = by_run(asked(world, "What is at risk now?"))
    stops = [seq for (seq,) in world.desk.sql("select seq from orders where run_id = :id and type = 'stop'", id=last)]
    change = "update orders set type = :type where run_id = :id and seq = any(:stops)"
    world.desk.sql(change, type="market", id=last, stops=stops)
    try:
        first = asked(world, "What is at risk now?")[0]
        (whole,) = asked(world, "How much is held of each instrument, all runs together?")
    finally:
        world.desk.sql(change, type="stop", id=last, stops=stops)
    assert (int(first["run_id"]), first["stop_price"], first["at_risk_quote"]) == (last, "", "")
    assert whole["without_stop"] == "1"


def test_rules_are_counted_as_the_api_counts(world: World) -> None:
    for name in ("old", "blocked"):
        rows = asked(world, "Which rule keeps a run from trading?", run=world.runs[name])
        items = world.get(f"/runs/{world.runs[name]}/rules")["items"]
        assert sorted(
            (row["side"], row["place"], row["rule"], row["evaluated"], row["held"]) for row in rows
        ) == sorted((one["side"], one["place"], one["text"], str(one["evaluated"]), str(one["held"])) for one in items)
        for side in {row["side"] for row in rows}:
            held = [int(row["held"]) for row in rows if row["side"] == side]
            assert held == sorted(held), "the one that holds least is the first to look at"
        for row in rows:
            share = Decimal(100 * int(row["held"])) / int(row["evaluated"])
            assert abs(Decimal(row["held_pct"]) - share) <= Decimal("0.00005")
    (row,) = asked(world, "Which rules of which runs have never held?")
    assert (int(row["run_id"]), row["rule"]) == (world.runs["blocked"], "close < 0")


def test_those_that_wait_wait_in_the_api_too(world: World) -> None:
    rows = by_run(asked(world, "Which runs wait, and for what?"))
    runs = {run["id"]: run for run in world.get("/runs?limit=100")["items"]}
    wanted = {run_id: run["health"] for run_id, run in runs.items() if run["health"] != "ok"}
    assert {run_id: row["health"] for run_id, row in rows.items()} == wanted
    assert rows[world.runs["waiting"]]["waits_for"] == "every runner is full"
    assert rows[world.runs["ether"]]["waits_for"] == (
        "history from 2025-01-02 00:00:00+00, the record begins at 2025-01-02 20:00:00+00"
    )


def test_a_run_of_another_engine_waits_for_a_runner_of_its_own(world: World) -> None:
    waiting = world.runs["waiting"]
    change = "update runs set engine_version = :version where id = :id"
    before = world.desk.run(waiting).engine_version
    world.desk.sql(change, version="77", id=waiting)
    try:
        rows = by_run(asked(world, "Which runs wait, and for what?"))
    finally:
        world.desk.sql(change, version=before, id=waiting)
    assert rows[waiting]["waits_for"] == "no runner of engine 77 lives"


def test_orders_that_wait_are_those_of_the_documents_with_what_is_left(world: World) -> None:
    wanted: dict[tuple[int, str, str], Decimal] = {}
    for run_id, doc in documents(world).items():
        for events in grouped(doc["orders"]).values():
            if events[-1]["event"] in ("submitted", "amended"):
                wanted[run_id, events[0]["type"], events[-1]["reason"]] = Decimal(events[-1]["quantity"])
    rows = asked(world, "Which orders wait in the market, and for how much?")
    found = {(int(row["run_id"]), row["type"], row["reason"]): Decimal(row["open_quantity"]) for row in rows}
    assert found == wanted
    assert {kind for _, kind, _ in found} >= {"stop", "limit"}


def grouped(events: Any) -> dict[int, Any]:
    """Order events by their order."""
    found: dict[int, Any] = defaultdict(list)
    for event in events:
        found[event["order_seq"]].append(event)
    return found


def test_orders_that_came_to_nothing_are_those_of_the_documents(world: World) -> None:
    wanted: Counter[tuple[str, str, str, str]] = Counter()
    for doc in documents(world).values():
        last = {event["order_seq"]: event for event in doc["orders"]}
        wanted.update(
            (doc["strategy"]["name"], event["event"], event["reason"], event["type"])
            for event in last.values()
            if event["event"] in ("rejected", "cancelled", "expired")
        )
    rows = asked(world, "Which orders came to nothing, and why?")
    found = {tuple(row[name] for name in ("strategy", "event", "reason", "type")): int(row["orders"]) for row in rows}
    assert found == wanted
    assert {event for _, event, _, _ in wanted} == {"rejected", "cancelled", "expired"}


def test_fills_are_the_document_s_and_lie_within_their_bars(world: World) -> None:
    known = {bar.open_ms: bar for bar in world.desk.day}
    for name in ("old", "resting", "stopped"):
        rows = asked(world, "Do fills fit the bars they happened in?", run=world.runs[name])
        fills = world.get(f"/runs/{world.runs[name]}/export")["fills"]
        for row, fill in zip(rows, fills, strict=True):
            bar = known[fill["ts_ms"] - fill["ts_ms"] % MS]
            assert (int(row["seq"]), row["side"], row["reason"]) == (fill["seq"], fill["side"], fill["reason"])
            assert Decimal(row["price"]) == Decimal(fill["price"])
            assert Decimal(row["reference_price"]) == Decimal(fill["reference_price"])
            assert [float(row[part]) for part in ("open", "high", "low", "close")] == [
                bar.open, bar.high, bar.low, bar.close,
            ]  # fmt: skip
            assert row["moment"] == ("open" if fill["ts_ms"] % MS == 0 else "inside")
            assert row["within"] == "t"
