"""Questions about profit, costs, trades and versions answer what the API and the documents say."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from tests.support.sql_answers import asked, by_run, close, documents, folded
from tests.support.sql_world import World


def test_profit_by_strategy_and_day_is_that_of_the_documents(world: World) -> None:
    wanted: dict[tuple[str, str], tuple[Decimal, int, int]] = defaultdict(lambda: (Decimal(0), 0, 0))
    for run_id, doc in documents(world).items():
        if run_id != world.runs["test"]:
            for day in doc["breakdowns"]["day"]:
                key = doc["strategy"]["name"], day["key"]
                pnl, trades, runs = wanted[key]
                wanted[key] = (pnl + Decimal(day["equity_change_abs"]), trades + day["trade_count"], runs + 1)
    rows = asked(world, "What did each strategy make on each day?")
    found = {
        (row["strategy"], row["day"]): (Decimal(row["pnl_quote"]), int(row["trade_count"]), int(row["runs"]))
        for row in rows
    }
    assert found == wanted
    assert {day for _, day in found} == {"2025-01-01", "2025-01-02"}


def test_costs_are_those_of_the_statistics(world: World) -> None:
    rows = by_run(asked(world, "What do slippage and fees cost each run?"))
    for run_id in folded(world):
        stats = world.get(f"/runs/{run_id}/stats")
        assert (run_id in rows) == (stats["fill_count"] > 0)
        if run_id in rows:
            row = rows[run_id]
            assert int(row["fills"]) == stats["fill_count"]
            for name in ("volume", "fees", "slippage"):
                assert Decimal(row[f"{name}_quote"]) == Decimal(stats[f"{name}_abs"]), name
    assert len(rows) > 4
    assert any(int(row["maker_fills"]) for row in rows.values())


def test_drawdowns_are_those_of_the_statistics(world: World) -> None:
    rows = by_run(asked(world, "How deep was each run's worst drawdown?"))
    for run_id in folded(world):
        stats, row = world.get(f"/runs/{run_id}/stats"), rows[run_id]
        assert close(row["drawdown_ratio"], stats["max_drawdown_ratio"], 8)
        assert Decimal(row["drawdown_quote"]) == Decimal(stats["max_drawdown_abs"])
        if stats["drawdown_count"]:
            assert int(row["low_ms"]) == stats["max_drawdown_low_ms"]
    assert any(Decimal(row["drawdown_ratio"]) > Decimal("0.05") for row in rows.values())


@pytest.mark.parametrize(
    ("title", "breakdown", "spell"),
    [
        ("At which hour of the day does a run earn?", "hour", lambda row: f"{int(row['hour']):02d}"),
        ("On which weekday?", "weekday", lambda row: row["weekday"].lower()),
    ],
    ids=["hour", "weekday"],
)
def test_trades_by_the_clock_are_those_of_the_breakdowns(world: World, title: str, breakdown: str, spell: Any) -> None:
    rows = asked(world, title)
    wanted = world.get(f"/runs/{world.runs['old']}/breakdowns?by={breakdown}")[breakdown]
    assert [(spell(row), int(row["trade_count"]), int(row["wins"]), Decimal(row["net_quote"])) for row in rows] == [
        (one["key"], one["trade_count"], one["wins"], Decimal(one["net_abs"])) for one in wanted
    ]
    if breakdown == "hour":
        assert [Decimal(row["slippage_quote"]) for row in rows] == [Decimal(one["slippage_abs"]) for one in wanted]
        assert [Decimal(row["fees_quote"]) for row in rows] == [Decimal(one["fees_abs"]) for one in wanted]
        assert len(rows) > 20


def test_reasons_of_exits_are_those_of_the_breakdowns(world: World) -> None:
    found: dict[str, tuple[int, Decimal]] = {}
    for row in asked(world, "What closes its trades, and what does that bring?"):
        count, net = found.get(row["exit_reason"], (0, Decimal(0)))
        found[row["exit_reason"]] = (count + int(row["trade_count"]), net + Decimal(row["net_quote"]))
    wanted = world.get(f"/runs/{world.runs['old']}/breakdowns?by=exit_reason")["exit_reason"]
    assert found == {one["key"]: (one["trade_count"], Decimal(one["net_abs"])) for one in wanted}
    assert {"exit", "stop", "target"} <= set(found)


def test_who_earns_is_who_earns_in_the_statistics(world: World) -> None:
    rows = by_run(asked(world, "Which runs earn more than they lose?"))
    for run_id, row in rows.items():
        stats = world.get(f"/runs/{run_id}/stats")
        assert int(row["trade_count"]) == stats["trade_count"]
        assert close(row["winrate"], stats["winrate"], 6)
        assert (row["profit_factor"] == "") == (stats["profit_factor"] is None or stats["wins"] == 0)
        if row["profit_factor"]:
            assert close(row["profit_factor"], stats["profit_factor"], 6)
        assert abs(Decimal(row["expectancy_quote"]) - Decimal(stats["expectancy_abs"])) <= Decimal("1e-8")
        assert Decimal(row["best_quote"]) == Decimal(stats["best_trade_abs"])
        assert Decimal(row["worst_quote"]) == Decimal(stats["worst_trade_abs"])
    assert len(rows) > 4


def test_the_worst_trades_are_the_document_s_with_their_excursions(world: World) -> None:
    rows = asked(world, "Which trades hurt most, and how far were they ahead before?")
    trades = world.get(f"/runs/{world.runs['old']}/export")["trades"]
    wanted = sorted(trades, key=lambda trade: Decimal(trade["net_quote"]))[:10]
    for row, trade in zip(rows, wanted, strict=True):
        assert (int(row["seq"]), row["side"], row["exit_reason"]) == (trade["seq"], trade["side"], trade["exit_reason"])
        assert Decimal(row["net_quote"]) == Decimal(trade["net_quote"])
        for name in ("return_ratio", "mae_ratio", "mfe_ratio"):
            assert close(row[name], trade[name], 8), name


def test_versions_compare_as_their_documents(world: World) -> None:
    rows = {row["version"]: row for row in asked(world, "Is the new version of a strategy better than the old?")}
    docs = documents(world)
    for name in ("old", "new"):
        doc = docs[world.runs[name]]
        row, stats = rows[doc["strategy"]["version_sha256"][:12]], doc["stats"]
        assert (int(row["runs"]), int(row["trade_count"])) == (1, stats["trade_count"])
        assert close(row["mean_pnl_ratio"], stats["profit_ratio"], 8)
        assert Decimal(row["fees_quote"]) == Decimal(stats["closed_fees_abs"])
        assert Decimal(row["slippage_quote"]) == Decimal(stats["closed_slippage_abs"])
    assert len(rows) == 2


def test_exposure_is_that_of_the_statistics(world: World) -> None:
    rows = by_run(asked(world, "How much of the time does a run hold a position?"))
    for run_id in folded(world):
        assert close(rows[run_id]["exposure_ratio"], world.get(f"/runs/{run_id}/stats")["exposure_time_ratio"], 8)
