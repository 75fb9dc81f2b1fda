"""The HTML report as a file: the same bytes of the same run, small enough, and whole where something is missing."""

import random
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.cli.__main__ import main
from services.cli.html_report.candles import Candles
from services.cli.html_report.figures.scatter import MOST as MOST_DOTS
from services.cli.html_report.marks import MOST_TRADES
from services.cli.html_report.material import Material
from services.cli.html_report.page import NO_TRADES, page
from services.cli.html_report.parts.trades import MOST as MOST_ROWS
from shared.domain.bar import Bars
from shared.domain.timeframe import MINUTE_MS
from tests.support.desk import FIRST_MS
from tests.support.reports import BARS, Page, lively, written

ROOT = Path(__file__).resolve().parents[4]
MEGABYTE = 1_000_000


def test_equal_runs_give_equal_bytes_and_nothing_heavy_is_imported(tmp_path: Path) -> None:
    """A second process, with another order of sets, and in another time zone."""
    out, _ = written(tmp_path, lively(), BARS[:900])
    program = (
        "import sys; from services.cli.__main__ import main; assert main(sys.argv[1:]) == 0; "
        "assert not {'pandas', 'plotly', 'jinja2'} & set(sys.modules), sorted(sys.modules)"
    )
    given = ["backtest", "strategy.yaml", "--bars", "BTC-USDT.csv", "--interpreted", "--report", "again.html"]
    environment = {"PYTHONHASHSEED": "4711", "TZ": "Asia/Kolkata", "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", program, *given], cwd=tmp_path, env=environment, check=True, timeout=120)
    assert (tmp_path / "again.html").read_bytes() == out.read_bytes()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path, lively(), BARS[:60])
    given = ["--bars", str(tmp_path / "BTC-USDT.csv"), "--report", str(tmp_path / "nowhere" / "r.html")]
    assert main(["backtest", str(tmp_path / "strategy.yaml"), *given]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_a_run_without_trades_says_so_instead_of_empty_plots(idle_run: Any) -> None:
    shown, doc = idle_run
    assert doc["trades"] == []
    assert set(shown.figures) == {"price"}
    assert NO_TRADES in shown.texts["p"]
    assert not {"Returns of trades", "Costs", "Equity", "By side"} & set(shown.texts["h2"])
    assert "holds least often" in " ".join(shown.texts["tr"])


def test_a_position_that_was_never_closed_has_an_equity_and_no_trades(lively_run: Any, tmp_path: Path) -> None:
    until_ms = lively_run[1]["fills"][0]["ts_ms"]
    out, doc = written(tmp_path, lively(), [bar for bar in BARS if bar.open_ms <= until_ms])
    assert (doc["trades"], len(doc["fills"])) == ([], 1)
    shown = Page(out.read_text(encoding="utf-8"))
    assert shown.ids - {"figures"} == set(shown.figures) == {"price", "equity", "underwater", "days", "costs"}
    assert "Left open: " in shown.texts["strong"]
    assert NO_TRADES in shown.texts["p"]


def test_every_figure_has_its_place_and_every_place_its_figure(lively_run: Any, idle_run: Any) -> None:
    for shown, _ in (lively_run, idle_run):
        assert shown.ids - {"trades", "figures"} == set(shown.figures)


def test_one_trade_is_drawn_and_counted_in_the_singular(lively_run: Any, tmp_path: Path) -> None:
    until_ms = lively_run[1]["trades"][0]["exit_ms"]
    out, doc = written(tmp_path, lively(), [bar for bar in BARS if bar.open_ms <= until_ms])
    assert len(doc["trades"]) == 1
    shown = Page(out.read_text(encoding="utf-8"))
    (bar,) = [one for one in shown.figures["returns"]["data"] if one["y"]]
    assert bar["y"] == [1]
    low, high = shown.figures["returns"]["layout"]["xaxis"]["range"]
    assert low < bar["x"][0] < high < low + 0.1
    assert any(text.startswith("1 trade, median") for text in shown.texts["p"])


def inflated(doc: dict[str, Any], trades: int, points: int) -> Material:
    """A run of a million minutes and of many trades, out of a short one."""
    chance = random.Random(5)
    equity, ms, value = [], FIRST_MS, 10_000.0
    for _ in range(points):
        value += chance.gauss(0, 1)
        equity.append([ms, f"{value:.8f}"])
        ms += MINUTE_MS
    step = (ms - FIRST_MS) // trades
    many = [
        {**one, "seq": 2 * i + 1, "entry_ms": FIRST_MS + i * step, "exit_ms": FIRST_MS + (i + 1) * step}
        for i, one in enumerate(doc["trades"] * (trades // len(doc["trades"]) + 1))
    ][:trades]
    fills = [{**doc["fills"][0], "seq": one["seq"] - 1, "ts_ms": one["exit_ms"]} for one in many]
    stats = {**doc["stats"], "start_ms": FIRST_MS, "end_ms": ms}
    columns = [FIRST_MS + i * 6 * 60 * MINUTE_MS for i in range(points // 360)]
    prices = [42_000.12 + i for i in range(len(columns))]
    bars = Bars(columns, prices, prices, prices, prices, prices)
    return Material(
        {**doc, "equity": equity, "trades": many, "fills": fills, "stats": stats}, Candles("6h", bars), "1m", True, [],
        ms, None,
    )  # fmt: skip


def test_a_million_bars_and_many_trades_stay_below_fifteen_megabytes(lively_run: Any) -> None:
    _, doc = lively_run
    of = inflated(doc, trades=50_000, points=1_000_000)
    text = page(of)
    assert len(text.encode()) < 15 * MEGABYTE
    shown = Page(text)
    equity = shown.figures["equity"]["data"][0]
    values = [float(value) for _, value in of.doc["equity"]]
    assert len(equity["x"]) < 4_100
    assert (min(equity["y"]), max(equity["y"])) == (min(values), max(values))
    assert equity["y"][-1] == values[-1]
    dots = [one for one in shown.figures["scatter"]["data"] if one.get("xaxis") == "x"]
    assert sum(len(one["x"]) for one in dots) == MOST_DOTS
    assert sum(len(one["x"]) for one in shown.figures["price"]["data"][2:]) == MOST_TRADES
    assert len([row for row in shown.texts["tr"] if "long" in row or "short" in row]) >= MOST_ROWS
    said = " ".join(shown.texts["p"])
    for words in (
        "Candles of 6h: the run has too many of its 1m bars", "2,000 trades of 50,000 that gained or lost most",
        "of 1,000,001 points are drawn", "2,500 of 50,000 trades, evenly spread", "newest 1,000 of 50,000 trades",
    ):  # fmt: skip
        assert words in said, words


def test_without_the_strategy_s_text_or_rules_the_rest_stands(lively_run: Any) -> None:
    _, doc = lively_run
    shown = Page(page(replace(inflated(doc, 10, 2_000), counted_until_ms=None)))
    assert "details" not in shown.texts
    assert "The strategy has no rules." in shown.texts["p"]


def test_colours_and_type_are_the_dashboard_s() -> None:
    ours = (ROOT / "services/cli/html_report/page.css").read_text(encoding="utf-8")
    theirs = (ROOT / "services/dashboard/static/css/tokens.css").read_text(encoding="utf-8")

    def tokens(css: str) -> list[dict[str, str]]:
        """Light, dark."""
        blocks = re.findall(r":root[^{]*\{([^}]*)\}", css)
        return [dict(re.findall(r"--([a-z-]+):\s*([^;]+);", block)) for block in blocks]

    for one, other in zip(tokens(ours), tokens(theirs), strict=True):
        assert one
        assert one.items() <= other.items()
