"""Commands at the open of the bar they act on (decision 0006): after late closes, before any fill."""

from shared.engine.closes import submit_close
from shared.engine.codes import (
    BY_CLOSE_COMMAND,
    BY_PAUSE_COMMAND,
    BY_STOP_COMMAND,
    NOTE_PAUSED,
    NOTE_STOPPED,
    NOTE_UNPAUSED,
)
from shared.engine.entries import cancel_entry
from shared.engine.rows import note_row
from shared.engine.words import PAUSED, STATUS, STOPPED, STOPPING
from shared.kernel import VectorM, kernel


@kernel
def stop_keep(m: VectorM, out: VectorM, ts: int) -> None:
    """Stop with the position as it is; needs no bar."""
    cancel_entry(m, out, ts, BY_STOP_COMMAND)
    note_row(m, out, ts, NOTE_STOPPED, 0)
    m[STATUS] = STOPPED


@kernel
def stop_close(m: VectorM, out: VectorM, ts: int) -> None:
    """Close at this open and stop at the end of this bar. Of a run that is flat: stop_keep."""
    cancel_entry(m, out, ts, BY_STOP_COMMAND)
    submit_close(m, out, ts, BY_STOP_COMMAND)
    m[STOPPING] = 1
    m[PAUSED] = 1


@kernel
def pause(m: VectorM, out: VectorM, ts: int) -> None:
    """No new entries; stops and targets stay."""
    cancel_entry(m, out, ts, BY_PAUSE_COMMAND)
    if m[PAUSED] == 0:
        note_row(m, out, ts, NOTE_PAUSED, 0)
        m[PAUSED] = 1


@kernel
def resume(m: VectorM, out: VectorM, ts: int) -> None:
    """Entries again."""
    if m[PAUSED] == 1 and m[STOPPING] == 0:
        note_row(m, out, ts, NOTE_UNPAUSED, 0)
        m[PAUSED] = 0


@kernel
def close_position(m: VectorM, out: VectorM, ts: int) -> None:
    """Close at this open; the run goes on."""
    submit_close(m, out, ts, BY_CLOSE_COMMAND)
