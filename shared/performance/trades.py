"""What the round trips add up to: wins and losses, what a trade is worth, how long it lasts."""

from dataclasses import dataclass

from shared.domain.decision import Trade


@dataclass(slots=True)
class TradeSums:
    """Accumulates trades in seq order. Start with `TradeSums()`; `step` once per trade. Profit is net of fees."""

    count: int = 0
    wins: int = 0  # net > 0
    losses: int = 0  # net < 0
    net: int = 0  # [units]
    net_squares: int = 0  # [units^2]
    gained: int = 0  # [units] net of the winners
    lost: int = 0  # [units] net of the losers, >= 0
    best: int = 0  # [units]
    worst: int = 0  # [units]
    ratio_sum: float = 0.0  # of net / entry notional, added in seq order
    best_ratio: float = 0.0
    worst_ratio: float = 0.0
    held_ms: int = 0
    shortest_ms: int = 0
    longest_ms: int = 0
    streak: int = 0  # > 0 wins in a row, < 0 losses in a row; a draw ends either
    win_streak: int = 0
    loss_streak: int = 0

    @property
    def draws(self) -> int:
        return self.count - self.wins - self.losses

    def step(self, trade: Trade) -> None:
        net = trade.gross - trade.fees
        ratio = net / trade.entry_notional
        held = trade.exit_ms - trade.entry_ms
        first = self.count == 0
        self.best = net if first else max(self.best, net)
        self.worst = net if first else min(self.worst, net)
        self.best_ratio = ratio if first else max(self.best_ratio, ratio)
        self.worst_ratio = ratio if first else min(self.worst_ratio, ratio)
        self.shortest_ms = held if first else min(self.shortest_ms, held)
        self.longest_ms = max(self.longest_ms, held)
        self.count += 1
        self.net += net
        self.net_squares += net * net
        self.ratio_sum += ratio
        self.held_ms += held
        if net > 0:
            self.wins += 1
            self.gained += net
            self.streak = max(self.streak, 0) + 1
            self.win_streak = max(self.win_streak, self.streak)
        elif net < 0:
            self.losses += 1
            self.lost -= net
            self.streak = min(self.streak, 0) - 1
            self.loss_streak = max(self.loss_streak, -self.streak)
        else:
            self.streak = 0
