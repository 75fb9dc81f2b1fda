"""Statistics of a run: one set of formulas for backtest, paper, API and report.

`Tally` takes decisions as they come (so that a reader of a long run adds only what is new) and reports at any moment;
`statistics` is the same over whole sequences. In a report money is decimal text, a ratio a float, a time milliseconds.
What is undefined is None, and `reasons` says why; `n` says over how many trades, days or points a ratio was taken.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.domain.decision import Decision, EquityPoint, Fill, Trade
from shared.domain.instrument import InstrumentRules
from shared.domain.timeframe import DAY_MS
from shared.performance import ratios
from shared.performance.book import Book
from shared.performance.equity import Curve
from shared.performance.sheet import Sheet, Statistics
from shared.performance.trades import TradeSums


@dataclass(slots=True)
class Tally:
    """Accumulates a run's decisions in seq order. `step` once per decision; `report` whenever wanted."""

    rules: InstrumentRules
    cash: int  # [units] > 0
    start_ms: int  # open_ms of the first bar folded
    seq: int = 0  # of the last decision taken
    book: Book = field(init=False)
    curve: Curve = field(init=False)
    trades: TradeSums = field(default_factory=TradeSums)
    long: TradeSums = field(default_factory=TradeSums)
    short: TradeSums = field(default_factory=TradeSums)

    def __post_init__(self) -> None:
        self.book = Book(self.rules)
        self.curve = Curve(self.cash, self.start_ms)

    def step(self, decision: Decision) -> None:
        self.seq = decision.seq
        if isinstance(decision, Fill):
            self.book.step(decision)
        elif isinstance(decision, Trade):
            self.trades.step(decision)
            (self.long if decision.side > 0 else self.short).step(decision)
        elif isinstance(decision, EquityPoint):
            self.curve.step(decision.ts_ms, decision.equity)

    def report(self, end_ms: int) -> Statistics:
        """Statistics until `end_ms`, the end of the last bar folded."""
        sheet = Sheet(self.rules)
        _balance(sheet, self, end_ms)
        _trades(sheet, self.trades, self.cash)
        _drawdown(sheet, self.curve)
        _returns(sheet, self.curve, end_ms)
        for name, sums in (("long", self.long), ("short", self.short)):
            side = Sheet(self.rules)
            _trades(side, sums, self.cash)
            sheet.put(name, side.statistics())
        return sheet.statistics()


def statistics(
    equity: Iterable[tuple[int, int]],
    trades: Iterable[Trade],
    fills: Iterable[Fill],
    *,
    cash: int,
    rules: InstrumentRules,
    start_ms: int,
    end_ms: int,
) -> Statistics:
    """Statistics of a whole run: equity as (ts_ms, units) in time order, the rest in seq order, cash in units."""
    tally = Tally(rules, cash, start_ms)
    for ts_ms, units in equity:
        tally.curve.step(ts_ms, units)
    for fill in fills:
        tally.step(fill)
    for trade in trades:
        tally.step(trade)
    return tally.report(end_ms)


def _balance(sheet: Sheet, tally: Tally, end_ms: int) -> None:
    cash, final = tally.cash, tally.curve.last
    elapsed_ms = end_ms - tally.start_ms
    sheet.put("start_ms", tally.start_ms)
    sheet.put("end_ms", end_ms)
    sheet.put("days", elapsed_ms / DAY_MS)
    sheet.money("starting_balance", cash)
    sheet.money("final_balance", final)
    for name in ("profit", "profit_all"):  # the open position included
        sheet.money(f"{name}_abs", final - cash)
        sheet.put(f"{name}_ratio", (final - cash) / cash)
    sheet.money("fees_abs", tally.book.fees)
    sheet.money("volume_abs", tally.book.volume)
    sheet.put("fill_count", tally.book.fills)
    exposed: ratios.Value = tally.book.exposure_ms(end_ms) / elapsed_ms if elapsed_ms > 0 else "insufficient_data"
    sheet.ratio("exposure_time_ratio", exposed, tally.curve.points)


def _trades(sheet: Sheet, sums: TradeSums, cash: int) -> None:
    n, wins, losses, gained, lost = sums.count, sums.wins, sums.losses, sums.gained, sums.lost
    none: ratios.Reason = "no_trades" if n == 0 else "no_losing_trades"
    for name, count in (("trade_count", n), ("wins", wins), ("draws", sums.draws), ("losses", losses)):
        sheet.put(name, count)
    sheet.money("profit_closed_abs", sums.net)
    sheet.put("profit_closed_ratio", sums.net / cash)
    sheet.money("gross_profit_abs", gained)
    sheet.money("gross_loss_abs", lost)
    sheet.ratio("winrate", wins / n if n > 0 else "no_trades", n)
    sheet.ratio("profit_factor", gained / lost if lost > 0 else none, n)
    payoff = (gained * losses) / (lost * wins) if lost > 0 and wins > 0 else none if lost == 0 else "no_winning_trades"
    sheet.ratio("payoff_ratio", payoff, n)
    sheet.mean("expectancy_abs", sums.net, n, n, "no_trades")
    # (1 + average win / average loss) x winrate - 1
    edge = (wins * lost + gained * losses - n * lost) / (n * lost) if lost > 0 else none
    sheet.ratio("expectancy_ratio", edge, n)
    sheet.ratio("avg_profit_ratio", sums.ratio_sum / n if n > 0 else "no_trades", n)
    sheet.mean("avg_win_abs", gained, wins, wins, "no_trades" if n == 0 else "no_winning_trades")
    sheet.mean("avg_loss_abs", lost, losses, losses, none)
    for name, units in (("best_trade_abs", sums.best), ("worst_trade_abs", sums.worst)):
        sheet.mean(name, units, 1, n, "no_trades")
    for name, ratio in (("best_trade_ratio", sums.best_ratio), ("worst_trade_ratio", sums.worst_ratio)):
        sheet.ratio(name, ratio if n > 0 else "no_trades", n)
    durations = (("avg_duration_s", sums.held_ms, n), ("min_duration_s", sums.shortest_ms, 1))
    for name, held_ms, parts in (*durations, ("max_duration_s", sums.longest_ms, 1)):
        sheet.ratio(name, held_ms / (1000 * parts) if n > 0 else "no_trades", n)
    sheet.put("max_consecutive_wins", sums.win_streak)
    sheet.put("max_consecutive_losses", sums.loss_streak)
    sheet.ratio("sqn", ratios.sqn(n, sums.net, sums.net_squares), n)


def _drawdown(sheet: Sheet, curve: Curve) -> None:
    worst, now = curve.worst, curve.now
    n = curve.points
    sheet.money("max_drawdown_abs", worst.peak - worst.low if worst else 0)
    sheet.ratio("max_drawdown_ratio", (worst.peak - worst.low) / worst.peak if worst else 0.0, n)
    sheet.time("max_drawdown_start_ms", worst.start_ms if worst else "no_drawdown")
    sheet.time("max_drawdown_low_ms", worst.low_ms if worst else "no_drawdown")
    sheet.time("max_drawdown_end_ms", (worst.end_ms or "not_recovered") if worst else "no_drawdown")
    lasted_ms = (worst.end_ms or curve.last_ms) - worst.start_ms if worst else 0
    sheet.put("max_drawdown_duration_s", lasted_ms / 1000)
    fallen = now.peak - curve.last
    sheet.money("current_drawdown_abs", fallen)
    sheet.ratio("current_drawdown_ratio", fallen / now.peak, n)
    sheet.time("current_drawdown_start_ms", now.start_ms if fallen > 0 else "no_drawdown")


def _returns(sheet: Sheet, curve: Curve, end_ms: int) -> None:
    daily = ratios.daily(curve.cash, curve.daily(end_ms))
    sheet.ratio("sharpe", daily.sharpe, daily.n)
    sheet.ratio("sortino", daily.sortino, daily.n)
    sheet.ratio("volatility", daily.volatility, daily.n)
    growth = ratios.cagr(curve.cash, curve.last, end_ms - curve.start_ms)
    sheet.ratio("cagr", growth, daily.n)
    worst = curve.worst
    if isinstance(growth, str):
        sheet.ratio("calmar", growth, daily.n)
    else:
        deepest = (worst.peak - worst.low) / worst.peak if worst else 0.0
        sheet.ratio("calmar", growth / deepest if worst else "no_drawdown", daily.n)
