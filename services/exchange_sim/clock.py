"""The exchange's clock: exchange time = anchor + rate x wall time since the anchor.

The anchor is kept in a file. Killed, the exchange goes on as if it had run; stopped, its time stood still; it never
goes back, whatever the wall clock does.
"""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from shared.domain.errors import InputError

Wall = Callable[[], float]


class Clock:
    """Exchange time in milliseconds. Without a file nothing is kept."""

    def __init__(self, start_ms: int, rate: float, path: Path | None = None, market: str = "", wall: Wall = time.time):
        self.rate = rate
        self._wall = wall
        self._path = path
        self._market = market
        kept = _kept(path, market)
        self._anchor_ms = start_ms if kept is None else _resumed(kept, wall())
        self._anchor_wall = wall()
        self._last_ms = self._anchor_ms
        self._stopped = False
        self.keep()

    def now_ms(self) -> int:
        """Exchange time now; never less than it said before."""
        if not self._stopped:
            run = int((self._wall() - self._anchor_wall) * 1000 * self.rate)
            self._last_ms = max(self._last_ms, self._anchor_ms + run)
        return self._last_ms

    def wall_s(self, ms: float) -> float:
        """Wall seconds that `ms` of exchange time take."""
        return ms / 1000 / self.rate

    def keep(self) -> None:
        """Write the anchor, moved to now: a wall clock set back later cannot take exchange time back behind it."""
        now_ms = self.now_ms()
        self._anchor_ms, self._anchor_wall = now_ms, self._wall()
        if self._path is None:
            return
        anchor = {
            "market": self._market,
            "exchange_ms": now_ms,
            "wall_s": self._anchor_wall,
            "rate": self.rate,
            "running": not self._stopped,
        }
        draft = self._path.with_suffix(".new")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(anchor, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)

    def stop(self) -> None:
        """Let time stand still, now and until the next start."""
        self.now_ms()
        self._stopped = True
        self.keep()


def _kept(path: Path | None, market: str) -> dict[str, float] | None:
    if path is None or not path.exists():
        return None
    try:
        anchor = json.loads(path.read_text(encoding="utf-8"))
        found, _ = anchor["market"], [float(anchor[key]) for key in ("exchange_ms", "wall_s", "rate", "running")]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(str(path), "a clock anchor that this simulator wrote", repr(error)) from error
    if found != market:
        raise InputError(str(path), f"the clock of market {market}; name another state_dir or remove it", found)
    return {key: float(anchor[key]) for key in ("exchange_ms", "wall_s", "rate", "running")}


def _resumed(anchor: dict[str, float], wall_s: float) -> int:
    run = max(0.0, wall_s - anchor["wall_s"]) if anchor["running"] else 0.0
    return int(anchor["exchange_ms"] + run * 1000 * anchor["rate"])
