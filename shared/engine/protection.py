"""A base close: what the bar did to the position, equity, and the protection that follows from it (decision 0006)."""

from shared.engine.closes import submit_close
from shared.engine.codes import BY_LIQUIDATION, BY_PROTECTION, NOTE_RESUMED, NOTE_SUSPENDED
from shared.engine.entries import cancel_entry
from shared.engine.money import PPM, bounded, div_even, mul_div_ceil
from shared.engine.portfolio import equity_at, live_through
from shared.engine.rows import note_row
from shared.engine.trailing import move_stop
from shared.engine.words import (
    BAR_C,
    BAR_OPEN_MS,
    COOLDOWN_MS,
    DRAWDOWN,
    ENDING,
    EQUITY,
    MOVES,
    PEAK,
    PEAK_EVER,
    POSITION,
    PROTECTED,
    SUSPENDED_UNTIL,
    TOTAL,
    WINDOW,
    WINDOW_AT,
    WINDOW_COUNT,
    WINDOW_NEXT,
    WINDOW_SUM,
)
from shared.kernel import VectorM, kernel


@kernel
def smoothed(m: VectorM, k: VectorM) -> int:
    """E: mean of equity at the last `window` base closes, fewer at the start; half to even."""
    slot = k[WINDOW_AT] + m[WINDOW_NEXT]
    if m[WINDOW_COUNT] == k[WINDOW]:
        m[WINDOW_SUM] = m[WINDOW_SUM] - m[slot]
    else:
        m[WINDOW_COUNT] = m[WINDOW_COUNT] + 1
    m[slot] = m[EQUITY]
    m[WINDOW_SUM] = bounded(m[WINDOW_SUM] + m[EQUITY])
    m[WINDOW_NEXT] = (m[WINDOW_NEXT] + 1) % k[WINDOW]
    return div_even(m[WINDOW_SUM], m[WINDOW_COUNT])


@kernel
def close_out(m: VectorM, out: VectorM, ts: int, reason: int) -> None:
    """Away with the entry that waits or rests, then with the position at the next open."""
    cancel_entry(m, out, ts, reason)
    submit_close(m, out, ts, reason)


@kernel
def protect(m: VectorM, k: VectorM, out: VectorM, ts: int) -> None:
    """Measure the drawdown; when it is too deep, close at the next open and decide no entry for a while."""
    level = smoothed(m, k)
    m[PEAK_EVER] = max(m[PEAK_EVER], level)
    if m[SUSPENDED_UNTIL] > 0:
        if ts >= m[SUSPENDED_UNTIL]:
            m[SUSPENDED_UNTIL] = 0
            m[PEAK] = level
            m[WINDOW_COUNT] = 0
            m[WINDOW_NEXT] = 0
            m[WINDOW_SUM] = 0
            note_row(m, out, ts, NOTE_RESUMED, level)
    else:
        m[PEAK] = max(m[PEAK], level)
        if k[TOTAL] >= 0 and m[PEAK_EVER] - level >= mul_div_ceil(m[PEAK_EVER], k[TOTAL], PPM):
            m[ENDING] = 1
            close_out(m, out, ts, BY_PROTECTION)
        elif m[PEAK] - level >= mul_div_ceil(m[PEAK], k[DRAWDOWN], PPM):
            m[SUSPENDED_UNTIL] = ts + k[COOLDOWN_MS]
            note_row(m, out, ts, NOTE_SUSPENDED, m[SUSPENDED_UNTIL])
            close_out(m, out, ts, BY_PROTECTION)


@kernel
def mark(m: VectorM, k: VectorM, out: VectorM) -> None:
    """A base close of a run that trades: the position has lived the bar, its stop may move, equity is measured."""
    ts = m[BAR_OPEN_MS] + 59_999
    if m[POSITION] != 0:
        live_through(m)
        if k[MOVES] == 1:
            move_stop(m, k, out, ts)
    m[EQUITY] = equity_at(m, k, m[BAR_C])
    if m[EQUITY] <= 0:
        m[ENDING] = 1
        close_out(m, out, ts, BY_LIQUIDATION)
    elif k[PROTECTED] == 1 and m[ENDING] == 0:
        protect(m, k, out, ts)
