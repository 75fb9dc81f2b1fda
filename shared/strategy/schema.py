"""The table of every key of a strategy file: its form, its bounds, what it is for. The JSON Schema is made from it too.

Keys of single indicators come from the fact sheets; see nodes.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from shared.domain.timeframe import DAY_MS, TIMEFRAMES

EXCHANGES = ("binanceus",)
BAR_SOURCES = ("open", "high", "low", "close", "hl2", "hlc3", "ohlc4", "volume")
MOST_RULES = 200
MOST_INDICATORS = 100
MOST_WARMUP_MINUTES = 3_000_000
MOST_LAG = 500

# Section 5 of the format names these; the ones that the registry does not have yet are refused by name.
WANTED = (
    "SMA", "EMA", "WMA", "DEMA", "TEMA", "HMA", "KAMA", "RMA", "VWMA", "RSI", "STOCH", "STOCHRSI", "CCI",
    "WILLR", "ROC", "MOM", "MFI", "CMO", "TRIX", "MACD", "PPO", "ATR", "NATR", "TRUERANGE", "STDDEV", "ZSCORE",
    "BBANDS", "KELTNER", "DONCHIAN", "ADX", "AROON", "SUPERTREND", "PSAR", "ICHIMOKU", "VORTEX", "OBV", "AD",
    "CMF", "VWAP", "LINREG", "PERCENTRANK", "HIGHEST", "LOWEST", "HEIKINASHI", "PIVOT", "SESSION",
    "VolumeProfile", "FVG", "VPFVGSignal",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Text:
    """Text, or one of a few words."""

    words: tuple[str, ...] = ()
    longest: int = 200


@dataclass(frozen=True, slots=True)
class Truth:
    """true or false."""


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal number within bounds; `over`: the lower bound itself is out."""

    low: Decimal
    high: Decimal
    over: bool = False
    decimals: int | None = 6
    whole: bool = False
    is_fraction: bool = False  # 0.02 is 2 %


@dataclass(frozen=True, slots=True)
class Duration:
    """A number with s, m, h or d."""

    longest_ms: int = 3650 * DAY_MS


@dataclass(frozen=True, slots=True)
class Date:
    """A UTC day, or a day with its time."""


@dataclass(frozen=True, slots=True)
class Side:
    """One rule, a list of rules, or {all: ...} / {any: ...}."""


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression whose value is a price."""


@dataclass(frozen=True, slots=True)
class Value:
    """Any scalar: its type depends on another key."""


@dataclass(frozen=True, slots=True)
class IndicatorKeys:
    """The keys of one indicator: the common ones and those of its fact sheet."""


@dataclass(frozen=True, slots=True)
class ListOf:
    item: "Form"
    longest: int


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping whose keys the author chooses."""

    value: "Form"
    longest: int = 50


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping with known keys."""

    keys: Mapping[str, "Key"]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a table, read only after it is merged into the whole."""

    whole: Table


Form = (
    Text | Truth | Number | Duration | Date | Side | Formula | Value | IndicatorKeys | ListOf | MapOf | Table | Part
)  # what a value must be


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `note`: accepted, with this note."""

    form: Form
    about: str
    required: bool = False
    note: str = ""


def fraction(high: str = "1", over: bool = True) -> Number:
    return Number(Decimal(0), Decimal(high), over, is_fraction=True)


def whole(low: int, high: int) -> Number:
    return Number(Decimal(low), Decimal(high), whole=True)


ID = Text(longest=64)
UNUSED = "accepted without effect: the predecessor never used it either"

REGIMES = ("trending", "ranging", "uncertain")
SIZE_BY_REGIME = Table({name: Key(fraction("10", over=False), f"multiplier while {name}") for name in REGIMES})
STOP_BY_REGIME = Table({name: Key(fraction("10"), f"multiplier of the base distance while {name}") for name in REGIMES})
NOT_USED_BY_ANYONE = {
    "bias_flip_threshold": Key(Value(), "of the predecessor", note=UNUSED),
    "enable_on_bias_flip": Key(Value(), "of the predecessor", note=UNUSED),
}
BY_RISK = {
    "use_position_sizing": Key(Truth(), "true: size by risk_pct; false: risk_pct has no effect"),
    "risk_pct": Key(fraction(), "fraction of equity lost when the stop is hit"),
    "max_position_pct": Key(fraction("10"), "cap of a position as a fraction of equity"),
}
ATR_DISTANCE = Table(
    {
        "id": Key(ID, "an ATR", required=True),
        "mult": Key(Number(Decimal(0), Decimal(100), over=True), "times the ATR", required=True),
    }
)
TRAILING = Table(
    {
        "percent": Key(fraction("0.999999"), "distance from the best price, as a fraction of it"),
        "atr": Key(ATR_DISTANCE, "distance from the best price in ATRs"),
        "activate_at_r": Key(Number(Decimal(0), Decimal(100)), "gain in first risks from which it acts; default 0"),
    }
)
MOVING_STOP = {
    "trailing": Key(TRAILING, "the stop follows the best price, and never loosens"),
    "breakeven_at_r": Key(Number(Decimal(0), Decimal(100), over=True), "gain in first risks that moves the stop to "
                          "the entry price"),
}  # fmt: skip
BARS = whole(1, 1_000_000)
TIME_EXIT = {
    "time_exit": Key(Table({"bars": Key(BARS, "entry bars held", required=True)}), "close after a number of bars"),
}
COOLDOWN = Table(
    {
        "bars": Key(BARS, "entry closes without an entry", required=True),
        "after": Key(Text(("any", "loss")), "any trade, or one without gain; default any"),
    }
)

POSITION_SIZE = Table(
    {
        "base_size": Key(fraction("10"), "fraction of equity per entry"),
        "regime_adjustments": Key(SIZE_BY_REGIME, "multipliers by the regime of an ADX"),
        "regime": Key(ID, "id of that ADX; default: the first in the file"),
        "signal_strength_multiplier": Key(Truth(), "multiply by the signal_strength of an indicator"),
        "strength": Key(ID, "id of that indicator; default: the first that has one"),
        "quote": Key(Number(Decimal(0), Decimal(10**9), over=True, decimals=8), "fixed amount of quote currency"),
        **BY_RISK,
        "volatility_target": Key(fraction("10"), "volatility of the position's value, as a fraction of equity a year"),
        "atr": Key(ID, "id of its ATR; default: the first in the file"),
    }
)
STOP_LOSS = Table(
    {
        "base_percent": Key(fraction("0.999999"), "distance as a fraction of the fill price"),
        "adx_adjustments": Key(STOP_BY_REGIME, "multipliers of the base distance by the regime of an ADX"),
        "regime": Key(ID, "id of that ADX; default: the one of position_size, else the first in the file"),
        "atr": Key(ATR_DISTANCE, "distance in ATRs"),
        "price": Key(Formula(), "price of the stop; base_percent beside it is its fallback"),
        "use_vp_levels": Key(Truth(), "value area edge instead of the base stop where it is near enough"),
        "vp": Key(ID, "id of the VolumeProfile; default: the first in the file"),
        "vp_buffer": Key(fraction("0.5", over=False), "distance beyond the edge, as a fraction of it"),
        **MOVING_STOP,
    }
)
RUNG = Table(
    {
        "level": Key(fraction("10"), "gain as a fraction of the entry price", required=True),
        "percent": Key(fraction(), "share of what is then open", required=True),
    }
)
TAKE_PROFIT = Table(
    {
        "base_percent": Key(fraction("10"), "distance as a fraction of the fill price"),
        "r_multiple": Key(Number(Decimal(0), Decimal(100), over=True), "times the stop's distance"),
        "price": Key(Formula(), "price of the target"),
        "use_vp_targets": Key(Truth(), "value area edge instead of the base target where it is near enough"),
        "vp": Key(ID, "id of the VolumeProfile; default: the first in the file"),
        "partial_exits": Key(ListOf(RUNG, 20), "ladder of limit exits, levels rising"),
        **TIME_EXIT,
    }
)
RISK = Table(
    {
        "position_size": Key(POSITION_SIZE, "how much an entry buys; missing: 10 % of equity"),
        "stop_loss": Key(STOP_LOSS, "protective stop; missing: none"),
        "take_profit": Key(TAKE_PROFIT, "target and ladder; missing: none"),
        **BY_RISK,
        **MOVING_STOP,
        **TIME_EXIT,
        "cooldown": Key(COOLDOWN, "no entry for a number of bars after a trade"),
        **NOT_USED_BY_ANYONE,
    }
)
PROTECTION = Table(
    {
        "enabled": Key(Truth(), "false: as if the section were missing"),
        "drawdown_threshold": Key(fraction(), "drawdown of smoothed equity that closes and suspends; default 0.25"),
        "smoothing_window": Key(whole(1, 10_000), "base closes that are averaged; default 1"),
        "cooldown": Key(Duration(), "suspension; default 24h"),
        "max_drawdown_total": Key(fraction(), "drawdown that ends the run"),
        "max_daily_loss": Key(fraction(), "loss of a UTC day that closes, and suspends until its end"),
        "max_consecutive_losses": Key(whole(1, 1000), "trades without gain in a row that suspend"),
        **NOT_USED_BY_ANYONE,
    }
)
BPS = Number(Decimal(0), Decimal(1000), decimals=2)
EXECUTION = Table(
    {
        "commission_maker": Key(fraction("0.1", over=False), "fee of a limit fill; default: the venue's table"),
        "commission_taker": Key(fraction("0.1", over=False), "fee of a taking fill; default: the venue's table"),
        "slippage_bps": Key(BPS, "taken prices are worse by this; default 2"),
        "half_spread_bps": Key(BPS, "and by this; default 1"),
        "allow_short": Key(Truth(), "default true; a short on a spot venue is synthetic"),
        "order_type": Key(Text(("market", "limit", "stop")), "how entries are sent; default market"),
        "limit_offset_bps": Key(BPS, "a limit rests this much on the better side of the close; default 0"),
        "stop_offset_bps": Key(BPS, "a stop entry rests this much on the worse side of the close; default 0"),
        "expire_bars": Key(whole(1, 1000), "entry bars that a limit or stop entry rests; default 1"),
        "participation": Key(fraction(), "share of a bar's volume that may fill; default: all of an order fills"),
    }
)
BACKTEST = Table(
    {
        "cash": Key(Number(Decimal(0), Decimal(10**9), over=True, decimals=8), "quote currency at the start; 10000"),
        "commission": Key(fraction("0.1", over=False), "fee per side where execution states none"),
        "slippage": Key(fraction("0.1", over=False), "slippage where execution states none"),
        "from": Key(Date(), "first bar; a bare day is its 00:00 UTC"),
        "to": Key(Date(), "last bar, itself included; a bare day is its 00:00 UTC"),
    }
)
SEARCH_TYPES = ("integer", "float", "categorical", "boolean")
SEARCH = Table(
    {
        "name": Key(Text(), "ID.param", required=True),
        "type": Key(Text(SEARCH_TYPES), "kind of its values", required=True),
        "low": Key(Value(), "smallest value tried"),
        "high": Key(Value(), "largest value tried"),
        "step": Key(Value(), "distance of the values tried"),
        "choices": Key(ListOf(Value(), 100), "values tried"),
        "log_scale": Key(Truth(), "search in magnitudes"),
        "default": Key(Value(), "where the search starts"),
    }
)
SIDE_KEYS = {
    "entry_long": Key(Side(), "buy to open when all hold"),
    "exit_long": Key(Side(), "close a long when all hold"),
    "entry_short": Key(Side(), "sell to open when all hold"),
    "exit_short": Key(Side(), "close a short when all hold"),
}
VARIANT = Table(
    {
        **SIDE_KEYS,
        "logic": Key(Table(SIDE_KEYS), "sides that replace the base's"),
        "risk_management": Key(Part(RISK), "merges into the base's, key by key; an empty value takes a key away"),
        "description": Key(Text(longest=10_000), "for people"),
    }
)
FILE = Table(
    {
        "version": Key(Text(longest=20), "of the format"),
        "name": Key(Text(longest=100), "default: the file's name"),
        "description": Key(Text(longest=10_000), "for people"),
        "symbol": Key(Text(longest=30), "instrument, as BTC/USDT; a run may override it"),
        "exchange": Key(Text(EXCHANGES), "venue"),
        "timeframes": Key(MapOf(Text(tuple(TIMEFRAMES))), "label -> timeframe; `entry` is required", required=True),
        "indicators": Key(ListOf(IndicatorKeys(), MOST_INDICATORS), "what is computed"),
        "logic": Key(Table(SIDE_KEYS), "when to enter and exit"),
        "variants": Key(MapOf(VARIANT), "named changes to logic and risk"),
        "risk_management": Key(RISK, "size, stop, targets"),
        "equity_protection": Key(PROTECTION, "what a drawdown does"),
        "execution": Key(EXECUTION, "costs and orders"),
        "backtest": Key(BACKTEST, "cash, dates and fallback costs"),
        "optimization": Key(Table({"parameters": Key(ListOf(SEARCH, 100), "what is searched")}), "search space"),
    }
)
