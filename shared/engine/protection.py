"""A base close: what the bar did to the position, equity, and the protection that follows from it (decision 0006)."""

from shared.engine.closes import submit_close
from shared.engine.codes import (
    BY_DAILY_LOSS,
    BY_LIQUIDATION,
    BY_LOSSES,
    BY_PROTECTION,
    NOTE_DAILY_LOSS,
    NOTE_LOSSES,
    NOTE_RESUMED,
    NOTE_SUSPENDED,
)
from shared.engine.entries import cancel_entry
from shared.engine.money import PPM, bounded, div_even, mul_div_ceil
from shared.engine.portfolio import equity_at, live_through
from shared.engine.rows import note_row
from shared.engine.trailing import move_stop
from shared.engine.words import (
    BAR_C,
    BAR_OPEN_MS,
    COOLDOWN_MS,
    DAILY_LOSS,
    DAY_END,
    DAY_EQUITY,
    DAY_UNTIL,
    DRAWDOWN,
    ENDING,
    EQUITY,
    LOSSES,
    LOSSES_MOST,
    LOSSES_UNTIL,
    MOVES,
    PEAK,
    PEAK_EVER,
    POSITION,
    PROTECTED,
    STOPPING,
    SUSPENDED_UNTIL,
    TOTAL,
    WINDOW,
    WINDOW_AT,
    WINDOW_COUNT,
    WINDOW_NEXT,
    WINDOW_SUM,
)
from shared.kernel import VectorM, kernel

DAY = 86_400_000  # [ms]


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
def limit_drawdown(m: VectorM, k: VectorM, out: VectorM, ts: int) -> None:
    """When equity has fallen too far: close at the next open, and decide no entry for a while or ever."""
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
def limit_day(m: VectorM, k: VectorM, out: VectorM, ts: int, before: int) -> None:
    """When the day has lost too much of what it began with: close, and decide no entry before the next. Once a day."""
    if m[BAR_OPEN_MS] >= m[DAY_END]:
        m[DAY_END] = m[BAR_OPEN_MS] - m[BAR_OPEN_MS] % DAY + DAY
        m[DAY_EQUITY] = before
    if m[DAY_UNTIL] < m[DAY_END] and m[DAY_EQUITY] - m[EQUITY] >= mul_div_ceil(m[DAY_EQUITY], k[DAILY_LOSS], PPM):
        m[DAY_UNTIL] = m[DAY_END]
        note_row(m, out, ts, NOTE_DAILY_LOSS, m[DAY_UNTIL])
        close_out(m, out, ts, BY_DAILY_LOSS)


@kernel
def limit_losses(m: VectorM, k: VectorM, out: VectorM, ts: int) -> None:
    """After too many trades without gain in a row: no entry for a while; then they are forgotten."""
    if m[LOSSES_UNTIL] > 0:
        if ts >= m[LOSSES_UNTIL]:
            m[LOSSES_UNTIL] = 0
            m[LOSSES] = 0
    elif m[LOSSES] >= k[LOSSES_MOST]:
        m[LOSSES_UNTIL] = ts + k[COOLDOWN_MS]
        note_row(m, out, ts, NOTE_LOSSES, m[LOSSES_UNTIL])
        cancel_entry(m, out, ts, BY_LOSSES)


@kernel
def protect(m: VectorM, k: VectorM, out: VectorM, ts: int, before: int) -> None:
    """What equity triggers at a base close of a run that is not ending; `before` is equity at the last one."""
    if m[ENDING] == 1 or m[STOPPING] == 1:
        return
    if m[EQUITY] <= 0:
        m[ENDING] = 1
        close_out(m, out, ts, BY_LIQUIDATION)
    else:
        limit_drawdown(m, k, out, ts)
        if k[DAILY_LOSS] >= 0 and m[ENDING] == 0:
            limit_day(m, k, out, ts, before)
        if k[LOSSES_MOST] > 0 and m[ENDING] == 0:
            limit_losses(m, k, out, ts)


@kernel
def mark(m: VectorM, k: VectorM, out: VectorM) -> None:
    """A base close of a run that trades: the position has lived the bar, its stop may move, equity is measured."""
    ts = m[BAR_OPEN_MS] + 59_999
    if m[POSITION] != 0:
        live_through(m)
        if k[MOVES] == 1:
            move_stop(m, k, out, ts)
    before = m[EQUITY]
    m[EQUITY] = equity_at(m, k, m[BAR_C])
    if m[EQUITY] <= 0 or k[PROTECTED] == 1:
        protect(m, k, out, ts, before)
