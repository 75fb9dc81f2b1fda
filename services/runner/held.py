"""A run in a runner's memory: its fold, how much of it is committed, and what it waits for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from shared.domain.bar import Bars
from shared.domain.command import Command
from shared.domain.decision import Decision
from shared.domain.run import RunHealth, RunStatus
from shared.domain.timeframe import MINUTE_MS
from shared.engine.fold import Fold, decisions
from shared.store.ownership import Progress
from shared.store.runs import Run


@dataclass(slots=True)
class Held:
    """One run that this runner owns."""

    run: Run  # as claimed, with warmup_from_ms fixed
    fold: Fold
    commands: list[Command]  # assigned, not folded yet
    position_ms: int | None  # committed
    digest: bytes | None  # committed
    cursor_ms: int  # last minute known to be decided and taken in, absent ones included
    told: tuple[RunStatus, RunHealth] = ("pending", "waiting_for_runner")  # committed
    rows: list[Decision] = field(default_factory=list)  # decided, not committed
    snapshot_at_ms: int = 0  # position of the last snapshot
    counted_at_ms: int = 0  # position at which its counters were written last
    is_level: bool = False  # nothing that is recorded is left to fold
    is_news: bool = True  # this claim has committed nothing yet
    stopped_before_start: bool = False  # no bar was folded, and none will be

    @classmethod
    def of(cls, run: Run, fold: Fold, commands: Sequence[Command]) -> "Held":
        """A run as recovered."""
        ahead = [command for command in commands if command.effective_ms > fold.position_ms]
        return cls(
            run, fold, ahead, run.position_ms, run.digest, fold.position_ms,
            told=(run.status, run.health), snapshot_at_ms=fold.position_ms, counted_at_ms=fold.position_ms,
        )  # fmt: skip

    def take(self, bars: Bars, until_ms: int) -> None:
        """Fold bars that follow the cursor; `until_ms`: the last minute decided by them. Of an ended run: nothing."""
        if self.has_ended:
            return
        before = self.fold.position_ms
        self.rows += decisions(self.fold.fold(bars, self.commands))
        if self.fold.position_ms != before:
            self.commands = [c for c in self.commands if c.effective_ms > self.fold.position_ms]
        self.cursor_ms = max(self.cursor_ms, until_ms)

    def obey(self, assigned: Sequence[Command]) -> None:
        """Take in commands that have just been given their minute."""
        self.commands += assigned

    def stop_if_asked(self) -> None:
        """A first stop that needs no bar ends the run where it stands."""
        stop = next((command for command in self.commands if command.kind == "stop"), None)
        if stop is None or self.has_ended or not self.fold.can_stop_now(stop):
            return
        if self.position_ms is None and not self.has_folded:
            self.stopped_before_start = True
        else:
            self.rows += decisions(self.fold.stop_here())

    @property
    def has_ended(self) -> bool:
        """Is there nothing left to fold, ever?"""
        return self.fold.has_ended or self.stopped_before_start

    @property
    def has_folded(self) -> bool:
        """Has the fold taken any bar, committed or not?"""
        return self.fold.position_ms >= (self.run.warmup_from_ms or 0)

    @property
    def status(self) -> RunStatus:
        """What the fold is doing."""
        how, end_ms = self.fold.status, self.run.end_ms
        if self.stopped_before_start or how == "stopped":
            return "stopped"
        if how == "finished" or (end_ms is not None and self.cursor_ms + MINUTE_MS >= end_ms):
            return "finished"
        if self.fold.is_stopping or any(command.kind == "stop" for command in self.commands):
            return "stopping"
        if self.fold.position_ms < self.run.start_ms - MINUTE_MS:
            return "warming"
        return "paused" if self.fold.is_paused else "running"

    def _share(self, status: RunStatus) -> float | None:
        """How far a warmup or a backtest is, 0..1; None of a run that is on its way."""
        if status != "warming" and (self.run.mode == "paper" or status != "running"):
            return None
        first_ms = self.run.warmup_from_ms or 0
        last_ms = self.run.start_ms if self.run.end_ms is None else self.run.end_ms
        return min(1.0, (self.cursor_ms + MINUTE_MS - first_ms) / max(MINUTE_MS, last_ms - first_ms))

    def progress(self, health: RunHealth) -> Progress:
        """The step from what is committed to what is folded."""
        rules, fold, status = self.run.rules, self.fold, self.status
        position_ms = fold.position_ms if self.has_folded else None
        position = fold.position()
        return Progress(
            run_id=self.run.id,
            epoch=self.run.epoch,
            old_position_ms=self.position_ms,
            old_digest=self.digest,
            new_position_ms=position_ms,
            new_digest=None if position_ms is None else fold.digest,
            new_seq=fold.seq if position_ms is not None else 0,
            status=status,
            health="ok" if self.has_ended else health,
            equity=Decimal(fold.equity).scaleb(-rules.quote_decimals),
            quantity=None if position is None else position["quantity"] * rules.lot_step,
            progress=self._share(status),
            is_level=self.is_level,
        )

    def committed(self, progress: Progress) -> None:
        """Remember what is durable now."""
        self.position_ms, self.digest = progress.new_position_ms, progress.new_digest
        self.told = (progress.status, progress.health)
        self.rows = []
        self.is_news = self.is_news and not progress.is_level

    def differs(self, health: RunHealth) -> bool:
        """Is there anything to commit?"""
        position_ms = self.fold.position_ms if self.has_folded else None
        if position_ms != self.position_ms or self.rows or (self.is_news and self.is_level):
            return True
        return self.told != (self.status, health)
