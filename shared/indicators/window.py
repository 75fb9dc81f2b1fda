"""The ring of an indicator's last `length` values, and sums over all of it, taken anew at every bar.

Nothing is carried from bar to bar, so nothing drifts, and two runs that hold the same values say the same, wherever
they began: values are read oldest first, whatever place of the ring that is.
"""

from shared.kernel import VectorF, index_, kernel, sqrt_

SEEN = 0  # values taken in
HEAD = 1  # ring position of the next value; once the ring is full, of the oldest
RING = 2  # `length` words


def words(length: float) -> int:
    """State words of a window."""
    return RING + int(length)


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No value seen."""
    for i in range(at, at + RING + index_(length)):
        f[i] = 0.0


@kernel
def push(f: VectorF, at: int, value: float, length: float) -> bool:
    """Take in a value that is ready; true once the window is full."""
    head = f[at + HEAD]
    f[at + RING + index_(head)] = value
    f[at + HEAD] = head + 1.0 if head + 1.0 < length else 0.0
    seen = f[at + SEEN] + 1.0
    f[at + SEEN] = seen
    return seen >= length


@kernel
def mean(f: VectorF, at: int, length: float) -> float:
    """Mean of a full window."""
    oldest = at + RING + index_(f[at + HEAD])
    total = 0.0
    for i in range(oldest, at + RING + index_(length)):
        total += f[i]
    for i in range(at + RING, oldest):
        total += f[i]
    return total / length


@kernel
def spread(f: VectorF, at: int, value: float, length: float) -> tuple[float, float]:
    """Mean less `value`, the newest of a full window, and the population's standard deviation.

    Both are summed over differences from `value`: exactly 0 where nothing moved, and as exact for a price of 1e8 as for
    one of 1e-8. One pass is enough: as no member of a population is further from the mean than sqrt(length - 1)
    deviations (P. A. Samuelson, 1968), what cancels below is at most `length` times what is left: 10 digits stay of
    5,000 values, 14 of 20.
    """
    oldest = at + RING + index_(f[at + HEAD])
    total = 0.0
    squares = 0.0
    for i in range(oldest, at + RING + index_(length)):
        difference = f[i] - value
        total += difference
        squares += difference * difference
    for i in range(at + RING, oldest):
        difference = f[i] - value
        total += difference
        squares += difference * difference
    offset = total / length
    return offset, sqrt_(max(squares / length - offset * offset, 0.0))
