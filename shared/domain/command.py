"""What people ask of a run. A command is an input of the fold, recorded before it is folded."""

from dataclasses import dataclass
from typing import Literal

CommandKind = Literal["stop", "pause", "resume", "close_position"]
COMMAND_KINDS: tuple[CommandKind, ...] = ("stop", "pause", "resume", "close_position")


@dataclass(frozen=True, slots=True)
class Command:
    """A recorded command. `effective_ms` is the minute at whose open it acts; its run's owner assigns it, once."""

    id: int
    kind: CommandKind
    effective_ms: int
    close_position: bool = False  # of stop: close at the open first
