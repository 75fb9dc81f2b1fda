"""From what Binance US sends to our nouns: REST rows and kline payloads -> Bar, exchangeInfo -> rules and limits.

A bar that breaks a rule is refused by itself (InputError naming it); its neighbours in the same answer are kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shared.domain.bar import Bar, exact_float
from shared.domain.errors import InputError
from shared.domain.instrument import InstrumentRules, parse_instrument
from shared.domain.timeframe import MINUTE_MS
from shared.exchange.wire import INTERVAL, Kline, to_ms


@dataclass(frozen=True, slots=True)
class PartialBar:
    """What one kline frame knew of a minute: its values so far, and the ids of the first and last trade in them."""

    bar: Bar  # values up to event_ms; those of the whole minute only if the frame says closed and its ids join
    is_closed: bool
    event_ms: int
    first_id: int = -1  # -1: no trade, or not told
    last_id: int = -1

    @property
    def is_whole(self) -> bool:
        """Its count and its ids agree: no trade between first and last is unknown to it."""
        return self.first_id >= 0 and self.bar.trades == self.last_id - self.first_id + 1


@dataclass(frozen=True, slots=True)
class Rows:
    """Bars of one klines answer, oldest first, unfinished ones included, and the minutes whose row was refused."""

    bars: tuple[Bar, ...]
    refused: tuple[InputError, ...] = ()
    refused_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RateLimit:
    """One line of exchangeInfo.rateLimits."""

    kind: str  # REQUEST_WEIGHT | RAW_REQUESTS | ORDERS
    window_ms: int
    limit: int


@dataclass(frozen=True, slots=True)
class Listing:
    """One symbol of exchangeInfo: its instrument, whether it trades now, and its rules."""

    status: str  # TRADING | BREAK | HALT | ...
    rules: InstrumentRules


@dataclass(frozen=True, slots=True)
class ExchangeInfo:
    server_ms: int
    limits: tuple[RateLimit, ...]
    listings: Mapping[str, Listing]  # by instrument
    problems: tuple[InputError, ...] = ()


def partial_bar(kline: Kline) -> PartialBar:
    """A checked kline frame. Raises InputError: other interval, off the grid, impossible prices."""
    k = kline.payload
    place = f"kline {kline.symbol}"
    if k.get("i") != INTERVAL:
        raise InputError(place, f"interval {INTERVAL}", k.get("i"))
    missing = [key for key in "tohlcv" if key not in k]
    if missing:
        raise InputError(place, "keys t o h l c v", f"without {' '.join(missing)}")
    open_ms = _minute(k["t"], k.get("T"), place)
    bar = _bar(open_ms, [k.get(key) for key in "ohlcvqnVQ"], place)
    return PartialBar(bar, k.get("x") is True, kline.event_ms, _trade_id(k.get("f")), _trade_id(k.get("L")))


def bar_of_row(row: Sequence[object]) -> Bar:
    """One klines row: open time, o, h, l, c, volume, close time, quote volume, trades, taker base, taker quote, "0"."""
    if isinstance(row, str) or not isinstance(row, Sequence) or len(row) < 6:
        raise InputError("klines row", "a list of 12 values", str(row)[:120])
    cells = [*row, *[None] * (11 - len(row))]
    place = f"klines row @{row[0]}"
    open_ms = _minute(row[0], cells[6], place)
    return _bar(open_ms, [*cells[1:6], *cells[7:11]], place)


def read_rows(body: object) -> Rows:
    """A klines answer. Unordered and repeated rows are put right; two different rows of a minute refuse that minute."""
    if not isinstance(body, list):
        raise InputError("klines", "a list of rows", str(body)[:120])
    bars: dict[int, Bar] = {}
    refused: list[InputError] = []
    refused_ms: set[int] = set()
    for row in body:
        try:
            bar = bar_of_row(row)
            if bars.setdefault(bar.open_ms, bar) != bar:
                refused_ms.add(bar.open_ms)
                raise InputError(f"klines row @{bar.open_ms}", "one row per minute", "two different ones")
        except InputError as error:
            refused.append(error)
            refused_ms.update(_minute_of(row))
    kept = tuple(bars[ms] for ms in sorted(bars) if ms not in refused_ms)
    return Rows(kept, tuple(refused), tuple(sorted(refused_ms)))


def read_exchange_info(body: object) -> ExchangeInfo:
    """exchangeInfo: limits, and the rules of every symbol that can be read; the others are named in `problems`."""
    if not isinstance(body, dict) or not isinstance(body.get("symbols"), list):
        raise InputError("exchangeInfo", "an object with symbols", str(body)[:120])
    server_ms = to_ms(body.get("serverTime", 0), "exchangeInfo serverTime")
    listings: dict[str, Listing] = {}
    problems: list[InputError] = []
    for entry in body["symbols"]:
        try:
            listing = _listing(entry, server_ms)
            listings[listing.rules.instrument] = listing
        except InputError as error:
            problems.append(error)
    limits = tuple(filter(None, map(_rate_limit, body.get("rateLimits") or [])))
    return ExchangeInfo(server_ms, limits, listings, tuple(problems))


def _listing(entry: Any, captured_ms: int) -> Listing:
    try:
        filters = {f["filterType"]: f for f in entry["filters"]}
        # Binance US has MIN_NOTIONAL where binance.com has NOTIONAL; either may come, or none
        notional = filters.get("MIN_NOTIONAL") or filters.get("NOTIONAL") or {}
        name = parse_instrument(f"{entry['baseAsset']}/{entry['quoteAsset']}")
        rules = InstrumentRules(
            instrument=name,
            tick_size=Decimal(str(filters["PRICE_FILTER"]["tickSize"])),
            lot_step=Decimal(str(filters["LOT_SIZE"]["stepSize"])),
            min_quantity=Decimal(str(filters["LOT_SIZE"].get("minQty", "0"))),
            min_notional=Decimal(str(notional.get("minNotional", "0"))),
            source="exchange-info",
            captured_ms=captured_ms,
        )
    except (KeyError, TypeError, ArithmeticError) as error:
        found = entry.get("symbol") if isinstance(entry, dict) else entry
        raise InputError(f"exchangeInfo {found}", "price and lot filters", repr(error)) from None
    return Listing(str(entry.get("status", "")), rules)


_OHLCV = ("open", "high", "low", "close", "volume")
_UNITS_MS = {"SECOND": 1_000, "MINUTE": MINUTE_MS, "HOUR": 60 * MINUTE_MS, "DAY": 1_440 * MINUTE_MS}


def _rate_limit(entry: Any) -> RateLimit | None:
    """A limit of a kind we do not know is none of ours."""
    try:
        window = _UNITS_MS[entry["interval"]] * int(entry["intervalNum"])
        return RateLimit(str(entry["rateLimitType"]), window, int(entry["limit"]))
    except (KeyError, TypeError, ValueError):
        return None


def _bar(open_ms: int, cells: Sequence[object], place: str) -> Bar:
    """A bar of its nine values: o h l c v, quote volume, trades, taker base, taker quote."""
    prices = [exact_float(_text(cells[i], place), f"{place} {name}") for i, name in enumerate(_OHLCV)]
    return Bar(
        open_ms,
        open=prices[0],
        high=prices[1],
        low=prices[2],
        close=prices[3],
        volume=prices[4],
        quote_volume=_amount(cells[5], f"{place} quote volume"),
        trades=_count(cells[6], f"{place} trades"),
        taker_buy_base=_amount(cells[7], f"{place} taker base"),
        taker_buy_quote=_amount(cells[8], f"{place} taker quote"),
    )


def _minute(start: object, end: object, place: str) -> int:
    open_ms = to_ms(start, f"{place} open time")
    if open_ms % MINUTE_MS != 0:
        raise InputError(place, "open time is a whole minute", open_ms)
    if end is not None and to_ms(end, f"{place} close time") != open_ms + MINUTE_MS - 1:
        raise InputError(place, "close time is open time + 59 999 ms", end)
    return open_ms


def _minute_of(row: object) -> set[int]:
    """The minute that a refused row was about, if it can be told."""
    try:
        open_ms = to_ms(row[0], "") if isinstance(row, list) and row else -1
    except InputError:
        return set()
    return {open_ms} if open_ms >= 0 and open_ms % MINUTE_MS == 0 else set()


def _text(value: object, place: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise InputError(place, "a decimal", value)


def _amount(value: object, place: str) -> Decimal | None:
    """A turnover figure: it informs and is never folded, so it may have any number of digits, or be missing."""
    if value is None:
        return None
    try:
        amount = Decimal(_text(value, place))
    except ArithmeticError:
        raise InputError(place, "a decimal number", value) from None
    if not (amount.is_finite() and amount >= 0):
        raise InputError(place, "a number >= 0", value)
    return amount


def _count(value: object, place: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InputError(place, "a count", value)
    return value


def _trade_id(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else -1
