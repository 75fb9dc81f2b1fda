"""Whole runs as hypothesis draws them: a strategy of everything that the format allows, a market, an instrument."""

from decimal import Decimal
from typing import NamedTuple

from hypothesis import strategies as st

from shared.domain.instrument import InstrumentRules
from tests.support.differential import RULES
from tests.support.series import THINGS, Market
from tests.unit.engine.cases import text
from tests.unit.engine.generated_indicators import TIMEFRAMES, indicators
from tests.unit.engine.generated_risk import executions, protections, risks
from tests.unit.engine.generated_rules import Names, expressions, rules, sides

__all__ = ["Names", "Run", "expressions", "rules", "runs", "strategies"]

POSITION = ("entry_price", "bars_held", "profit_ratio", "r_multiple")


class Run(NamedTuple):
    """A strategy and what it is run over."""

    text: str
    market: Market
    lead: int  # bars before the start
    commands: int
    commands_seed: int
    rules: InstrumentRules = RULES
    cash: str = "10000"
    cut: int = 0  # the bar at which a fold goes on from a snapshot


def instrument(tick: str, step: str, min_quantity: str, min_notional: str) -> InstrumentRules:
    return InstrumentRules("BTC/USDT", *(Decimal(number) for number in (tick, step, min_quantity, min_notional)))


class Venue(NamedTuple):
    """A price to begin at, on a tick of its own, an instrument's rules, and a cash that buys some of it."""

    price: str
    tick: str
    rules: InstrumentRules
    cash: str = "10000"


VENUES = (
    Venue("60000", "0.01", RULES),
    Venue("60000", "0.01", RULES),
    Venue("60000", "0.01", RULES, "37.5"),
    Venue("60000", "0.01", instrument("0.05", "0.003", "0.003", "7")),
    Venue("60000", "10", instrument("10", "0.001", "0.001", "10"), "1000000"),
    Venue("1.5", "0.0001", instrument("0.0001", "0.1", "0.1", "0.5")),
    Venue("1.5", "0.01", instrument("0.01", "1", "1", "10")),  # prices meet stops and limits on the tick
    Venue("2500", "0.01", instrument("0.01", "1", "1", "10"), "10010"),  # cash covers four lots, or three
    Venue("0.00001234", "0.00000001", instrument("0.00000001", "1", "1", "0.5")),
    Venue("0.04", "0.001", instrument("0.05", "1", "1", "0")),  # a tick or two, or none
    Venue("900000000", "0.01", RULES, "1000000000"),
)


@st.composite
def strategies(draw: st.DrawFn, entry: str) -> str:
    """A strategy file."""
    drawn = draw(indicators(entry))
    held = drawn.names._replace(numbers=(*drawn.names.numbers, *POSITION))
    logic = ", ".join(
        f"{side}: {draw(sides(held if side.startswith('exit') else drawn.names, side))}"
        for side in ("entry_long", "exit_long", "entry_short", "exit_short")
        if draw(st.integers(0, 11)) < 11
    )
    more = draw(protections()) + "\n" + draw(executions())
    return text(f"logic: {{{logic}}}", drawn.text, draw(risks(drawn.ids, drawn.names)), more, entry)


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """A strategy over a market with commands."""
    entry = draw(st.sampled_from(TIMEFRAMES[:4]))
    things = draw(st.lists(st.sampled_from(tuple(THINGS)), unique=True, max_size=5))
    venue = draw(st.sampled_from(VENUES))
    swing = draw(st.sampled_from((300, 1_500, 6_000)))
    minutes = draw(st.integers(60, 500)) * (2 if entry == "15m" else 1)
    market = Market(draw(st.integers(0, 10**6)), minutes, tuple(things), venue.price, venue.tick, swing)
    return Run(
        draw(strategies(entry)),
        market,
        lead=draw(st.sampled_from((0, 0, 1, 50))),
        commands=draw(st.sampled_from((0, 0, 1, 4, 9))),
        commands_seed=draw(st.integers(0, 1_000)),
        rules=venue.rules,
        cash=venue.cash,
        cut=draw(st.integers(1, 400)),
    )
