"""Money against Python's own integers and fractions, and against a ledger of decimals that knows nothing of words."""

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.decision import Fill
from shared.engine import money
from shared.engine.fold import decisions
from shared.engine.sizing import part_of
from shared.kernel import LIMIT
from tests.support.differential import bars_of, fold_of
from tests.support.series import frame_of
from tests.unit.engine.cases import CASES, MARKETS

words = st.one_of(st.integers(0, LIMIT), st.integers(0, 10**6), st.builds(lambda n: 2**n, st.integers(0, 62)))
divisors = st.one_of(st.integers(1, LIMIT // 2 - 1), st.integers(1, 1_000), st.sampled_from((10**6, 10**12, 10**18)))

ROUNDED = [
    pytest.param(money.mul_div_floor, floor, id="down"),
    pytest.param(money.mul_div_ceil, ceil, id="up"),
    pytest.param(money.mul_div_even, round, id="to even"),
]


@pytest.mark.parametrize(("rounded", "exact"), ROUNDED)
@given(words, words, divisors)
def test_a_quotient_of_a_product_is_exact_or_refused(rounded, exact, a, b, c):
    expected = exact(Fraction(a * b, c))
    if expected > LIMIT:
        with pytest.raises(OverflowError):
            rounded(a, b, c)
    else:
        assert rounded(a, b, c) == expected


@given(st.integers(0, 10**9), st.integers(1, 10**6))
def test_ties_go_to_even(whole, half):
    assert money.mul_div_even(2 * whole + 1, half, 2 * half) == whole + whole % 2
    assert money.div_even((2 * whole + 1) * half, 2 * half) == whole + whole % 2


@given(st.integers(-LIMIT, LIMIT), divisors)
def test_division_of_any_sign_is_to_even(a, c):
    assert money.div_even(a, c) == round(Fraction(a, c))


@given(words, words)
def test_a_product_is_exact_or_refused(a, b):
    if a * b > LIMIT:
        with pytest.raises(OverflowError):
            money.product(a, b)
    else:
        assert money.product(a, b) == a * b


@given(st.integers(-2 * LIMIT, 2 * LIMIT))
def test_a_sum_is_a_word_or_refused(word):
    if abs(word) > LIMIT:
        with pytest.raises(OverflowError):
            money.bounded(word)
    else:
        assert money.bounded(word) == word


@given(st.integers(0, 10**17), st.integers(0, 10**14), st.integers(0, 10**6))
def test_a_part_by_two_ratios_is_floored_once(amount, ratio, power):
    expected = floor(Fraction(amount * ratio * power, 10**18))
    if amount * ratio > LIMIT * 10**12:
        with pytest.raises(OverflowError):
            part_of(amount, ratio, power)
    else:
        assert part_of(amount, ratio, power) == expected


@given(st.floats(0, 1e10, exclude_max=True), st.sampled_from((1, 7, 10, 10**4, 10**6, 25 * 10**6, 10**9)))
def test_a_float_becomes_ticks_in_two_steps(x, tick_e8):
    assert money.to_ticks(x, tick_e8) == round(Fraction(round(x * 1e8), tick_e8))


@pytest.mark.parametrize(
    ("price", "ticks"),
    [
        pytest.param(0.005, 0, id="a tie down"),
        pytest.param(0.015, 2, id="a tie up"),
        pytest.param(60000.01, 6_000_001, id="on the tick"),
        pytest.param(60000.014999, 6_000_001, id="below the middle"),
    ],
)
def test_a_price_off_the_grid_is_taken_at_its_nearest_tick(price, ticks):
    assert money.to_ticks(price, 10**6) == ticks


@given(st.integers(1, 10**13), st.sampled_from((-1, 1)), st.integers(0, 999_999))
def test_a_taken_price_is_never_better_than_its_costs(reference, side, cost):
    exact = Fraction(reference * (10**6 + side * cost), 10**6)
    price = money.taken_price(reference, side, cost)
    assert price == (ceil(exact) if side > 0 else floor(exact))
    assert side * (price - exact) >= 0


@given(st.integers(0, 10**15), st.integers(0, 10**5))
def test_a_fee_is_half_to_even(notional, rate):
    assert money.fee_of(notional, rate) == round(Fraction(notional * rate, 10**6))


@pytest.mark.parametrize("where", ["wild", "quiet", "crash"])
@pytest.mark.parametrize(
    "case", ["ladder of twenty", "costs", "ruinous costs", "more than the cash", "smoothed protection"]
)
def test_nothing_is_gained_or_lost_beside_fills_and_fees(case, where):
    """Cash, position and fees from the fills alone, in decimals: equal to the fold's words at every fill."""
    bars = bars_of(frame_of(MARKETS[where]))
    fold = fold_of(CASES[case], bars)
    rules, costs = fold.setup.rules, fold.setup.costs
    cash, position = fold.setup.cash, Decimal(0)
    unit = Decimal(1).scaleb(-rules.quote_decimals)
    fills = [row for row in decisions(fold.fold(bars)) if isinstance(row, Fill)]
    assert fills
    for fill in fills:
        price, quantity = fill.price * rules.tick_size, fill.quantity * rules.lot_step
        rate = Decimal(costs.maker_ppm if fill.liquidity else costs.taker_ppm).scaleb(-6)
        fee = (price * quantity * rate / unit).to_integral_value() * unit
        assert fill.fee * unit == fee
        cash -= fill.side * price * quantity + fee
        position += fill.side * quantity
    assert fold.cash * unit == cash
    last = round(Fraction(round(bars.close[-1] * 1e8), 10**8) / Fraction(rules.tick_size)) * rules.tick_size
    assert fold.equity * unit == cash + position * last
    held = fold.position()
    assert (held["quantity"] if held else 0) * rules.lot_step == position
