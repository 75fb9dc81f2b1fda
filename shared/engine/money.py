"""Exact integer arithmetic under the 2^62 bound, and the way from floats into it.

Every product is checked before it is made; OverflowError means a money word is out of range and fails the run, in the
interpreted and the compiled form alike.
"""

from shared.kernel import LIMIT, kernel, to_units

HALF_WORD = 1 << 31  # two factors below cannot pass 2^62
PPM = 1_000_000
PPM2 = PPM * PPM


@kernel
def bounded(word: int) -> int:
    """A sum as a money word. Raises OverflowError beyond 2^62."""
    if word > LIMIT or word < -LIMIT:
        raise OverflowError("out of range")
    return word


@kernel
def product(a: int, b: int) -> int:
    """a x b of non-negative words. Raises OverflowError beyond 2^62."""
    if (a >= HALF_WORD or b >= HALF_WORD) and b != 0 and a > LIMIT // b:  # divides only where it has to
        raise OverflowError("out of range")
    return a * b


@kernel
def mul_div(a: int, b: int, c: int) -> tuple[int, int]:
    """Quotient and remainder of a x b / c, exact though a x b may not fit a word. a, b >= 0, 0 < c < 2^61."""
    whole = product(a // c, b)
    part = a % c
    if b == 0 or part <= LIMIT // b:
        return bounded(whole + part * b // c), part * b % c
    # long multiplication, highest bit of b first: quotient and remainder stay below the bound all the way
    bit = 1
    while bit <= b // 2:
        bit = bit * 2
    quotient = 0
    rest = 0
    while bit > 0:
        quotient = quotient * 2
        rest = rest * 2
        if b // bit % 2 == 1:
            rest = rest + part
        quotient = quotient + rest // c
        rest = rest % c
        bit = bit // 2
    return bounded(whole + quotient), rest


@kernel
def mul_div_floor(a: int, b: int, c: int) -> int:
    """floor(a x b / c)."""
    quotient, _ = mul_div(a, b, c)
    return quotient


@kernel
def mul_div_ceil(a: int, b: int, c: int) -> int:
    """ceil(a x b / c)."""
    quotient, rest = mul_div(a, b, c)
    return bounded(quotient + (1 if rest > 0 else 0))


@kernel
def mul_div_even(a: int, b: int, c: int) -> int:
    """a x b / c to the nearest whole, ties to even."""
    quotient, rest = mul_div(a, b, c)
    if rest > c - rest or (rest == c - rest and quotient % 2 == 1):
        return bounded(quotient + 1)
    return quotient


@kernel
def div_even(a: int, c: int) -> int:
    """a / c to the nearest whole, ties to even; a of any sign, c > 0."""
    quotient = a // c
    rest = a % c
    if rest > c - rest or (rest == c - rest and quotient % 2 != 0):
        return quotient + 1
    return quotient


@kernel
def to_ticks(x: float, tick_e8: int) -> int:
    """A price as ticks: rounded to 1e-8, then to the nearest tick, ties to even. 0 <= x < 1e10."""
    return div_even(to_units(x), tick_e8)


@kernel
def fee_of(notional: int, rate_ppm: int) -> int:
    """Commission of a fill, half to even."""
    return mul_div_even(notional, rate_ppm, PPM)


@kernel
def taken_price(reference: int, side: int, cost_ppm: int) -> int:
    """Price of a fill that takes liquidity: reference and costs, to the tick against the taker. side +1 buys."""
    if side > 0:
        return mul_div_ceil(reference, PPM + cost_ppm, PPM)
    return mul_div_floor(reference, PPM - cost_ppm, PPM)
