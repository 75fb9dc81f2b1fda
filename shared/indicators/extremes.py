"""The largest of an indicator's last `length` values, and its age; the lowest is the largest of the negatives.

As TA-Lib's MAX: the largest value and its place are kept, and the window is searched again only when that place is
written over, which in a price that wanders is seldom. Of equal values the latest counts.
"""

from shared.kernel import VectorF, index_, kernel

BEST = 0  # the largest value
PLACE = 1  # its ring position
HEAD = 2  # ring position of the next value; once the ring is full, of the oldest
RING = 3  # `length` words
NONE = -1e300  # below every value


def words(length: float) -> int:
    """State words of a window."""
    return RING + int(length)


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No value seen."""
    f[at + BEST] = NONE
    f[at + PLACE] = 0.0
    f[at + HEAD] = 0.0
    for i in range(at + RING, at + RING + index_(length)):
        f[i] = NONE


@kernel
def search(f: VectorF, at: int, length: float) -> float:
    """Find the largest value of a full ring, from the oldest on."""
    first = at + RING
    oldest = first + index_(f[at + HEAD])
    best = f[oldest]
    place = oldest
    for i in range(oldest, first + index_(length)):
        if f[i] >= best:
            best = f[i]
            place = i
    for i in range(first, oldest):
        if f[i] >= best:
            best = f[i]
            place = i
    f[at + BEST] = best
    f[at + PLACE] = place - first + 0.0
    return best


@kernel
def largest(f: VectorF, at: int, value: float, length: float) -> float:
    """Take in a value that is ready; the largest of the last `length`, of all while there are fewer."""
    head = f[at + HEAD]
    f[at + RING + index_(head)] = value
    f[at + HEAD] = head + 1.0 if head + 1.0 < length else 0.0
    best = f[at + BEST]
    if value >= best:
        f[at + BEST] = value
        f[at + PLACE] = head
        return value
    if f[at + PLACE] != head:
        return best
    return search(f, at, length)


@kernel
def age(f: VectorF, at: int, length: float) -> float:
    """Values taken in since the largest of the window."""
    behind = f[at + HEAD] - 1.0 - f[at + PLACE]
    return behind if behind >= 0.0 else behind + length
