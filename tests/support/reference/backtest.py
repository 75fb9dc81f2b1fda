"""The independent reference backtester: what the engine is held against.

Written from strategy-format, the design (section 4) and decision 0006 alone, in the most literal way; slow and plain.
`run` is the only entry point. Rule: nothing of the engine, the indicators or the strategy package is imported here.

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
- A `close_position` or closing `stop` at an open where an exit waits gives its own reason: commands come first.
- `&` and `|` bind like `and` and `or`. `highest(x, n)` with a value inside its n that is not ready is not ready.
- Exit rules are evaluated at every entry close, with the position of that close; position names of a flat run are
  not ready. `bars_since` and the like keep their memory from one position to the next.
- RSI flags and ADX strength: strict above / below as written for ADX. FVG outputs are not ready before its ATR is.
- VPFVG `vf_lvn_distance` and `vf_hvn_overlap`: of the stronger signalling side (long on a tie); none, not ready.
- `price_in_value_area` includes both ends; the bin of a close on an edge is the one above, clamped.
- Partial `risk_management` of a variant merges at every depth.
- A target of r_multiple without a stop is not placed (`no_target`). A base stop that rounds onto its fill is valid.
- Lowered at the fill below the minimum quantity, but not to nothing: only the minimum notional is checked again.
- ADX of a market that never moved is 0 as TA-Lib's; the midpoint rule is taken for RSI alone.
- The close of a frame that nothing has closed yet when the bars end does not happen.
- `open_position.entry_price` has the quote's decimals, as a trade's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any, NamedTuple

import pandas as pd

from tests.support.reference.columns import Columns
from tests.support.reference.frames import MINUTE_MS, frames
from tests.support.reference.ledger import EXACT, Costs, Instrument, Position, affordable, nearest
from tests.support.reference.protection import Protection
from tests.support.reference.risk import Readings, Risk
from tests.support.reference.rules import Logic
from tests.support.reference.strategy_file import SIDES, Strategy, decimal_of, load

POSITION_NAMES = ("entry_price", "bars_held", "profit_ratio", "r_multiple")


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
        backtest.fold(list(_minutes(bars, instrument)), sorted((Command(*c) for c in commands), key=lambda c: c.id))
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


@dataclass(frozen=True, slots=True)
class Minute:
    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    traded: bool

    @property
    def close_ms(self) -> int:
        return self.open_ms + MINUTE_MS - 1


def _minutes(bars: pd.DataFrame, instrument: Instrument) -> Any:
    names = ("open_time", "open", "high", "low", "close", "volume")
    for open_ms, *prices, volume in zip(*(bars[name].tolist() for name in names), strict=True):
        yield Minute(open_ms, *(instrument.price(price) for price in prices), traded=volume > 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """A market entry that waits for the next open."""

    side: int
    quantity: Decimal
    readings: Readings


class Backtest:
    def __init__(
        self,
        strategy: Strategy,
        made: Mapping[str, pd.DataFrame],
        instrument: Instrument,
        costs: Costs,
        cash: Decimal,
        start_ms: int,
    ) -> None:
        self.instrument, self.costs, self.start_ms = instrument, costs, start_ms
        self.frame = made[strategy.entry]
        self.closes = self.frame.close.tolist()
        self.columns = Columns(strategy, made)
        self.risk = Risk(strategy, self.columns, instrument)
        self.logic = {side: Logic(strategy.logic.get(side)) for side in SIDES}
        self._check_names()
        self.allow_short = strategy.execution.get("allow_short", True)
        self.protection = Protection(strategy.protection, cash, instrument.quote_unit)

        self.cash = self.equity = cash
        self.position: Position | None = None
        self.entry: Entry | None = None
        self.closing: str | None = None  # reason of the market close that waits for the next open
        self.ending: str | None = None  # status that the run takes once flat
        self.status = "open"
        self.paused = False
        self.filled_in_bar = False

        self.fills: list[dict[str, Any]] = []
        self.trades: list[dict[str, Any]] = []
        self.rows: list[list[Any]] = []
        self.rejections: list[dict[str, Any]] = []
        self.notes: list[dict[str, Any]] = [{"ts_ms": None, "note": note} for note in self.risk.notes]

    # --- the fold

    def fold(self, minutes: list[Minute], commands: list[Command]) -> None:
        closing = list(zip(self.frame["at"].tolist(), self.frame["late"].tolist(), strict=True))
        late = {at: j for j, (at, is_late) in enumerate(closing) if is_late}  # bar: the frame it finds still open
        in_time = {at: j for j, (at, is_late) in enumerate(closing) if not is_late}
        for i, minute in enumerate(minutes):
            due = [command for command in commands if command.effective_ms <= minute.open_ms]
            commands = [command for command in commands if command.effective_ms > minute.open_ms]
            if self._stops_before(due):
                self.status = "stopped"
                return
            if i in late:
                self._entry_close(late[i])
            if minute.open_ms < self.start_ms:
                for command in due:  # nothing is open yet: only pause and resume have something to do
                    self._obey(command, minute)
            if minute.open_ms >= self.start_ms:
                self._open(minute, due)
                if self.status != "open":
                    return
                if minute.traded:
                    self._rest(minute, at_open=False)
                self._mark(minute)
            if i in in_time:
                self._entry_close(in_time[i])
            if minute.open_ms >= self.start_ms:
                if self.filled_in_bar:
                    self._row(minute.close_ms)
                if self.ending and self.position is None:
                    self.status = self.ending
                    return
        if minutes and self._stops_before([c for c in commands if c.effective_ms <= minutes[-1].close_ms + 1]):
            self.status = "stopped"

    def _stops_before(self, due: Sequence[Command]) -> bool:
        """Whether the first stop among the commands keeps the position, or has none to close: it needs no bar."""
        stops = [command for command in due if command.kind == "stop"]
        keeps = stops and not (stops[0].args or {}).get("close_position", False)
        return bool(keeps or (stops and self.position is None))

    def _open(self, minute: Minute, due: list[Command]) -> None:
        self.filled_in_bar = False
        for command in due:
            if self.ending != "stopped":
                self._obey(command, minute)
        if self.ending == "stopped" and not self.filled_in_bar:
            self.status = "stopped"
            return
        if self.closing and self.position:
            self._take(minute, self.position.quantity, minute.open, minute.open_ms, self.closing)
        self.closing = None
        if self.entry:
            self._enter(self.entry, minute)
        self.entry = None
        if minute.traded:
            self._rest(minute, at_open=True)

    def _obey(self, command: Command, minute: Minute) -> None:
        match command.kind:
            case "pause":
                self.paused, self.entry = True, None
            case "resume":
                self.paused = False
            case "close_position":
                self._close_on_command(minute, "close_command")
            case "stop":
                self.ending, self.entry = "stopped", None
                self._close_on_command(minute, "stop_command")
            case kind:
                raise NotImplementedError(f"command {kind}")

    def _close_on_command(self, minute: Minute, reason: str) -> None:
        if self.position:
            self._take(minute, self.position.quantity, minute.open, minute.open_ms, self.closing or reason)

    def _mark(self, minute: Minute) -> None:
        self.equity = self.cash + (self.position.side * self.position.quantity * minute.close if self.position else 0)
        if self.position:
            self.position.live_through(minute.low, minute.high)
        if self.ending:
            return
        if self.equity <= 0:
            self._close_all("liquidation", ends=True)
            return
        triggered = self.protection.measure(self.equity, minute.close_ms)
        if triggered:
            self._close_all("protection", ends=triggered == "total")

    def _close_all(self, reason: str, *, ends: bool) -> None:
        self.entry = None
        self.closing = reason if self.position else None
        if ends:
            self.ending = "finished"

    # --- orders at work

    def _enter(self, entry: Entry, minute: Minute) -> None:
        price = self.costs.taken_price(minute.open, entry.side, self.instrument.tick)
        quantity = min(entry.quantity, affordable(self.cash, price, self.costs, self.instrument))
        if quantity == 0:
            return self._reject(minute.open_ms, "insufficient_cash")
        if quantity * price < self.instrument.min_notional:
            return self._reject(minute.open_ms, "min_notional")
        stop = self.risk.stop(entry.side, price, entry.readings)
        if stop is None and self.risk.has_stop:
            return self._reject(minute.open_ms, "invalid_stop")
        target = self.risk.target(entry.side, price, stop, entry.readings)
        if target is None and self.risk.has_target:
            self._note(minute.open_ms, "no_target")
        rungs, notes = self.risk.rungs(entry.side, price, quantity, target)
        for note in notes:
            self._note(minute.open_ms, note)
        fee = self._fill(minute, entry.side, quantity, price, minute.open_ms, "taker", "entry")
        self.position = Position(entry.side, quantity, minute.open_ms, price, fee, stop, target, rungs)
        return None

    def _rest(self, minute: Minute, *, at_open: bool) -> None:
        """Stop first, then rungs from the nearest, then the target: at the open, or within the bar's range."""
        position = self.position
        if position is None:
            return
        worst, best = (minute.low, minute.high) if position.side > 0 else (minute.high, minute.low)
        ts_ms = minute.close_ms
        if at_open:
            worst = best = minute.open
            ts_ms = minute.open_ms
        if position.stop is not None and position.side * (worst - position.stop) <= 0:
            reference = minute.open if at_open else position.stop
            self._take(minute, position.quantity, reference, ts_ms, "stop")
            return
        for rung in list(position.rungs):
            if position.side * (best - rung.price) > 0:
                position.rungs.remove(rung)
                price = minute.open if at_open else rung.price
                self._leave(minute, rung.quantity, price, ts_ms, "maker", f"partial_{rung.number}")
        if self.position and position.target is not None and position.side * (best - position.target) > 0:
            price = minute.open if at_open else position.target
            self._leave(minute, position.quantity, price, ts_ms, "maker", "target")

    def _take(self, minute: Minute, quantity: Decimal, reference: Decimal, ts_ms: int, reason: str) -> None:
        """Leave as a taker: worse than the reference by the costs."""
        price = self.costs.taken_price(reference, -self.position.side, self.instrument.tick)
        self._leave(minute, quantity, price, ts_ms, "taker", reason)

    def _leave(
        self, minute: Minute, quantity: Decimal, price: Decimal, ts_ms: int, liquidity: str, reason: str
    ) -> None:
        position = self.position
        fee = self._fill(minute, -position.side, quantity, price, ts_ms, liquidity, reason)
        position.close_part(quantity, price, fee)
        if position.quantity == 0:
            self.trades.append(position.trade(self.instrument, ts_ms, reason))
            self.position = None

    def _fill(
        self, minute: Minute, side: int, quantity: Decimal, price: Decimal, ts_ms: int, liquidity: str, reason: str
    ) -> Decimal:
        """Move the cash, write the row; the fee."""
        notional = price * quantity
        fee = self.costs.fee(notional, liquidity, self.instrument.quote_unit)
        self.cash -= side * notional + fee
        self.filled_in_bar = True
        self.fills.append(
            {
                "ts_ms": ts_ms,
                "side": "buy" if side > 0 else "sell",
                "quantity": self.instrument.quantity_text(quantity),
                "price": self.instrument.price_text(price),
                "fee_quote": self.instrument.quote_text(fee),
                "liquidity": liquidity,
                "reason": reason,
                "no_trade": not minute.traded,
            }
        )
        return fee

    # --- decisions

    def _entry_close(self, j: int) -> None:
        """Rules of entry bar `j`; orders and a row only when it ends after the start."""
        end_ms = int(self.frame.end.iloc[j])
        if self.position:
            self.position.bars_held += 1
        held = self._evaluate(j)
        readings = self.risk.read(j)
        if end_ms <= self.start_ms:
            return
        self._row(end_ms - 1)
        if self.ending is None:
            self._decide(j, end_ms - 1, held, readings)

    def _evaluate(self, j: int) -> dict[str, bool]:
        about_position = self._about_position(self.closes[j])

        def value(name: str) -> float | bool | str | None:
            return about_position[name] if name in about_position else self.columns.on_entry(name)[j]

        return {side: logic.next(value) for side, logic in self.logic.items()}

    def _about_position(self, close: float) -> dict[str, float | None]:
        position = self.position
        if position is None:
            return dict.fromkeys(POSITION_NAMES)
        entry = float(Fraction(position.entry_notional) / Fraction(position.entry_quantity))
        risked = None if position.first_stop is None else abs(entry - float(position.first_stop))
        return {
            "entry_price": entry,
            "bars_held": float(position.bars_held),
            "profit_ratio": (close - entry) / entry * position.side,
            "r_multiple": (close - entry) * position.side / risked if risked else None,
        }

    def _decide(self, j: int, close_ms: int, held: Mapping[str, bool], readings: Readings) -> None:
        position = self.position
        if position and self.closing is None and held["exit_long" if position.side > 0 else "exit_short"]:
            self.closing = "exit"
        if self.paused or self.protection.suspends(close_ms) or (position and self.closing is None):
            return
        long, short = held["entry_long"], held["entry_short"] and self.allow_short
        if long and short:
            self._note(close_ms, "both_sides")
        elif long or short:
            side = 1 if long else -1
            if position and position.side == side:
                self._note(close_ms, "same_side_dropped")
                return
            close = self.instrument.price(self.closes[j])
            quantity = self.risk.quantity(side, self.equity, close, readings)
            if isinstance(quantity, str):
                self._reject(close_ms, quantity)
            else:
                self.entry = Entry(side, quantity, readings)

    def _check_names(self) -> None:
        for side, logic in self.logic.items():
            known = POSITION_NAMES if side.startswith("exit") else ()
            unknown = [name for name in logic.names if name not in known and name not in self.columns]
            if unknown:
                raise ValueError(f"{side}: unknown names {unknown}")

    # --- rows

    def _row(self, ts_ms: int) -> None:
        if not self.rows or self.rows[-1][0] != ts_ms:
            self.rows.append([ts_ms, self.instrument.quote_text(self.equity)])

    def _reject(self, ts_ms: int, reason: str) -> None:
        self.rejections.append({"ts_ms": ts_ms, "reason": reason})

    def _note(self, ts_ms: int, note: str) -> None:
        self.notes.append({"ts_ms": ts_ms, "note": note})

    def result(self) -> dict[str, Any]:
        return {
            "fills": self.fills,
            "trades": self.trades,
            "equity": self.rows,
            "open_position": self._open_position(),
            "rejections": self.rejections,
            "notes": self.notes,
            "status": self.status,
        }

    def _open_position(self) -> dict[str, Any] | None:
        position = self.position
        if position is None:
            return None
        entry = nearest(
            Fraction(position.entry_notional) / Fraction(position.entry_quantity), self.instrument.quote_unit
        )
        text = self.instrument.price_text
        return {
            "side": "long" if position.side > 0 else "short",
            "quantity": self.instrument.quantity_text(position.quantity),
            "entry_price": self.instrument.quote_text(entry),
            "stop": None if position.stop is None else text(position.stop),
            "target": None if position.target is None else text(position.target),
        }
