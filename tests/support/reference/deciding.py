"""What an entry close decides: rules, then what expires, leaves, is cancelled and enters, in that order."""

from collections.abc import Mapping

import pandas as pd

from tests.support.reference.columns import Columns
from tests.support.reference.desk import Desk
from tests.support.reference.orders import Entry
from tests.support.reference.risk import Readings, Risk
from tests.support.reference.rules import Logic
from tests.support.reference.strategy_file import SIDES, Strategy

POSITION_NAMES = ("entry_price", "bars_held", "profit_ratio", "r_multiple")


class Decider:
    def __init__(self, strategy: Strategy, columns: Columns, risk: Risk, desk: Desk, frame: pd.DataFrame) -> None:
        self._columns, self._risk, self._desk = columns, risk, desk
        self._ends: list[int] = frame.end.tolist()
        self._closes: list[float] = frame.close.tolist()
        self._logic = {side: Logic(strategy.logic.get(side), columns.approximate) for side in SIDES}
        self.doubtful_ms: int | None = None  # first close whose rules hung on the last digits of an oracle
        self._check_names()
        self._allow_short = strategy.execution.get("allow_short", True)
        self._order_type = strategy.execution.get("order_type", "market")
        self._expire_bars = int(strategy.execution.get("expire_bars", 1))
        time_exit = strategy.risk.get("time_exit") or (strategy.risk.get("take_profit") or {}).get("time_exit")
        self._time_exit = int(time_exit["bars"]) if time_exit else None

    def entry_close(self, j: int, start_ms: int) -> None:
        """Rules of entry bar `j`; orders and a row only when it ends after the start."""
        desk, close_ms = self._desk, self._ends[j] - 1
        if desk.position:
            desk.position.bars_held += 1
        held = self._evaluate(j)
        readings = self._risk.read(j)
        if self.doubtful_ms is None and any(x.doubtful for x in (*self._logic.values(), self._risk)):
            self.doubtful_ms = close_ms
        if self._ends[j] <= start_ms:
            return
        desk.mark_row(close_ms)
        cooling = desk.cooldown > 0  # "at each entry close after that fill with the counter over 0"
        desk.cooldown = max(0, desk.cooldown - 1)
        if desk.ending is None:
            self._expire(j, close_ms)
            self._leave(close_ms, held)
            self._enter(j, close_ms, held, readings, cooling)

    def _expire(self, j: int, close_ms: int) -> None:
        """ "a limit or stop order that was decided `expire_bars` entry closes ago ends (`expired`)"; the rest of a
        triggered stop entry is a market order's and does not."""
        entry = self._desk.entry
        if entry and not entry.waits_for_open and j - entry.decided_at >= self._expire_bars:
            self._desk.cancel_entry(close_ms, "expired", event="expired")

    def _leave(self, close_ms: int, held: Mapping[str, bool]) -> None:
        """Exit rules, then the time exit; then "an exit rule of the order's side that holds cancels it"."""
        desk = self._desk
        if desk.position and held[_exit_of(desk.position.side)]:
            desk.decide_close("exit", close_ms)
        if desk.position and desk.position.bars_held == self._time_exit:
            desk.decide_close("time_exit", close_ms)
        if desk.entry and held[_exit_of(desk.entry.side)]:
            desk.cancel_entry(close_ms, "exit")

    def _enter(self, j: int, close_ms: int, held: Mapping[str, bool], readings: Readings, cooling: bool) -> None:
        """ "If flat or going flat, entries": one of the two sides, sized from this close."""
        desk = self._desk
        going_flat = desk.close is not None
        if desk.paused or cooling or desk.protection.suspends(close_ms) or (desk.position and not going_flat):
            return
        long, short = held["entry_long"], held["entry_short"] and self._allow_short
        if long and short:
            desk.journal.note(close_ms, "both_sides")  # "Long and short both true decide nothing: the order stays."
            return
        if not (long or short):
            return
        side = 1 if long else -1
        if desk.position and desk.position.side == side:
            desk.journal.note(close_ms, "same_side_dropped")
            return
        desk.cancel_entry(close_ms, "replaced")  # "before the new one is sized, which may come to nothing"
        close = desk.instrument.price(self._closes[j])
        price = self._risk.entry_price(side, close, self._order_type)
        order = Entry(side, self._order_type, "entry", price, readings=readings, decided_at=j)
        quantity, rejection = self._risk.quantity(side, desk.equity, price or close, readings)
        if rejection:
            desk.journal.order("rejected", order, close_ms, quantity, price, rejection)
            return
        order.left = quantity
        desk.journal.order("submitted", order, close_ms, quantity, price)
        desk.entry = order

    # --- rules

    def _evaluate(self, j: int) -> dict[str, bool]:
        about_position = self._about_position(self._closes[j])

        def value(name: str) -> float | bool | str | None:
            return about_position[name] if name in about_position else self._columns.on_entry(name)[j]

        return {side: logic.next(value) for side, logic in self._logic.items()}

    def _about_position(self, close: float) -> dict[str, float | None]:
        position = self._desk.position
        if position is None:
            return dict.fromkeys(POSITION_NAMES)
        entry = float(position.entry_price(self._desk.instrument.tick))  # "in ticks ... as the nearest double"
        risked = None if position.first_stop is None else abs(entry - float(position.first_stop))
        return {
            "entry_price": entry,
            "bars_held": float(position.bars_held),
            "profit_ratio": (close - entry) / entry * position.side if entry else None,
            "r_multiple": (close - entry) * position.side / risked if risked else None,
        }

    def _check_names(self) -> None:
        for side, logic in self._logic.items():
            known = POSITION_NAMES if side.startswith("exit") else ()
            unknown = [name for name in logic.names if name not in known and name not in self._columns]
            if unknown:
                raise ValueError(f"{side}: unknown names {unknown}")


def _exit_of(side: int) -> str:
    return "exit_long" if side > 0 else "exit_short"
