"""What the round trips add up to: wins and losses, what a trade is worth, how long it lasts. Profit is net of fees."""

from dataclasses import dataclass, field
from typing import NamedTuple

from shared.domain.decision import Trade
from shared.performance.sample import Sample


class Outcome(NamedTuple):
    """A trade in the figures that are summed."""

    trade: Trade
    net: int  # [units]
    slippage: int  # [units] of its fills; contained in gross
    ratio: float  # net / entry notional
    mae: float  # <= 0, as in a trade's row
    mfe: float  # >= 0
    held_ms: int


def outcome(trade: Trade, slippage: int, unit: int) -> Outcome:
    """`slippage` in units; `unit` is quote units per tick and step."""
    net = trade.gross - trade.fees
    mae, mfe = excursions(trade, unit)
    return Outcome(trade, net, slippage, net / trade.entry_notional, mae, mfe, trade.exit_ms - trade.entry_ms)


def excursions(trade: Trade, unit: int) -> tuple[float, float]:
    """(worst, best) of the prices that count against the entry price, signed by side; worst <= 0 <= best."""
    per_tick = trade.quantity * unit
    worst = min(0, (trade.worst * per_tick - trade.entry_notional) * trade.side)
    best = max(0, (trade.best * per_tick - trade.entry_notional) * trade.side)
    return worst / trade.entry_notional, best / trade.entry_notional


@dataclass(slots=True)
class Group:
    """Sums of trades that have something in common. Start with `Group()`; `step` once per trade, in seq order."""

    count: int = 0
    wins: int = 0  # net > 0
    losses: int = 0  # net < 0
    net: int = 0  # [units]
    gross: int = 0  # [units] at the prices of the fills
    fees: int = 0  # [units]
    slippage: int = 0  # [units]
    gained: int = 0  # [units] net of the winners
    lost: int = 0  # [units] net of the losers, >= 0
    ratios: float = 0.0  # sum
    held_ms: int = 0

    @property
    def draws(self) -> int:
        return self.count - self.wins - self.losses

    def step(self, of: Outcome) -> None:
        net = of.net
        self.count += 1
        self.net += net
        self.gross += of.trade.gross
        self.fees += of.trade.fees
        self.slippage += of.slippage
        self.ratios += of.ratio
        self.held_ms += of.held_ms
        if net > 0:
            self.wins += 1
            self.gained += net
        elif net < 0:
            self.losses += 1
            self.lost -= net

    def add(self, other: "Group") -> None:
        """The other's trades too."""
        self.count += other.count
        self.wins += other.wins
        self.losses += other.losses
        self.net += other.net
        self.gross += other.gross
        self.fees += other.fees
        self.slippage += other.slippage
        self.gained += other.gained
        self.lost += other.lost
        self.ratios += other.ratios
        self.held_ms += other.held_ms


@dataclass(slots=True)
class Span:
    """Durations: how many, their sum, the shortest and the longest."""

    count: int = 0
    total_ms: int = 0
    shortest_ms: int = 0
    longest_ms: int = 0

    def step(self, held_ms: int) -> None:
        self.shortest_ms = min(self.shortest_ms, held_ms) if self.count else held_ms
        self.longest_ms = max(self.longest_ms, held_ms)
        self.count += 1
        self.total_ms += held_ms


@dataclass(slots=True)
class Streak:
    """Wins (> 0) or losses (< 0) in a row; a draw ends either."""

    now: int = 0
    most_wins: int = 0
    most_losses: int = 0

    def step(self, net: int) -> None:
        if net > 0:
            self.now = max(self.now, 0) + 1
            self.most_wins = max(self.most_wins, self.now)
        elif net < 0:
            self.now = min(self.now, 0) - 1
            self.most_losses = max(self.most_losses, -self.now)
        else:
            self.now = 0


@dataclass(slots=True)
class TradeSums:
    """Accumulates trades in seq order. Start with `TradeSums()`; `step` once per trade."""

    group: Group = field(default_factory=Group)
    squares: int = 0  # [units^2] of the nets
    stakes: int = 0  # [units] entry notionals
    best: int = 0  # [units]
    worst: int = 0  # [units]
    best_ratio: float = 0.0
    worst_ratio: float = 0.0
    won: float = 0.0  # ratios of the winners, summed
    lost: float = 0.0  # ratios of the losers, summed, <= 0
    mae: float = 0.0  # sum
    mfe: float = 0.0  # sum
    held: Span = field(default_factory=Span)
    held_winners: Span = field(default_factory=Span)
    held_losers: Span = field(default_factory=Span)
    streak: Streak = field(default_factory=Streak)
    ratios: Sample = field(default_factory=Sample)
    durations: Sample = field(default_factory=Sample)  # [ms]

    def step(self, of: Outcome) -> None:
        net, ratio, held_ms = of.net, of.ratio, of.held_ms
        first = self.group.count == 0
        self.group.step(of)
        self.best = net if first else max(self.best, net)
        self.worst = net if first else min(self.worst, net)
        self.best_ratio = ratio if first else max(self.best_ratio, ratio)
        self.worst_ratio = ratio if first else min(self.worst_ratio, ratio)
        self.squares += net * net
        self.stakes += of.trade.entry_notional
        self.mae += of.mae
        self.mfe += of.mfe
        self.held.step(held_ms)
        self.streak.step(net)
        self.ratios.step(ratio)
        self.durations.step(float(held_ms))
        if net > 0:
            self.won += ratio
            self.held_winners.step(held_ms)
        elif net < 0:
            self.lost += ratio
            self.held_losers.step(held_ms)

    def settle(self) -> None:
        """Do now what the next report would have to."""
        self.ratios.settle()
        self.durations.settle()
