"""A run's trades by side, exit reason, hour, weekday, day, week and month of their exit; all times UTC.

Sums are kept per side, reason, hour and day; the others are sums of days. Days, weeks and months are all there, without
trades too, with what the equity did in them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal, get_args

from shared.domain.decision import reason_text
from shared.domain.instrument import InstrumentRules
from shared.domain.timeframe import DAY_MS
from shared.performance.calendar import PERIODS, WEEKDAYS, Period, weekday
from shared.performance.trades import Group, Outcome

Breakdown = Literal["side", "exit_reason", "hour", "weekday", "day", "week", "month"]
BREAKDOWNS: tuple[Breakdown, ...] = get_args(Breakdown)
Row = dict[str, object]
Groups = dict[int, Group]

HOUR_MS = 3_600_000
SIDES = {1: "long", -1: "short"}


@dataclass(frozen=True, slots=True)
class DailyEquity:
    """Last equity of consecutive UTC days, and what there was before the first."""

    first_day: int  # since the epoch
    base: int  # [units]
    values: Sequence[int]  # [units]


@dataclass(slots=True)
class TradeGroups:
    """Accumulates trades in seq order. Start with `TradeGroups()`; `step` once per trade."""

    sides: Groups = field(default_factory=dict)  # by +1, -1
    reasons: Groups = field(default_factory=dict)  # by word
    hours: Groups = field(default_factory=dict)  # by hour of the day
    days: Groups = field(default_factory=dict)  # by day since the epoch

    def step(self, of: Outcome) -> None:
        trade = of.trade
        _group(self.sides, trade.side).step(of)
        _group(self.reasons, trade.exit_reason).step(of)
        _group(self.hours, trade.exit_ms % DAY_MS // HOUR_MS).step(of)
        _group(self.days, trade.exit_ms // DAY_MS).step(of)


def breakdown(rules: InstrumentRules, name: Breakdown, groups: TradeGroups, equity: DailyEquity) -> list[Row]:
    """Rows in the order of their keys; sides and reasons in that of the vocabulary. No row without a trade, but of
    days, weeks and months all that the run has seen."""
    match name:
        case "side":
            return [_row(rules, side, groups.sides[sign]) for sign, side in SIDES.items() if sign in groups.sides]
        case "exit_reason":
            return [_row(rules, reason_text(code), groups.reasons[code]) for code in sorted(groups.reasons)]
        case "hour":
            return [_row(rules, f"{hour:02d}", groups.hours[hour]) for hour in sorted(groups.hours)]
        case "weekday":
            found = _merged((weekday(day), groups.days[day]) for day in sorted(groups.days))
            return [_row(rules, WEEKDAYS[at], found[at]) for at in sorted(found)]
        case _:
            return list(_periods(rules, PERIODS[name], groups.days, equity))


def _periods(
    rules: InstrumentRules, period_of: Callable[[int], Period], days: Groups, equity: DailyEquity
) -> Iterator[Row]:
    """Each period of the run, its first and last perhaps cut by the run's ends."""
    before = equity.base
    numbered = enumerate(equity.values, equity.first_day)
    for (key, first_day), part in groupby(numbered, key=lambda one: period_of(one[0])):
        group = Group()
        after = before
        for day, value in part:
            after = value
            if day in days:
                group.add(days[day])
        yield _row(rules, key, group) | {
            "from_ms": first_day * DAY_MS,
            "equity_abs": rules.quote_text(after),
            "equity_change_abs": rules.quote_text(after - before),
            "equity_change_ratio": (after - before) / before if before > 0 else None,
        }
        before = after


def _row(rules: InstrumentRules, key: str, of: Group) -> Row:
    """One line. What is null has nothing to be taken over: `trade_count`, or for the profit factor `losses`, is 0."""
    return {
        "key": key,
        "trade_count": of.count,
        "wins": of.wins,
        "draws": of.draws,
        "losses": of.losses,
        "net_abs": rules.quote_text(of.net),
        "gross_abs": rules.quote_text(of.gross),
        "fees_abs": rules.quote_text(of.fees),
        "slippage_abs": rules.quote_text(of.slippage),
        "winrate": of.wins / of.count if of.count > 0 else None,
        "profit_factor": of.gained / of.lost if of.lost > 0 else None,
        "avg_profit_ratio": of.ratios / of.count if of.count > 0 else None,
        "avg_duration_s": of.held_ms / (1000 * of.count) if of.count > 0 else None,
    }


def _group(groups: Groups, key: int) -> Group:
    found = groups.get(key)
    if found is None:
        found = groups[key] = Group()
    return found


def _merged(parts: Iterable[tuple[int, Group]]) -> Groups:
    merged: Groups = {}
    for key, group in parts:
        _group(merged, key).add(group)
    return merged
