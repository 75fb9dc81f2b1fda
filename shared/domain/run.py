"""Runs: the words for what a run is doing and how well it is served."""

from typing import Literal

RunMode = Literal["paper", "backtest"]
RunStatus = Literal[
    "pending", "warming", "running", "paused", "stopping", "stopped", "finished", "superseded", "failed", "diverged"
]
RunHealth = Literal["ok", "stale", "waiting_for_runner", "waiting_for_history"]

# Statuses in which a runner has nothing left to do.
ENDED: tuple[RunStatus, ...] = ("stopped", "finished", "superseded", "failed", "diverged")
