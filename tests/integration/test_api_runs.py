"""Runs over HTTP: everything that a fold needs is fixed at creation; a request that fails leaves nothing behind."""

import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from shared.bus import client, keys, pubsub
from shared.bus.codec import Control
from shared.domain.instrument import InstrumentRules
from shared.domain.timeframe import DAY_MS, MINUTE_MS
from shared.store import commands, commits, database, market, runs
from tests.support.api import FAST, FIRST_MS, NOW_MS, THIS_MINUTE, Api, served
from tests.support.store import a_step


@pytest.fixture
def api(database: str, redis_url: str) -> Iterator[Api]:
    with served(database, redis_url) as found:
        found.upload()
        yield found


def recorded(api: Api, run_id: int) -> runs.Run:
    with database.begin(api.engine) as conn:
        return runs.get(conn, run_id)


# ------------------------------------------------------------------------------------------------------------- create


def test_a_paper_run_starts_at_the_next_minute_of_the_exchange(api: Api):
    made = api.create()
    run = recorded(api, made["id"])
    assert made["start_ms"] == run.start_ms == THIS_MINUTE + MINUTE_MS
    assert made["start_at"] == "2025-01-04T00:38:00.000Z"
    assert (made["mode"], made["status"], made["health"]) == ("paper", "pending", "waiting_for_runner")
    assert run.history_from_ms == FIRST_MS + 2 * DAY_MS  # an hour of settling: the day before
    assert run.end_ms is None
    assert (run.engine_version, run.created_by) == (made["engine_version"], "tess")
    assert made["quote"] == "USDT"
    assert made["equity_quote"] == made["cash"] == "10000.00000000"
    assert made["synthetic_short"] is True
    assert api.create(variant="long_only")["synthetic_short"] is False


def test_a_past_start_is_taken_as_its_minute(api: Api):
    made = api.create(start_at="2025-01-02T12:34:56Z")
    assert made["start_ms"] == FIRST_MS + DAY_MS + (12 * 60 + 34) * MINUTE_MS


def test_rules_costs_and_cash_are_pinned(api: Api):
    run = recorded(api, api.create(cash="2500.5", start_at=FIRST_MS + DAY_MS)["id"])
    assert (run.rules.source, run.rules.lot_step) == ("exchange-info", Decimal("0.00001"))
    assert (run.costs.maker_ppm, run.costs.taker_ppm) == (1000, 1000)  # the fee table in January 2025
    assert (run.costs.slippage_ppm, run.costs.half_spread_ppm) == (200, 100)
    assert run.cash == Decimal("2500.5")
    with database.begin(api.engine) as conn:  # the exchange changes its rules: the run keeps its own
        known = market.find_instrument(conn, "BTC/USDT")
        assert known is not None
        new = InstrumentRules("BTC/USDT", Decimal("0.1"), Decimal("0.001"), Decimal("0.001"), Decimal(5), "x", NOW_MS)
        market.put_rules(conn, known.id, new)
    assert recorded(api, run.id).rules == run.rules
    assert recorded(api, api.create()["id"]).rules.tick_size == Decimal("0.1")


def test_the_file_states_costs(api: Api):
    text = FAST.replace("fast-cross", "costly") + "execution: { commission_taker: 0.002, slippage_bps: 5 }\n"
    api.upload(text + "backtest: { commission: 0.003, slippage: 0.01, cash: 777 }\n")
    run = recorded(api, api.create(strategy="costly")["id"])
    assert (run.costs.maker_ppm, run.costs.taker_ppm, run.costs.slippage_ppm) == (3000, 2000, 500)
    assert run.cash == 777


def test_variant_and_parameters_are_kept(api: Api):
    made = api.create(variant="long_only", params={"fast.length": 5})
    assert (made["variant"], made["params"]) == ("long_only", {"fast.length": 5})


def test_another_instrument_in_any_spelling(api: Api):
    made = api.create(instrument="ethusdt")
    assert (made["instrument"], made["quote"]) == ("ETH/USDT", "USDT")
    assert recorded(api, made["id"]).rules.source == "shipped"  # not captured yet
    again = api.create(instrument="ETH-USDT")
    assert recorded(api, again["id"]).rules_id == recorded(api, made["id"]).rules_id


def test_a_backtest_ends(api: Api):
    made = api.create(mode="backtest", **{"from": "2025-01-02", "to": "2025-01-02T23:59Z"})
    assert (made["start_ms"], made["end_ms"]) == (FIRST_MS + DAY_MS, FIRST_MS + 2 * DAY_MS)
    open_ended = api.create(mode="backtest", **{"from": "2025-01-02"})
    assert open_ended["end_ms"] == THIS_MINUTE


def test_the_files_dates_are_a_backtests_default(api: Api):
    api.upload(FAST.replace("fast-cross", "dated") + "backtest: { from: 2025-01-02, to: 2025-01-03 }\n")
    made = api.create(strategy="dated", mode="backtest")
    assert (made["start_ms"], made["end_ms"]) == (FIRST_MS + DAY_MS, FIRST_MS + 2 * DAY_MS + MINUTE_MS)
    assert api.create(strategy="dated")["start_ms"] == THIS_MINUTE + MINUTE_MS


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        pytest.param({"strategy": "nobody"}, 404, "nobody", id="unknown strategy"),
        pytest.param({"version_sha256": "0" * 64}, 404, "no version", id="unknown version"),
        pytest.param({"version_sha256": "x"}, 422, "version_sha256", id="no hash"),
        pytest.param({"variant": "long_onyl"}, 422, "long_only", id="unknown variant, with a suggestion"),
        pytest.param({"params": {"fast.lenght": 3}}, 422, "fast.length", id="unknown parameter, with a suggestion"),
        pytest.param({"params": {"fast.length": 0}}, 422, "fast.length", id="parameter out of bounds"),
        pytest.param({"params": {"fast.length": 2.5}}, 422, "fast.length", id="parameter that is not whole"),
        pytest.param({"params": {"fast.length": None}}, 422, "params", id="parameter without a value"),
        pytest.param({"instrument": "nonsense"}, 422, "BASE/QUOTE", id="no instrument"),
        pytest.param({"instrument": "NOPE/USDT"}, 422, "rules", id="instrument without rules"),
        pytest.param({"cash": 0}, 422, "cash", id="no cash"),
        pytest.param({"cash": "-1"}, 422, "cash", id="negative cash"),
        pytest.param({"cash": "NaN"}, 422, "cash", id="cash that is no number"),
        pytest.param({"cash": "1e12"}, 422, "cash", id="cash beyond the bound"),
        pytest.param({"mode": "live"}, 422, "mode", id="no such mode"),
        pytest.param({"start_at": "2025-01-04T00:39Z"}, 422, "future", id="a start in the future"),
        pytest.param({"start_at": "soon"}, 422, "start_at", id="no time"),
        pytest.param({"from": "2025-01-02"}, 422, "start_at", id="a paper run has no from"),
        pytest.param({"mode": "backtest"}, 422, "from", id="a backtest needs a start"),
        pytest.param({"mode": "backtest", "start_at": "2025-01-02"}, 422, "from and to", id="and not start_at"),
        pytest.param({"mode": "backtest", "from": "2025-01-03", "to": "2025-01-02"}, 422, "from", id="backwards"),
        pytest.param(
            {"mode": "backtest", "from": "2025-01-03", "to": "2025-01-04T00:37Z"}, 422, "closed", id="an open end"
        ),
        pytest.param({"nmae": "x"}, 422, "nmae", id="a key that nobody knows"),
        pytest.param({"idempotency_key": ""}, 422, "idempotency_key", id="an empty key"),
    ],
)
def test_what_cannot_be_run_is_refused_and_nothing_is_left(api: Api, asked: dict[str, Any], status: int, said: str):
    before = api.rows()
    answer = api.trader.post("/api/v1/runs", json={"strategy": "fast-cross", **asked})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.text
    assert api.rows() == before


def test_all_problems_of_a_request_are_told_at_once(api: Api):
    asked = {"strategy": "fast-cross", "variant": "x", "params": {"a.b": 1, "fast.length": -1}}
    body = api.trader.post("/api/v1/runs", json=asked).json()
    assert len(body["problems"]) == 3


def test_without_the_exchanges_clock_no_run_is_made(database: str, redis_url: str):
    with served(database, redis_url, prepare=False) as api:
        api.upload()
        before = api.rows()
        answer = api.trader.post("/api/v1/runs", json={"strategy": "fast-cross"})
        assert answer.status_code == 503
        assert "clock" in answer.json()["detail"]
        assert answer.headers["retry-after"] == "1"
        assert api.rows() == before


def test_the_same_key_makes_one_run(api: Api):
    asked = {"strategy": "fast-cross", "params": {"fast.length": 4}, "idempotency_key": "once"}
    first = api.trader.post("/api/v1/runs", json=asked)
    before = api.rows()
    again = api.trader.post("/api/v1/runs", json=asked)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    by_header = {name: value for name, value in asked.items() if name != "idempotency_key"}
    third = api.trader.post("/api/v1/runs", json=by_header, headers={"Idempotency-Key": "once"})
    assert (third.status_code, third.json()["id"]) == (200, first.json()["id"])
    other = api.trader.post("/api/v1/runs", json={**asked, "params": {}})
    assert other.status_code == 409
    assert api.rows() == before


def test_many_at_once_with_one_key_make_one_run(api: Api):
    answers: list[int] = []

    def ask() -> None:
        asked = {"strategy": "fast-cross", "idempotency_key": "race"}
        answers.append(api.trader.post("/api/v1/runs", json=asked).json()["id"])

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 1
    assert api.get("/runs")["total"] == 1


# ---------------------------------------------------------------------------------------------------- list and command


def test_runs_are_listed_newest_first_filtered_and_paged(api: Api):
    api.upload(FAST.replace("fast-cross", "other"))
    made = [api.create(strategy=name)["id"] for name in ("fast-cross", "other", "fast-cross")]
    backtest = api.create(mode="backtest", **{"from": "2025-01-02"})["id"]
    api.trader.post(f"/api/v1/runs/{made[0]}/stop")

    def ids(query: str) -> list[int]:
        return [run["id"] for run in api.get(f"/runs?{query}")["items"]]

    assert ids("") == [backtest, *reversed(made)]
    assert ids("strategy=other") == [made[1]]
    assert ids("mode=backtest") == [backtest]
    assert ids("status=stopped") == [made[0]]
    assert ids("status=stopped&status=pending&mode=paper") == made[::-1]
    page = api.get("/runs?limit=2&offset=1")
    assert ([run["id"] for run in page["items"]], page["total"], page["limit"], page["offset"]) == (
        [made[2], made[1]], 4, 2, 1,
    )  # fmt: skip
    assert ids("offset=100") == []


def test_a_run_that_nobody_claimed_is_stopped_at_once(api: Api):
    run_id = api.create()["id"]
    answer = api.trader.post(f"/api/v1/runs/{run_id}/stop", json={"close_position": True})
    assert answer.status_code == 202
    assert answer.json()["run"]["status"] == "stopped"
    assert answer.json()["command"]["effective_ms"] is None
    assert [entry["event"] for entry in api.get(f"/runs/{run_id}/log")["items"]] == [
        "stopped",
        "command_stop",
        "created",
    ]
    for command in ("stop", "pause", "resume", "close"):
        refused = api.trader.post(f"/api/v1/runs/{run_id}/{command}")
        assert refused.status_code == 409
        assert "stopped" in refused.json()["detail"]
    assert len(api.get(f"/runs/{run_id}")["commands"]) == 1


def test_a_claimed_run_gets_commands_that_its_owner_makes_effective(api: Api):
    run_id = api.create()["id"]
    runner = api.claim()
    given = [api.trader.post(f"/api/v1/runs/{run_id}/{name}") for name in ("pause", "resume", "close", "stop")]
    assert [answer.status_code for answer in given] == [202] * 4
    last = given[-1].json()
    assert last["run"]["status"] != "stopped"
    assert last["command"]["accepted_ms"] in range(NOW_MS, NOW_MS + 1000)
    assert last["command"]["effective_ms"] is None
    with database.begin(api.engine) as conn:
        step = a_step(runs.get(conn, run_id), 0, new_position_ms=None, new_digest=None)
        assert not commits.commit(conn, runner, [step]).lost
        assert [one.kind for one in commands.assigned(conn, run_id)] == ["pause", "resume", "close_position", "stop"]
    shown = api.get(f"/runs/{run_id}")["commands"]
    assert [one["kind"] for one in shown] == ["pause", "resume", "close_position", "stop"]
    assert all(one["effective_ms"] == THIS_MINUTE + MINUTE_MS for one in shown)
    assert all(one["requested_by"] == "tess" for one in shown)
    assert str(runner) == api.get(f"/runs/{run_id}")["runner_id"]


def test_the_same_key_gives_one_command(api: Api):
    run_id = api.create()["id"]
    api.claim()
    first, again = (
        api.trader.post(f"/api/v1/runs/{run_id}/stop", json={"close_position": True, "idempotency_key": "k"}).json()
        for _ in range(2)
    )
    assert first["command"]["id"] == again["command"]["id"]
    assert api.trader.post(f"/api/v1/runs/{run_id}/pause", json={"idempotency_key": "k"}).status_code == 409
    assert api.trader.post(f"/api/v1/runs/{run_id}/stop", json={"idempotency_key": "k"}).status_code == 409
    assert len(api.get(f"/runs/{run_id}")["commands"]) == 1


def test_commands_for_a_run_that_is_not_there(api: Api):
    before = api.rows()
    for run_id in (77, 0, -1, 2**70):
        answer = api.trader.post(f"/api/v1/runs/{run_id}/stop")
        assert answer.status_code == 404
    assert api.rows() == before


def test_runners_are_woken(api: Api, redis_url: str):
    bus = client.connect(redis_url, "test")  # its connections end with it
    with pubsub.Subscription(bus, keys.CONTROL) as heard:
        run_id = api.create()["id"]
        api.trader.post(f"/api/v1/runs/{run_id}/stop")
        messages = [message for _ in range(6) if (message := heard.next(0.5)) is not None]
    assert messages == [Control("run", run_id), Control("command", run_id)]


def test_what_people_did_is_in_the_audit(api: Api):
    run_id = api.create()["id"]
    api.trader.post(f"/api/v1/runs/{run_id}/pause")
    with database.begin(api.engine) as conn:
        done = [(row.who, row.action, row.subject) for row in conn.exec_driver_sql("select * from audit order by id")]
    assert done == [
        ("tess", "strategy_version_added", "fast-cross"),
        ("tess", "run_created", str(run_id)),
        ("tess", "run_pause", str(run_id)),
    ]
