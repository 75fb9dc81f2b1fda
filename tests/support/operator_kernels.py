"""The operators of the kernel language, one kernel each: what interpreted and compiled arithmetic are compared by."""

from shared.kernel import NAN, kernel


@kernel
def smaller(a: float, b: float) -> float:
    return min(a, b)


@kernel
def larger(a: float, b: float) -> float:
    return max(a, b)


@kernel
def smallest(a: float, b: float, c: float) -> float:
    return min(a, b, c)


@kernel
def largest(a: float, b: float, c: float) -> float:
    return max(a, b, c)


@kernel
def size(a: float) -> float:
    return abs(a)


@kernel
def negative(a: float) -> float:
    return -a


@kernel
def quotient(a: float, b: float) -> float:
    return a / b if b != 0.0 else NAN


@kernel
def whole_quotient(a: float, b: float) -> float:
    return a // b if b != 0.0 else NAN


@kernel
def remainder(a: float, b: float) -> float:
    return a % b if b != 0.0 else NAN


@kernel
def product_and_sum(a: float, b: float, c: float) -> float:
    """What a fused multiply-add would round once instead of twice."""
    return a * b + c


@kernel
def difference_of_products(a: float, b: float, c: float) -> float:
    return a * b - c * a


@kernel
def running_sum(a: float, b: float, c: float) -> float:
    """A reduction, in which vector instructions would change the order of additions."""
    total = 0.0
    for _ in range(37):
        total += a
        total += b * c
        total -= c
    return total


@kernel
def in_between(a: float, b: float, c: float) -> float:
    return 1.0 if a <= b < c else 0.0


OPERATORS = {
    1: (size, negative),
    2: (smaller, larger, quotient, whole_quotient, remainder),
    3: (smallest, largest, product_and_sum, difference_of_products, running_sum, in_between),
}
