"""Where a runner's bars come from: the stream while a run is level with it, the record whenever it is not.

Rule: an entry of the stream is taken only if it follows the run's cursor without a hole; else the record is read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from redis import Redis
from sqlalchemy import Engine

from services.runner.held import Held
from shared.bus import stream
from shared.bus.codec import Entry, Gap
from shared.domain.bar import Bars
from shared.domain.timeframe import MINUTE_MS
from shared.store import bars as record
from shared.store import database


def joined(entries: Iterable[Entry], cursor_ms: int) -> tuple[Bars, int]:
    """Bars of the entries that follow the cursor without a hole, and the last minute that they decide."""
    found: list[tuple[int, float, float, float, float, float]] = []
    for entry in entries:
        if entry.open_ms <= cursor_ms:
            continue
        first_ms = entry.from_ms if isinstance(entry, Gap) else entry.open_ms
        if first_ms > cursor_ms + MINUTE_MS:
            break
        if not isinstance(entry, Gap):
            found.append((entry.open_ms, entry.open, entry.high, entry.low, entry.close, entry.volume))
        cursor_ms = entry.open_ms
    columns = zip(*found, strict=True) if found else ((),) * 6
    return Bars._make(list(column) for column in columns), cursor_ms


@dataclass(slots=True)
class Source:
    """The streams of the instruments that a runner's runs need."""

    client: Redis
    tails: dict[str, int] = field(default_factory=dict)  # instrument -> last minute read from its stream

    def follow(self, runs: Sequence[Held]) -> None:
        """Read on behind the run that is farthest; forget instruments that nobody needs."""
        wanted: dict[str, int] = {}
        for held in runs:
            name = held.run.instrument
            wanted[name] = max(held.cursor_ms, wanted.get(name, 0), self.tails.get(name, 0))
        self.tails = wanted

    def read(self, block_ms: int) -> dict[str, list[Entry]]:
        """New entries by instrument, waited for at most `block_ms`. Raises UnavailableError."""
        found = stream.read(self.client, self.tails, block_ms)
        for name, entries in found.items():
            self.tails[name] = entries[-1].open_ms
        return found

    def is_behind(self, held: Held) -> bool:
        """Has the stream passed this run?"""
        return held.cursor_ms < self.tails.get(held.run.instrument, 0)


class News:
    """Entries of one reading, joined once for all runs that stand side by side."""

    def __init__(self, entries: Mapping[str, Sequence[Entry]]) -> None:
        self._entries = entries
        self._joined: dict[tuple[str, int], tuple[Bars, int]] = {}

    def after(self, held: Held) -> tuple[Bars, int] | None:
        """What `joined` gives for a run; None when nothing came of its instrument."""
        key = held.run.instrument, held.cursor_ms
        if key not in self._joined:
            if not (entries := self._entries.get(key[0])):
                return None
            self._joined[key] = joined(entries, key[1])
        return self._joined[key]


class Slices:
    """Slices of the record. Lives for one round of the loop: runs that stand side by side share what is read."""

    def __init__(self, engine: Engine, minutes: int) -> None:
        self._engine = engine
        self._slice_ms = minutes * MINUTE_MS
        self._until: dict[tuple[int, int], int] = {}
        self._last: tuple[tuple[int, int, int], Bars] | None = None  # one, for a slice is megabytes

    def after(self, held: Held) -> tuple[Bars, int, bool] | None:
        """Recorded bars behind a run's cursor, the last minute they decide, and whether that is all there is.

        None when there is nothing new. No transaction is open while the caller folds.
        """
        instrument, first_ms = held.run.instrument_id, held.cursor_ms + MINUTE_MS
        if (instrument, first_ms) not in self._until:
            with database.begin(self._engine) as conn:
                self._until[instrument, first_ms] = record.covered_until(conn, instrument, first_ms)
        end_ms = self._until[instrument, first_ms]
        if held.run.end_ms is not None:
            end_ms = min(end_ms, held.run.end_ms)
        until_ms = min(end_ms, first_ms + self._slice_ms)
        if until_ms <= first_ms:
            return None
        key = (instrument, first_ms, until_ms)
        if self._last is None or self._last[0] != key:
            with database.begin(self._engine) as conn:
                self._last = (key, record.read_columns(conn, *key))
        return self._last[1], until_ms - MINUTE_MS, until_ms == end_ms
