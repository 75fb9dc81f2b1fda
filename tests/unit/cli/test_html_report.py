"""The HTML report: its numbers are the document's, no text of a strategy is code, and it needs no network."""

import random
import re
import subprocess
import sys
from base64 import b64encode
from bisect import bisect_right
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from services.cli.__main__ import main
from services.cli.html_report import forms, plotly_js
from services.cli.html_report.candles import MOST, Candles, candles, drawable
from services.cli.html_report.figures.returns import bins, step_of
from services.cli.html_report.figures.scatter import MOST as MOST_DOTS
from services.cli.html_report.figures.underwater import depths
from services.cli.html_report.marks import MOST_TRADES, marks
from services.cli.html_report.markup import Html, el, html
from services.cli.html_report.material import Material
from services.cli.html_report.page import NO_TRADES, page
from services.cli.html_report.parts.rules import rarest
from services.cli.html_report.parts.trades import MOST as MOST_ROWS
from services.cli.html_report.thin import evenly, extremes
from services.cli.rules_table import RuleLine
from shared.domain.bar import Bars
from shared.domain.errors import InputError
from shared.domain.timeframe import MINUTE_MS, TIMEFRAMES
from tests.support.desk import FIRST_MS, walk
from tests.support.reports import NEVER, Page, lively, written

ROOT = Path(__file__).resolve().parents[3]
MEGABYTE = 1_000_000
BARS = walk(2880, skipped=frozenset(range(400, 403)))
NASTY = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def lively_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, dict[str, Any]]:
    """Two days of trades on both sides, with rungs, and a hole in the bars."""
    out, doc = written(tmp_path_factory.mktemp("lively"), lively(), BARS)
    return Page(out.read_text(encoding="utf-8")), doc


@pytest.fixture(scope="module")
def idle_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, dict[str, Any]]:
    out, doc = written(tmp_path_factory.mktemp("idle"), lively(NASTY, "15m", NEVER), BARS)
    return Page(out.read_text(encoding="utf-8")), doc


# --- numbers ---------------------------------------------------------------------------------------------------------


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


# --- safety ----------------------------------------------------------------------------------------------------------


def test_a_strategy_s_words_are_never_code(tmp_path: Path) -> None:
    hostile = f"# {NASTY} </details></pre><!-- &lt;b&gt; @accent\n{lively(NASTY)}"
    out, doc = written(tmp_path, hostile, BARS[:600])
    shown = Page(out.read_text(encoding="utf-8"))
    assert doc["strategy"]["name"] == NASTY
    assert shown.texts["h1"] == [NASTY]
    assert shown.texts["pre"] == [hostile]
    kinds = [attributes.get("type") for attributes, _ in shown.scripts]
    assert kinds == ["application/json", None, None]
    assert "<" not in shown.scripts[0][1]
    assert [text for _, text in shown.scripts if "alert(1)" in text] == []


def test_nothing_is_fetched_and_nothing_else_can_run(lively_run: Any) -> None:
    shown, _ = lively_run
    assert shown.addresses == ["data:,"]
    hashes = [f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for _, text in shown.scripts[1:]]
    parts = dict(part.strip().split(" ", 1) for part in shown.policy.split(";"))
    assert parts == {
        "default-src": "'none'", "script-src": " ".join(hashes), "style-src": "'unsafe-inline'",
        "img-src": "data: blob:", "base-uri": "'none'", "form-action": "'none'",
    }  # fmt: skip


def test_no_address_of_another_machine_is_in_it_but_in_plotly_s_own_text(tmp_path: Path) -> None:
    out, _ = written(tmp_path, lively(), BARS[:600])
    theirs = plotly_js.read()
    whole = out.read_text(encoding="utf-8")
    assert whole.count(theirs) == 1
    ours = whole.replace(theirs, "")
    assert re.findall(r"https?:|wss?:|//[a-z0-9-]+\.[a-z]", ours) == []
    assert 'showSendToCloud: false, plotlyServerURL: ""' in ours  # plotly would offer to upload


def test_text_is_escaped_unless_it_was_made_here() -> None:
    assert el("p", "<&", [el("b", "x"), None, "'\""], title='a"<', class_="c", data_x=None) == (
        '<p title="a&quot;&lt;" class="c">&lt;&amp;<b>x</b>&#x27;&quot;</p>'
    )
    assert html(Html("<i>")) == "<i>"
    assert el("meta", charset="utf-8") == '<meta charset="utf-8">'


def test_without_the_package_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plotly_js, "CARRIER", "no_such_package")
    with pytest.raises(InputError, match="package no_such_package with its package_data"):
        plotly_js.read()


# --- the file --------------------------------------------------------------------------------------------------------


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


# --- parts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 5, 202, 203, 5_000])
def test_thinning_keeps_the_ends_and_the_extremes(count: int) -> None:
    chance = random.Random(count)
    values = [chance.gauss(0, 1) for _ in range(count)]
    kept = extremes(values, 100)
    assert kept == sorted(set(kept))
    assert len(kept) <= 202
    if count <= 202:
        assert kept == list(range(count))
        return
    assert (kept[0], kept[-1]) == (0, count - 1)
    for part in range(100):
        first, last = part * count // 100, (part + 1) * count // 100
        here = [values[i] for i in kept if first <= i < last]
        assert (min(here), max(here)) == (min(values[first:last]), max(values[first:last]))


def test_an_even_choice_has_both_ends() -> None:
    assert evenly(5, 5) == [0, 1, 2, 3, 4]
    assert evenly(11, 3) == [0, 5, 10]
    assert len(set(evenly(9_999, 2_500))) == 2_500


def test_candles_are_what_their_minutes_say() -> None:
    bars = Bars(*([getattr(bar, name) for bar in BARS] for name in Bars._fields))
    made = candles(bars, 7, 2_000, "15m").bars
    groups: dict[int, list[Any]] = {}
    for bar in BARS[7:2_000]:
        groups.setdefault(bar.open_ms // 900_000 * 900_000, []).append(bar)
    assert made.open_ms == list(groups)
    for i, group in enumerate(groups.values()):
        assert (made.open[i], made.close[i]) == (group[0].open, group[-1].close)
        assert (made.high[i], made.low[i]) == (max(one.high for one in group), min(one.low for one in group))
        assert made.volume[i] == pytest.approx(sum(one.volume for one in group))


@pytest.mark.parametrize(
    ("entry", "minutes", "timeframe"),
    [("1m", 4_000, "1m"), ("1m", 4_001, "3m"), ("15m", 129_600, "1h"), ("1m", 1_000_000, "6h"), ("4h", 600, "4h"),
     ("1m", 20_000_000, "1d")],
)  # fmt: skip
def test_candles_are_as_fine_as_can_be_drawn(entry: str, minutes: int, timeframe: str) -> None:
    first = FIRST_MS - FIRST_MS % TIMEFRAMES["1d"]
    assert drawable(entry, first, first + (minutes - 1) * MINUTE_MS) == timeframe
    assert timeframe == "1d" or minutes * MINUTE_MS <= MOST * TIMEFRAMES[timeframe]


def test_a_fill_belongs_to_the_trade_whose_row_follows() -> None:
    def fill(seq: int, side: str, quantity: str) -> dict[str, Any]:
        return {"seq": seq, "side": side, "quantity": quantity, "ts_ms": seq, "price": "1", "reason": "r"}

    doc = {
        # in, half out, the rest out and at once the other way round, out, in again
        "fills": [fill(1, "buy", "0.3"), fill(2, "sell", "0.1"), fill(3, "sell", "0.2"), fill(5, "sell", "0.3"),
                  fill(6, "buy", "0.3"), fill(8, "buy", "0.1")],
        "trades": [{"seq": 4}, {"seq": 7}],
    }  # fmt: skip
    found = [(one.kind, one.trade and one.trade["seq"], one.is_last) for one in marks(doc)]
    assert found == [
        ("long entry", 4, False), ("exit", 4, False), ("exit", 4, True), ("short entry", 7, False), ("exit", 7, True),
        ("long entry", None, False),
    ]  # fmt: skip


def test_depths_are_below_the_highest_so_far() -> None:
    assert depths([10.0, 8.0, 10.0, 20.0, 15.0]) == [0.0, -0.2, 0.0, 0.0, -0.25]


def test_bins_have_round_widths_and_an_edge_at_zero() -> None:
    chance = random.Random(3)
    for scale in (1e-5, 0.003, 0.4, 7.0):
        ratios = [chance.gauss(0, scale) for _ in range(500)]
        step = step_of(ratios)
        assert re.fullmatch(r"[125]e-?\d+|1e1", f"{step:.0e}".replace("e-0", "e-").replace("e+0", "e"))
        found = bins(ratios, step)
        assert sum(found.values()) == 500
        assert 10 <= max(found) - min(found) + 1 <= 42
        edges = [i * step for i in range(min(found), max(found) + 2)]
        counted = [0] * (len(edges) - 1)
        for ratio in ratios:
            counted[min(len(counted) - 1, max(0, bisect_right(edges, ratio) - 1))] += 1
        assert sum(abs(n - found.get(min(found) + i, 0)) for i, n in enumerate(counted)) == 0
    assert step_of([]) == 0.001


def test_the_condition_that_holds_least_often_is_one_that_the_side_needs() -> None:
    def line(text: str, held: int, is_required: bool = True, evaluated: int = 100) -> RuleLine:
        return RuleLine("entry_long", "1 of 3", is_required, text, evaluated, held, 0)

    assert rarest([line("a", 5), line("b", 3), line("c", 0, is_required=False)]) == line("b", 3)
    assert rarest([line("a", 5), line("c", 0, is_required=False)]) is None  # nothing to compare it with
    assert rarest([line("a", 0, evaluated=0), line("b", 0, evaluated=0)]) is None


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (forms.money("12345.6"), "12,345.60"), (forms.money("-0.00123449"), "−0.001234"), (forms.money(0), "0.00"),
        (forms.money("-0.000000001"), "0.00"), (forms.signed_money("5"), "+5.00"), (forms.signed_money("-5"), "−5.00"),
        (forms.price("57643.30000000"), "57,643.30"), (forms.price("0.07345"), "0.07345"),
        (forms.percent(-0.00001), "0.00%"), (forms.signed_percent(0.0123), "+1.23%"), (forms.number(-1.5), "−1.50"),
        (forms.counted(1, "trade"), "1 trade"), (forms.counted(1234, "trade"), "1,234 trades"),
        (forms.moment(59_999), "1970-01-01 00:00:59"), (forms.words("time_exit"), "time exit"),
    ],
)  # fmt: skip
def test_values_are_written_for_people(said: str, text: str) -> None:
    assert said == text
