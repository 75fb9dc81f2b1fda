"""Frames: bars of each timeframe, built from base bars, aligned to the UTC epoch; and outputs delayed by their lag.

A frame keeps its five values in `f` and (start, state) in `m`. It closes with its last minute, else just before the
next bar at or after its end. The first one counts only if its start is covered; one without any minute does not exist.
"""

from shared.engine.words import WARMUP_FROM_MS
from shared.kernel import NAN, VectorF, VectorM, index_, kernel

O, H, L, C, V = 0, 1, 2, 3, 4  # words of a frame in f
START, IS_OPEN = 0, 1  # words of a frame in m
FRAME_F, FRAME_M = 5, 2
MINUTE = 60_000
NEVER = -(1 << 60)  # start of a frame before its first minute


@kernel
def start_frame(f: VectorF, m: VectorM, at: int, words: int) -> None:
    """A frame before its first minute."""
    for i in range(FRAME_F):
        f[at + i] = NAN
    m[words + START] = NEVER
    m[words + IS_OPEN] = 0


@kernel
def grow(
    f: VectorF, m: VectorM, k: VectorM, at: int, words: int, length: int, t: int,
    o: float, h: float, l: float, c: float, v: float,
) -> bool:  # fmt: skip
    """Add a base bar to its frame; True when that closes the frame."""
    start = m[words + START]
    if not start <= t < start + length:  # a division only where a frame begins
        start = t - t % length
        m[words + START] = start
        m[words + IS_OPEN] = 1 if start >= k[WARMUP_FROM_MS] else 0
        f[at + O] = o
        f[at + H] = h
        f[at + L] = l
        f[at + V] = v
    else:
        f[at + H] = max(f[at + H], h)
        f[at + L] = min(f[at + L], l)
        f[at + V] = f[at + V] + v
    f[at + C] = c
    if m[words + IS_OPEN] == 1 and t + MINUTE == start + length:
        m[words + IS_OPEN] = 0
        return True
    return False


@kernel
def end_of(m: VectorM, words: int, length: int) -> int:
    """End of the frame that is open, exclusive."""
    return m[words + START] + length


@kernel
def is_overdue(m: VectorM, words: int, length: int, before: int) -> bool:
    """Did the open frame end at or before `before` without its last minute?"""
    return m[words + IS_OPEN] == 1 and end_of(m, words, length) <= before


@kernel
def shut(m: VectorM, words: int) -> None:
    """The open frame closes late."""
    m[words + IS_OPEN] = 0


@kernel
def close_ms(m: VectorM, words: int, length: int) -> int:
    """Nominal last millisecond of the frame."""
    return end_of(m, words, length) - 1


# --- what indicators read ------------------------------------------------------------------------------------------


@kernel
def hl2(f: VectorF, at: int) -> float:
    return (f[at + H] + f[at + L]) / 2.0


@kernel
def hlc3(f: VectorF, at: int) -> float:
    return (f[at + H] + f[at + L] + f[at + C]) / 3.0


@kernel
def ohlc4(f: VectorF, at: int) -> float:
    return (f[at + O] + f[at + H] + f[at + L] + f[at + C]) / 4.0


@kernel
def number(m: VectorM, words: int, length: int) -> float:
    """Number of the frame since the epoch: what grids in time are counted by."""
    return m[words + START] // length / 1.0


@kernel
def open_ms(m: VectorM, words: int) -> float:
    """Open time of the frame: what days and weeks are told by. Whole, and far below 2^53."""
    return m[words + START] / 1.0


# --- lag -------------------------------------------------------------------------------------------------------------


@kernel
def start_delay(f: VectorF, at: int, count: int, lag: int) -> None:
    """A ring of `lag` bars of `count` outputs: 1 + lag x count words."""
    f[at] = 0.0
    for i in range(lag * count):
        f[at + 1 + i] = NAN


@kernel
def delay(f: VectorF, at: int, raw: int, out: int, count: int, lag: int) -> None:
    """Publish to f[out] the outputs of `lag` bars ago, and keep f[raw]."""
    slot = index_(f[at])
    base = at + 1 + slot * count
    for i in range(count):
        f[out + i] = f[base + i]
        f[base + i] = f[raw + i]
    f[at] = (f[at] + 1.0) % lag
