"""What fills, where and in which order: the open of a bar, and its inside (the design's section 4, decision 0006)."""

from shared.engine.closes import fill_close, fill_limits, fill_stop
from shared.engine.entries import fill_entry
from shared.engine.words import BAR_H, BAR_L, BAR_O, BAR_OPEN_MS, NO_TRADE, POSITION, STOP
from shared.kernel import VectorM, kernel


@kernel
def at_open(m: VectorM, k: VectorM, out: VectorM) -> None:
    """Market orders, then resting orders that the open has reached (stop) or passed (limit)."""
    ts = m[BAR_OPEN_MS]
    fill_close(m, k, out, ts)
    fill_entry(m, k, out, ts)
    if m[POSITION] != 0 and m[NO_TRADE] == 0:
        side = 1 if m[POSITION] > 0 else -1
        if m[STOP] > 0 and side * (m[STOP] - m[BAR_O]) >= 0:
            fill_stop(m, k, out, ts, m[BAR_O])
        else:
            fill_limits(m, k, out, ts, m[BAR_O], 1)


@kernel
def inside(m: VectorM, k: VectorM, out: VectorM) -> None:
    """Resting orders against the bar's range, pessimistic: the stop first, and then nothing else."""
    if m[POSITION] != 0 and m[NO_TRADE] == 0:
        ts = m[BAR_OPEN_MS] + 59_999
        if m[POSITION] > 0:
            if m[STOP] > 0 and m[BAR_L] <= m[STOP]:
                fill_stop(m, k, out, ts, m[STOP])
            else:
                fill_limits(m, k, out, ts, m[BAR_H], 0)
        else:
            if m[STOP] > 0 and m[BAR_H] >= m[STOP]:
                fill_stop(m, k, out, ts, m[STOP])
            else:
                fill_limits(m, k, out, ts, m[BAR_L], 0)
