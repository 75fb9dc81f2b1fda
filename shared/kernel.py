"""The only door to numba and NumPy: how numeric code is declared, and the few functions it may call.

Kernels are plain Python functions over a float64 vector `f` and an int64 vector `m`. Interpreted, vectors are lists and
`kernel` changes nothing; compiled (`use_numba()` before the first kernel is imported), the same text runs through
numba. Both give the same bits; tests compare them as uint64. The language of kernels is checked by an AST test: floats
for values, parameters and state, ints for loop counters, indexes and money, only + - * / // %, comparisons, min, max,
abs, and the functions below, which are defined for every double and never raise.

error_model and the cache folder are set here, and SVML is refused, because each can change bits or serve stale code:
numba does not notice edits in *called* kernels, so the cache folder is named by a hash of every kernel source.
"""

import hashlib
import math
import sys
from array import array
from collections.abc import Callable, MutableSequence, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

VectorF = MutableSequence[float]  # a list when interpreted, a float64 array when compiled
VectorM = MutableSequence[int]  # a list when interpreted, an int64 array when compiled
NAN = math.nan
LIMIT = 1 << 62  # money words stay below; a product that would pass it fails the run

F = TypeVar("F", bound=Callable[..., Any])

_compile: Callable[..., Any] | None = None
_write_module: Callable[[str, str], str] | None = None  # (name, text) -> path of a file that holds it
_declared = 0
_twins: list[Any] = []  # compiled twins, in the order of their declaration: a kernel comes after those that it calls


def use_numba(cache_dir: str, write_module: Callable[[str, str], str] | None = None) -> None:
    """Compile every kernel declared from now on, caching machine code under `cache_dir`.

    `write_module` keeps a generated module as a file, which numba needs to cache it (shared/compiled.py).

    Must come before the first kernel is declared in this process; a mix of both kinds could not call each other.
    """
    global _compile, _write_module
    if _declared:
        raise RuntimeError(f"use_numba() after {_declared} kernels were declared interpreted")
    from numba import config

    settings: Any = config
    if settings.USING_SVML:  # numba decides when it is imported, so it cannot be switched off from here
        raise RuntimeError("set NUMBA_DISABLE_INTEL_SVML=1 before numba is imported")
    settings.CACHE_DIR = cache_dir
    _compile = _compiled
    _write_module = write_module
    _redeclare_own()


def _compiled(function: Any, inline: str = "never") -> Any:
    """A kernel's compiled twin: one for all callers, without reference counts.

    Kernels allocate nothing, so nobody needs to count who holds a vector (five sixths of a step went into that); and
    numba would compile a callee anew for every literal that it is called with (most of a new strategy's wait).
    """
    from numba import njit
    from numba.core import types

    declare: Any = njit
    plain: Any = types.unliteral
    twin = declare(
        cache=True, error_model="python", fastmath=False, inline=inline, _nrt=False, no_cfunc_wrapper=True
    )(function)  # fmt: skip
    resolve = twin.get_call_template
    twin.get_call_template = lambda args, kws: resolve(tuple(plain(arg) for arg in args), kws)
    _twins.append(twin)
    return twin


def compile_declared(part: int = 0, parts: int = 1) -> int:
    """Compile every `parts`-th kernel that is declared, or load it from the cache, without calling it; how many.

    numba compiles what is called, when it is called. What all strategies share need not wait for one of them: the
    annotations of a kernel name its types. Generated wiring has none, and is left out.
    """
    from numba.core import types

    kinds: dict[Any, Any] = {
        VectorF: types.float64[::1], VectorM: types.int64[::1],
        float: types.float64, int: types.int64, bool: types.boolean,
    }  # fmt: skip
    found = 0
    for twin in _twins[part::parts]:
        hints = get_type_hints(twin.py_func)
        if "return" in hints:
            twin.compile(tuple(kinds[kind] for name, kind in hints.items() if name != "return"))
            found += 1
    return found


def is_compiled() -> bool:
    """True when kernels of this process run through numba."""
    return _compile is not None


def kernel(function: F) -> F:
    """Declare a kernel: the function itself, or its compiled twin after use_numba()."""
    global _declared
    _declared += 1
    return _compile(function) if _compile is not None else function


def part(function: F) -> F:
    """Declare a piece of a generated kernel: compiled into its callers, so that a new strategy is optimized once."""
    global _declared
    _declared += 1
    return _compile(function, inline="always") if _compile is not None else function


def vector_f(length: int) -> Any:
    """A float64 state vector of zeros: a list, or an array when compiled."""
    if _compile is None:
        return [0.0] * length
    import numpy as np

    return np.zeros(length, dtype=np.float64)


def vector_m(length: int) -> Any:
    """An int64 vector of zeros: a list, or an array when compiled."""
    if _compile is None:
        return [0] * length
    import numpy as np

    return np.zeros(length, dtype=np.int64)


def take_words(vector: VectorM, first: int, last: int) -> "array[int]":
    """vector[first:last] as int64 words, of which none is a Python object before it is read; zeros stay behind."""
    given: Any = vector
    if _compile is None:
        found = array("q", given[first:last])
        given[first:last] = [0] * (last - first)
        return found
    found = array("q")
    found.frombytes(given[first:last].view("u1"))
    given[first:last] = 0
    return found


def word_bytes(words: "array[int]") -> bytes:
    """Words as little-endian int64."""
    if sys.byteorder == "big":
        words = words[:]
        words.byteswap()
    return words.tobytes()


def column_f(values: Sequence[float]) -> Any:
    """A column of bars as compiled kernels read it: a float64 array; interpreted, the values as they are."""
    if _compile is None:
        return values
    import numpy as np

    return np.asarray(values, dtype=np.float64)


def column_m(values: Sequence[int]) -> Any:
    """A column of times as compiled kernels read it: an int64 array; interpreted, the values as they are."""
    if _compile is None:
        return values
    import numpy as np

    return np.asarray(values, dtype=np.int64)


def load_module(text: str) -> ModuleType:
    """Run generated kernels as a module: in memory, or as a real file when compiled."""
    name = f"wiring_{hashlib.sha256(text.encode()).hexdigest()[:24]}"
    if name in sys.modules:
        return sys.modules[name]
    module = ModuleType(name)
    file = f"<{name}>" if _write_module is None else _write_module(name, text)
    module.__file__ = file
    sys.modules[name] = module  # numba looks its functions' module up by name
    exec(compile(text, file, "exec"), module.__dict__)  # noqa: S102 - calls and names only, checked by a test
    return module


# --- functions that kernels may call; total: defined for every double, never raising -------------------------------


def floor_(x: float) -> float:
    """Largest whole number <= x; NaN and infinities stay."""
    return float(math.floor(x)) if abs(x) < 4503599627370496.0 else x  # 2^52: beyond, every double is whole


def ceil_(x: float) -> float:
    """Smallest whole number >= x; NaN and infinities stay."""
    return float(math.ceil(x)) if abs(x) < 4503599627370496.0 else x


def round_half_even(x: float) -> float:
    """Nearest whole number, ties to even; NaN and infinities stay."""
    if -2251799813685248.0 < x < 2251799813685248.0:  # 2^51: the sum lies where doubles are whole: IEEE rounds it so
        return (x + 6755399441055744.0) - 6755399441055744.0
    if abs(x) < 4503599627370496.0:
        low = float(math.floor(x))
        rest = x - low
        if rest < 0.5 or (rest == 0.5 and low % 2.0 == 0.0):
            return low
        return low + 1.0
    return x


def div(a: float, b: float) -> float:
    """a / b; NaN where b is 0."""
    return a / b if b != 0.0 else NAN


def sqrt_(x: float) -> float:
    """Square root; NaN below 0 and for NaN."""
    return math.sqrt(x) if x >= 0.0 else NAN


def is_nan(x: float) -> bool:
    """True for NaN, the one spelling of `not ready`."""
    return x != x


def index_(x: float) -> int:
    """A whole, finite, small float (a parameter, a ring position) as an int for indexing and loops."""
    return int(x)


def to_units(x: float) -> int:
    """A price as whole 1e-8 units, ties to even: the one way a float becomes money. |x| < 1e10, not NaN."""
    units = x * 1e8
    if -2251799813685248.0 < units < 2251799813685248.0:  # as there: live, four calls a bar fewer
        return int((units + 6755399441055744.0) - 6755399441055744.0)
    return int(round_half_even(units))


def to_ppm(x: float) -> int:
    """A factor as whole ppm, ties to even: the one way a float multiplies money. 0 <= x < 1e6, not NaN."""
    return int(round_half_even(x * 1e6))


OWN: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (floor_, ceil_, round_half_even, div, sqrt_, is_nan, index_, to_units, to_ppm)
}


def _redeclare_own() -> None:
    for name, function in OWN.items():
        globals()[name] = kernel(function)


if not TYPE_CHECKING:  # interpreted, the two that are called most are what C has for them: half the time of a call
    is_nan, index_ = math.isnan, int
