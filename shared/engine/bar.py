"""The fixed parts of a bar's transition: what the wiring calls around a strategy's own indicators and rules."""

from shared.engine.broker import at_open, inside
from shared.engine.codes import NOTE_FINISHED, NOTE_STOPPED
from shared.engine.money import PPM, mul_div_floor, to_ticks
from shared.engine.protection import mark
from shared.engine.rows import equity_row, note_row
from shared.engine.words import (
    BAR_C,
    BAR_H,
    BAR_L,
    BAR_O,
    BAR_OPEN_MS,
    CASH,
    ENDING,
    EQUITY,
    FILLED,
    FINISHED,
    LOTS,
    NO_TRADE,
    OPEN,
    PARTICIPATION,
    POSITION,
    ROWED,
    START_MS,
    STATUS,
    STEP_E8,
    STOPPED,
    STOPPING,
    TICK_E8,
    WAIT_ORDER,
)
from shared.kernel import VectorM, kernel, to_units


@kernel
def lots_of(k: VectorM, volume: float) -> int:
    """Lots that a bar of this volume lets fill, in all."""
    return mul_div_floor(to_units(min(volume, 1e10)), k[PARTICIPATION], PPM) // k[STEP_E8]


@kernel
def trade_bar(m: VectorM, k: VectorM, out: VectorM, t: int, o: float, h: float, l: float, c: float, v: float) -> None:
    """From start on: open and inside, where there is something to fill, and equity at the close; prices as ticks."""
    m[BAR_OPEN_MS] = t
    m[BAR_C] = to_ticks(c, k[TICK_E8])
    m[NO_TRADE] = 1 if v == 0.0 else 0
    m[FILLED] = 0
    m[ROWED] = 0
    if t >= k[START_MS]:
        if m[POSITION] != 0 or m[WAIT_ORDER] > 0:
            m[BAR_O] = to_ticks(o, k[TICK_E8])
            m[BAR_H] = to_ticks(h, k[TICK_E8])
            m[BAR_L] = to_ticks(l, k[TICK_E8])
            if k[PARTICIPATION] >= 0:
                m[LOTS] = lots_of(k, v)
            at_open(m, k, out)
            inside(m, k, out)
        mark(m, k, out)


@kernel
def end_bar(m: VectorM, k: VectorM, out: VectorM, t: int) -> None:
    """The equity row of a bar with fills, and the end of a run that is done."""
    if m[FILLED] > 0 and m[ROWED] == 0:
        equity_row(m, out, t + 59_999, m[EQUITY], m[CASH], m[POSITION])
    if m[STATUS] == OPEN and m[POSITION] == 0:
        if m[STOPPING] == 1:
            m[STATUS] = STOPPED
            note_row(m, out, t + 59_999, NOTE_STOPPED, 0)
        elif m[ENDING] == 1:
            m[STATUS] = FINISHED
            note_row(m, out, t + 59_999, NOTE_FINISHED, 0)


@kernel
def must_pause(m: VectorM, out: VectorM, t: int) -> bool:
    """Must a loop stop before the bar at `t`: the run has ended, `out` may not hold its rows, or it comes too late?"""
    return m[STATUS] != OPEN or out[0] + out[1] > out[2] or t <= m[BAR_OPEN_MS]
