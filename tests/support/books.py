"""The books of a run, kept from its fills alone: what every row must agree with, to the last unit.

Nothing is asked of the engine but its rows; no formula here is its own, each is one line of the cost model.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext

from shared.domain.instrument import Costs, InstrumentRules
from shared.performance.document import Json
from tests.support.reference.backtest import most_to_fill
from tests.support.reference.ledger import EXACT, Instrument

PPM = Decimal(1_000_000)
ENDED = ("filled", "rejected", "cancelled", "expired")


@dataclass(slots=True)
class Book:
    """One order as its rows tell of it."""

    stated: Decimal  # quantity, as last submitted or amended
    filled: Decimal = Decimal(0)
    ended: bool = False


@dataclass(slots=True)
class Trip:
    """Fills since the run was last flat."""

    fees: Decimal = Decimal(0)
    bought: Decimal = Decimal(0)  # notional
    sold: Decimal = Decimal(0)
    parts: list[Json] = field(default_factory=list)


class Auditor:
    """Reads the rows of a run in order; raises at the first that does not follow from the fills before it."""

    def __init__(self, rules: InstrumentRules, costs: Costs, cash: Decimal, closes: Mapping[int, float]) -> None:
        self._rules, self._costs = rules, costs
        self._instrument = Instrument(rules.tick_size, rules.lot_step, rules.min_quantity, rules.min_notional)
        self._unit = Decimal(1).scaleb(-rules.quote_decimals)
        self._closes = closes  # of base bars, by close_ms
        self._cash, self._position = cash, Decimal(0)
        self._trip = Trip()
        self._orders: dict[int, Book] = {}
        self._stops: dict[int, Decimal] = {}
        self.filled_by_minute: dict[int, Decimal] = defaultdict(Decimal)

    def read(self, rows: Sequence[Json]) -> None:
        for number, row in enumerate(rows, start=1):
            assert row["seq"] == number, row
            {"order": self._order, "fill": self._fill, "trade": self._trade, "equity": self._equity}.get(
                str(row["row"]), lambda _: None
            )(row)

    def _order(self, row: Json) -> None:
        """An order is submitted once, goes on as stated, ends once, and is filled for what it stated."""
        seq, event, quantity = row["order_seq"], row["event"], Decimal(str(row["quantity"]))
        assert isinstance(seq, int)
        if seq == row["seq"]:
            assert event in ("submitted", "rejected"), row
            self._orders[seq] = Book(quantity)
        book = self._orders[seq]
        assert not book.ended, row
        book.ended = event in ENDED
        match event:
            case "amended" if row["type"] == "stop" and row["reason"] in ("trailing", "breakeven"):
                side, price = (1 if row["side"] == "sell" else -1), Decimal(str(row["price"]))
                assert side * (price - self._stops[seq]) > 0, f"loosened: {row}"
                self._stops[seq] = price
            case "amended":
                book.stated = book.filled + quantity
            case "submitted" if row["type"] == "stop":
                self._stops[seq] = Decimal(str(row["price"]))

    def _fill(self, row: Json) -> None:
        side = 1 if row["side"] == "buy" else -1
        quantity, price, fee, reference = (
            Decimal(str(row[name])) for name in ("quantity", "price", "fee_quote", "reference_price")
        )
        rate = self._costs.maker_ppm if row["liquidity"] == "maker" else self._costs.taker_ppm
        assert fee == round(price * quantity * rate / PPM / self._unit) * self._unit, row
        assert price == self._priced(reference, side, str(row["liquidity"])), row
        seq, ts_ms = row["order_seq"], row["ts_ms"]
        assert isinstance(seq, int)
        assert isinstance(ts_ms, int)
        book = self._orders[seq]
        book.filled += quantity
        assert quantity > 0, row
        assert book.filled <= book.stated, row
        self._cash -= side * price * quantity + fee
        self._position += side * quantity
        self.filled_by_minute[ts_ms // 60_000 * 60_000] += quantity
        self._trip.fees += fee
        self._trip.bought += price * quantity if side > 0 else 0
        self._trip.sold += price * quantity if side < 0 else 0
        self._trip.parts.append(row)

    def _priced(self, reference: Decimal, side: int, liquidity: str) -> Decimal:
        """Slippage and half-spread, to the tick against who takes."""
        if liquidity == "maker":
            return reference
        worse = reference * (PPM + side * (self._costs.slippage_ppm + self._costs.half_spread_ppm)) / PPM
        ticks = worse / self._rules.tick_size
        whole = ticks.to_integral_value(ROUND_CEILING if side > 0 else ROUND_FLOOR)
        return whole * self._rules.tick_size

    def _trade(self, row: Json) -> None:
        """A trade ends where the run is flat, and is what its fills were."""
        assert self._position == 0, row
        gross = self._trip.sold - self._trip.bought
        assert Decimal(str(row["gross_quote"])) == gross, row
        assert Decimal(str(row["fees_quote"])) == self._trip.fees, row
        assert Decimal(str(row["net_quote"])) == gross - self._trip.fees, row
        assert row["exit_reason"] == self._trip.parts[-1]["reason"], row
        assert (row["entry_ms"], row["exit_ms"]) == (self._trip.parts[0]["ts_ms"], self._trip.parts[-1]["ts_ms"]), row
        self._trip = Trip()

    def _equity(self, row: Json) -> None:
        assert Decimal(str(row["cash_quote"])) == self._cash, row
        assert Decimal(str(row["position"])) == self._position, row
        ts_ms = row["ts_ms"]
        assert isinstance(ts_ms, int)
        if self._position and ts_ms in self._closes:
            mark = self._instrument.price(self._closes[ts_ms])
            assert Decimal(str(row["equity_quote"])) == self._cash + self._position * mark, row
        elif not self._position:
            assert Decimal(str(row["equity_quote"])) == self._cash, row


def audit(
    rows: Sequence[Json],
    rules: InstrumentRules,
    costs: Costs,
    cash: str,
    bars: Mapping[int, tuple[float, float]],
    participation: Decimal | None,
) -> None:
    """Every row follows from the fills. `bars`: open_ms -> close, volume."""
    with localcontext(EXACT):
        closes = {open_ms + 59_999: close for open_ms, (close, _) in bars.items()}
        auditor = Auditor(rules, costs, Decimal(cash), closes)
        auditor.read(rows)
        instrument = Instrument(rules.tick_size, rules.lot_step, rules.min_quantity, rules.min_notional)
        for open_ms, quantity in auditor.filled_by_minute.items():
            if participation is not None:
                assert quantity <= most_to_fill(participation, bars[open_ms][1], instrument), open_ms
