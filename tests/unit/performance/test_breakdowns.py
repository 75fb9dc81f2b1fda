"""Breakdowns by hand: trades count where they ended, periods have their equity."""

import pytest

from shared.domain.decision import PARTIAL_BASE, REASONS, EquityPoint, Trade
from shared.domain.timeframe import DAY_MS
from shared.performance.breakdowns import BREAKDOWNS
from shared.performance.statistics import Tally
from tests.support.instruments import RULES

USDT = 10**8
CASH = 1_000 * USDT
HOUR = 3_600_000
MON_30_DEC = 20_087 * DAY_MS  # 2024-12-30, a Monday; Wednesday is 2025-01-01
STOP, TARGET, RUNG = REASONS.index("stop"), REASONS.index("target"), PARTIAL_BASE + 2


def trade(seq: int, side: int, exit_ms: int, net: int, reason: int, hours: int = 1) -> Trade:
    """100 USDT, `net` after 1 USDT of fees."""
    gross = (net + 1) * USDT
    return Trade(
        seq, side, exit_ms - hours * HOUR, exit_ms, 1, 100 * USDT, 100 * USDT + side * gross, gross, USDT, 0, 0, reason
    )  # fmt: skip


def equity(seq: int, ts_ms: int, usdt: int) -> EquityPoint:
    return EquityPoint(seq, ts_ms, usdt * USDT, 0, 0)


TALLY = Tally(RULES, CASH, MON_30_DEC + 10 * HOUR)
for decision in (
    trade(1, 1, MON_30_DEC + 12 * HOUR, 10, TARGET, hours=2),
    equity(2, MON_30_DEC + 12 * HOUR, 1010),
    trade(3, -1, MON_30_DEC + 13 * HOUR - 1, -4, STOP),  # the last millisecond of the hour that began at 12
    equity(4, MON_30_DEC + 13 * HOUR - 1, 1006),
    trade(5, 1, MON_30_DEC + 2 * DAY_MS, 0, STOP, hours=40),  # at midnight: Wednesday, and a new year
    trade(6, 1, MON_30_DEC + 2 * DAY_MS + HOUR, 6, RUNG),
    equity(7, MON_30_DEC + 2 * DAY_MS + HOUR, 1000),  # something open has lost 12
):
    TALLY.step(decision)
END = MON_30_DEC + 8 * DAY_MS  # the first day of the next week does not take part
ROWS = {name: {row["key"]: row for row in TALLY.breakdown(name, END)} for name in BREAKDOWNS}


def counts(name: str) -> dict[object, tuple[object, ...]]:
    return {key: tuple(row[n] for n in ("trade_count", "wins", "draws", "losses")) for key, row in ROWS[name].items()}


def nets(name: str) -> dict[object, float]:
    return {key: float(str(row["net_abs"])) for key, row in ROWS[name].items()}


def test_by_side():
    assert counts("side") == {"long": (3, 2, 1, 0), "short": (1, 0, 0, 1)}
    assert list(ROWS["side"]) == ["long", "short"]
    assert ROWS["side"]["long"] == {
        "key": "long", "trade_count": 3, "wins": 2, "draws": 1, "losses": 0, "net_abs": "16.00000000",
        "gross_abs": "19.00000000", "fees_abs": "3.00000000", "slippage_abs": "0.00000000", "winrate": 2 / 3,
        "profit_factor": None, "avg_profit_ratio": (0.10 + 0.0 + 0.06) / 3, "avg_duration_s": (2 + 40 + 1) * 3600 / 3,
    }  # fmt: skip


def test_by_exit_reason():
    assert nets("exit_reason") == {"stop": -4.0, "target": 10.0, "partial_2": 6.0}
    assert ROWS["exit_reason"]["stop"]["profit_factor"] == 0.0


def test_by_hour_of_the_exit():
    assert counts("hour") == {"00": (1, 0, 1, 0), "01": (1, 1, 0, 0), "12": (2, 1, 0, 1)}
    assert ROWS["hour"]["12"]["profit_factor"] == 2.5


def test_by_weekday():
    assert nets("weekday") == {"monday": 6.0, "wednesday": 6.0}
    monday, first_day = ROWS["weekday"]["monday"], ROWS["day"]["2024-12-30"]  # the only Monday with a trade
    assert {name: first_day[name] for name in monday} == {**monday, "key": "2024-12-30"}
    assert (monday["profit_factor"], monday["avg_duration_s"]) == (2.5, 1.5 * 3600)
    assert monday["avg_profit_ratio"] == pytest.approx((0.10 - 0.04) / 2, rel=1e-15)


def test_by_day_no_day_left_out():
    assert list(ROWS["day"]) == [
        "2024-12-30", "2024-12-31", "2025-01-01", "2025-01-02", "2025-01-03", "2025-01-04", "2025-01-05", "2025-01-06",
    ]  # fmt: skip
    assert [row["trade_count"] for row in ROWS["day"].values()] == [2, 0, 2, 0, 0, 0, 0, 0]
    first, second, third = list(ROWS["day"].values())[:3]
    assert (first["from_ms"], first["equity_abs"]) == (MON_30_DEC, "1006.00000000")
    assert (first["equity_change_abs"], first["equity_change_ratio"]) == ("6.00000000", 0.006)
    assert (second["winrate"], second["avg_profit_ratio"], second["avg_duration_s"]) == (None, None, None)
    assert (second["net_abs"], second["equity_change_abs"]) == ("0.00000000", "0.00000000")
    assert (third["net_abs"], third["equity_change_abs"]) == ("6.00000000", "-6.00000000")
    assert third["equity_change_ratio"] == -6 / 1006


def test_by_iso_week():
    assert counts("week") == {"2025-W01": (4, 2, 1, 1), "2025-W02": (0, 0, 0, 0)}
    assert ROWS["week"]["2025-W01"]["from_ms"] == MON_30_DEC
    assert ROWS["week"]["2025-W01"]["equity_change_abs"] == "0.00000000"  # 1,000 at first, 1,000 on Sunday


def test_by_month():
    assert counts("month") == {"2024-12": (2, 1, 0, 1), "2025-01": (2, 1, 1, 0)}
    december, january = ROWS["month"].values()
    assert (december["from_ms"], january["from_ms"]) == (MON_30_DEC - 29 * DAY_MS, MON_30_DEC + 2 * DAY_MS)
    assert (december["equity_abs"], january["equity_change_abs"]) == ("1006.00000000", "-6.00000000")


def test_debt_has_no_relative_change():
    tally = Tally(RULES, CASH, 0)
    for at, usdt in enumerate((-5, 3)):
        tally.step(equity(at + 1, at * DAY_MS, usdt))
    first, second = tally.breakdown("day", 2 * DAY_MS)
    assert first["equity_change_ratio"] == -1.005
    assert (second["equity_change_abs"], second["equity_change_ratio"]) == ("8.00000000", None)


def test_a_run_without_a_trade_has_periods_only():
    tally = Tally(RULES, CASH, MON_30_DEC)
    found = {name: [row["key"] for row in tally.breakdown(name, MON_30_DEC + 1)] for name in BREAKDOWNS}
    assert found == {
        "side": [], "exit_reason": [], "hour": [], "weekday": [],
        "day": ["2024-12-30"], "week": ["2025-W01"], "month": ["2024-12"],
    }  # fmt: skip
