"""How bars come to the runs in memory: from the record while they are behind, from the stream once they are level."""

import time
from collections.abc import Callable
from functools import partial

from sqlalchemy import Engine

from services.runner.bus import Bus
from services.runner.held import Held
from services.runner.holdings import Holdings
from services.runner.source import News, Slices
from shared import log, metrics

BARS = metrics.counter("paperfold_bars_folded_total", "Base bars folded, over all runs")

SLICE_MINUTES = 2_000  # read and folded at once while a run catches up
MOST_ROWS = 10_000  # decided and not committed, at which a catch-up pauses: about a second of the database

_log = log.get("runner")


class Folding:
    """Folds the runs of one runner. A fold that raises fails its run alone."""

    def __init__(self, engine: Engine, holdings: Holdings, bus: Bus) -> None:
        self._engine = engine
        self._holdings = holdings
        self._bus = bus
        self._behind: set[int] = set()  # runs that the record has more for

    def is_behind(self, held: Held) -> bool:
        """Has the record more for this run?"""
        return held.run.id in self._behind

    def stop_those_asked(self) -> None:
        """End the runs whose stop needs no bar."""
        for held in self._holdings.held.values():
            held.stop_if_asked()

    def catch_up(self, everyone: bool, until: float) -> bool:
        """Read the record for runs that are behind the stream; all of them now and then, for the stream may be gone.

        Those that are nearly level come first, and a round ends in time for the lease, the live and a stop: at `until`
        by the monotonic clock. Was there anything to fold?
        """
        behind = [held for held in self._holdings.held.values() if self._may_be_behind(held, everyone)]
        behind.sort(key=lambda held: (-held.cursor_ms, held.run.instrument_id))
        slices = Slices(self._engine, SLICE_MINUTES)
        left = {held.run.id for held in behind}
        is_busy, rows = False, 0
        for held in behind:
            new = slices.after(held)
            if new is not None:
                bars, until_ms, held.is_level = new
                self._guarded(held, partial(held.take, bars, until_ms))
                BARS.inc(len(bars.open_ms))
                is_busy, rows = True, rows + len(held.rows)
            else:
                held.is_level = True
            if held.is_level:
                left.discard(held.run.id)
            if rows > MOST_ROWS or time.monotonic() > until:
                break
        self._behind = left & self._holdings.held.keys() if is_busy else set()
        return is_busy

    def _may_be_behind(self, held: Held, everyone: bool) -> bool:
        return not held.has_ended and (everyone or self.is_behind(held) or self._bus.source.is_behind(held))

    def take_new(self, block_ms: int) -> None:
        """Fold what comes from the stream within `block_ms`."""
        news = News(self._bus.read(block_ms))
        folded = 0
        for held in list(self._holdings.held.values()):
            if (new := news.after(held)) is not None:
                self._guarded(held, partial(held.take, *new))
                folded += len(new[0].open_ms)
        BARS.inc(folded)

    def _guarded(self, held: Held, fold: Callable[[], None]) -> None:
        try:
            fold()
        except Exception as error:
            _log.exception("fold_raised", run=held.run.id)
            self._holdings.fail(held.run.id, held.run.epoch, f"bar after {held.fold.position_ms}: {error}")
