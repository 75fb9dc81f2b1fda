"""The independent reference backtester: what the engine is held against.

Written from strategy-format, the design (section 4) and decisions 0006 and 0009 alone, in the most literal way; slow
and plain. `run` is the only entry point. Rule: nothing of the engine or the strategy package is imported here; of the
indicators only the fact sheets of those whose values come from the conformance oracles.

Where the pages leave a question open, the most literal reading was taken:

- `risk_pct`, `use_position_sizing`, `max_position_pct`, `regime`, `strength`: accepted in `position_size` and in
  `risk_management` itself. `partial_exits`: in `take_profit`, also in `risk_management`.
- VP stop: VAL goes to the tick first (0006), then VAL x (1 - b) to the tick. ATR distance: the float product
  mult x ATR goes to the tick.
- risk_pct with an expression or ATR stop on the wrong side of the close, or a stop that is not positive, and no
  base_percent: there is no stop, so `no_stop_distance`.
- A target expression that is not ready or on the wrong side gives way to base_percent / r_multiple where one is
  stated; without one: not ready rejects, the wrong side is not placed. VP targets may stand on either form of base.
- While suspended, and at the close that ends a suspension, nothing triggers: `max_drawdown_total` neither.
- Liquidation goes before protection at the same close. Both finish the bar's row first.
- A `stop` that keeps the position acts before the late closes that its bar would bring ("before anything of this
  bar"); the first of several stops counts. After a stop with closing, the bar ends with its mark and row, without
  decisions; a flat run stops at the open, without a row.
- `&` and `|` bind like `and` and `or`. `highest(x, n)` with a value inside its n that is not ready is not ready.
- Exit rules are evaluated at every entry close, with the position of that close; position names of a flat run are
  not ready. `bars_since` and the like keep their memory from one position to the next.
- RSI flags and ADX strength: strict above / below as written for ADX. FVG outputs are not ready before its ATR is.
- VPFVG `vf_lvn_distance` and `vf_hvn_overlap`: of gaps that signal, whether their side does or not; of two the
  smaller distance, the larger overlap, as on its fact sheet.
- `price_in_value_area` includes both ends; the bin of a close on an edge is the one above, clamped.
- Partial `risk_management` of a variant merges at every depth.
- A target of r_multiple without a stop is not placed (`no_target`). A base stop that rounds onto its fill is valid.
- Lowered at the fill below the minimum quantity, but not to nothing: only the minimum notional is checked again.
- ADX of a market that never moved is 0 as TA-Lib's; the midpoint rule is taken for RSI alone.
- The close of a frame that nothing has closed yet when the bars end does not happen.
- `open_position.entry_price` has the quote's decimals, as a trade's.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any, NamedTuple

import pandas as pd

from tests.support.reference.columns import Columns
from tests.support.reference.deciding import Decider
from tests.support.reference.desk import Desk
from tests.support.reference.frames import MINUTE_MS, frames
from tests.support.reference.ledger import EXACT, Costs, Instrument, down, to_e8
from tests.support.reference.minute import Minute
from tests.support.reference.protection import Protection
from tests.support.reference.risk import Risk
from tests.support.reference.strategy_file import Strategy, decimal_of, load

MOST_VOLUME = 10**10


class Command(NamedTuple):
    effective_ms: int
    id: int
    kind: str  # stop, pause, resume, close_position
    args: Mapping[str, Any] | None = None


def run(
    strategy_text: str,
    bars: pd.DataFrame,
    rules: Mapping[str, str],
    *,
    cash: str = "10000",
    start_ms: int | None = None,
    end_ms: int | None = None,
    warmup_from_ms: int | None = None,
    variant: str | None = None,
    commands: Sequence[Sequence[Any]] = (),
) -> dict[str, Any]:
    """Backtest one file over one-minute bars. Money in the result is decimal text with its full decimals."""
    with localcontext(EXACT):
        first = int(bars.open_time.iloc[0])
        warmup_from_ms = first if warmup_from_ms is None else warmup_from_ms
        start_ms = first if start_ms is None else start_ms
        bars = bars[bars.open_time >= warmup_from_ms]
        if end_ms is not None:
            bars = bars[bars.open_time <= end_ms]
        bars = bars.reset_index(drop=True)
        strategy = load(strategy_text, variant)
        instrument = Instrument(*(Decimal(rules[k]) for k in ("tick_size", "lot_step", "min_quantity", "min_notional")))
        timeframes = {strategy.entry} | {indicator.timeframe for indicator in strategy.indicators}
        made = {timeframe: frames(bars, timeframe, warmup_from_ms) for timeframe in timeframes}
        backtest = Backtest(strategy, made, instrument, costs_of(strategy, rules), Decimal(cash), start_ms)
        backtest.stopped_ms = warmup_from_ms
        backtest.fold(
            list(_minutes(bars, strategy, instrument)), sorted((Command(*c) for c in commands), key=lambda c: c.id)
        )
        return backtest.result()


def costs_of(strategy: Strategy, rules: Mapping[str, str]) -> Costs:
    """The file's execution, else its backtest section, else the instrument's rates and the house's costs."""
    execution, backtest = strategy.execution, strategy.backtest

    def commission(kind: str) -> Decimal:
        stated = execution.get(f"commission_{kind}", backtest.get("commission", rules[f"{kind}_rate"]))
        return decimal_of(stated)

    if "slippage_bps" in execution:
        slippage = decimal_of(execution["slippage_bps"]).scaleb(-4)
    else:
        slippage = decimal_of(backtest.get("slippage", "0.0002"))
    half_spread = decimal_of(execution.get("half_spread_bps", 1)).scaleb(-4)
    return Costs(taken=slippage + half_spread, maker=commission("maker"), taker=commission("taker"))


def _minutes(bars: pd.DataFrame, strategy: Strategy, instrument: Instrument) -> Iterator[Minute]:
    names = ("open_time", "open", "high", "low", "close", "volume")
    participation = strategy.execution.get("participation")
    share = None if participation is None else decimal_of(participation)
    for open_ms, *prices, volume in zip(*(bars[name].tolist() for name in names), strict=True):
        lots = None if share is None else most_to_fill(share, volume, instrument)
        yield Minute(open_ms, *(instrument.price(price) for price in prices), traded=volume > 0, most=lots)


def most_to_fill(share: Decimal, volume: float, instrument: Instrument) -> Decimal:
    """ "At most floor(p x volume / lot step) lots of the run fill, in all", volume "at 1e-8 and at most 1e10"."""
    return down(Fraction(share) * min(to_e8(volume), MOST_VOLUME), instrument.step)


class Backtest:
    """The fold: for each base bar the open, the inside and the close, as section 4 of the design has them."""

    def __init__(
        self,
        strategy: Strategy,
        made: Mapping[str, pd.DataFrame],
        instrument: Instrument,
        costs: Costs,
        cash: Decimal,
        start_ms: int,
    ) -> None:
        self._frame = made[strategy.entry]
        columns = Columns(strategy, made)
        risk = Risk(strategy, columns, instrument)
        self._start_ms = start_ms
        self._trailing_atr = None if risk.trailing_atr is None else columns.published(risk.trailing_atr)
        protection = Protection(strategy.protection, cash, instrument.quote_unit)
        self.desk = Desk(strategy, instrument, costs, risk, protection, cash)
        self._decider = Decider(strategy, columns, risk, self.desk, self._frame)
        self.notes = list(risk.notes)
        self.stopped_ms = 0  # of a stop that needs no bar: a minute after the last folded one
        self.status = "open"

    def fold(self, minutes: list[Minute], commands: list[Command]) -> None:
        closing = list(zip(self._frame["at"].tolist(), self._frame["late"].tolist(), strict=True))
        late = {at: j for j, (at, is_late) in enumerate(closing) if is_late}  # bar: the frame it finds still open
        in_time = {at: j for j, (at, is_late) in enumerate(closing) if not is_late}
        for i, minute in enumerate(minutes):
            due = [command for command in commands if command.effective_ms <= minute.open_ms]
            commands = [command for command in commands if command.effective_ms > minute.open_ms]
            if self._stops_before(due):
                return self._stop(self.stopped_ms)
            started = minute.open_ms >= self._start_ms
            if i in late:
                self._decider.entry_close(late[i], self._start_ms)
            self.desk.bar_begins(minute, started)
            for command in due:
                self._obey(command, minute.open_ms)
            if started:
                self.desk.at_open(minute)
                self.desk.inside(minute)
                self.desk.at_close(minute, None if self._trailing_atr is None else self._trailing_atr(i))
            if i in in_time:
                self._decider.entry_close(in_time[i], self._start_ms)
            self.stopped_ms = minute.open_ms + MINUTE_MS
            if started:
                if self.desk.till.filled_in_bar:
                    self.desk.mark_row(minute.close_ms)
                if self.desk.ending and self.desk.position is None:
                    self.status = self.desk.ending
                    return self.desk.journal.note(minute.close_ms, self.status)
        if minutes and self._stops_before([c for c in commands if c.effective_ms <= minutes[-1].close_ms + 1]):
            self._stop(self.stopped_ms)
        return None

    def _stops_before(self, due: Sequence[Command]) -> bool:
        """ "stop (keep), and stop (close) of a run that is flat: the run is stopped before anything of this bar";
        "the first stop by id counts"."""
        stops = [command for command in due if command.kind == "stop"]
        if not stops or self.desk.ending == "stopped":
            return False
        return self.desk.position is None or not (stops[0].args or {}).get("close_position", False)

    def _stop(self, ts_ms: int) -> None:
        self.desk.cancel_entry(ts_ms, "stop_command")
        self.desk.journal.note(ts_ms, "stopped")
        self.status = "stopped"

    def _obey(self, command: Command, open_ms: int) -> None:
        """ "A stop of the run whose close fills in part leaves it ending: ... later commands do nothing". A close waits
        for step (1) of this open."""
        desk = self.desk
        if desk.ending == "stopped":
            return
        match command.kind:
            case "pause":
                desk.cancel_entry(open_ms, "pause_command")
                if not desk.paused:
                    desk.journal.note(open_ms, "paused")
                desk.paused = True
            case "resume":
                if desk.paused:
                    desk.journal.note(open_ms, "unpaused")
                desk.paused = False
            case "close_position":
                desk.decide_close("close_command", open_ms)
            case "stop":
                desk.cancel_entry(open_ms, "stop_command")
                desk.decide_close("stop_command", open_ms)
                desk.ending = "stopped"
            case kind:
                raise NotImplementedError(f"command {kind}")

    def result(self) -> dict[str, Any]:
        journal = self.desk.journal
        return {
            "rows": journal.rows,
            "fills": journal.of("fill"),
            "trades": journal.of("trade"),
            "orders": journal.of("order"),
            "notes": journal.of("note"),
            "equity": [[row["ts_ms"], row["equity_quote"]] for row in journal.of("equity")],
            "open_position": self.desk.open_position(),
            "plan_notes": self.notes,
            "status": self.status,
            "doubtful_ms": self._decider.doubtful_ms,
        }
