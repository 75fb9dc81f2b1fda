"""What a run has done, over HTTP: equal to what the fold decided, value for value."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.api import ledger
from shared.domain.decision import Decision, EquityPoint, Fill, OrderEvent, Trade
from shared.domain.timeframe import DAY_MS, MINUTE_MS
from shared.performance.document import BarsFolded, Header, document, dumps, fill_json, trade_json
from shared.performance.market import Market
from shared.performance.statistics import statistics
from shared.store import bars, database, market, runs, tables
from shared.strategy.load import load
from shared.strategy.planning import plan_for
from tests.support.api import BTC, FAST, FIRST_MS, THIS_MINUTE, Api, days_of_bars, served

START = FIRST_MS + DAY_MS
LAST = THIS_MINUTE - MINUTE_MS


@pytest.fixture
def api(database: str, redis_url: str) -> Iterator[Api]:
    with served(database, redis_url) as found:
        found.upload()
        yield found


def folded(api: Api, until_ms: int = THIS_MINUTE) -> tuple[int, list[Decision]]:
    """A run from START and its decisions."""
    run_id = int(api.create(start_at=START)["id"])
    return run_id, api.fold(run_id, until_ms)


def written_by_hand(api: Api, run_id: int, decisions: list[Decision]) -> str:
    """The document that a backtest of the same fold writes, from its own decisions and bars."""
    with database.begin(api.engine) as conn:
        run = runs.get(conn, run_id)
        columns = bars.read_columns(conn, run.instrument_id, START, THIS_MINUTE)
    plan = plan_for(load(FAST, "x.yaml"))
    header = Header(
        run.engine_version, plan.name, plan.version_sha256, None, dict(plan.params), BTC, run.costs, Decimal(10_000),
        BarsFolded.of(list(columns.open_ms), run.start_ms, FIRST_MS), (run.digest or b"").hex(),
        Market.of(columns, 0, len(columns.open_ms)),
    )  # fmt: skip
    return dumps(document(header, decisions))


def market_until(until_ms: int) -> Market:
    """What a holder since START has seen, from the bars that were recorded."""
    known = [bar for bar in days_of_bars() if START <= bar.open_ms < until_ms]
    found = Market(known[0].open_ms, known[0].open)
    for bar in known:
        found.step(bar.open_ms, bar.close)
    return found


def test_an_export_is_the_document_of_its_backtest_to_the_byte(api: Api):
    run_id, decisions = folded(api)
    answer = api.viewer.get(f"/api/v1/runs/{run_id}/export")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="run-{run_id}.json"'
    assert answer.text == written_by_hand(api, run_id, decisions)
    whole = answer.json()
    assert len(whole["trades"]) > 100
    assert whole["bars"]["gaps"] == [[FIRST_MS + 4000 * MINUTE_MS, FIRST_MS + 4003 * MINUTE_MS]]
    assert whole["open_position"]["stop"] is not None


def test_there_is_nothing_to_export_before_the_first_bar(api: Api):
    run_id = api.create(start_at=START)["id"]
    answer = api.viewer.get(f"/api/v1/runs/{run_id}/export")
    assert answer.status_code == 409
    assert "pending" in answer.json()["detail"]


def test_rows_are_paged_in_both_directions(api: Api):
    run_id, decisions = folded(api)
    trades = [trade_json(BTC, one) for one in decisions if isinstance(one, Trade)]
    fills = [fill_json(BTC, one) for one in decisions if isinstance(one, Fill)]

    def page(kind: str, query: str) -> dict[str, Any]:
        found: dict[str, Any] = api.get(f"/runs/{run_id}/{kind}?{query}")
        return found

    assert page("trades", "limit=3") == {"items": trades[:3], "total": len(trades), "limit": 3, "offset": 0}
    assert page("trades", "limit=3&offset=2")["items"] == trades[2:5]
    assert page("trades", "limit=3&order=desc")["items"] == trades[::-1][:3]
    assert page("fills", "limit=500&offset=10")["items"] == fills[10:510]
    assert page("fills", f"offset={len(fills)}")["items"] == []
    latest = {one.order_seq: one for one in decisions if isinstance(one, OrderEvent)}
    orders = page("orders", "limit=500")
    assert orders["total"] == len(latest)
    assert [one["order_seq"] for one in orders["items"]] == sorted(latest)[:500]
    assert all("seq" not in one for one in orders["items"])
    assert page("notes", "")["items"] == []


def test_statistics_are_of_all_decisions_and_grow_with_them(api: Api):
    run_id = int(api.create(start_at=START)["id"])
    fresh = api.get(f"/runs/{run_id}/stats")
    assert (fresh["trade_count"], fresh["reasons"]["winrate"]) == (0, "no_trades")
    runner = api.claim()
    for until_ms in (START + 300 * MINUTE_MS, THIS_MINUTE):
        decisions = api.fold(run_id, until_ms, runner)
        expected = statistics(
            decisions, cash=10_000 * 10**8, rules=BTC, start_ms=START, end_ms=until_ms, market=market_until(until_ms)
        )
        shown = api.get(f"/runs/{run_id}/stats")
        assert shown == json.loads(json.dumps(expected))
        headline = api.get(f"/runs/{run_id}")["stats"]
        assert headline["profit_factor"] == expected["profit_factor"]
        assert headline["n"]["profit_factor"] == expected["trade_count"]
        run = api.get(f"/runs/{run_id}")
        assert (run["trade_count"], run["win_count"]) == (expected["trade_count"], expected["wins"])


def test_breakdowns_are_the_document_s_and_grow_with_the_run(api: Api):
    run_id = int(api.create(start_at=START)["id"])
    fresh = api.get(f"/runs/{run_id}/breakdowns")
    assert (fresh["side"], [row["key"] for row in fresh["day"]]) == ([], ["2025-01-02"])
    runner = api.claim()
    for until_ms in (START + 300 * MINUTE_MS, THIS_MINUTE):
        api.fold(run_id, until_ms, runner)
        expected = api.get(f"/runs/{run_id}/export")["breakdowns"]
        assert api.get(f"/runs/{run_id}/breakdowns") == expected
        assert len(expected["day"]) == (1 if until_ms < THIS_MINUTE else 3)
        some = api.get(f"/runs/{run_id}/breakdowns?by=month&by=side")
        assert some == {"month": expected["month"], "side": expected["side"]}
        newest = api.get(f"/runs/{run_id}/breakdowns?newest=2")
        assert newest == {**expected, "day": expected["day"][-2:], "week": expected["week"][-2:]}
    assert api.viewer.get(f"/api/v1/runs/{run_id}/breakdowns?by=moon").status_code == 422


def test_statistics_that_hold_too_much_are_those_of_runs_asked_for_lately(api: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ledger, "MOST_TRADES", 150)
    first, second, third = (folded(api)[0] for _ in range(3))
    ledgers = ledger.Ledgers()
    with database.begin(api.engine) as conn:
        reports = [ledgers.statistics(conn, runs.get(conn, run_id)) for run_id in (first, second, third)]
        assert list(ledgers._wholes) == [second, third]
        assert ledgers.statistics(conn, runs.get(conn, first)) == reports[0]


def test_a_database_put_back_to_an_older_copy_is_summed_anew(api: Api):
    run_id, _ = folded(api)
    later = api.get(f"/runs/{run_id}")
    with database.begin(api.engine) as conn:
        for table in ("orders", "fills", "trades", "equity", "run_notes"):
            t = tables.metadata.tables[table]
            conn.execute(t.delete().where(t.c.run_id == run_id, t.c.seq > 500))
        conn.execute(tables.runs.update().where(tables.runs.c.id == run_id).values(seq=500))
    earlier = api.get(f"/runs/{run_id}")
    assert earlier["trade_count"] == earlier["stats"]["trade_count"] < later["trade_count"]


def test_the_position_is_marked_at_the_last_close(api: Api):
    run_id, decisions = folded(api)
    entry = [one for one in decisions if isinstance(one, Fill)][-1]
    point = [one for one in decisions if isinstance(one, EquityPoint)][-1]
    shown = api.get(f"/runs/{run_id}/position")
    with database.begin(api.engine) as conn:
        known = market.find_instrument(conn, "BTC/USDT")
        assert known is not None
        close = Decimal(str(bars.read_columns(conn, known.id, LAST, THIS_MINUTE).close[0]))
    side = 1 if point.position > 0 else -1
    assert shown["side"] == ("long" if side > 0 else "short")
    assert Decimal(shown["quantity"]) == abs(point.position) * BTC.lot_step
    assert Decimal(shown["entry_price"]) == entry.price * BTC.tick_size
    assert (Decimal(shown["mark_price"]), shown["mark_ms"]) == (close, THIS_MINUTE - 1)
    worth = (close - Decimal(shown["entry_price"])) * side * Decimal(shown["quantity"])
    assert Decimal(shown["unrealised_quote"]) == worth
    assert Decimal(shown["stop"]) < close < Decimal(shown["target"]) if side > 0 else True
    run = api.get(f"/runs/{run_id}")
    assert run["position"] == {name: shown[name] for name in ("side", "quantity", "entry_price", "stop", "target")}
    assert run["unrealised_quote"] == shown["unrealised_quote"]
    assert run["equity_quote"] == BTC.quote_text(point.equity)
    assert run["last_bar_ms"] == LAST


def test_a_run_that_holds_nothing_is_flat(api: Api):
    shown = api.get(f"/runs/{api.create()['id']}/position")
    assert shown["side"] == "flat"
    assert shown["rungs"] == []
    assert {value for name, value in shown.items() if name not in ("side", "rungs")} == {None}


def test_an_equity_curve_is_thinned_to_what_was_asked_for(api: Api):
    run_id, decisions = folded(api)
    points = [[one.ts_ms, BTC.quote_text(one.equity)] for one in decisions if isinstance(one, EquityPoint)]
    whole = api.get(f"/runs/{run_id}/equity?points=20000")
    assert whole == {"items": points, "thinned": False, "total": len(points)}
    thin = api.get(f"/runs/{run_id}/equity?points=50")
    assert (thin["thinned"], thin["total"]) == (True, len(points))
    assert len(thin["items"]) <= 50
    assert (thin["items"][0], thin["items"][-1]) == (points[0], points[-1])
    values = [Decimal(value) for _, value in points]
    assert {min(values), max(values)} <= {Decimal(value) for _, value in thin["items"]}
    part = api.get(f"/runs/{run_id}/equity?from_ms={points[5][0]}&to_ms={points[9][0]}")
    assert part["items"] == points[5:9]


SHUT = """
name: shut
symbol: BTC/USDT
timeframes: { entry: 1m }
indicators: [{ id: mean, type: SMA, timeframe: entry, length: 5 }]
logic:
  entry_long: ["close > mean", { any: ["close < 0", "close > 0"] }, "volume < 0"]
  exit_long: ["bars_held > 3"]
variants:
  open: { logic: { entry_long: ["close > mean"] } }
"""


def test_the_rule_that_keeps_a_run_from_trading_is_found_by_its_counts(api: Api):
    api.upload(SHUT)
    run_id = int(api.create(strategy="shut", start_at=START)["id"])
    fresh = api.get(f"/runs/{run_id}/rules")
    assert (fresh["as_of_ms"], fresh["as_of_at"], len(fresh["items"])) == (None, None, 5)
    assert {(one["evaluated"], one["held_ratio"], one["not_ready_ratio"]) for one in fresh["items"]} == {
        (0, None, None)
    }
    api.fold(run_id)
    shown = api.get(f"/runs/{run_id}/rules")
    assert (shown["as_of_ms"], shown["from_ms"]) == (LAST, api.get(f"/runs/{run_id}")["warmup_from_ms"])
    known = [bar for bar in days_of_bars() if shown["from_ms"] <= bar.open_ms < THIS_MINUTE]
    count = len(known)
    above = sum(known[i].close > sum(bar.close for bar in known[i - 4 : i + 1]) / 5 for i in range(4, count))
    assert [tuple(one[name] for name in ("text", "side", "place", "required", "held", "not_ready"))
            for one in shown["items"]] == [
        ("close > mean", "entry_long", "1 of 3", True, above, 4),
        ("close < 0", "entry_long", "2 of 3, any 1 of 2", False, 0, 0),
        ("close > 0", "entry_long", "2 of 3, any 2 of 2", False, count, 0),
        ("volume < 0", "entry_long", "3 of 3", True, 0, 0),
        ("bars_held > 3", "exit_long", "1 of 1", True, 0, count),
    ]  # fmt: skip
    assert {one["evaluated"] for one in shown["items"]} == {count}
    assert [one["held_ratio"] for one in shown["items"]] == [above / count, 0.0, 1.0, 0.0, 0.0]
    assert shown["items"][0]["not_ready_ratio"] == 4 / count
    blocking = [one["text"] for one in shown["items"] if one["required"] and one["held"] == 0 and one["not_ready"] == 0]
    assert blocking == ["volume < 0"]
    assert api.get(f"/runs/{run_id}")["trade_count"] == 0


def test_rules_are_those_of_the_runs_variant(api: Api):
    api.upload(SHUT)
    run_id = int(api.create(strategy="shut", variant="open", start_at=START)["id"])
    assert [one["text"] for one in api.get(f"/runs/{run_id}/rules")["items"]] == ["close > mean", "bars_held > 3"]


def test_results_of_a_run_that_is_not_there(api: Api):
    parts = (
        "trades",
        "fills",
        "orders",
        "notes",
        "equity",
        "position",
        "stats",
        "breakdowns",
        "rules",
        "log",
        "export",
    )
    for part in parts:
        assert api.viewer.get(f"/api/v1/runs/99/{part}").status_code == 404


# --------------------------------------------------------------------------------------------------------------- bars


def closed(api: Api, query: str) -> list[list[float]]:
    found: list[list[float]] = api.get(f"/bars?instrument=BTC/USDT&{query}")["items"]
    return found


def test_minutes_are_the_record(api: Api):
    newest = closed(api, "limit=3")
    assert [row[0] for row in newest] == [LAST - 2 * MINUTE_MS, LAST - MINUTE_MS, LAST]
    with database.begin(api.engine) as conn:
        known = market.find_instrument(conn, "BTC/USDT")
        assert known is not None
        columns = bars.read_columns(conn, known.id, LAST, THIS_MINUTE)
    assert newest[-1] == [column[0] for column in columns]
    around = closed(api, f"from_ms={FIRST_MS + 3999 * MINUTE_MS}&limit=2")
    assert [row[0] for row in around] == [FIRST_MS + 3999 * MINUTE_MS, FIRST_MS + 4003 * MINUTE_MS]


@pytest.mark.parametrize("timeframe_minutes", [3, 15, 60, 240, 1440])
def test_frames_are_gathered_from_whole_minutes_on_the_epochs_grid(api: Api, timeframe_minutes: int):
    name = {3: "3m", 15: "15m", 60: "1h", 240: "4h", 1440: "1d"}[timeframe_minutes]
    width = timeframe_minutes * MINUTE_MS
    answer = api.get(f"/bars?instrument=BTC/USDT&timeframe={name}&limit=5000")
    minutes = closed(api, "limit=5000")
    frames: dict[int, list[float]] = {}
    for open_ms, open_, high, low, close, volume in minutes:
        start = int(open_ms - open_ms % width)
        if start not in frames:
            frames[start] = [start, open_, high, low, close, volume]
        else:
            old = frames[start]
            frames[start] = [start, old[1], max(old[2], high), min(old[3], low), close, old[5] + volume]
    begun = frames.pop(THIS_MINUTE - THIS_MINUTE % width, None)
    assert [row[:5] for row in answer["items"]] == [row[:5] for row in frames.values()]
    assert [row[5] for row in answer["items"]] == pytest.approx([row[5] for row in frames.values()])
    assert answer["forming"] == (None if begun is None else pytest.approx(begun))


def test_a_frame_outside_coverage_is_not_closed(api: Api):
    with database.begin(api.engine) as conn:
        known = market.find_instrument(conn, "BTC/USDT")
        assert known is not None
        ten_days_before = FIRST_MS - 10 * DAY_MS
        bars.record(conn, known.id, [], (ten_days_before, ten_days_before + 90 * MINUTE_MS), "rest", 0)
    assert closed(api, f"timeframe=1h&from_ms={ten_days_before}&to_ms={FIRST_MS}") == []
    assert closed(api, f"timeframe=1d&from_ms={FIRST_MS}&limit=2")[0][0] == FIRST_MS


def test_the_forming_minute_comes_from_the_bus(api: Api, redis_url: str):
    assert api.get("/bars?instrument=BTC/USDT")["forming"] is None
    from shared.bus import client, codec, keys

    tick = codec.Tick("BTC/USDT", THIS_MINUTE, 10.0, 12.0, 9.0, 11.0, 1.5, THIS_MINUTE + 1)
    client.connect(redis_url, "test").hset(keys.tick("BTC/USDT"), mapping=codec.tick_fields(tick))
    assert api.get("/bars?instrument=BTC/USDT")["forming"] == [THIS_MINUTE, 10.0, 12.0, 9.0, 11.0, 1.5]
    hour = api.get("/bars?instrument=BTC/USDT&timeframe=1h")
    assert hour["forming"][0] == THIS_MINUTE - THIS_MINUTE % (60 * MINUTE_MS)
    assert (hour["forming"][3], hour["forming"][4]) == (9.0, 11.0)
    assert api.get(f"/bars?instrument=BTC/USDT&to_ms={THIS_MINUTE}")["forming"] is None


def test_the_system_at_a_glance(api: Api):
    api.create()
    api.claim()
    shown = api.get("/system")
    assert (shown["market"], shown["clock_rate"]) == ("sim", 0.0001)
    assert shown["exchange_now_ms"] // 1000 == (THIS_MINUTE + 12_345) // 1000
    assert [(one["host"], one["capacity"], one["runs"]) for one in shown["runners"]] == [("test", 10, 1)]
    assert shown["feeds"] == [{"instrument": "BTC/USDT", "last_bar_ms": LAST, "lag_s": 0.0, "health": "ok"}]


def test_no_file_of_this_machine_is_named(api: Api):
    here = str(Path(__file__).resolve().parents[2])
    for path in ("/openapi.json", "/docs", "/api/v1/system", "/api/v1/strategies"):
        assert here not in api.viewer.get(path).text
