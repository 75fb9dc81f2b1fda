"""What the HTML report draws of many points, bars and trades, and how it writes values."""

import random
import re
from bisect import bisect_right
from typing import Any

import pytest

from services.cli.html_report import forms
from services.cli.html_report.candles import MOST, candles, drawable
from services.cli.html_report.figures.returns import bins, step_of
from services.cli.html_report.figures.underwater import depths
from services.cli.html_report.marks import marks
from services.cli.html_report.parts.rules import rarest
from services.cli.html_report.thin import evenly, extremes
from services.cli.rules_table import RuleLine
from shared.domain.bar import Bars
from shared.domain.timeframe import MINUTE_MS, TIMEFRAMES
from tests.support.desk import FIRST_MS
from tests.support.reports import BARS


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
