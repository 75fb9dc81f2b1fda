"""Rule operators as kernels. Values are floats; conditions are 1.0, 0.0 or NaN = not ready (strategy-format 3).

Nothing short-circuits. Operators with memory keep it in `f` from `at` on; layout.memory_size says how many words.
"""

from shared.kernel import NAN, VectorF, VectorM, ceil_, div, floor_, index_, is_nan, kernel, round_half_even, sqrt_


@kernel
def add(a: float, b: float) -> float:
    return a + b


@kernel
def sub(a: float, b: float) -> float:
    return a - b


@kernel
def mul(a: float, b: float) -> float:
    return a * b


@kernel
def over(a: float, b: float) -> float:
    return div(a, b)


@kernel
def floordiv(a: float, b: float) -> float:
    return a // b if b != 0.0 else NAN


@kernel
def mod(a: float, b: float) -> float:
    return a % b if b != 0.0 else NAN


@kernel
def power(a: float, n: int) -> float:
    """a multiplied n times, left to right."""
    result = a
    for _ in range(n - 1):
        result = result * a
    return result


@kernel
def neg(a: float) -> float:
    return -a


@kernel
def absolute(a: float) -> float:
    return abs(a)


@kernel
def least(a: float, b: float) -> float:
    if is_nan(a) or is_nan(b):
        return NAN
    return b if b < a else a


@kernel
def greatest(a: float, b: float) -> float:
    if is_nan(a) or is_nan(b):
        return NAN
    return b if b > a else a


@kernel
def root(a: float) -> float:
    return sqrt_(a)


@kernel
def down(a: float) -> float:
    return floor_(a)


@kernel
def up(a: float) -> float:
    return ceil_(a)


@kernel
def nearest(a: float) -> float:
    return round_half_even(a)


# A comparison that neither holds nor is refuted has a side that is not ready.


@kernel
def gt(a: float, b: float) -> float:
    if a > b:
        return 1.0
    return 0.0 if a <= b else NAN


@kernel
def ge(a: float, b: float) -> float:
    if a >= b:
        return 1.0
    return 0.0 if a < b else NAN


@kernel
def lt(a: float, b: float) -> float:
    if a < b:
        return 1.0
    return 0.0 if a >= b else NAN


@kernel
def le(a: float, b: float) -> float:
    if a <= b:
        return 1.0
    return 0.0 if a > b else NAN


@kernel
def eq(a: float, b: float) -> float:
    if a == b:
        return 1.0
    return 0.0 if a < b or a > b else NAN


@kernel
def ne(a: float, b: float) -> float:
    if a == b:
        return 0.0
    return 1.0 if a < b or a > b else NAN


@kernel
def both(a: float, b: float) -> float:
    """and: false wins over not ready."""
    if a == 0.0 or b == 0.0:
        return 0.0
    return 1.0 if a == 1.0 and b == 1.0 else NAN


@kernel
def either(a: float, b: float) -> float:
    """or: true wins over not ready."""
    if a == 1.0 or b == 1.0:
        return 1.0
    return 0.0 if a == 0.0 and b == 0.0 else NAN


@kernel
def inverse(a: float) -> float:
    return 1.0 - a


@kernel
def between(x: float, low: float, high: float) -> float:
    return both(ge(x, low), le(x, high))


@kernel
def where(chosen: float, condition: float, other: float) -> float:
    """`chosen if condition else other`; a condition that is not ready chooses nothing."""
    if is_nan(condition):
        return NAN
    return chosen if condition == 1.0 else other


# --- with memory ---------------------------------------------------------------------------------------------------
# A ring: f[at] the next slot, then n values; all NaN until written.


@kernel
def start_words(f: VectorF, at: int, n: int) -> None:
    """n words that are not ready."""
    for i in range(n):
        f[at + i] = NAN


@kernel
def start_ring(f: VectorF, at: int, n: int) -> None:
    """An empty ring of n values: n + 1 words."""
    f[at] = 0.0
    for i in range(n):
        f[at + 1 + i] = NAN


@kernel
def past(f: VectorF, at: int, x: float, n: int) -> float:
    """The value n closes ago, remembering this one."""
    slot = index_(f[at])
    old = f[at + 1 + slot]
    f[at + 1 + slot] = x
    f[at] = (f[at] + 1.0) % n
    return old


@kernel
def crosses_above(f: VectorF, at: int, a: float, b: float) -> float:
    """a was at or below b at the close before, and is above now. Two words."""
    before = le(f[at], f[at + 1])
    f[at] = a
    f[at + 1] = b
    return both(before, gt(a, b))


@kernel
def crosses_below(f: VectorF, at: int, a: float, b: float) -> float:
    """a was at or above b at the close before, and is below now. Two words."""
    before = ge(f[at], f[at + 1])
    f[at] = a
    f[at + 1] = b
    return both(before, lt(a, b))


@kernel
def rising(f: VectorF, at: int, x: float, n: int) -> float:
    """x > x[1] > ... > x[n], over a ring of n earlier values."""
    result = 1.0
    newer = x
    slot = index_(f[at])
    for _ in range(n):
        slot = (slot + n - 1) % n
        older = f[at + 1 + slot]
        result = both(result, gt(newer, older))
        newer = older
    past(f, at, x, n)
    return result


@kernel
def falling(f: VectorF, at: int, x: float, n: int) -> float:
    """x < x[1] < ... < x[n], over a ring of n earlier values."""
    result = 1.0
    newer = x
    slot = index_(f[at])
    for _ in range(n):
        slot = (slot + n - 1) % n
        older = f[at + 1 + slot]
        result = both(result, lt(newer, older))
        newer = older
    past(f, at, x, n)
    return result


@kernel
def highest(f: VectorF, at: int, x: float, n: int) -> float:
    """The largest of this and the n - 1 values before; not ready until there are n that are."""
    past(f, at, x, n)
    result = x
    for i in range(n):
        result = greatest(result, f[at + 1 + i])
    return result


@kernel
def lowest(f: VectorF, at: int, x: float, n: int) -> float:
    """The smallest of this and the n - 1 values before; not ready until there are n that are."""
    past(f, at, x, n)
    result = x
    for i in range(n):
        result = least(result, f[at + 1 + i])
    return result


@kernel
def bars_since(f: VectorF, at: int, condition: float) -> float:
    """Closes since the condition last held; 0 where it holds, not ready before it ever did. One word."""
    since = 0.0 if condition == 1.0 else f[at] + 1.0
    f[at] = since
    return since


@kernel
def tally(m: VectorM, at: int, holds: float) -> float:
    """Count a rule's outcome in three words of m: evaluated, true, not ready. Returns it unchanged."""
    m[at] = m[at] + 1
    if holds == 1.0:
        m[at + 1] = m[at + 1] + 1
    elif is_nan(holds):
        m[at + 2] = m[at + 2] + 1
    return holds
