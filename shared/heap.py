"""The C library's memory, for processes with many threads."""

import ctypes
from contextlib import suppress

M_ARENA_MAX = -8  # glibc, malloc.h


def share_one() -> None:
    """Each thread would keep a heap of its own, megabytes in all; under the interpreter's lock nobody waits for one."""
    with suppress(AttributeError, OSError, TypeError):  # not glibc
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)
