"""kernel.py: its functions over awkward doubles, against exact fractions, and compiled against interpreted."""

import math
import struct
from array import array
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest

from shared import kernel
from tests.support import operator_kernels
from tests.support.compiled_indicators import Run, run_compiled

LARGE = 4503599627370496.0  # 2^52
SPECIAL = [0.0, 0.5, 1.0, 1.5, 2.5, 0.1, 0.49999999999999994, 1e-8, 5e-324, 2.2250738585072014e-308, 123456.785,
           1e10, LARGE - 1.0, LARGE - 0.5, LARGE, LARGE + 1.0, 2.0 * LARGE + 2.0, 1e300, 1.7976931348623157e308,
           math.inf]  # fmt: skip
AWKWARD = [*SPECIAL, *(-x for x in SPECIAL), math.nan]


def _any_doubles(seed: int, count: int) -> list[float]:
    """Random bit patterns: every exponent is as likely as the next. One NaN, as vectors hold one."""
    random = Random(seed)
    drawn = (struct.unpack("<d", random.randbytes(8))[0] for _ in range(count))
    near = [random.uniform(-3.0, 3.0) * 10.0 ** random.randint(-3, 17) for _ in range(count)]
    halves = [random.randint(-(2**52), 2**52) / 2.0 for _ in range(count)]
    return [math.nan if x != x else x for x in (*drawn, *near, *halves)]


ONE = AWKWARD + _any_doubles(1, 1_000)
TWO = [*product(AWKWARD, AWKWARD), *zip(_any_doubles(2, 1_500), _any_doubles(3, 1_500), strict=True)]
THREE = [
    *product(AWKWARD[::3], AWKWARD[1::3], AWKWARD[::2]),
    *zip(_any_doubles(4, 2_000), _any_doubles(5, 2_000), _any_doubles(6, 2_000), strict=True),
]
MONEY = [x for x in ONE if abs(x) < 1e10] + [n / 1e8 + half for n in range(40) for half in (0.0, 5e-9, -5e-9)]
BY_COUNT: dict[int, list[Any]] = {1: ONE, 2: TWO, 3: THREE}
INDEXES = [float(n) for n in (0, 1, 2, 17, 10_000, 2**31, 2**52)]


def _finite(exact: Callable[[Fraction], int]) -> Callable[[float], float]:
    return lambda x: float(exact(Fraction(x))) if math.isfinite(x) else x


EXPECTED: dict[str, tuple[list[Any], Callable[..., float]]] = {
    "floor_": (ONE, _finite(math.floor)),
    "ceil_": (ONE, _finite(math.ceil)),
    "round_half_even": (ONE, _finite(round)),
    "sqrt_": (ONE, lambda x: float(np.sqrt(x)) if x >= 0.0 else math.nan),
    "is_nan": (ONE, math.isnan),
    "div": (TWO, lambda a, b: math.nan if b == 0.0 else float(np.float64(a) / np.float64(b))),
    "index_": (INDEXES, int),
    "to_units": (MONEY, lambda x: round(Fraction(x * 1e8))),
    "to_ppm": (MONEY, lambda x: round(Fraction(x * 1e6))),
}


def rows(arguments: list[Any]) -> list[tuple[float, ...]]:
    return [row if isinstance(row, tuple) else (row,) for row in arguments]


def bits(values: list[float] | bytes) -> np.ndarray:
    """As uint64. The sign of a NaN that arithmetic made is the processor's business: vectors never hold one."""
    words = np.frombuffer(values if isinstance(values, bytes) else array("d", values).tobytes()).copy()
    words[np.isnan(words)] = math.nan
    return words.view(np.uint64)


def test_every_function_is_tested_here() -> None:
    assert set(EXPECTED) == set(kernel.OWN)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", EXPECTED)
def test_it_is_defined_and_exact_for_every_double(name: str) -> None:
    arguments, expected = EXPECTED[name]
    function = getattr(kernel, name)
    for row in rows(arguments):
        ours, exact = function(*row), expected(*row)
        assert ours == exact or (ours != ours and exact != exact), row
        assert type(ours) is {"is_nan": bool, "index_": int, "to_units": int, "to_ppm": int}.get(name, float), row


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Outcomes of everything, compiled."""
    job = [Run(f"shared.kernel:{name}", rows(arguments)) for name, (arguments, _) in EXPECTED.items()]
    for count, functions in operator_kernels.OPERATORS.items():
        arguments = rows(BY_COUNT[count])
        job += [Run(f"tests.support.operator_kernels:{f.__name__}", arguments) for f in functions]
    results = run_compiled(job, tmp_path_factory.mktemp("compiled"))
    return {run.name: result.outputs for run, result in zip(job, results, strict=True)}


@pytest.mark.parametrize("name", EXPECTED)
def test_compiled_it_gives_the_same_bits(name: str, compiled: dict[str, bytes]) -> None:
    arguments, _ = EXPECTED[name]
    interpreted = [float(getattr(kernel, name)(*row)) for row in rows(arguments)]
    np.testing.assert_array_equal(bits(compiled[f"shared.kernel:{name}"]), bits(interpreted))


@pytest.mark.parametrize(
    ("count", "function"), [(n, f) for n, functions in operator_kernels.OPERATORS.items() for f in functions]
)
def test_an_operator_gives_the_same_bits_compiled(
    count: int, function: Callable[..., float], compiled: dict[str, bytes]
) -> None:
    interpreted = [function(*row) for row in rows(BY_COUNT[count])]
    name = f"tests.support.operator_kernels:{function.__name__}"
    np.testing.assert_array_equal(bits(compiled[name]), bits(interpreted))


def test_numba_cannot_be_chosen_after_a_kernel_was_declared() -> None:
    with pytest.raises(RuntimeError, match="declared interpreted"):
        kernel.use_numba("unused")
