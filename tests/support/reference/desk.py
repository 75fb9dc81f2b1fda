"""The desk: cash, the position, the orders at work, and what one base bar does to them, in the order of decision 0009.

Quotes in this file are that page's words.
"""

from decimal import Decimal
from typing import Any

from tests.support.reference.ledger import Costs, Instrument, Position, nearest
from tests.support.reference.minute import Minute
from tests.support.reference.orders import Entry, Journal, Order
from tests.support.reference.protection import Protection, Trigger
from tests.support.reference.risk import Risk
from tests.support.reference.strategy_file import Strategy
from tests.support.reference.till import Till


class Desk:
    def __init__(
        self,
        strategy: Strategy,
        instrument: Instrument,
        costs: Costs,
        risk: Risk,
        protection: Protection,
        cash: Decimal,
    ) -> None:
        self.instrument, self.risk, self.protection = instrument, risk, protection
        self.journal = Journal(instrument)
        self.till = Till(instrument, costs, self.journal, cash)
        self.equity = cash
        self.position: Position | None = None
        self.entry: Entry | None = None
        self.close: Order | None = None  # "a close that waits": a market order, or the stop once it was triggered
        self.stop: Order | None = None
        self.target: Order | None = None
        self.rungs: list[Order] = []
        self.ending: str | None = None  # status that the run takes once flat
        self.paused = False
        self.cooldown = 0  # entry closes to come at which no entry is decided
        self._cooldown_rule = strategy.risk.get("cooldown") or {}

    # --- a base bar

    def bar_begins(self, minute: Minute, started: bool) -> None:
        self.till.bar_begins(minute)
        if started:
            self.protection.day_begins(minute.open_ms)

    def at_open(self, minute: Minute) -> None:
        if self.close:  # "(1) a close that waits"
            self._fill_close(minute)
        if self.entry and self.entry.waits_for_open:  # "(2) a market entry, or a stop entry that was triggered before"
            self._fill_entry(minute, minute.open, "taker", minute.open_ms)
        if minute.traded:
            # "(3) resting exits against the open: the stop if the open has reached it, else rungs and target that it
            # has passed"
            self._fill_exits(minute, minute.open, minute.open, at_open=True)
            self._meet_entry(minute, minute.open, minute.open, at_open=True)  # "(4) a resting entry against the open"

    def inside(self, minute: Minute) -> None:
        """ "Inside the bar, if it has volume"."""
        if not minute.traded:
            return
        self._fill_exits(minute, minute.low, minute.high, at_open=False)  # "(5) exits as ever"
        if self._meet_entry(minute, minute.low, minute.high, at_open=False):  # "(6) the resting entry"
            self._fill_stop(minute, minute.low, minute.high, at_open=False)  # "(7) if an entry filled in (6): its stop"

    def at_close(self, minute: Minute, atr: float | None) -> None:
        """Mark, move the stop, then protection."""
        held = self.position.side * self.position.quantity if self.position else Decimal(0)
        self.equity = self.till.cash + held * minute.close
        if self.position:
            self.position.live_through(minute.low, minute.high, minute.close)
            self._move_stop(minute, atr)
        if self.ending is None:
            for trigger in self.protection.measure(self.equity, minute.close_ms):
                self._pull(trigger, minute.close_ms)

    def mark_row(self, ts_ms: int) -> None:
        position = self.position.side * self.position.quantity if self.position else Decimal(0)
        self.journal.equity(ts_ms, self.equity, self.till.cash, position)

    # --- closes

    def decide_close(self, reason: str, ts_ms: int) -> None:
        """ "A close that is decided, or commanded, cancels the rest of the same side with its own reason, before it is
        submitted"; "a close that waits keeps its first reason"."""
        if self.position is None or self.close is not None:
            return
        if self.entry and self.entry.has_filled:
            self.cancel_entry(ts_ms, reason)
        self.close = Order(-self.position.side, "market", reason)
        self.journal.order("submitted", self.close, ts_ms, self.position.quantity)

    def _pull(self, trigger: Trigger, close_ms: int) -> None:
        """ "Each trigger cancels a resting entry before it closes"."""
        if trigger.note:
            self.journal.note(close_ms, trigger.note, trigger.value)
        if trigger.reason:
            self.cancel_entry(close_ms, trigger.reason)
        if trigger.closes:
            self.decide_close(trigger.reason, close_ms)
        if trigger.ends:
            self.ending = "finished"

    def _fill_close(self, minute: Minute) -> None:
        assert self.close is not None
        self._leave(self.close, minute, minute.open, "taker", minute.open_ms)

    # --- exits that rest

    def _fill_exits(self, minute: Minute, low: Decimal, high: Decimal, *, at_open: bool) -> None:
        """The stop closes everything and nothing else happens; else rungs from the nearest, then the target."""
        if self.position is None or self._fill_stop(minute, low, high, at_open=at_open):
            return
        best = high if self.position.side > 0 else low
        ts_ms = minute.open_ms if at_open else minute.close_ms
        for order in [*self.rungs, *([self.target] if self.target else [])]:
            if self.position and self.position.side * (best - order.price) > 0:  # "trades through strictly"
                self._leave(order, minute, minute.open if at_open else order.price, "maker", ts_ms)

    def _fill_stop(self, minute: Minute, low: Decimal, high: Decimal, *, at_open: bool) -> bool:
        """Whether the stop was touched, and so nothing else may be filled: by the open it fills there, inside the bar
        at its level, plus costs."""
        position, stop = self.position, self.stop
        if position is None or stop is None:
            return False
        worst = low if position.side > 0 else high
        if position.side * (worst - stop.price) > 0:
            return False
        reference, ts_ms = (minute.open, minute.open_ms) if at_open else (stop.price, minute.close_ms)
        filled = self._leave(stop, minute, reference, "taker", ts_ms)
        if filled and self.position is not None and self.close is None:
            # "A stop that is triggered and not filled whole becomes the close that waits (same order, its own type and
            # reason), unless one waits already"
            self.close = stop
        return True

    def _leave(self, order: Order, minute: Minute, reference: Decimal, liquidity: str, ts_ms: int) -> Decimal:
        """Fill an order that reduces the position, as far as the bar has lots; the quantity."""
        position = self.position
        assert position is not None
        wanted = position.quantity if order.left is None else min(order.left, position.quantity)
        quantity = self.till.lots(wanted)
        if quantity == 0:
            return quantity  # "an order that finds nothing left does nothing at all"
        price = self.till.price(reference, order.side, liquidity)
        fee = self.till.fill(order, minute, quantity, price, reference, liquidity, ts_ms)
        position.close_part(quantity, price, fee)
        if order.left is not None:
            order.left -= quantity
        done = position.quantity == 0 or order.left == 0
        self.journal.order("filled" if done else "partially_filled", order, ts_ms, quantity, price)
        if done and order in self.rungs:
            self.rungs.remove(order)
        if position.quantity == 0:
            self.journal.trade(position.trade(self.instrument, ts_ms, order.reason))
            self.position = self.close = None
            self._trade_ended(position.net)
        if self.entry and self.entry.has_filled:
            # "A fill that reduces the position cancels the rest of its entry (`position_reduced`), after the fill's
            # rows and before other exits are cancelled"
            self.cancel_entry(ts_ms, "position_reduced")
        if self.position is None:
            self._cancel_exits(ts_ms, "position_closed", but=order)
        return quantity

    def _trade_ended(self, net: Decimal) -> None:
        """ "A trade that ends (with net <= 0 for `after: loss`) sets a counter to `bars`"."""
        self.protection.trade_ended(net)
        if self._cooldown_rule and (net <= 0 or self._cooldown_rule.get("after", "any") == "any"):
            self.cooldown = int(self._cooldown_rule["bars"])

    def _cancel_exits(self, ts_ms: int, reason: str, but: Order | None = None) -> None:
        for order in (self.stop, self.target, *self.rungs):
            if order and order is not but:
                self.journal.order("cancelled", order, ts_ms, reason=reason)
        self.stop = self.target = None
        self.rungs = []

    # --- the entry

    def _meet_entry(self, minute: Minute, low: Decimal, high: Decimal, *, at_open: bool) -> bool:
        """The resting entry against the open or the range: "a limit passed strictly fills at the open (maker, no
        costs), a trigger reached is taken at the open plus costs"; "a limit traded through strictly fills at its price
        (maker), a trigger touched is taken at the trigger plus costs". Whether it filled."""
        entry = self.entry
        if entry is None or entry.waits_for_open:
            return False
        ts_ms = minute.open_ms if at_open else minute.close_ms
        reference = minute.open if at_open else entry.price
        if entry.type == "limit":
            cheapest = low if entry.side > 0 else high
            met, liquidity = entry.side * (entry.price - cheapest) > 0, "maker"
        else:
            dearest = high if entry.side > 0 else low
            met, liquidity = entry.side * (dearest - entry.price) >= 0, "taker"
        return met and self._fill_entry(minute, reference, liquidity, ts_ms)

    def _fill_entry(self, minute: Minute, reference: Decimal, liquidity: str, ts_ms: int) -> bool:
        """Fill the entry order as far as cash and the bar's lots go. Whether it filled."""
        entry = self.entry
        assert entry is not None
        if self.position and not entry.has_filled:
            return False  # "An entry fills only when flat, or as the rest of an order whose first part opened ..."
        if self.till.is_empty:
            return False
        price = self.till.price(reference, entry.side, liquidity)
        lowered = self.till.covers(entry.left, price, liquidity)
        if not entry.has_filled:
            reason = self._rejection(entry, price, lowered)
            if reason:
                self.journal.order("rejected", entry, ts_ms, lowered or entry.left, price, reason)
                self.entry = None
                return False
        elif lowered == 0:  # "later, no cash for one more lot cancels the rest"
            self.cancel_entry(ts_ms, "insufficient_cash")
            return False
        if lowered < entry.left:
            entry.left = lowered
            self.journal.order("amended", entry, ts_ms, lowered, entry.price, "insufficient_cash")
        quantity = self.till.lots(lowered)
        entry.left -= quantity
        fee = self.till.fill(entry, minute, quantity, price, reference, liquidity, ts_ms)
        self.journal.order("filled" if entry.left == 0 else "partially_filled", entry, ts_ms, quantity, price)
        if self.position is None:
            self.position = Position(entry.side, ts_ms, price, inside_bar=ts_ms != minute.open_ms)
        self.position.open_part(quantity, price, fee)
        self._lay_exits(entry, ts_ms)
        entry.has_filled, entry.triggered = True, entry.type == "stop"
        if entry.left == 0:
            self.entry = None
        return True

    def _rejection(self, entry: Entry, price: Decimal, lowered: Decimal) -> str | None:
        if lowered == 0:
            return "insufficient_cash"
        if price == 0 or lowered * price < self.instrument.min_notional:
            return "min_notional"
        if self.risk.has_stop and self.risk.stop(entry.side, price, entry.readings) is None:
            return "invalid_stop"
        return None

    def _lay_exits(self, entry: Entry, ts_ms: int) -> None:
        """Stop, target and rungs for the whole position from its entry price; "what rested is cancelled (reason
        `replaced`)"."""
        position, risk = self.position, self.risk
        assert position is not None
        price = position.entry_price(self.instrument.tick)
        before, fresh = self.stop, risk.stop(entry.side, price, entry.readings)
        self._cancel_exits(ts_ms, "replaced")
        if risk.has_stop:
            self.stop = self._stop_anew(position, before, fresh)
            self._submit(self.stop, ts_ms)
        target = risk.target(entry.side, price, position.first_stop, entry.readings)
        if target is not None:
            self.target = Order(-position.side, "limit", "target", target)
            self._submit(self.target, ts_ms)
        elif risk.has_target:
            self.journal.note(ts_ms, "no_target", int(price / self.instrument.tick))
        for rung in risk.rungs(entry.side, price, position.quantity, target):
            if rung.note:
                self.journal.note(ts_ms, rung.note, rung.number)
            else:
                self.rungs.append(Order(-position.side, "limit", f"partial_{rung.number}", rung.price, rung.quantity))
                self._submit(self.rungs[-1], ts_ms)

    def _stop_anew(self, position: Position, before: Order | None, fresh: Decimal | None) -> Order:
        """ "A stop that trailing or break-even has moved stays where it is if it is tighter, with its reason; if the
        new initial stop is invalid, stop and first stop stay as they are"."""
        level, reason = fresh, "stop"
        if fresh is None or (before and before.reason != "stop" and position.side * (before.price - fresh) > 0):
            assert before is not None
            level, reason = before.price, before.reason
        if fresh is not None:
            position.first_stop = fresh
        return Order(-position.side, "stop", reason, level)

    def _submit(self, order: Order, ts_ms: int) -> None:
        quantity = self.position.quantity if order.left is None else order.left
        self.journal.order("submitted", order, ts_ms, quantity, order.price)

    def cancel_entry(self, ts_ms: int, reason: str, event: str = "cancelled") -> None:
        if self.entry:
            self.journal.order(event, self.entry, ts_ms, self.entry.left, self.entry.price, reason)
            self.entry = None

    # --- the stop moves

    def _move_stop(self, minute: Minute, atr: float | None) -> None:
        """ "Break-even is looked at first, trailing then against its outcome. One `amended` order event a bar"."""
        position, stop = self.position, self.stop
        if stop is None or stop is self.close:  # "A stop that has become the close moves no more"
            return
        assert position is not None
        price = position.entry_price(self.instrument.tick)
        measured = (position.side, price, position.first_stop, position.best)
        before = stop.price
        for reason, candidate in (
            ("breakeven", self.risk.breakeven(*measured)),
            ("trailing", self.risk.trailing(*measured, atr)),
        ):
            # "a candidate moves the stop only when strictly tighter"
            if candidate is not None and position.side * (candidate - stop.price) > 0:
                stop.price, stop.reason = candidate, reason
        if stop.price != before:
            self.journal.order("amended", stop, minute.close_ms, position.quantity, stop.price)

    def open_position(self) -> dict[str, Any] | None:
        position = self.position
        if position is None:
            return None
        text = self.instrument.price_text
        return {
            "side": "long" if position.side > 0 else "short",
            "quantity": self.instrument.quantity_text(position.quantity),
            "entry_price": self.instrument.quote_text(nearest(position.average, self.instrument.quote_unit)),
            "stop": None if self.stop is None else text(self.stop.price),
            "target": None if self.target is None else text(self.target.price),
        }
