"""How much to enter, and where the stop, the target and the rungs of an entry lie.

Rule: what the deciding close knew is frozen in `Readings`; the fill only adds its price.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import isqrt
from typing import Any

from tests.support.reference.columns import Columns
from tests.support.reference.frames import TIMEFRAMES
from tests.support.reference.indicators import Column
from tests.support.reference.ledger import Instrument, down, nearest, to_e8
from tests.support.reference.rules import Expression
from tests.support.reference.strategy_file import Strategy, decimal_of

MINUTES_A_YEAR = 365 * 1440


@dataclass(frozen=True, slots=True)
class Rung:
    """A rung of the ladder, or why it is not placed."""

    number: int  # position in the file, from 1
    price: Decimal
    quantity: Decimal
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Readings:
    """Everything besides the close that sizing, stop and target read, as at the deciding close."""

    size_multiplier: Decimal
    stop_multiplier: Decimal
    stop_area: tuple[float | None, float | None]  # VAH, VAL
    target_area: tuple[float | None, float | None]
    atr: float | None
    size_atr: float | None  # of volatility_target
    stop_level: float | None  # value of stop_loss.price
    target_level: float | None


class Risk:
    def __init__(self, strategy: Strategy, columns: Columns, instrument: Instrument) -> None:
        risk = strategy.risk
        self._instrument = instrument
        self._risk = risk
        self._stop: Mapping[str, Any] = risk.get("stop_loss") or {}
        self._target: Mapping[str, Any] = risk.get("take_profit") or {}
        self._size: Mapping[str, Any] = risk.get("position_size") or {}
        self._ladder: list[Mapping[str, Any]] = self._target.get("partial_exits") or risk.get("partial_exits") or []
        if self._stop and not any(form in self._stop for form in ("base_percent", "atr", "price")):
            raise ValueError("stop_loss needs base_percent, atr or price")
        self.notes: list[str] = []
        self._columns = columns
        self._strategy = strategy
        self._stop_price, self._target_price = (
            Expression(section["price"], columns.approximate) if "price" in section else None
            for section in (self._stop, self._target)
        )
        self._size_regime = self._regime(self._size, "regime_adjustments")
        self._stop_regime = self._regime(self._stop, "adx_adjustments")
        self._strength = self._strength_column()
        self._stop_levels = self._value_area(self._stop) if self._stop.get("use_vp_levels") else None
        self._target_levels = self._value_area(self._target) if self._target.get("use_vp_targets") else None
        self._atr = columns.main(self._stop["atr"]["id"]) if "atr" in self._stop else None
        self._size_atr, self._yearly = self._volatility() if "volatility_target" in self._size else (None, 0)

    @property
    def doubtful(self) -> bool:
        """See rules.py."""
        return any(price is not None and price.doubtful for price in (self._stop_price, self._target_price))

    @property
    def has_stop(self) -> bool:
        return bool(self._stop)

    def read(self, j: int) -> Readings:
        """Must be called once for every entry bar: the price expressions have memory."""

        def value(name: str) -> float | bool | str | None:
            return self._columns.on_entry(name)[j]

        return Readings(
            size_multiplier=_adjustment(self._size.get("regime_adjustments"), self._size_regime, j)
            * self._strength_at(j),
            stop_multiplier=_adjustment(self._stop.get("adx_adjustments"), self._stop_regime, j),
            stop_area=_area_at(self._stop_levels, j),
            target_area=_area_at(self._target_levels, j),
            atr=self._atr[j] if self._atr else None,
            size_atr=self._size_atr[j] if self._size_atr else None,
            stop_level=_price(self._stop_price.next(value)) if self._stop_price else None,
            target_level=_price(self._target_price.next(value)) if self._target_price else None,
        )

    # --- how much

    def entry_price(self, side: int, close: Decimal, type_: str) -> Decimal:
        """ "From the close C of the deciding bar: limit = C x (1 - side x offset), trigger of a stop entry =
        C x (1 + side x offset), to the nearest tick, ties to even, rounded once"; 0 of a market order."""
        execution = self._strategy.execution
        offset = decimal_of(execution.get(f"{type_}_offset_bps", 0)).scaleb(-4)
        match type_:
            case "limit":
                return nearest(close * (1 - side * offset), self._instrument.tick)
            case "stop":
                return nearest(close * (1 + side * offset), self._instrument.tick)
        return Decimal(0)

    def quantity(self, side: int, equity: Decimal, price: Decimal, readings: Readings) -> tuple[Decimal, str | None]:
        """Quantity of an entry, and the reason of its rejection if it is rejected.

        `price`: the deciding close, or the order's own: "This price stands in for the close in the quantity, in the
        stop that risk_pct measures, in the cap and in the minimum notional."
        """
        instrument = self._instrument
        if equity <= 0:
            return Decimal(0), "no_equity"
        if self._not_ready(readings):
            return Decimal(0), "not_ready"
        if self._risks and self.stop(side, price, readings) in (None, price):
            return Decimal(0), "no_stop_distance"
        if price == 0:  # "A price that rounds to 0 ticks buys no lot"
            return Decimal(0), "min_quantity"
        lot_price = Fraction(price * instrument.step)
        lots = int(self._lots_wanted(side, equity, price, readings))
        cap = self._key("max_position_pct")
        if cap is not None:
            lots = min(lots, int(Fraction(equity * decimal_of(cap)) / lot_price))
        quantity = lots * instrument.step
        if quantity < max(instrument.step, instrument.min_quantity):
            return quantity, "min_quantity"
        if quantity * price < instrument.min_notional:
            return quantity, "min_notional"
        return quantity, None

    @property
    def _risks(self) -> bool:
        """Whether risk_pct sizes."""
        return self._key("risk_pct") is not None and self._key("use_position_sizing") is not False

    def _lots_wanted(self, side: int, equity: Decimal, price: Decimal, readings: Readings) -> Fraction:
        lot_price = Fraction(price * self._instrument.step)
        if self._risks:
            distance = abs(price - self.stop(side, price, readings))
            return Fraction(equity * decimal_of(self._key("risk_pct"))) / Fraction(distance * self._instrument.step)
        if readings.size_atr is not None:
            # "floor(equity x A x tick / (a x unit))": a lot is unit / tick, A counts 10^-12
            a = to_e8(readings.size_atr)
            return Fraction(equity) * Fraction(self._yearly, 10**12) / (a * Fraction(self._instrument.step))
        if "quote" in self._size:
            return Fraction(decimal_of(self._size["quote"]) * readings.size_multiplier) / lot_price
        fraction = decimal_of(self._size.get("base_size", "0.1"))
        return Fraction(equity * fraction * readings.size_multiplier) / lot_price

    def _volatility(self) -> tuple[Column, int]:
        """ATR column and "A = v x 10^12 / sqrt(365 days / timeframe of the ATR), half to even"."""
        id_ = self._size.get("atr") or self._strategy.first("ATR")
        if id_ is None:
            raise ValueError("volatility_target needs an ATR")
        bars_a_year = Fraction(MINUTES_A_YEAR, TIMEFRAMES[self._strategy.named(id_).timeframe])
        return self._columns.main(id_), over_root(decimal_of(self._size["volatility_target"]) * 10**12, bars_a_year)

    def _key(self, name: str) -> object:
        return self._size.get(name, self._risk.get(name))

    def _not_ready(self, readings: Readings) -> bool:
        if self._size_atr is not None and (readings.size_atr is None or to_e8(readings.size_atr) == 0):
            return True  # "ATR not ready, or zero after rounding: rejected (`not_ready`)"
        stop_waits = (self._atr is not None and readings.atr is None) or (
            self._stop_price is not None and readings.stop_level is None
        )
        target_waits = self._target_price is not None and readings.target_level is None
        return (stop_waits and "base_percent" not in self._stop) or (
            target_waits and not self._target.keys() & {"base_percent", "r_multiple"}
        )

    # --- where to leave

    def stop(self, side: int, fill: Decimal, readings: Readings) -> Decimal | None:
        """Stop of an entry filled at `fill`; None when there is no valid one (or no section at all)."""
        if not self._stop:
            return None
        stop = self._stated_stop(side, fill, readings)
        if stop is None and "base_percent" in self._stop:
            distance = self._base_distance(fill, readings)
            stop = nearest(Fraction(fill) - side * Fraction(distance), self._instrument.tick)
            vah, val = readings.stop_area
            level = val if side > 0 else vah
            if self._stop_levels is not None and level is not None:
                buffer = decimal_of(self._stop.get("vp_buffer", 0))
                vp = nearest(to_e8(level) * Fraction(1 - side * buffer), self._instrument.tick)
                stop = vp if _usable(side * (fill - vp), distance) else stop
        return stop if stop is not None and stop > 0 else None

    def _stated_stop(self, side: int, fill: Decimal, readings: Readings) -> Decimal | None:
        """Stop of `price` or `atr`, where it is ready and on the losing side."""
        stop = None
        if self._stop_price is not None and readings.stop_level is not None:
            stop = self._instrument.price(readings.stop_level)
        elif self._atr is not None and readings.atr is not None:
            distance = to_e8(float(self._stop["atr"]["mult"]) * readings.atr)
            stop = nearest(Fraction(fill) - side * Fraction(distance), self._instrument.tick)
        return stop if stop is not None and stop > 0 and side * (fill - stop) > 0 else None

    def _base_distance(self, fill: Decimal, readings: Readings) -> Decimal:
        return fill * decimal_of(self._stop["base_percent"]) * readings.stop_multiplier

    def target(self, side: int, fill: Decimal, stop: Decimal | None, readings: Readings) -> Decimal | None:
        """Price that closes what is left; None when there is none, or none on the winning side."""
        distance = self._target_distance(fill, stop)
        target = None if distance is None else nearest(fill + side * distance, self._instrument.tick)
        if self._target_price is not None and readings.target_level is not None:
            stated = self._instrument.price(readings.target_level)
            target = stated if side * (stated - fill) > 0 or target is None else target
        elif self._target_levels is not None and distance is not None:
            vah, val = readings.target_area
            level = vah if side > 0 else val
            vp = None if level is None else self._instrument.price(level)
            target = vp if vp is not None and _usable(side * (vp - fill), distance) else target
        return target if target is not None and target > 0 and side * (target - fill) > 0 else None

    @property
    def has_target(self) -> bool:
        return any(self._target.get(form) for form in ("base_percent", "r_multiple", "price", "use_vp_targets"))

    def _target_distance(self, fill: Decimal, stop: Decimal | None) -> Decimal | None:
        if "base_percent" in self._target:
            return fill * decimal_of(self._target["base_percent"])
        if "r_multiple" in self._target and stop is not None:
            return decimal_of(self._target["r_multiple"]) * abs(fill - stop)
        return None

    def rungs(self, side: int, fill: Decimal, quantity: Decimal, target: Decimal | None) -> list[Rung]:
        """The ladder of an entry, nearest first, with a note on every rung that is not placed."""
        rungs, left = [], quantity
        for number, entry in enumerate(self._ladder, start=1):
            price = nearest(fill * (1 + side * decimal_of(entry["level"])), self._instrument.tick)
            part = down(left * decimal_of(entry["percent"]), self._instrument.step)
            if target is not None and side * (target - price) <= 0:
                rungs.append(Rung(number, price, part, note="rung_beyond_target"))
            elif part == 0 or price <= 0 or part * price < self._instrument.min_notional:
                rungs.append(Rung(number, price, part, note="rung_passed_over"))
            else:
                rungs.append(Rung(number, price, part))
                left -= part
        return rungs

    # --- where a stop moves to

    def _moves(self, key: str) -> Any:
        """ "Both stand in `stop_loss` or directly in `risk_management`"."""
        return self._stop.get(key, self._risk.get(key))

    @property
    def trailing_atr(self) -> str | None:
        """Id of the ATR that a trailing stop reads."""
        trailing = self._moves("trailing") or {}
        return trailing["atr"]["id"] if "atr" in trailing else None

    def breakeven(self, side: int, entry: Decimal, first_stop: Decimal, best: Decimal) -> Decimal | None:
        """ "Break-even: gain >= breakeven_at_r x risk: candidate = the entry price." """
        at_r = self._moves("breakeven_at_r")
        if at_r is None or side * (best - entry) < decimal_of(at_r) * abs(entry - first_stop):
            return None
        return entry

    def trailing(
        self, side: int, entry: Decimal, first_stop: Decimal, best: Decimal, atr: float | None
    ) -> Decimal | None:
        """ "Trailing: gain >= activate_at_r x risk: candidate = best x (1 - side x percent), or best - side x d,
        with d = mult x ATR as a float product, rounded to 1e-8"."""
        trailing = self._moves("trailing")
        if not trailing:
            return None
        if side * (best - entry) < decimal_of(trailing.get("activate_at_r", 0)) * abs(entry - first_stop):
            return None
        if "percent" in trailing:
            candidate = Fraction(best * (1 - side * decimal_of(trailing["percent"])))
        else:
            distance = None if atr is None else to_e8(float(trailing["atr"]["mult"]) * atr)
            if distance is None or distance <= 0:
                return None  # "not ready or not positive: no candidate"
            candidate = Fraction(best) - side * distance
        stop = nearest(candidate, self._instrument.tick)
        return stop if stop > 0 else None  # "a candidate of zero or less is none"

    # --- what they read

    def _regime(self, section: Mapping[str, Any], adjustments: str) -> tuple[Column, Column] | None:
        if not section.get(adjustments):
            return None
        id_ = section.get("regime") or self._size.get("regime") or self._strategy.first("ADX")
        if id_ is None:
            self.notes.append(f"{adjustments}: no ADX, taken as 1")
            return None
        return self._columns.output(id_, "ADX_trend"), self._columns.output(id_, "ADX_range")

    def _strength_column(self) -> Column | None:
        if not self._size.get("signal_strength_multiplier"):
            return None
        id_ = self._size.get("strength") or self._strategy.first("VPFVGSignal")
        if id_ is None:
            self.notes.append("signal_strength_multiplier: no indicator has a signal_strength, taken as 1")
            return None
        return self._columns.output(id_, "signal_strength")

    def _strength_at(self, j: int) -> Decimal:
        value = self._strength[j] if self._strength else None
        return Decimal(1) if value is None else Decimal(round(value * 1e6)).scaleb(-6)

    def _value_area(self, section: Mapping[str, Any]) -> tuple[Column, Column]:
        id_ = section.get("vp") or self._strategy.first("VolumeProfile")
        if id_ is None:
            raise ValueError("levels of a volume profile need a VolumeProfile")
        return self._columns.output(id_, "vah_price"), self._columns.output(id_, "val_price")


def over_root(value: Decimal, radicand: Fraction) -> int:
    """value / sqrt(radicand) to the nearest whole number, ties to even, without a float."""
    squared = Fraction(value) ** 2 / radicand
    whole = isqrt(squared.numerator // squared.denominator)
    half = Fraction(2 * whole + 1, 2) ** 2
    return whole + (squared > half or (squared == half and whole % 2 == 1))


def _price(value: float | None) -> float | None:
    """An expression's value as a price; what no bar could have is not ready."""
    return value if value is not None and value < 1e10 else None


def _area_at(area: tuple[Column, Column] | None, j: int) -> tuple[float | None, float | None]:
    return (None, None) if area is None else (area[0][j], area[1][j])


def _usable(distance: Decimal, base: Decimal) -> bool:
    """A profile level replaces the base one: right side, between half and twice the base distance."""
    return distance > 0 and base <= 2 * distance and distance <= 2 * base


def _adjustment(adjustments: Mapping[str, Any] | None, regime: tuple[Column, Column] | None, j: int) -> Decimal:
    if not adjustments or regime is None:
        return Decimal(1)
    trend, range_ = regime
    name = "trending" if trend[j] is True else "ranging" if range_[j] is True else "uncertain"
    return decimal_of(adjustments.get(name, 1))
