"""Kernels in which writing out could go wrong: tests/unit/engine/test_written_out.py runs each in both forms."""

HEAD = """
from shared.indicators.wilder import true_range
from shared.kernel import NAN, div, index_, is_nan, kernel, sqrt_

ZERO = 0.0

@kernel
def push(f, at, x):
    f[at] = f[at] + x
    return f[at] > 2.0

@kernel
def guarded(x, low):
    if is_nan(x):
        return NAN
    if x < low:
        low = low - 1.0
        return low
    return x

@kernel
def halves(a, b):
    return a - b, b / 2.0

@kernel
def first_above(f, at, n, x):
    for i in range(at, at + n):
        if f[i] > x:
            return i
    return at + n

@kernel
def acts(f, at, x):
    f[at] = f[at] + x
    return f[at] * 2.0

@kernel
def chosen(condition, a, b):
    return a if condition > 1.0 else b

@kernel
def kept(f, at, x):
    f[at] = x

@kernel
def doubled(x):
    total = x * 2.0
    if total > 3.0:
        total = total - 1.0
    return total + total

@kernel
def squared(x):
    return x * x

@kernel
def step(f, m, k, p, out):
"""

TEXTS = {
    "what is stored between two readings": """
    a = f[0]
    f[0] = 7.0
    f[1] = a + f[0]
""",
    "an argument read before the callee stores it": """
    x = f[0]
    if push(f, 0, f[0]):
        f[1] = x
    else:
        f[1] = f[0]
""",
    "a condition that acts, denied": """
    if not push(f, 0, 1.0):
        f[1] = 1.0
    f[2] = f[0]
""",
    "acts in an expression happen in their order": """
    f[1] = (1.0 if push(f, 0, 1.0) else 2.0) + f[0]
""",
    "the same name here and there": """
    low = 5.0
    x = guarded(f[0], low)
    y = guarded(x - 9.0, low)
    f[1] = x + y + low
""",
    "an argument that is worked out once": """
    f[1] = guarded(f[0] * 3.0 - f[1], guarded(f[2], f[0]))
""",
    "minus zero as a parameter": """
    f[1] = 1.0 / (1.0 + p[0])
    f[2] = p[0]
    f[3] = max(p[0], ZERO)
    f[4] = min(ZERO, p[0])
""",
    "a division that Python refuses": """
    f[1] = div(p[1], ZERO)
    f[2] = 1.0 / p[1] if p[1] != 0.0 else 3.0
""",
    "not a number on either side": """
    f[1] = max(NAN, f[0])
    f[2] = max(f[0], NAN)
    f[3] = min(NAN, f[0])
    f[4] = true_range(f[0], NAN, f[2])
""",
    "two values": """
    a, b = halves(f[0], f[1])
    b, a = halves(b, a)
    f[2] = a
    f[3] = b
""",
    "a way out of a loop": """
    at = first_above(f, 0, 5, 2.0)
    f[5] = at + 0.5
""",
    "rounds written out": """
    total = 0.0
    for i in range(4):
        x = f[i]
        f[i] = total
        total += x
    f[5] = total
""",
    "a loop over words that are stored": """
    for i in range(1, 3 + m[0]):
        f[i] = f[i - 1] + f[i]
""",
    "a loop over words": """
    total = 0.0
    for i in range(m[0], 4):
        if f[i] > 1.0:
            total += f[i]
    f[5] = total
""",
    "a loop that needs its place": """
    best = 0
    for i in range(m[0], 4):
        if f[i] > f[best]:
            best = i
    f[5] = best + 0.0
""",
    "a loop that goes down": """
    total = 0.0
    for i in range(4, m[0], -1):
        total = total / 2.0 + f[i]
    f[5] = total
""",
    "a loop that breaks": """
    for i in range(4):
        if f[i] > 2.0:
            break
        f[i] = 0.5
""",
    "a branch that a constant decides": """
    x = 1.0
    if k[1] == 4:
        x = 2.0
    f[1] = x
    f[2] = 1.0 if p[1] > 5.0 and f[0] > 1.0 else 2.0
""",
    "a word that varies": """
    f[1] = k[0] / 2
    f[2] = k[1] / 2
""",
    "an index that is worked out": """
    n = index_(p[1])
    f[n + 1] = f[n] // 0.5 % 3.0
""",
    "a step that returns early": """
    if f[0] > 2.0:
        f[1] = 1.0
        return
    f[1] = 2.0
""",
    "a chain of comparisons": """
    f[1] = 1.0 if 0.0 < f[0] <= f[2] else 0.0
    f[2] = 1.0 if not 0.0 < f[0] else 4.0
""",
    "while": """
    x = f[0]
    while x > 0.5 and push(f, 1, x):
        x = x / 2.0
    f[2] = x
""",
    "rounding": """
    f[1] = sqrt_(f[0])
    f[2] = sqrt_(-1.0)
    f[3] = (f[0] + 1e16) - 1e16
    f[4] = 0.1 + 0.2 + f[0]
""",
    "an argument that acts is worked out, chosen or not": """
    f[1] = chosen(f[0], acts(f, 2, 1.0), acts(f, 3, 1.0))
""",
    "what is worked out after a call that acts": """
    f[1] = acts(f, 0, 1.0) + doubled(f[0])
""",
    "what is worked out once, after a call that acts": """
    f[1] = acts(f, 0, 1.0) + squared(f[0] * 3.0)
""",
    "what is read before a call that acts": """
    f[1] = f[0] + acts(f, 0, 1.0)
""",
    "names of a callee are its own": """
    total = f[2]
    x = doubled(f[0])
    y = doubled(x)
    f[1] = total + x + y
""",
    "the first of two zeros": """
    f[1] = min(ZERO, f[0])
    f[2] = max(ZERO, f[0])
    f[3] = min(f[0], ZERO)
    f[4] = max(f[0], ZERO)
""",
    "zeros of either sign": """
    kept(f, 1, 0.0)
    f[2] = f[1]
    kept(f, 1, -0.0)
""",
}
