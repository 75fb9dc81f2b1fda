"""The parts of a report, each written on a sheet from the accumulators that it needs."""

from collections.abc import Callable

from shared.domain.timeframe import DAY_MS
from shared.performance import ratios
from shared.performance.book import Book
from shared.performance.equity import Curve
from shared.performance.market import Market
from shared.performance.orders import OrderCounts
from shared.performance.ratios import Reason, Returns, Value
from shared.performance.sheet import Sheet
from shared.performance.trades import Span, TradeSums

# Ratios of daily returns, in the order of the report.
OF_DAYS: dict[str, Callable[[Returns], Value]] = {
    "sharpe": ratios.sharpe,
    "sortino": ratios.sortino,
    "omega": ratios.omega,
    "annual_volatility": ratios.annual_volatility,
    "avg_day_ratio": ratios.mean_day,
    "skew": ratios.skew,
    "kurtosis": ratios.kurtosis,
    "var_95": ratios.var_95,
    "cvar_95": ratios.cvar_95,
}
# Ratios against the market's days.
OF_MARKET: dict[str, Callable[[Returns, Returns], Value]] = {"alpha": ratios.alpha, "beta": ratios.beta}


def period(sheet: Sheet, start_ms: int, end_ms: int) -> None:
    sheet.put("start_ms", start_ms)
    sheet.put("end_ms", end_ms)
    sheet.put("days", (end_ms - start_ms) / DAY_MS)


def balance(sheet: Sheet, cash: int, curve: Curve) -> None:
    sheet.money("starting_balance", cash)
    sheet.money("final_balance", curve.last)
    sheet.money("min_balance", curve.lowest)
    sheet.money("max_balance", curve.highest)
    for name in ("profit", "profit_all"):  # the open position included
        sheet.money(f"{name}_abs", curve.last - cash)
        sheet.put(f"{name}_ratio", (curve.last - cash) / cash)


def costs(sheet: Sheet, book: Book, profit: int) -> None:
    """profit_before_costs - slippage - fees = profit"""
    sheet.money("profit_before_costs_abs", profit + book.slippage + book.fees)
    sheet.money("slippage_abs", book.slippage)
    sheet.money("fees_abs", book.fees)
    sheet.money("volume_abs", book.volume)


def activity(sheet: Sheet, book: Book, orders: OrderCounts, points: int, start_ms: int, end_ms: int) -> None:
    elapsed_ms = end_ms - start_ms
    sheet.put("fill_count", book.fills)
    sheet.put("order_count", orders.submitted)
    sheet.put("rejected_orders", orders.rejected)
    sheet.put("expired_orders", orders.expired)
    sheet.put("cancelled_orders", orders.cancelled)
    sheet.put("cancelled_entries", orders.cancelled_entries)
    exposed: Value = book.exposure_ms(end_ms) / elapsed_ms if elapsed_ms > 0 else "insufficient_data"
    sheet.ratio("exposure_time_ratio", exposed, points)


def trades(sheet: Sheet, sums: TradeSums, cash: int, days: float) -> None:
    """`days` of the run, for trades a day."""
    group = sums.group
    n, wins, losses = group.count, group.wins, group.losses
    for name, count in (("trade_count", n), ("wins", wins), ("draws", group.draws), ("losses", losses)):
        sheet.put(name, count)
    sheet.ratio("trades_per_day", n / days if days > 0 else "insufficient_data", n)
    sheet.money("profit_closed_abs", group.net)
    sheet.put("profit_closed_ratio", group.net / cash)
    sheet.money("closed_gross_abs", group.gross)
    sheet.money("closed_fees_abs", group.fees)
    sheet.money("closed_slippage_abs", group.slippage)
    sheet.money("gross_profit_abs", group.gained)
    sheet.money("gross_loss_abs", group.lost)
    _edge(sheet, sums)
    _sizes(sheet, sums)
    _durations(sheet, sums)
    sheet.put("max_consecutive_wins", sums.streak.most_wins)
    sheet.put("max_consecutive_losses", sums.streak.most_losses)
    sheet.put("current_streak", sums.streak.now)


def _edge(sheet: Sheet, sums: TradeSums) -> None:
    """What a bet on one more trade is worth."""
    group = sums.group
    n, wins, losses, gained, lost = group.count, group.wins, group.losses, group.gained, group.lost
    none: Reason = "no_trades" if n == 0 else "no_losing_trades"
    sheet.ratio("winrate", wins / n if n > 0 else "no_trades", n)
    sheet.ratio("profit_factor", gained / lost if lost > 0 else none, n)
    no_payoff: Reason = none if lost == 0 else "no_winning_trades"
    payoff: Value = (gained * losses) / (lost * wins) if lost > 0 and wins > 0 else no_payoff
    sheet.ratio("payoff_ratio", payoff, n)
    sheet.mean("expectancy_abs", group.net, n, n, "no_trades")
    # (1 + average win / average loss) x winrate - 1
    edge = (wins * lost + gained * losses - n * lost) / (n * lost) if lost > 0 else none
    sheet.ratio("expectancy_ratio", edge, n)
    sheet.ratio("kelly", payoff if isinstance(payoff, str) else ratios.kelly(wins / n, payoff), n)
    sheet.ratio("sqn", ratios.sqn(n, group.net, sums.squares), n)


def _sizes(sheet: Sheet, sums: TradeSums) -> None:
    """How large a trade is, in quote and as a fraction of its entry notional."""
    group = sums.group
    n, wins, losses = group.count, group.wins, group.losses
    no_win: Reason = "no_trades" if n == 0 else "no_winning_trades"
    no_loss: Reason = "no_trades" if n == 0 else "no_losing_trades"
    sheet.mean("avg_stake_abs", sums.stakes, n, n, "no_trades")
    sheet.mean("avg_win_abs", group.gained, wins, wins, no_win)
    sheet.mean("avg_loss_abs", group.lost, losses, losses, no_loss)
    for name, units in (("best_trade_abs", sums.best), ("worst_trade_abs", sums.worst)):
        sheet.mean(name, units, 1, n, "no_trades")
    means: tuple[tuple[str, float, int, Reason], ...] = (
        ("avg_profit_ratio", group.ratios, n, "no_trades"),
        ("avg_win_ratio", sums.won, wins, no_win),
        ("avg_loss_ratio", -sums.lost, losses, no_loss),
        ("avg_mae_ratio", sums.mae, n, "no_trades"),
        ("avg_mfe_ratio", sums.mfe, n, "no_trades"),
    )
    for name, total, parts, reason in means:
        sheet.ratio(name, total / parts if parts > 0 else reason, parts)
    sheet.ratio("median_profit_ratio", sums.ratios.median() if n > 0 else "no_trades", n)
    for name, ratio in (("best_trade_ratio", sums.best_ratio), ("worst_trade_ratio", sums.worst_ratio)):
        sheet.ratio(name, ratio if n > 0 else "no_trades", n)


def _durations(sheet: Sheet, sums: TradeSums) -> None:
    n = sums.group.count
    sheet.ratio("median_duration_s", sums.durations.median() / 1000 if n > 0 else "no_trades", n)
    spans: tuple[tuple[str, Span, Reason], ...] = (
        ("", sums.held, "no_trades"),
        ("_winners", sums.held_winners, "no_trades" if n == 0 else "no_winning_trades"),
        ("_losers", sums.held_losers, "no_trades" if n == 0 else "no_losing_trades"),
    )
    for whose, span, reason in spans:
        figures = (("avg", span.total_ms, span.count), ("min", span.shortest_ms, 1), ("max", span.longest_ms, 1))
        for which, held_ms, parts in figures:
            value: Value = held_ms / (1000 * parts) if span.count > 0 else reason
            sheet.ratio(f"{which}_duration{whose}_s", value, span.count)


def drawdowns(sheet: Sheet, curve: Curve) -> None:
    worst, n = curve.worst, curve.points
    sheet.money("max_drawdown_abs", worst.peak - worst.low if worst else 0)
    sheet.ratio("max_drawdown_ratio", worst.depth if worst else 0.0, n)
    sheet.time("max_drawdown_start_ms", worst.start_ms if worst else "no_drawdown")
    sheet.time("max_drawdown_low_ms", worst.low_ms if worst else "no_drawdown")
    sheet.time("max_drawdown_end_ms", (worst.end_ms or "not_recovered") if worst else "no_drawdown")
    lasted_ms = (worst.end_ms or curve.last_ms) - worst.start_ms if worst else 0
    sheet.put("max_drawdown_duration_s", lasted_ms / 1000)
    recovery: Value = "no_drawdown"
    if worst:
        recovery = (worst.end_ms - worst.low_ms) / 1000 if worst.end_ms else "not_recovered"
    sheet.time("max_drawdown_recovery_s", recovery)
    _falls(sheet, curve)
    fallen = curve.now.peak - curve.last
    sheet.money("current_drawdown_abs", fallen)
    sheet.ratio("current_drawdown_ratio", fallen / curve.now.peak, n)
    sheet.time("current_drawdown_start_ms", curve.now.start_ms if fallen > 0 else "no_drawdown")
    sheet.put("current_drawdown_duration_s", (curve.last_ms - curve.now.start_ms) / 1000 if fallen > 0 else 0.0)
    gain = curve.last - curve.cash
    recovered: Value = gain / (worst.peak - worst.low) if worst else "no_drawdown"
    sheet.ratio("recovery_factor", recovered, n)


def _falls(sheet: Sheet, curve: Curve) -> None:
    """All drawdowns, the open one included."""
    falls = curve.falls
    count = falls.count
    sheet.put("drawdown_count", count)
    sheet.ratio("avg_drawdown_ratio", falls.depths / count if count > 0 else "no_drawdown", count)
    sheet.ratio("avg_drawdown_duration_s", falls.lasted_ms / (1000 * count) if count > 0 else "no_drawdown", count)
    sheet.put("longest_drawdown_duration_s", falls.longest_ms / 1000)


def daily(sheet: Sheet, curve: Curve, market: Market | None, end_ms: int) -> None:
    """What the last equities of the UTC days say, beside the market's."""
    days = curve.days.until(end_ms)
    n = len(days)
    returns = Returns.of(curve.cash, days)
    for name, of in OF_DAYS.items():
        sheet.ratio(name, returns if isinstance(returns, str) else of(returns), n)
    sheet.ratio("ulcer_index", ratios.ulcer_index(curve.cash, days), n)
    _years(sheet, curve, n, end_ms)
    _days(sheet, curve, days)
    _against(sheet, returns, market, n, end_ms)


def _years(sheet: Sheet, curve: Curve, n: int, end_ms: int) -> None:
    """Growth a year, by the clock and by the days."""
    cagr = ratios.growth(curve.cash, curve.last, end_ms - curve.start_ms)
    sheet.ratio("cagr", cagr, n)
    sheet.ratio("annual_return", ratios.growth(curve.cash, curve.last, n * DAY_MS), n)
    calmar: Value = cagr
    if not isinstance(cagr, str):
        calmar = cagr / curve.worst.depth if curve.worst else "no_drawdown"
    sheet.ratio("calmar", calmar, n)


def _days(sheet: Sheet, curve: Curve, days: list[int]) -> None:
    """Days above, on and below the day before; the best and the worst by return, of equals the first."""
    before = [curve.cash, *days]
    changes = [after - earlier for earlier, after in zip(before, days, strict=False)]
    sheet.put("days_win", sum(change > 0 for change in changes))
    sheet.put("days_draw", sum(change == 0 for change in changes))
    sheet.put("days_lose", sum(change < 0 for change in changes))
    n, first_day = len(days), curve.start_ms // DAY_MS
    sound = n > 0 and min(before[:-1]) > 0
    reason: Reason = "non_positive_equity" if n > 0 else "insufficient_data"
    for name, choose in (("best_day", max), ("worst_day", min)):
        at = choose(range(n), key=lambda i: changes[i] / before[i]) if sound else 0
        sheet.mean(f"{name}_abs", changes[at] if sound else 0, 1, n if sound else 0, reason)
        sheet.ratio(f"{name}_ratio", changes[at] / before[at] if sound else reason, n)
        sheet.time(f"{name}_ms", (first_day + at) * DAY_MS if sound else reason)


def _against(sheet: Sheet, returns: Returns | Reason, market: Market | None, n: int, end_ms: int) -> None:
    """Beside someone who bought at the first open and kept it."""
    held: Value = "insufficient_data"
    prices: Returns | Reason = "insufficient_data"
    if market is not None:
        held = market.days.last / market.first - 1.0
        prices = Returns.of(market.first, market.days.until(end_ms))
    sheet.ratio("buy_and_hold_ratio", held, n)
    for name, of in OF_MARKET.items():
        value: Value = prices if isinstance(prices, str) else returns if isinstance(returns, str) else "no_trades"
        if not isinstance(returns, str) and not isinstance(prices, str):
            value = of(returns, prices)
        sheet.ratio(name, value, n)
