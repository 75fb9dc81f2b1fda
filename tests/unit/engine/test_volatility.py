"""Sizing by a volatility target: exact where floats would not be, and rejected where there is no ATR."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from random import Random

import pytest

from shared.domain.instrument import InstrumentRules
from shared.engine.setup import YEAR_MS, per_root
from shared.engine.sizing import over_two
from shared.kernel import LIMIT
from tests.support.stories import Row, story, strategy

TRUE_RANGE = "{id: atr, type: ATR, timeframe: 1m, period: 1}"


def sized(target: str, more: str = "") -> str:
    return f"position_size: {{volatility_target: {target}{more}}}"


@pytest.mark.parametrize("target", ["0.000001", "0.1", "0.5", "1", "9.999999", "10"])
@pytest.mark.parametrize("minutes", [1, 3, 5, 15, 30, 60, 120, 240, 360, 480, 720, 1440])
def test_a_year_s_volatility_becomes_a_period_s(target: str, minutes: int) -> None:
    """Against a root of 80 digits."""
    periods = YEAR_MS // (minutes * 60_000)
    with localcontext(prec=80):
        wanted = (Decimal(target) * 10**12 / Decimal(periods).sqrt()).quantize(Decimal(1), ROUND_HALF_EVEN)
    assert per_root(int(Decimal(target) * 10**6), periods) == wanted


@pytest.mark.parametrize(("target_ppm", "periods", "wanted"), [(1, 4, 500_000), (3, 10**12 * 4, 2), (1, 10**12 * 4, 0)])
def test_a_tie_goes_to_the_even_word(target_ppm: int, periods: int, wanted: int) -> None:
    """3e6 / 2e6 = 1.5 and 1e6 / 2e6 = 0.5."""
    assert per_root(target_ppm, periods) == wanted


def test_a_quotient_of_two_divisors_is_one_floor() -> None:
    random = Random(5)
    for _ in range(500):
        a, b = random.randrange(1 << random.randrange(1, 60)), random.randrange(1 << random.randrange(1, 45))
        c, d = 1 + random.randrange(1 << random.randrange(1, 50)), 1 + random.randrange(1 << random.randrange(1, 50))
        exact = a * b // (c * d)
        if a * b // max(c, d) < LIMIT:
            assert over_two(a, b, c, d) == exact


@pytest.mark.parametrize(
    ("risk", "execution", "line"),
    [
        pytest.param(sized("0.5"), "", "market buy 3 entry", id="5000 x 100 / (2 x 724.98) = 344.8 of 100"),
        pytest.param(sized("0.5"), "order_type: limit, limit_offset_bps: 1000", "limit buy 3 @90.00 entry",
                     id="the price cancels"),
        pytest.param(sized("10"), "", "market buy 68 entry", id="6896 of 100"),
        pytest.param(sized("10", ", max_position_pct: 0.25"), "", "market buy 25 entry", id="capped"),
    ],
)  # fmt: skip
def test_it_buys_by_the_range(risk: str, execution: str, line: str) -> None:
    text = strategy(long="high == 101", risk=risk, execution=execution, indicators=TRUE_RANGE)
    assert story(text, [100, (100, 101, 99, 100)]) == [f"1c a submitted {line}"]


@pytest.mark.parametrize("closes", [1, 2], ids=["not ready", "zero"])
def test_without_a_range_it_is_rejected(closes: int) -> None:
    text = strategy(long="true", risk=sized("0.5"), indicators=TRUE_RANGE)
    bars: list[Row | float] = [100] * closes
    assert story(text, bars)[-1] == f"{closes - 1}c {'ab'[closes - 1]} rejected market buy 0 not_ready"


def test_it_is_exact_where_doubles_are_not() -> None:
    """Cash of twelve digits, lots of 1e-8: the quotient as Python's whole numbers give it."""
    rules = InstrumentRules("BTC/USDT", Decimal("0.01"), Decimal("0.00000001"), Decimal(0), Decimal(0))
    text = strategy(long="high == 100.07", risk=sized("0.123457"), indicators=TRUE_RANGE)
    cash = Decimal("987654.32109876")
    (line,) = story(text, [100, (100, 100.07, 99.94, 100)], cash=str(cash), rules=rules)
    share = Fraction(per_root(123_457, 525_600), 10**12) / Fraction("0.13")
    assert line == f"1c a submitted market buy {int(Fraction(cash) * share * 10**8)} entry"
