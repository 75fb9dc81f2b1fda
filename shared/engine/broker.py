"""What fills, where and in which order: the open of a bar, and its inside (decisions 0006 and 0009)."""

from shared.engine.closes import fill_close, fill_limits, fill_stop
from shared.engine.entries import fill_resting_at_open, fill_resting_inside, fill_waiting
from shared.engine.words import (
    BAR_H,
    BAR_L,
    BAR_O,
    BAR_OPEN_MS,
    CLOSE_ORDER,
    FILLED,
    NO_TRADE,
    POSITION,
    STOP,
    WAIT_ORDER,
    WAIT_RESTS,
)
from shared.kernel import VectorM, kernel


@kernel
def at_open(m: VectorM, k: VectorM, out: VectorM) -> None:
    """What waits for the open, then what rests and the open has reached (stop) or passed (limit): exits, the entry."""
    ts = m[BAR_OPEN_MS]
    if m[CLOSE_ORDER] > 0:
        fill_close(m, k, out, ts)
    if m[WAIT_ORDER] > 0 and m[WAIT_RESTS] == 0:
        fill_waiting(m, k, out, ts)
    if m[NO_TRADE] == 0:
        if m[POSITION] != 0:
            side = 1 if m[POSITION] > 0 else -1
            if m[STOP] > 0 and side * (m[STOP] - m[BAR_O]) >= 0:
                fill_stop(m, k, out, ts, m[BAR_O])
            else:
                fill_limits(m, k, out, ts, m[BAR_O], 1)
        if m[WAIT_ORDER] > 0 and m[WAIT_RESTS] == 1:
            fill_resting_at_open(m, k, out, ts)


@kernel
def is_stopped(m: VectorM) -> bool:
    """Does the bar's range touch the position's stop?"""
    if m[POSITION] > 0:
        return m[STOP] > 0 and m[BAR_L] <= m[STOP]
    return m[STOP] > 0 and m[BAR_H] >= m[STOP]


@kernel
def inside(m: VectorM, k: VectorM, out: VectorM) -> None:
    """Resting orders against the bar's range, pessimistic: the stop first, and then nothing else of the position.

    A position entered here can be stopped here, whatever came first in the bar, and takes no profit.
    """
    if m[NO_TRADE] == 0:
        ts = m[BAR_OPEN_MS] + 59_999
        if m[POSITION] != 0:
            if is_stopped(m):
                fill_stop(m, k, out, ts, m[STOP])
            else:
                fill_limits(m, k, out, ts, m[BAR_H] if m[POSITION] > 0 else m[BAR_L], 0)
        if m[WAIT_ORDER] > 0 and m[WAIT_RESTS] == 1:
            before = m[FILLED]
            fill_resting_inside(m, k, out, ts)
            if m[FILLED] > before and is_stopped(m):
                fill_stop(m, k, out, ts, m[STOP])
