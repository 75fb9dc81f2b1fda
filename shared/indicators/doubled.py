"""A window kept twice, one copy behind the other, so that any number of its newest values lie in one piece.

Half the work of a weighted mean in a ring is to find where it goes on; here it is one loop, newest value first. The
words are NaN until they are written: what is made of a window that is not full is not ready by itself.
"""

from shared.kernel import NAN, VectorF, index_, kernel

HEAD = 0  # place of the next value in either copy
VALUES = 1  # twice `length` words


def words(length: float) -> int:
    """State words of a window."""
    return VALUES + 2 * int(length)


@kernel
def start(f: VectorF, at: int, length: float) -> None:
    """No value seen."""
    f[at + HEAD] = 0.0
    for i in range(at + VALUES, at + VALUES + 2 * index_(length)):
        f[i] = NAN


@kernel
def push(f: VectorF, at: int, value: float, length: float) -> int:
    """Take in a value that is ready; the index of its later copy, which the `length` - 1 before it precede."""
    head = f[at + HEAD]
    newest = at + VALUES + index_(head + length)
    f[newest - index_(length)] = value
    f[newest] = value
    f[at + HEAD] = head + 1.0 if head + 1.0 < length else 0.0
    return newest
