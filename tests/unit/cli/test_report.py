"""The terminal's tables: what they say, and that they fit."""

import io
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from services.cli.commands.backtest import backtest
from services.cli.report import print_report
from services.cli.summary import SECTIONS, duration, price
from shared.domain.decision import REASONS, EquityPoint, Fill, Trade
from shared.domain.instrument import Costs
from shared.domain.timeframe import DAY_MS
from shared.performance.breakdowns import BREAKDOWNS
from shared.performance.document import BarsFolded, Header, Json, document
from shared.performance.market import Market
from tests.support.instruments import RULES

USDT = 10**8
START = 20_089 * DAY_MS  # 2025-01-01
LOSS = -1_234_567


def story(sides: tuple[int, ...] = (1, -1, 1)) -> Json:
    """Trades that win 50, lose a million, are even; and a position that is open."""
    decisions: list[object] = []
    for at, (side, net) in enumerate(zip(sides, (50, LOSS, 0), strict=False)):
        begun = START + at * DAY_MS
        reason = REASONS.index(("target", "stop", "time_exit")[at])
        decisions.append(Trade(3 * at + 1, side, begun, begun + 5 * 3_600_000, 100_000, 20_000 * USDT,
                               (20_000 + side * net) * USDT, net * USDT, 0, 2_000_000, 2_000_000, reason))  # fmt: skip
        decisions.append(EquityPoint(3 * at + 2, begun + 6 * 3_600_000, (10**7 + net) * USDT, 0, 0))
    decisions.append(Fill(10, 10, START + 3 * DAY_MS, 1, 100_000, 2_000_200, USDT, 0, 1, 0, 2_000_000))
    decisions.append(EquityPoint(11, START + 3 * DAY_MS + 59_999, (10**7 + 8) * USDT, (10**7 - 19_992) * USDT, 100_000))
    market = Market(START, 20_000.0)
    market.step(START + 3 * DAY_MS, 21_000.0)
    header = Header("2", "by-hand", "ab" * 32, None, {}, RULES, Costs(0, 0, 0, 0), Decimal(10**7),
                    BarsFolded(START, START, START + 3 * DAY_MS, START, 4321), "cd" * 32, market)  # fmt: skip
    return document(header, decisions)  # type: ignore[arg-type]


def shown(width: int, *asked: str, doc: Json | None = None) -> str:
    """The report on a terminal of this width, without colours."""
    text = io.StringIO()
    print_report(doc or story(), asked, Console(file=text, width=width, color_system=None, force_terminal=True))
    return text.getvalue()


def line(report: str, label: str) -> str:
    """The rest of the first line that begins with a label."""
    return next(one.strip().removeprefix(label).strip() for one in report.splitlines() if one.strip().startswith(label))


@pytest.mark.parametrize("width", [80, 100, 240])
def test_nothing_is_cut_off_or_broken(width: int) -> None:
    report = shown(width, *BREAKDOWNS)
    assert max(len(one.rstrip()) for one in report.splitlines()) <= width
    assert "…" not in report
    for name in ("target", "stop", "time_exit", "2025-W01", "2025-01-04", "thursday", "05", "-1,234,567.00"):
        assert any(name in one.split() for one in report.splitlines()), name


def test_columns_leave_a_narrow_terminal_in_their_order() -> None:
    narrow, wide = shown(80), shown(120)
    assert "slippage" in wide.split("EXIT REASON")[0]
    assert "slippage" not in narrow.split("EXIT REASON")[0]
    assert "Win Draw Loss" in narrow


def test_tables_come_in_the_order_that_people_know() -> None:
    report = shown(100, "month", "day")
    titles = [
        "BACKTESTING REPORT",
        "EXIT REASON STATS",
        "DAY BREAKDOWN",
        "MONTH BREAKDOWN",
        "LEFT OPEN",
        "SUMMARY METRICS",
    ]
    assert [report.index(title) for title in titles] == sorted(report.index(title) for title in titles)
    assert "WEEK BREAKDOWN" not in report


def test_two_sides_are_summed_up_and_one_is_not() -> None:
    assert line(shown(100), "TOTAL").split()[:2] == ["3", "-1,234,517.00"]
    assert "TOTAL" not in shown(100, doc=story((1, 1, 1)))


def test_the_summary_says_why_a_figure_is_missing_and_over_how_little_one_stands() -> None:
    report = shown(100)
    assert line(report, "CAGR %") == "- (insufficient data)"
    assert line(report, "Payoff ratio") == "0.00 (over 3)"
    assert line(report, "Wins / draws / losses") == "1 / 1 / 1"
    assert line(report, "Long / short trades") == "2 / 1"
    assert line(report, "slippage / fees") == "2.00 / 1.00"
    assert line(report, "Profit before costs") == "11.00"
    assert line(report, "Market change") == "5.00 %"
    assert line(report, "recovered") == "- (not recovered)"


def test_what_is_left_open_is_shown_with_its_mark() -> None:
    assert line(shown(80), "long   1.00000").split() == ["2025-01-04", "00:00", "20,002.00", "20,000.00", "-2.00"]
    assert "LEFT OPEN" not in shown(80, doc={**story(), "open_position": None})


def test_every_figure_of_the_summary_exists() -> None:
    labels = [label for section in SECTIONS for label, _ in section]
    assert len(labels) == len(set(labels))
    assert "unknown" not in shown(100)


@pytest.mark.parametrize(
    ("seconds", "text"), [(59, "0m"), (3599, "59m"), (3600, "1h 00m"), (86_399, "23h 59m"), (90_000, "1d 1h")]
)
def test_durations_are_their_two_largest_parts(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_prices_keep_their_digits() -> None:
    assert [price(text) for text in ("57643.30000000", "0.07345000", "1234567")] == [
        "57,643.30",
        "0.07345",
        "1,234,567.00",
    ]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        pytest.param(["--breakdown", "day", "week", "month"], ("day", "week", "month"), id="as freqtrade does"),
        pytest.param(["--breakdown", "day", "--breakdown", "hour"], ("day", "hour"), id="again and again"),
        pytest.param(["--breakdown=side,exit_reason"], ("side", "exit_reason"), id="with commas"),
        pytest.param(
            ["--breakdown", "day,week", "hour", "--cash", "5"], ("day", "week", "hour"), id="and other options"
        ),
        pytest.param(["--cash", "5"], (), id="not at all"),
    ],
)
def test_breakdowns_are_named_in_any_way(words: list[str], names: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.touch()
    for arguments in ([str(file), *words], [*words, str(file)]):
        assert backtest.make_context("backtest", arguments).params["breakdown"] == names


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--breakdown", "moon"], "'moon' is not one of"), (["--breakdown"], "requires an argument")],
)
def test_a_breakdown_that_does_not_exist_is_refused(words: list[str], said: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.touch()
    with pytest.raises(Exception, match=said):
        backtest.make_context("backtest", [str(file), *words])
