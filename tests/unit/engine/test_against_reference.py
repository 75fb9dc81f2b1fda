"""The engine holds against a reference that was written apart from it: the same rows, in order, and the same status.

`PAPERFOLD_LONG=1` runs every case on every market. Generated strategies: test_generated.py; real bars: the file beside.
"""

import os
from decimal import Decimal
from functools import cache
from itertools import pairwise

import pytest

from shared.domain.instrument import InstrumentRules
from tests.support.differential import assert_equal, bars_of, of, shipped, strategy
from tests.support.series import MINUTE_MS, Market, frame_of
from tests.unit.engine.cases import CASES, CROSS, HALF, LEVELS, MARKETS, OFTEN, PROFILE, STOP, commands_over, text
from tests.unit.engine.order_cases import ORDER_CASES

LONG = os.environ.get("PAPERFOLD_LONG", "") not in ("", "0")
ALL_CASES = CASES | ORDER_CASES
MARKETS_A_CASE = len(MARKETS) if LONG else 2

market = cache(frame_of)


def markets_of(number: int) -> list[str]:
    """Some markets for a case, others for the next."""
    names = list(MARKETS)
    return [names[(number * MARKETS_A_CASE + i) % len(names)] for i in range(MARKETS_A_CASE)]


LONG_MARKETS = [
    Market(21, 10_000, ("holes", "jumps")),
    Market(22, 12_000, ("quiet", "wide", "days", "off_tick")),
]


@pytest.mark.parametrize("long_market", LONG_MARKETS, ids=["holes", "quiet"])
@pytest.mark.parametrize(("name", "variant"), shipped())
def test_a_shipped_strategy_is_the_same(name: str, variant: str | None, long_market: Market) -> None:
    assert_equal(strategy(name), market(long_market), variant=variant)


@pytest.mark.parametrize(
    ("case", "where"),
    [
        pytest.param(case, where, id=f"{case}: {where}")
        for i, case in enumerate(ALL_CASES)
        for where in markets_of(i)
    ],
)  # fmt: skip
def test_a_case_is_the_same(case: str, where: str) -> None:
    assert_equal(ALL_CASES[case], market(MARKETS[where]))


@pytest.mark.parametrize("timeframe", ["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d"])
def test_every_timeframe_is_the_same(timeframe: str) -> None:
    minutes = 2_000 if timeframe in ("1m", "3m") else 12_000
    frame = market(Market(31, minutes, ("days", "holes", "wide")))
    indicators = "{id: fast, type: SMA, length: 1}, {id: slow, type: SMA, length: 2}"
    assert of(assert_equal(text(CROSS, indicators, f"{HALF}, {STOP}", entry=timeframe), frame), "fill")


@pytest.mark.parametrize("skipped", [0, 1, 2, 7, 31])
@pytest.mark.parametrize("lead", [0, 1, 14, 15, 100])
@pytest.mark.parametrize("case", ["two timeframes above", "a timeframe below", "profile stop and target by regime"])
def test_a_start_after_warmup_is_the_same(case: str, lead: int, skipped: int) -> None:
    """Warmup begins within frames, trading within others."""
    frame = market(MARKETS["holes"]).head(900)
    first, start = int(frame.open_time[skipped]), int(frame.open_time[skipped + lead])
    frame = frame[skipped:].reset_index(drop=True)
    assert_equal(CASES[case], frame, warmup_from_ms=first, start_ms=start)


@pytest.mark.parametrize("before", [0, 1, 14, 1_440])
@pytest.mark.parametrize("hole", range(4))
@pytest.mark.parametrize("case", ["two timeframes above", "a timeframe below", "reversal at every other bar", "never"])
def test_a_start_in_a_hole_is_the_same(case: str, hole: int, before: int) -> None:
    """The minute of the start is missing, and the first of the warmup: frames that close late decide behind it."""
    frame = market(MARKETS["holes"]).head(1_200)
    present = frame.open_time.tolist()
    gaps = [(a + MINUTE_MS, b) for a, b in pairwise(present) if b > a + 2 * MINUTE_MS]
    start_ms = gaps[hole][0] + (gaps[hole][1] - gaps[hole][0]) // MINUTE_MS // 2 * MINUTE_MS
    assert start_ms not in present
    assert_equal(CASES[case], frame, warmup_from_ms=present[0] - before * MINUTE_MS, start_ms=start_ms)


@pytest.mark.parametrize("seed", range(40 if LONG else 8))
@pytest.mark.parametrize("where", ["holes", "quiet", "wild", "days"])
@pytest.mark.parametrize(
    "case",
    ["ladder", "reversal at every other bar", "protection that ends", "signal strength", "limits that wait",
     "a share, and exits laid anew", "a share of limits"],
)  # fmt: skip
def test_commands_are_the_same(case: str, where: str, seed: int) -> None:
    frame = market(MARKETS[where]).head(500)
    bars = bars_of(frame)
    commands = commands_over(bars, seed, 1 + 2 * seed, stops=seed % 2 == 0)
    assert_equal(ALL_CASES[case], frame, commands, start_ms=bars.open_ms[seed * 5])


def rules(tick: str, step: str, min_quantity: str = "0.00001", min_notional: str = "1.00") -> InstrumentRules:
    return InstrumentRules("BTC/USDT", *(Decimal(number) for number in (tick, step, min_quantity, min_notional)))


PENNIES = Market(41, 1_500, ("wide", "jumps"), "0.00001234", "0.00000001")
INSTRUMENTS = {
    "tiny price": (rules("0.00000001", "1", "1", "0.5"), PENNIES),
    "price of a few ticks": (rules("0.01", "0.1", "1"), Market(42, 1_500, ("wide", "holes"), "0.60", "0.01", 30_000)),
    "huge price": (rules("0.01", "0.00001"), Market(43, 1_500, ("wide", "quiet"), "900000000", "0.01")),
    "huge ticks": (rules("10", "0.001", "0.001", "10"), Market(44, 1_500, ("wide",), "60000", "10", 4_000)),
    "uneven tick": (rules("0.05", "0.003", "0.01", "7"), Market(45, 1_500, ("wide", "holes"), "100", "0.05", 4_000)),
    "lots of whole coins": (rules("0.01", "1", "1", "10"), Market(46, 1_500, ("jumps",), "2500", "0.01")),
    "coarse minimum": (rules("0.01", "0.00001", "0.05", "3000"), Market(47, 1_500, ("wide", "jumps"))),
    "market off the tick": (rules("0.07", "0.0001"), Market(48, 1_500, ("wide", "off_tick"), "60000", "0.01")),
}  # fmt: skip


@pytest.mark.parametrize(("quote", "is_enough"), [("100", False), ("125", True)])
def test_a_minimum_between_two_lots_is_the_upper_one(quote: str, is_enough: bool) -> None:
    """At least 0.010 in lots of 0.003 is four lots; three are 0.009."""
    frame = market(Market(48, 300, (), "10000", "0.01"))
    traded = text(OFTEN, risk=f"position_size: {{quote: {quote}}}")
    rows = assert_equal(traded, frame, rules=rules("0.01", "0.003", "0.010", "0"))
    assert {row["quantity"] for row in of(rows, "order")} == {"0.012" if is_enough else "0.009"}
    assert bool(of(rows, "fill")) is is_enough


@pytest.mark.parametrize("instrument", INSTRUMENTS)
@pytest.mark.parametrize(
    "case",
    [
        "ladder",
        "target of a multiple",
        "ATR stop",
        "by risk",
        "wide buffer",
        "everything",
        "trailing",
        "triggers",
        "limits at the close",
        "break-even, then trailing",
        "trailing as far as the stop",
    ],
)
def test_every_instrument_is_the_same(case: str, instrument: str) -> None:
    instrument_rules, minutes = INSTRUMENTS[instrument]
    assert_equal(ALL_CASES[case], market(minutes), rules=instrument_rules)


@pytest.mark.parametrize("cash", ["2501", "5010", "10010"])
def test_cash_for_a_few_lots_is_the_same(cash: str) -> None:
    frame = market(Market(47, 1_500, ("jumps",), "2500"))
    assert_equal(ORDER_CASES["all of the cash, coin by coin"], frame, rules=rules("0.01", "1", "1", "10"), cash=cash)


@pytest.mark.parametrize("case", ["short to ruin", "a share of shorts to ruin"])
def test_ruin_is_the_same(case: str) -> None:
    assert_equal(ALL_CASES[case], market(Market(17, 2_000, ("rally",))))


@pytest.mark.parametrize("cash", ["0.00000001", "1", "10.00000001", "1000000000"])
def test_any_cash_is_the_same(cash: str) -> None:
    assert_equal(CASES["ladder"], market(MARKETS["wild"]), cash=cash)


def test_levels_across_a_crash_and_a_rally_are_the_same() -> None:
    risk = "position_size: {base_size: 1}, stop_loss: {base_percent: 0.02, use_vp_levels: true}"
    for name in ("crash", "rally"):
        assert_equal(text(LEVELS, PROFILE, risk), market(MARKETS[name]))
        assert_equal(text(OFTEN, risk="position_size: {base_size: 1}", entry="1h"), market(MARKETS[name]))
