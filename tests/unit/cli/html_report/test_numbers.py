"""The HTML report's numbers are the document's."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.cli.html_report import forms
from shared.domain.timeframe import MINUTE_MS
from tests.support.reports import BARS, Page, lively, written


def test_equity_and_holding_begin_with_the_cash_and_end_where_the_document_says(lively_run: Any) -> None:
    shown, doc = lively_run
    equity, held = shown.figures["equity"]["data"]
    stats, values = doc["stats"], [float(text) for _, text in doc["equity"]]
    assert (equity["x"][0], equity["y"][0]) == (stats["start_ms"], float(stats["starting_balance"]))
    assert [equity["x"][-1], equity["y"][-1]] == [doc["equity"][-1][0], float(stats["final_balance"])]
    assert (min(equity["y"]), max(equity["y"])) == (min(values), max(*values, float(stats["starting_balance"])))
    assert set(zip(equity["x"][1:], equity["y"][1:], strict=True)) <= {(ms, float(text)) for ms, text in doc["equity"]}
    assert held["x"][-1] == stats["end_ms"] - 1
    assert held["y"][-1] / held["y"][0] - 1 == pytest.approx(stats["buy_and_hold_ratio"], rel=1e-12)


def test_the_deepest_point_under_water_is_the_max_drawdown(lively_run: Any) -> None:
    shown, doc = lively_run
    (below,) = shown.figures["underwater"]["data"]
    assert min(below["y"]) == pytest.approx(-doc["stats"]["max_drawdown_ratio"], rel=1e-12)
    assert below["x"][below["y"].index(min(below["y"]))] == doc["stats"]["max_drawdown_low_ms"]
    assert max(below["y"]) == 0.0


def test_candles_hold_every_bar_and_the_strip_below_every_volume(lively_run: Any) -> None:
    shown, _ = lively_run
    drawn, volume, *_ = shown.figures["price"]["data"]
    assert drawn["xperiod"] == MINUTE_MS
    assert drawn["x"] == [bar.open_ms for bar in BARS]  # the hole stays a hole
    for name in ("open", "high", "low", "close"):
        assert drawn[name] == [getattr(bar, name) for bar in BARS]
    assert volume["y"] == [bar.volume for bar in BARS]


def test_every_fill_is_marked_where_it_happened_and_the_last_of_a_trade_has_its_net(lively_run: Any) -> None:
    shown, doc = lively_run
    groups = shown.figures["price"]["data"][2:]
    marked = sorted((x, y) for group in groups for x, y in zip(group["x"], group["y"], strict=True))
    assert marked == sorted((fill["ts_ms"], float(fill["price"])) for fill in doc["fills"])
    texts = [text for group in groups for text in group["text"]]
    assert sorted(re.findall(r"net (\S+) USDT", " ".join(texts))) == sorted(
        forms.signed_money(trade["net_quote"]) for trade in doc["trades"]
    )
    assert any("partial 1" in text for text in texts)
    names = {group["name"] for group in groups}
    assert names >= {"long entry", "short entry", "exit, won", "exit, lost"}


def test_the_months_are_those_of_the_document_and_sum_up_to_the_closed_profit(lively_run: Any) -> None:
    shown, doc = lively_run
    (bars,) = shown.figures["months"]["data"]
    assert bars["x"] == [row["key"] for row in doc["breakdowns"]["month"]]
    assert sum(Decimal(row["net_abs"]) for row in doc["breakdowns"]["month"]) == Decimal(
        doc["stats"]["profit_closed_abs"]
    )
    assert sum(bars["y"]) == pytest.approx(float(doc["stats"]["profit_closed_abs"]))
    cells = " ".join(shown.texts["td"])
    for row in doc["breakdowns"]["month"]:
        assert forms.signed_percent(row["equity_change_ratio"]) + forms.signed_money(row["net_abs"]) in cells
    assert forms.signed_percent(doc["stats"]["profit_ratio"]) in cells  # of the one year


@pytest.mark.parametrize("name", ["hour", "weekday"])
def test_bars_by_the_clock_have_a_place_for_every_key(lively_run: Any, name: str) -> None:
    shown, doc = lively_run
    figure = shown.figures[f"{name}s"]
    nets = {row["key"]: float(row["net_abs"]) for row in doc["breakdowns"][name]}
    assert figure["data"][0]["y"] == list(nets.values())
    assert len(figure["layout"]["xaxis"]["categoryarray"]) == {"hour": 24, "weekday": 7}[name]


def test_dots_are_the_trades_once_in_each_panel(lively_run: Any) -> None:
    shown, doc = lively_run
    for axis, name in (("x", "mae_ratio"), ("x2", "mfe_ratio")):
        dots = [one for one in shown.figures["scatter"]["data"] if one.get("xaxis") == axis]
        found = sorted((x, y) for one in dots for x, y in zip(one["x"], one["y"], strict=True))
        assert found == sorted((trade[name], trade["return_ratio"]) for trade in doc["trades"])
        for one in dots:
            assert all((y > 0) == one["marker"]["color"].startswith("@candle-up") for y in one["y"])
    legend = [one["name"] for one in shown.figures["scatter"]["data"] if "xaxis" not in one]
    assert legend == sorted({forms.words(trade["exit_reason"]) for trade in doc["trades"]})


def test_bins_hold_every_trade_and_none_holds_wins_and_losses(lively_run: Any) -> None:
    shown, doc = lively_run
    lost, won = shown.figures["returns"]["data"]
    assert sum(won["y"]) == doc["stats"]["wins"]
    assert sum(lost["y"]) == doc["stats"]["losses"]
    assert all(x + one["width"] / 2 <= 1e-15 for one in [lost] for x in one["x"])


def test_costs_lead_from_before_them_to_the_profit(lively_run: Any) -> None:
    shown, doc = lively_run
    before, slippage, fees, net = shown.figures["costs"]["data"][0]["y"]
    assert before + slippage + fees == pytest.approx(net)
    assert (slippage < 0, fees < 0, net) == (True, True, float(doc["stats"]["profit_abs"]))


def test_figures_say_over_how_many_and_why_there_is_none(lively_run: Any, idle_run: Any) -> None:
    shown, doc = lively_run
    lines = dict(zip(shown.texts["dt"], shown.texts["dd"], strict=True))
    n = f"{doc['stats']['n']['profit_factor']:,}"
    assert lines["Profit factor"] == f"{doc['stats']['profit_factor']:.2f}{n}"
    assert lines["CAGR"] == "–" + doc["stats"]["reasons"]["cagr"].replace("_", " ")
    idle, _ = idle_run
    assert dict(zip(idle.texts["dt"], idle.texts["dd"], strict=True))["Profit factor"] == "–no trades"


def test_the_head_says_what_was_run(lively_run: Any) -> None:
    shown, doc = lively_run
    (head,) = shown.texts["header"]
    for words in (
        "lively", "BTC/USDT · 1m · 2025-01-01 00:00 to 2025-01-02 23:59 UTC · 2,877 minutes", doc["digest"],
        doc["strategy"]["version_sha256"], doc["engine_version"], "taker 0.1%", "mean.length = 3",
        "Shorts are synthetic", "1 gap, 3 minutes missing: 2025-01-01 06:40 to 2025-01-01 06:42",
    ):  # fmt: skip
        assert words in head, words


def test_shorts_are_not_spoken_of_where_there_can_be_none(tmp_path: Path) -> None:
    text = re.sub(r"\n  entry_short.*\n  exit_short.*", "", lively())
    out, _ = written(tmp_path, text, BARS[:300])
    assert "synthetic" not in Page(out.read_text(encoding="utf-8")).texts["header"][0]
