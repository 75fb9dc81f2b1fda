"""The plan: a strategy with every name resolved, every value typed, every parameter a number, the warmup derived.

A plan is all the engine needs; it knows no text positions. Equal plans fold equally.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from shared.indicators.fact_sheet import Indicator

Op = Literal[
    # arithmetic: NaN in, NaN out
    "add", "sub", "mul", "div", "floordiv", "mod", "pow", "neg",
    "abs", "min", "max", "sqrt", "floor", "ceil", "round",
    # comparisons and logic: three-valued
    "gt", "ge", "lt", "le", "eq", "ne", "and", "or", "not", "between", "where",
    # with memory of earlier entry closes
    "past", "crosses_above", "crosses_below", "rising", "falling", "highest", "lowest", "bars_since",
]  # fmt: skip
MEMORY_OPS = ("past", "crosses_above", "crosses_below", "rising", "falling", "highest", "lowest", "bars_since")
POSITION_NAMES = ("entry_price", "bars_held", "profit_ratio", "r_multiple")
Side = Literal["entry_long", "exit_long", "entry_short", "exit_short"]
SIDES: tuple[Side, ...] = ("entry_long", "exit_long", "entry_short", "exit_short")


@dataclass(frozen=True, slots=True)
class Const:
    """A number of the file, a truth value (1.0, 0.0) or a text's index in its output's words."""

    value: float


@dataclass(frozen=True, slots=True)
class BarValue:
    """A field of the entry timeframe's bar that has just closed."""

    field: Literal["open", "high", "low", "close", "volume"]


@dataclass(frozen=True, slots=True)
class OutputValue:
    """An indicator's output, after its lag, as its timeframe's last closed bar left it."""

    node: int  # index into Plan.nodes
    output: int  # index into the fact sheet's outputs


@dataclass(frozen=True, slots=True)
class PositionValue:
    """A fact about the open position; not ready when flat."""

    name: Literal["entry_price", "bars_held", "profit_ratio", "r_multiple"]


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator over arguments. `n`: the whole number of past, rising, falling, highest, lowest, pow; else 0.

    `and`, `or`, `min`, `max` have two arguments; `where` has (then, condition, else), as it is written; `between` has
    (x, low, high).
    """

    op: Op
    args: tuple["Expr", ...]
    n: int = 0


Expr = Const | BarValue | OutputValue | PositionValue | Apply


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition as its author wrote it, and what it means."""

    text: str
    expr: Expr


@dataclass(frozen=True, slots=True)
class Group:
    """All or any of its members. An empty group never holds."""

    kind: Literal["all", "any"]
    members: tuple["Rule | Group", ...]


@dataclass(frozen=True, slots=True)
class InputRef:
    """Where a node's input comes from: a field of its own timeframe's bar, or an earlier node's lagged output.

    `number` is open_ms / timeframe_ms of the bar (fact_sheet.BAR_NUMBER), `open_ms` its open time (BAR_OPEN_MS).
    """

    field: Literal["open", "high", "low", "close", "volume", "hl2", "hlc3", "ohlc4", "number", "open_ms"] | None
    node: int = -1
    output: int = -1


@dataclass(frozen=True, slots=True)
class Node:
    """One indicator. Nodes are in file order, but what a node reads stands before it, and has its timeframe."""

    id: str
    sheet: Indicator
    timeframe: str
    inputs: tuple[InputRef, ...]
    params: tuple[float, ...]  # in the order of the fact sheet
    lag: int


@dataclass(frozen=True, slots=True)
class Regime:
    """Multipliers by the regime of an ADX; a missing key is 1. `adx` is the node's index; -1: no ADX, always 1."""

    adx: int
    trending: Decimal
    ranging: Decimal
    uncertain: Decimal


@dataclass(frozen=True, slots=True)
class Sizing:
    """How much an entry buys. `amount`: base_size fraction, risk fraction, quote amount or volatility per year."""

    kind: Literal["base_size", "risk_pct", "quote", "volatility_target"]
    amount: Decimal
    regime: Regime | None
    strength: OutputValue | None  # a signal_strength output
    max_position: Decimal | None  # cap, fraction of equity
    atr: OutputValue | None = None  # of volatility_target


@dataclass(frozen=True, slots=True)
class Trailing:
    """A stop that follows the best price: by a fraction of it, or by a multiple of an ATR. One of the two."""

    percent: Decimal | None
    atr: OutputValue | None
    atr_mult: Decimal
    activate: Decimal  # gain in first risks from which it acts


@dataclass(frozen=True, slots=True)
class Stop:
    """Initial stop of a position; None in Plan: no stop. One kind; `base` may stand beside `price` as its fallback."""

    kind: Literal["base", "atr", "price"]
    base: Decimal | None  # fraction of the fill price
    atr: OutputValue | None
    atr_mult: Decimal
    price: Expr | None
    adjustments: Regime | None  # of the base distance
    vp: int  # node of the profile whose VAL/VAH may replace the base stop; -1: none
    vp_buffer: Decimal
    trailing: Trailing | None = None
    breakeven: Decimal | None = None  # gain in first risks that moves the stop to the entry price


@dataclass(frozen=True, slots=True)
class Target:
    """Take-profit of a position. kind none: only rungs."""

    kind: Literal["none", "base", "r_multiple", "price"]
    amount: Decimal  # fraction of the fill price, or R
    price: Expr | None
    vp: int  # node whose VAH/VAL may replace the base target; -1: none
    rungs: tuple[tuple[Decimal, Decimal], ...]  # (level, percent as a fraction of what is open), nearest first


@dataclass(frozen=True, slots=True)
class Protection:
    """equity_protection; durations in ms."""

    drawdown: Decimal
    window: int
    cooldown_ms: int
    total: Decimal | None  # max_drawdown_total
    daily_loss: Decimal | None = None  # fraction of the day's first equity
    losses: int | None = None  # max_consecutive_losses


@dataclass(frozen=True, slots=True)
class EntryOrder:
    """How an entry is sent. Limit and stop rest at the close moved by `offset`, a fraction, for `expire_bars` bars."""

    type: Literal["market", "limit", "stop"] = "market"
    offset: Decimal = Decimal(0)
    expire_bars: int = 1


@dataclass(frozen=True, slots=True)
class Cooldown:
    """No entry for some entry closes after a trade: after any, or after one without gain."""

    bars: int
    after: Literal["any", "loss"]


@dataclass(frozen=True, slots=True)
class CostChoice:
    """Costs that the file states, as fractions (slippage_bps 2 is 0.0002); None: the dated fee table or the default."""

    maker: Decimal | None
    taker: Decimal | None
    slippage: Decimal | None
    half_spread: Decimal | None


@dataclass(frozen=True, slots=True)
class Plan:
    """One strategy version with one variant and one set of parameters."""

    name: str
    version_sha256: str
    instrument: str  # the file's; a run may override it
    variant: str | None
    entry_timeframe: str
    nodes: tuple[Node, ...]
    entry_long: Group
    exit_long: Group
    entry_short: Group
    exit_short: Group
    sizing: Sizing
    stop: Stop | None
    target: Target
    protection: Protection | None
    allow_short: bool
    costs: CostChoice
    cash: Decimal  # backtest.cash
    warmup_ms: int  # time until every node's main output is ready
    settle_ms: int  # time until every node has settled: what lies before start
    params: tuple[tuple[str, float], ...]  # ("ID.param", value), file order, defaults included: for documents
    entry_order: EntryOrder = EntryOrder()
    participation: Decimal | None = None  # fraction of a base bar's volume that may fill
    time_exit: int | None = None  # entry bars
    cooldown: Cooldown | None = None
