"""Commands at the open of the bar they act on (decision 0006): after late closes, before any fill."""

from shared.domain.decision import NOTES, REASONS
from shared.engine.broker import cancel_entry, submit_close
from shared.engine.rows import note_row
from shared.engine.words import PAUSED, STATUS, STOPPED, STOPPING
from shared.kernel import VectorM, kernel

STOP_COMMAND = REASONS.index("stop_command")
CLOSE_COMMAND = REASONS.index("close_command")
PAUSE_COMMAND = REASONS.index("pause_command")
NOTE_STOPPED = NOTES.index("stopped")
NOTE_PAUSED = NOTES.index("paused")
NOTE_UNPAUSED = NOTES.index("unpaused")


@kernel
def stop_keep(m: VectorM, out: VectorM, ts: int) -> None:
    """Stop with the position as it is; needs no bar."""
    cancel_entry(m, out, ts, STOP_COMMAND)
    note_row(m, out, ts, NOTE_STOPPED, 0)
    m[STATUS] = STOPPED


@kernel
def stop_close(m: VectorM, out: VectorM, ts: int) -> None:
    """Close at this open and stop at the end of this bar. Of a run that is flat: stop_keep."""
    cancel_entry(m, out, ts, STOP_COMMAND)
    submit_close(m, out, ts, STOP_COMMAND)
    m[STOPPING] = 1
    m[PAUSED] = 1


@kernel
def pause(m: VectorM, out: VectorM, ts: int) -> None:
    """No new entries; stops and targets stay."""
    cancel_entry(m, out, ts, PAUSE_COMMAND)
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
    submit_close(m, out, ts, CLOSE_COMMAND)
