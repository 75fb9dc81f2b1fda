"""Sums over runs, and the statistics grid."""

from decimal import Decimal
from typing import Any

import pytest

from services.dashboard import figures, summary, words
from services.dashboard.formats import DASH
from services.dashboard.views.overview import _params
from shared.domain.decision import NOTES, REASONS
from shared.domain.run import ENDED, RunHealth, RunStatus


def run(**other: Any) -> dict[str, Any]:
    return {
        "mode": "paper", "status": "running", "health": "ok", "quote": "USDT", "cash": "1000", "equity_quote": "1010.5",
        "pnl_quote": "10.5", "unrealised_quote": "0.5", "position": {"side": "flat"},
    } | other  # fmt: skip


def test_sums_never_mix_currencies_and_leave_out_what_is_nobodys_money() -> None:
    found = summary.sums(
        [
            run(),
            run(position={"side": "short"}, pnl_quote="-20.5", unrealised_quote="-3"),
            run(quote="USDC", cash="500"),
            run(mode="backtest"),
            run(status="stopped"),
        ]
    )
    assert [(one.quote, one.runs, one.open_positions) for one in found] == [("USDT", 2, 1), ("USDC", 1, 0)]
    assert (found[0].cash, found[0].pnl, found[0].unrealised) == (Decimal(2000), Decimal(-10), Decimal("-2.5"))
    assert found[0].pnl_ratio == -0.005


@pytest.mark.parametrize(
    ("waiting", "runners", "missing"),
    [
        pytest.param(0, [(1, 1)], 0, id="nobody waits"),
        pytest.param(2, [(1, 1)], 2, id="one place each, all taken"),
        pytest.param(2, [(5, 4)], 1, id="one fits, one does not"),
        pytest.param(1, [(5, 4)], 0, id="fits"),
        pytest.param(3, [], 3, id="no runner at all"),
        pytest.param(11, [(10, 10), (10, 10)], 2, id="large runners"),
    ],
)
def test_missing_runners(waiting: int, runners: list[tuple[int, int]], missing: int) -> None:
    system = {"runners": [{"capacity": capacity, "runs": runs} for capacity, runs in runners]}
    runs = [run(health="waiting_for_runner", status="pending")] * waiting + [
        run(health="waiting_for_runner", status="failed")
    ]
    assert summary.places(runs, system).missing == missing


def test_filters_cover_every_status_once() -> None:
    active, ended = summary.FILTERS["active"], summary.FILTERS["ended"]
    assert active is not None
    assert ended is not None
    assert sorted((*active, *ended)) == sorted(RunStatus.__args__)  # type: ignore[attr-defined]
    assert summary.counts([run(), run(status="failed")]) == {
        "active": 1, "running": 1, "paused": 0, "waiting": 0, "ended": 1, "failed": 1, "all": 2,
    }  # fmt: skip


def test_every_word_of_the_domain_is_known() -> None:
    assert set(words.STATUS) == set(RunStatus.__args__)  # type: ignore[attr-defined]
    assert set(words.HEALTH) == set(RunHealth.__args__)  # type: ignore[attr-defined]
    assert set(words.ENDED) == set(ENDED)
    assert set(words.NOTES) == set(NOTES) - {""}
    assert set(words.EXITS) <= set(REASONS)


def test_words_from_a_newer_api_are_shown_as_they_are() -> None:
    assert words.status("hibernating").label == "hibernating"
    assert words.exit_word("partial_2").label == "partial 2"
    assert words.exit_word("moon_phase").label == "moon phase"


def test_a_figure_without_a_value_says_why() -> None:
    row = next(row for _, rows in figures.GROUPS for row in rows if row[0] == "sharpe")
    found = figures.figure({"sharpe": None, "n": {}, "reasons": {"sharpe": "insufficient_data"}}, row)
    assert (found.text, found.faint) == (DASH, True)
    assert "not enough data yet" in found.title


@pytest.mark.parametrize(("n", "faint"), [(29, True), (30, False)])
def test_a_figure_over_little_is_faint(n: int, faint: bool) -> None:
    row = next(row for _, rows in figures.GROUPS for row in rows if row[0] == "winrate")
    found = figures.figure({"winrate": 0.5, "n": {"winrate": n}, "reasons": {}}, row)
    assert (found.text, found.faint) == ("50.00%", faint)
    assert f"Over {n}" in found.title


def test_sides_without_a_trade_are_left_out() -> None:
    stats = {"n": {}, "reasons": {}, "long": {"trade_count": 2, "n": {}, "reasons": {}}, "short": {"trade_count": 0}}
    assert [title for title, _ in figures.groups(stats)] == ["Balance", "Risk", "Days", "Market", "Trades", "Long"]


def test_parameters_are_read_as_a_person_writes_them() -> None:
    assert _params("fast.length=12, slow.length = 30.5;a.b=true,\n c.d=x, e.f") == {
        "fast.length": 12, "slow.length": 30.5, "a.b": True, "c.d": "x", "e.f": "",
    }  # fmt: skip
